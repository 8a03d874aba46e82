/** Moves the first records of one collection into a marked one at the target, by `migrate` itself, and looks at what arrived. */
import path from "node:path";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { SourceStore, TargetStore } from "../../store/port.ts";
import type { Report, VerifyReport } from "../report.ts";
import { defaultRequest, type MigrateRequest, type RunContext } from "../request.ts";
import { runMigrate } from "../run.ts";
import { runVerify } from "../verify.ts";
import { indexesFor } from "./keys.ts";
import type { QuickTestMark } from "./mark.ts";
import type { CollectionTest, QuickTestContext, QuickTestRequest } from "./request.ts";
import { proveSearch } from "./search-proof.ts";

/** Faults that are told of one collection. */
const faultsMax = 20;

export interface TestEnds {
  readonly source: SourceStore;
  readonly target: TargetStore;
  readonly mark: QuickTestMark;
  /** Where the journals stand. */
  readonly folder: string;
}

/** Tests one collection; `judge` says what else is wrong with what arrived. The marked collection stays. */
export async function testCollection(
  { source, target, mark, folder }: TestEnds,
  info: CollectionInfo,
  request: QuickTestRequest,
  judge: ((arrived: PointBatch) => string[]) | null,
  context: QuickTestContext,
): Promise<CollectionTest> {
  const begun = performance.now();
  const { signal } = context;
  const { where, limit } = request.scope;
  const layout = request.layout ?? "vecferry";
  const only = alone(source, info, mark);
  const indexes = await indexesFor(only, info, layout, { where, limit, signal });
  const own: RunContext = { ...context, stateFolder: path.join(folder, info.key) };
  const asked: MigrateRequest = {
    ...defaultRequest,
    scope: { ...defaultRequest.scope, where, limit },
    shape: {
      ...defaultRequest.shape,
      layout,
      distance: request.distance,
      renames: new Map([[info.name, mark.name]]),
    },
    settings: { ...defaultRequest.settings, indexes },
  };
  const copied = await runMigrate(only, target, asked, own);
  const same = { records: 0 };
  const anew = await runVerify(
    only,
    target,
    {
      scope: null,
      targetOnly: false,
      sample: null,
      onRecord: ({ sigil }) => {
        if (sigil === "=") same.records += 1;
      },
    },
    own,
  );
  const made = await madeCollection(target, mark, layout, signal);
  const search = await proveSearch(
    target,
    made,
    indexes.map(({ key }) => key),
    signal,
  );
  const faults = [
    ...reportFaults(copied.report, source.capabilities.live),
    ...reportFaults(anew.report, source.capabilities.live),
    ...(judge === null ? [] : judge(await readWhole(target, made, signal))),
    ...search.faults,
  ];
  return {
    name: info.name,
    moved: copied.report.totals.carried,
    quarantined: copied.report.quarantine.byReason,
    verified: same.records,
    indexes: indexes.map(({ key, type }) => `${key}:${type}`),
    search,
    faults: [...new Set(faults)].slice(0, faultsMax),
    ms: Math.round(performance.now() - begun),
  };
}

/** The source with this collection alone in it, under the identity of the quick test. */
function alone(source: SourceStore, info: CollectionInfo, mark: QuickTestMark): SourceStore {
  return {
    identity: mark.identity,
    capabilities: source.capabilities,
    collections: async () => [info],
    count: (collection, options) => source.count(collection, options),
    ids: (collection, options) => source.ids(collection, options),
    read: (collection, keys, options) => source.read(collection, keys, options),
    search: (collection, vector, options) => source.search(collection, vector, options),
    // The source itself is closed by whoever opened it.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function madeCollection(
  target: TargetStore,
  mark: QuickTestMark,
  layout: string,
  signal: AbortSignal,
): Promise<CollectionInfo> {
  const made = (await target.collections({ signal })).find(({ name }) => name === mark.name);
  if (made === undefined) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `The target has no collection ${JSON.stringify(mark.name)}, which was just made there.`,
      {
        next: "Something else removes collections there; stop it, and run the same command again.",
      },
    );
  }
  const note = { format: 1, layout, tenanted: false, sources: [] };
  return { ...made, note: made.note ?? JSON.stringify(note) };
}

/** What of verify's differences is the copy's fault: a source that others write to may have moved on meanwhile. */
function reportFaults({ verify }: Report, live: boolean): string[] {
  if (verify === null) return [];
  const moved = live ? ["changed-at-source", "deleted-at-source"] : [];
  return verify.collections.flatMap((one) => [
    ...one.schema.map((what) => `The target collection is not as it was to be: ${what}`),
    ...exampleFaults(one)
      .filter(({ kind }) => !moved.includes(kind))
      .map(({ text }) => text),
  ]);
}

function exampleFaults({ examples }: VerifyReport["collections"][number]) {
  return examples.map(({ kind, id, detail }) => ({
    kind,
    text: `Record ${JSON.stringify(id)}: ${kind}. ${detail}`,
  }));
}

/** All that arrived, in one batch: no more than a quick test moves. */
async function readWhole(
  target: TargetStore,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<PointBatch> {
  const points: string[] = [];
  for await (const { placement } of target.scan(info, { signal, vectors: false }))
    points.push(...placement.points);
  const { batch } = await target.read(info, points, { signal });
  if (denseVector(batch) === undefined && points.length > 0)
    throw new VectorError("E_BAD_RESPONSE", "The target answers points without their vectors.");
  return batch;
}
