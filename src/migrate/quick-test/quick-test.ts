/**
 * `quick-test`: is all ready for the full migration? The first records of the source go into a marked collection at the
 * target by the same code as all would, are verified record by record, searched and filtered, and removed again, however
 * it ends. Nothing of the user's is written: the journal is a private one. A quick test that was killed leaves collections
 * that bear its mark; the next one removes them.
 */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { RecordBatch } from "../../model/record.ts";
import type { SourceStore, TargetStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { endsText } from "../next-steps.ts";
import { selectCollections } from "../select.ts";
import { commonRecords, compareWritten, listRecords } from "./awkward.ts";
import { dropOwn, type Leftover, removeOwn, sweepSource, sweepTarget } from "./cleanup.ts";
import { type TestEnds, testCollection } from "./collection-test.ts";
import { isWrittenByTest, newMark, parseName, sourceMark } from "./mark.ts";
import { makePrivateState, sweepPrivateStates } from "./private-state.ts";
import type {
  CollectionTest,
  QuickTestContext,
  QuickTestOutcome,
  QuickTestRequest,
} from "./request.ts";

export type { QuickTestContext, QuickTestOutcome, QuickTestRequest } from "./request.ts";
export { quickTestRecords } from "./request.ts";

/**
 * Tests the way from `source` to `target`. With a `writer` it first writes a small marked collection of awkward records
 * into the source, and moves that instead. What could not be removed again is told by a note, also when it fails.
 * @throws E_COLLECTION_NOT_FOUND where the source has no record to move, and all that `migrate` throws
 */
export async function runQuickTest(
  source: SourceStore,
  target: TargetStore,
  writer: RecordTarget | null,
  request: QuickTestRequest,
  context: QuickTestContext,
): Promise<QuickTestOutcome> {
  const { signal } = context;
  const mark = newMark(source, target, new Date());
  await using state = await makePrivateState(mark.name);
  const found = await source.collections({ signal });
  const leftovers = [
    ...(await sweepTarget(target, signal)),
    ...(await sweepSource(source, found, writer, signal)),
  ];
  sweepPrivateStates(new Date());
  const ends = { source, target, mark, folder: state.folder };
  const notRemoved: string[] = [];
  const guarded = { ends, request, context, notRemoved };
  const collections =
    writer === null ? await testChosen(guarded, found) : [await testWritten(guarded, writer)];
  const left = writer === null && !namesCollections(request) ? theirs(found).length : 0;
  const untested = Math.max(0, left - collections.length);
  return outcomeOf(guarded, collections, leftovers, writer !== null, untested);
}

interface Guarded {
  readonly ends: TestEnds;
  readonly request: QuickTestRequest;
  readonly context: QuickTestContext;
  /** Grows. */
  readonly notRemoved: string[];
}

async function testChosen(
  guarded: Guarded,
  found: readonly CollectionInfo[],
): Promise<CollectionTest[]> {
  const tests: CollectionTest[] = [];
  for (const info of await chosen(guarded, found))
    tests.push(await testAndRemove(guarded, info, null));
  return tests;
}

function namesCollections({ scope }: QuickTestRequest): boolean {
  return scope.collections !== null || scope.include.length > 0 || scope.exclude.length > 0;
}

/** The collections that no quick test has made, without those that never had a record. */
function theirs(found: readonly CollectionInfo[]): CollectionInfo[] {
  return found.filter((info) => parseName(info.name) === null && hasRecords(info));
}

function hasRecords({ dimension }: CollectionInfo): boolean {
  return dimension !== null;
}

/** The collections that flags name; without any the first that has a record in scope. */
async function chosen(
  { ends, request, context }: Guarded,
  found: readonly CollectionInfo[],
): Promise<CollectionInfo[]> {
  const { source } = ends;
  const { scope } = request;
  const { where } = scope;
  const isNamed = namesCollections(request);
  const all = found.filter((info) => parseName(info.name) === null);
  const candidates = isNamed
    ? selectCollections(all, scope, source.identity.address)
    : theirs(found);
  const withRecords: CollectionInfo[] = [];
  for (const info of candidates.filter(hasRecords)) {
    const options = { limit: 1, signal: context.signal, ...(where === null ? {} : { where }) };
    let records = 0;
    for await (const ids of source.ids(info, options)) records += ids.length;
    if (records > 0) withRecords.push(info);
    if (records > 0 && !isNamed) break;
  }
  if (withRecords.length > 0) return withRecords;
  throw new VectorError(
    "E_COLLECTION_NOT_FOUND",
    "No collection of the source that is in scope has a record to move.",
    {
      next: "Name another collection or another --where, or give --write-source to test a running Chroma with records of our own.",
    },
  );
}

/** Writes a collection of our own into the source, tests it, and drops it. */
async function testWritten(guarded: Guarded, writer: RecordTarget): Promise<CollectionTest> {
  const { ends, context, notRemoved } = guarded;
  const { name, run } = ends.mark;
  try {
    const written = await writeAwkward(writer, ends, context);
    const found = await ends.source.collections({ signal: context.signal });
    const info = found.find((one) => one.name === name && isWrittenByTest(one));
    if (info === undefined) {
      throw new VectorError(
        "E_COLLECTION_NOT_FOUND",
        `The source does not list collection ${JSON.stringify(name)}, which was just written there.`,
        { details: { run } },
      );
    }
    return await testAndRemove(guarded, info, written);
  } finally {
    const reason = await dropOwn(writer, name, context.signal.aborted);
    if (reason !== null) tellKept(context, notRemoved, reason);
  }
}

async function writeAwkward(
  writer: RecordTarget,
  { mark }: TestEnds,
  { signal, onEvent }: QuickTestContext,
): Promise<RecordBatch[]> {
  const { collection } = await writer.ensure(
    {
      name: mark.name,
      distance: "l2",
      dimension: null,
      metadata: JSON.stringify({ [sourceMark]: mark.run }),
      configuration: null,
    },
    { signal },
  );
  if (!isWrittenByTest(collection)) {
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `${writer.identity.address} has another collection ${JSON.stringify(mark.name)} already.`,
      { details: { collection: mark.name } },
    );
  }
  const common = commonRecords();
  await writer.write(collection, common, { signal });
  const lists = listRecords();
  if ((await writer.faults(collection, lists, { signal })).length > 0) {
    onEvent({ type: "note", text: "The source takes no lists in metadata; none are tested." });
    return [common];
  }
  await writer.write(collection, lists, { signal });
  return [common, lists];
}

