/**
 * `restore` of a Qdrant's archive: collections as they were described, points as they are. What stands at the target already,
 * equal to the last bit, is found there and not sent again: that is how the same call goes on after an interruption.
 */
import { VectorError } from "../../errors.ts";
import { batchTargetBytes, optimalBatchSize } from "../../model/batch-size.ts";
import {
  type CollectionInfo,
  type CollectionNote,
  type CollectionSpec,
  parseNote,
} from "../../model/collection.ts";
import { assertCollectionName } from "../../model/collection-name.ts";
import { bytesOf, pickRows } from "../../model/rows.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { TargetStore } from "../../store/port.ts";
import { abortError } from "../../util/abort.ts";
import { passStop } from "../../util/stops.ts";
import { runWorkers } from "../../util/workers.ts";
import { placePlan } from "../backup/collection.ts";
import { Journal } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import { type Outcome, ReportBuilder } from "../report.ts";
import type { RunContext, Scope } from "../request.ts";
import { selectCollections } from "../select.ts";
import { targetInfo } from "../target-spec.ts";
import { phase, progress } from "../telling.ts";
import { emptyTotals } from "../transfer.ts";
import { assertPoints, type Course, type Held } from "./course.ts";
import { equalRows } from "./equal.ts";
import { assertFree } from "./free.ts";
import { verifyPoints } from "./verify.ts";

export interface RestoreRequest {
  readonly scope: Scope;
  /** Name in the archive -> name at the target. */
  readonly renames: ReadonlyMap<string, string>;
  readonly targetCollection: string | null;
  /** Write beside points that the archive does not have. */
  readonly merge: boolean;
  /** Rows a batch; null = by the formula in model/batch-size.ts. */
  readonly batchSize: number | null;
}

/** Bytes of payload that a batch is reckoned with; the store cuts what turns out larger. */
const payloadBytes = 2000;

/**
 * Puts the points of an archive into a target and compares them there. The archive's bytes were found whole when it was
 * opened. The report is written whatever happens. @throws E_FOREIGN_POINTS, E_POINT_TAKEN, E_SCHEMA_CONFLICT before anything is
 * written; E_LOCKED, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export async function restorePoints(
  archive: ArchiveReader,
  target: TargetStore,
  request: RestoreRequest,
  context: RunContext,
): Promise<Outcome> {
  const key = migrationKey(archive.identity, target.identity);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  using journal = Journal.open(":memory:");
  const migration = journal.begin(key, runOf(key), archive.identity, target.identity);
  const report = new ReportBuilder({
    command: "restore",
    journal,
    migration,
    context,
    asTheyAre: true,
  });
  try {
    const infos = selectCollections(
      await archive.collections(context),
      request.scope,
      archive.identity.address,
    );
    const courses = namesOf(infos, request).map(([info, name]): Course => {
      const spec = specOf(info, name);
      const plan = { ...placePlan(info), target: name };
      const entered = journal.enter(migration, plan, { where: null, limit: null });
      const there = { ...targetInfo(spec), note: null };
      return { archive, target, info, spec, there, entered, batchSize: batchOf(info, request) };
    });
    report.plan({ entered: courses.map(({ entered }) => entered), skipped: [] });
    journal.setState(migration, "COPYING");
    const held = await look(courses, request, context, report);
    for (const { spec } of [...courses].sort((one, other) => rank(held, one) - rank(held, other)))
      await target.ensure(spec, context);
    for (const course of courses) await copy(course, held.get(course) ?? null, context, report);
    journal.setState(migration, "COPIED");
    const stop = report.phase("verify");
    report.verified(await verifyPoints(courses, request.merge, context));
    stop();
    return report.finish();
  } catch (error) {
    const failure = context.signal.aborted ? abortError(context.signal) : error;
    report.fail(failure);
    throw failure;
  }
}

/** Collections that stand there are held against the archive's before any is made. */
function rank(held: ReadonlyMap<Course, Held>, course: Course): number {
  return held.has(course) ? 0 : 1;
}

