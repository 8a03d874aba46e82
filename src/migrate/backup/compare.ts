/** `backup --verify`: the archive as it stands on the disk, record by record against its source, ids both ways. */
import { rmSync } from "node:fs";
import path from "node:path";
import { batchTargetBytes, optimalBatchSize } from "../../model/batch-size.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { runWorkers } from "../../util/workers.ts";
import { pointOf } from "../collection-plan.ts";
import { migrationFiles } from "../files.ts";
import type { Difference, DifferenceKind } from "../journal/difference.ts";
import { Journal } from "../journal/journal.ts";
import { recordStates } from "../journal/row.ts";
import type { VerifiedCollection, VerifyReport } from "../report-schema.ts";
import { phase, progress } from "../telling.ts";
import { listIds } from "../transfer.ts";
import { describeDifference } from "../verify/describe.ts";
import { differencesIn, uncompared } from "../verify/verdict.ts";
import type { Course } from "./collection.ts";
import { compareRows, keysOf } from "./compared.ts";
import { type ReadRows, readRows } from "./rows.ts";
import type { BackupRun } from "./run.ts";

const pageRows = 500;

interface Tally {
  compared: number;
  withinUlps: number;
  quarantined: number;
  goneAtBothEnds: number;
}

/** Compares the archive with the source and enters the result in the report. */
export async function compareArchive(
  run: BackupRun,
  courses: readonly Course[],
): Promise<VerifyReport> {
  const { context, report, place, migration, request } = run;
  phase(context, "check");
  const stop = report.phase("check");
  await using reader = await place.read();
  stop();
  const held = await reader.collections(context);
  const collections: VerifiedCollection[] = [];
  let withinUlps = 0;
  const { folder: own } = migrationFiles(context.stateFolder, migration.run);
  const folder = path.join(own, "compare");
  try {
    for (const course of courses) {
      const there = held.find(({ key }) => key === course.info.key);
      const compared = await compareCollection(run, folder, course, reader, there);
      collections.push(compared.result);
      withinUlps += compared.withinUlps;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const keys = new Set((await run.source.collections(context)).map(({ key }) => key));
  for (const { name, key } of held)
    if (!keys.has(key))
      collections.push(
        uncompared(name, name, [`The source has no collection ${JSON.stringify(name)} any more.`]),
      );
  const chosen = new Set(courses.map(({ info }) => info.key));
  const left = held.filter(({ key }) => keys.has(key) && !chosen.has(key));
  const { where, limit } = request.scope;
  const reach = { part: where !== null || limit !== null, left: left.map(({ name }) => name) };
  const result = verdictOf(collections, withinUlps, reach);
  report.verified(result);
  return result;
}

async function compareCollection(
  { context, report, source }: BackupRun,
  folder: string,
  course: Course,
  reader: ArchiveReader,
  held: CollectionInfo | undefined,
): Promise<{ readonly result: VerifiedCollection; readonly withinUlps: number }> {
  const { info } = course;
  const name = JSON.stringify(info.name);
  if (held === undefined)
    return {
      result: uncompared(info.name, info.name, [`The archive has no collection ${name}.`]),
      withinUlps: 0,
    };
  const stop = report.phase("verify");
  const { signal } = context;
  // The source's ids stand on the disk: there may be more of them than memory holds.
  rmSync(folder, { recursive: true, force: true });
  using journal = Journal.open(folder);
  const migration = journal.begin("", "", source.identity, source.identity);
  const entered = journal.enter(migration, course.plan, course.entered.scope);
  const fresh: Course = { ...course, entered, ledger: journal.ledger(entered) };
  phase(context, "verify", info.name);
  await listIds(fresh, entered.scope, signal, () => undefined);
  const tally: Tally = { compared: 0, withinUlps: 0, quarantined: 0, goneAtBothEnds: 0 };
  const tell = progress(context, "verify", info.name, held.count);
  await compareAll(fresh, reader, held, tally, signal, tell);
  await lookForMissing(fresh, tally, signal);
  stop();
  const { ledger } = fresh;
  return {
    withinUlps: tally.withinUlps,
    result: {
      name: info.name,
      target: info.name,
      schema: schemaFaults(held, info),
      compared: tally.compared,
      readAgain: tally.compared,
      quarantined: tally.quarantined,
      goneAtBothEnds: tally.goneAtBothEnds,
      ...differencesIn(ledger),
    },
  };
}

/** Every row of the archive against the source's. */
async function compareAll(
  course: Course,
  reader: ArchiveReader,
  held: CollectionInfo,
  tally: Tally,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<void> {
  const { source, info } = course;
  const { batchSizeMax, concurrency } = source.capabilities;
  const dimension = info.dimension ?? 0;
  const batchSize = optimalBatchSize({
    targetBytes: batchTargetBytes,
    dimension,
    payloadBytes: 2000,
    rowsMax: [batchSizeMax],
  });
  const batches = reader.batches(held, { signal, batchSize })[Symbol.asyncIterator]();
  try {
    await runWorkers(concurrency, signal, async (signal) => {
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        throwIfAborted(signal);
        const keys = [...keysOf(next.value)];
        const differences = mark(course, keys);
        const sight = await readRows(source, info, keys, signal);
        differences.push(...compareBatch(course, next.value, sight, tally));
        course.ledger.addDifferences(differences);
        tally.compared += keys.length;
        onRows(tally.compared);
      }
    });
  } finally {
    await batches.return?.();
  }
}

/** Notes the rows as found; those that were found before stand twice. */
function mark({ ledger, plan }: Course, keys: readonly string[]): Difference[] {
  const seen = new Set<number>();
  const twice: Difference[] = [];
  for (const { id, ordinal, state } of ledger.backedUp.find(
    keys.map((key) => pointOf(plan, key)),
  )) {
    if (seen.has(ordinal) || state === recordStates.written)
      twice.push(difference(plan, id, "extra", "It stands twice in the archive."));
    seen.add(ordinal);
  }
  ledger.setState([...seen], recordStates.written);
  return twice;
}

function compareBatch(
  course: Course,
  batch: RecordBatch | PointBatch,
  sight: ReadRows,
  tally: Tally,
): Difference[] {
  const failures = new Map(sight.failures.map(({ id, detail }) => [id, detail]));
  return compareRows(course, batch, sight).flatMap((one): Difference[] => {
    const { plan } = course;
    const { key } = one;
    if (one.standing === "absent") {
      const failure = failures.get(key);
      return failure === undefined
        ? [difference(plan, key, "deleted-at-source", "The source has deleted it.")]
        : [difference(plan, key, "unreadable", failure)];
    }
    if (one.standing === "ulps") tally.withinUlps += 1;
    if (one.standing !== "other") return [];
    const detail = `archive -> source: ${describeDifference(one.archived, one.found)}`;
    return [difference(plan, key, "changed-at-source", detail)];
  });
}

/** The source's records that the archive does not have. */
async function lookForMissing(course: Course, tally: Tally, signal: AbortSignal): Promise<void> {
  const { source, info, ledger, plan } = course;
  const pending = (after: number) => ledger.page(recordStates.pending, after, pageRows);
  for (let rows = pending(-1); rows.length > 0; rows = pending(rows.at(-1)?.ordinal ?? 0)) {
    throwIfAborted(signal);
    const ids = rows.map(({ id }) => id);
    const { batch, absent, failures } = await readRows(source, info, ids, signal);
    const missing = keysOf(batch).map((key) =>
      difference(plan, key, "missing", "The archive does not have it."),
    );
    ledger.addDifferences(missing);
    tally.goneAtBothEnds += absent.length;
    tally.quarantined += failures.length;
  }
}

function difference(
  plan: Course["plan"],
  id: string,
  kind: DifferenceKind,
  detail: string,
): Difference {
  return { point: pointOf(plan, id), id, kind, detail, digest: null };
}

function schemaFaults(held: CollectionInfo, info: CollectionInfo): string[] {
  return (["dimension", "distance"] as const)
    .filter((field) => held[field] !== info[field])
    .map((field) => `The archive has ${field} ${held[field]}; the source says ${info[field]}.`);
}

const words: Readonly<Partial<Record<DifferenceKind, string>>> = {
  missing: "not in the archive",
  extra: "twice in the archive",
  "changed-at-source": "not as they are at the source",
  "deleted-at-source": "no longer at the source",
  unreadable: "no longer readable at the source",
};

/** What a comparison was not about. */
interface Reach {
  /** Whether it was about a part of the records. */
  readonly part: boolean;
  /** Names of the archive's collections that were left out. */
  readonly left: readonly string[];
}

function verdictOf(
  collections: VerifiedCollection[],
  withinUlps: number,
  { part, left }: Reach,
): VerifyReport {
  const compared = collections.reduce((sum, one) => sum + one.compared, 0);
  const counts = new Map<string, number>();
  const add = (name: string, count: number) => {
    if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
  };
  for (const { differences, schema } of collections) {
    for (const kind of Object.keys(words) as DifferenceKind[])
      add(words[kind] ?? kind, differences[kind] ?? 0);
    add("of the collections themselves", schema.length);
  }
  const differences = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const found = Array.from(counts, ([name, count]) => `${count} ${name}`).join(", ");
  const quarantined = collections.reduce((sum, one) => sum + one.quarantined, 0);
  const whole = left.length === 0 ? "that the source has" : "of the collections compared";
  const listed = part ? "the records that were asked for" : `every record ${whole}`;
  const has = `the archive has ${listed}${quarantined === 0 ? "" : `, but for ${quarantined} that cannot be read whole`}.`;
  const verdict = [
    differences === 0
      ? `${compared} records of the archive were read back and are equal to the source's, to the last bit; ${has}`
      : `${compared} records of the archive were read back and compared with the source's. ${differences} differences: ${found}.`,
    left.length === 0
      ? ""
      : `Not compared: ${left.map((name) => JSON.stringify(name)).join(", ")}.`,
    withinUlps === 0
      ? ""
      : `${withinUlps} vectors came from the source with other last bits than before, within the 2 ulp that it allows itself.`,
  ];
  return {
    verdict: verdict.filter((sentence) => sentence !== "").join(" "),
    readSource: true,
    differences,
    foreign: {},
    sample: null,
    collections,
  };
}