async function testAndRemove(
  { ends, request, context, notRemoved }: Guarded,
  info: CollectionInfo,
  written: readonly RecordBatch[] | null,
): Promise<CollectionTest> {
  try {
    const whole =
      written === null
        ? request
        : { ...request, scope: { ...request.scope, where: null, limit: 1000 } };
    const judge = written === null ? null : compareWritten.bind(null, written);
    return await testCollection(ends, info, whole, judge, context);
  } finally {
    const reason = await removeOwn(ends.target, ends.mark.name, context.signal.aborted);
    if (reason !== null) tellKept(context, notRemoved, reason);
  }
}

/** Told at once: where the test itself fails, nothing else is told of it. */
function tellKept({ onEvent }: QuickTestContext, notRemoved: string[], reason: string): void {
  notRemoved.push(reason);
  onEvent({ type: "note", text: reason });
}

function outcomeOf(
  { ends, notRemoved, request }: Guarded,
  collections: readonly CollectionTest[],
  leftovers: readonly Leftover[],
  wroteSource: boolean,
  untested: number,
): QuickTestOutcome {
  const { source, target, mark } = ends;
  const named = endsText({ source: source.identity, target: target.identity });
  const flags = request.flags === "" ? "" : ` ${request.flags}`;
  const differs = collections.some(({ faults }) => faults.length > 0);
  const moved = collections.every((one) => one.moved > 0);
  const ready = moved && !differs && notRemoved.length === 0;
  return {
    ready,
    exit: differs ? 4 : ready ? 0 : 1,
    run: mark.run,
    name: mark.name,
    wroteSource,
    collections,
    untested,
    notRemoved,
    leftovers,
    next: `vecferry ${ready ? "migrate" : "doctor"} ${named}${flags}`,
  };
}