/** Where each collection goes. @throws E_COLLECTION_NOT_FOUND, E_CONFIG, E_NAME */
function namesOf(
  infos: readonly CollectionInfo[],
  { renames, targetCollection }: RestoreRequest,
): (readonly [CollectionInfo, string])[] {
  const unknown = [...renames.keys()].filter((name) => infos.every((info) => info.name !== name));
  if (unknown.length > 0) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `--rename names ${unknown.map((name) => JSON.stringify(name)).join(", ")}, which is not among the archive's collections: ${infos.map(({ name }) => JSON.stringify(name)).join(", ")}.`,
    );
  }
  const names = infos.map(
    (info) => [info, targetCollection ?? renames.get(info.name) ?? info.name] as const,
  );
  for (const [, name] of names) assertCollectionName(name);
  for (const [name, same] of Map.groupBy(names, ([, name]) => name)) {
    if (same.length === 1) continue;
    throw new VectorError(
      "E_CONFIG",
      `${same.length} collections of the archive would go into ${JSON.stringify(name)}, and their points would meet there.`,
      { next: "Give each a name of its own with --rename OLD=NEW." },
    );
  }
  return names;
}

function specOf(info: CollectionInfo, name: string): CollectionSpec {
  const note: CollectionNote | null = parseNote(info.name, info.note);
  const { configuration, schema } = info;
  // FAISS files have no description of their own: such a collection is made from its dimension, distance and note.
  const described =
    configuration === null || schema === null ? {} : { described: { configuration, schema } };
  const model = note?.model === undefined ? {} : { model: note.model };
  return {
    name,
    dimension: info.dimension ?? 0,
    distance: info.distance ?? "l2",
    layout: note?.layout ?? "vecferry",
    tenanted: note?.tenanted ?? false,
    indexes: [],
    quantization: null,
    hnsw: {},
    onDisk: null,
    shards: null,
    replicas: null,
    sources: note?.sources ?? [],
    ...model,
    ...described,
  };
}

function batchOf(info: CollectionInfo, { batchSize }: RestoreRequest): number {
  return (
    batchSize ??
    optimalBatchSize({
      targetBytes: batchTargetBytes,
      dimension: info.dimension ?? 0,
      payloadBytes,
    })
  );
}

/** What stands at the target of each collection, and that none of it is in the way. */
async function look(
  courses: readonly Course[],
  { merge }: RestoreRequest,
  context: RunContext,
  report: ReportBuilder,
): Promise<Map<Course, Held>> {
  const held = new Map<Course, Held>();
  const [first] = courses;
  if (first === undefined) return held;
  const stop = report.phase("check");
  const standing = await first.target.collections(context);
  for (const course of courses) {
    const found = standing.find(({ name }) => name === course.spec.name);
    if (found === undefined) continue;
    phase(context, "check", course.info.name);
    held.set(course, await assertFree(course, found, merge, context));
  }
  stop();
  return held;
}

/** Writes the points that are not there yet. `held` null = none is. */
async function copy(
  course: Course,
  held: Held | null,
  context: RunContext,
  report: ReportBuilder,
): Promise<void> {
  const { archive, target, info, spec, entered, batchSize } = course;
  const stop = report.phase("copy");
  phase(context, "copy", info.name);
  const totals = emptyTotals();
  const workers = target.capabilities.concurrency + 1;
  report.flight(entered, { batchSize, workers });
  const tell = progress(context, "copy", info.name, info.count ?? 0);
  const batches = archive.batches(info, { ...context, batchSize })[Symbol.asyncIterator]();
  try {
    await runWorkers(workers, context.signal, async (signal) => {
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        const batch = assertPoints(next.value);
        const known = (held?.points ?? 0) === 0 ? null : await equalRows(course, batch, signal);
        const rows = batch.ids.map((_, row) => row).filter((row) => known?.rows.has(row) !== true);
        const sent = pickRows(batch, rows);
        if (rows.length > 0) await target.write(spec, sent, { signal });
        passStop("after-acknowledge");
        totals.written += rows.length;
        totals.unchanged += batch.ids.length - rows.length;
        totals.bytes += bytesOf(sent);
        tell(totals.written + totals.unchanged, totals.bytes);
      }
    });
  } finally {
    await batches.return?.();
  }
  report.carried(entered, totals);
  const written = totals.written + totals.unchanged;
  const none = { pending: 0, quarantined: 0, left: 0, deleted: 0 };
  report.stands(entered, { listed: written, written, ...none });
  stop();
}
