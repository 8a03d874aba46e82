/**
 * `backup`: every record of a store into an archive, as its first generation or its next. Killed anywhere, the same call goes on behind
 * what the archive holds.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import {
  type ArchiveCollectionWriter,
  type ArchiveManifest,
  type ArchiveWriter,
  generationFolder,
} from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { freeBytes } from "../../util/disk.ts";
import { migrationFiles } from "../files.ts";
import { Journal } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import { type Outcome, ReportBuilder } from "../report.ts";
import type { RunContext } from "../request.ts";
import { selectCollections } from "../select.ts";
import { note, phase, progress } from "../telling.ts";
import { listIds } from "../transfer.ts";
import { keepQuarantine } from "./beside.ts";
import { takeChanges } from "./changes.ts";
import {
  type Course,
  copyRows,
  goneSince,
  noneVanished,
  placePlan,
  shapeOfPending,
  takeUp,
  type Vanished,
  vanishedText,
} from "./collection.ts";
import { compareArchive } from "./compare.ts";
import { archivedScope, checkStanding, keepWanted, megabytes } from "./generations.ts";
import { type AnyStore, rowsOf } from "./rows.ts";
import type { ArchivePlace, BackupRequest, BackupRun } from "./run.ts";
import { shapeOfAll, streamRows } from "./stream.ts";

/** A source that others write to is listed again until nothing new appears, at most so often. */
const relistRounds = 3;

/** Who an archive is. */
function archiveIdentity(path: string): StoreIdentity {
  return { kind: "archive", address: path, tenant: null, database: null, version: null };
}

/**
 * Takes every record in scope into the archive and reports. Of an archive that stands, the bytes of the newest generation are checked
 * first, and a new one takes what has changed since. The report is written whatever happens.
 * @throws E_CONFIG where something else stands at the archive's path; E_ARCHIVE_DAMAGED; E_PLAN_CHANGED where the records asked for are
 * others than before; E_NOT_SUPPORTED, E_DISK_FULL, E_LOCKED, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export async function runBackup(
  source: AnyStore,
  place: ArchivePlace,
  request: BackupRequest,
  context: RunContext,
): Promise<Outcome> {
  const target = archiveIdentity(place.path);
  const key = migrationKey(source.identity, target);
  const run = runOf(key);
  await using _lock = await lockMigration(context.stateFolder, run);
  // What the archive holds is asked of the archive; the journal is there for the ids, as long as the backup goes on.
  const folder = path.join(migrationFiles(context.stateFolder, run).folder, "backup");
  let outcome: Outcome;
  {
    using journal = Journal.open(folder);
    const migration = journal.begin(key, run, source.identity, target);
    const report = new ReportBuilder({
      command: "backup",
      journal,
      migration,
      context,
      asTheyAre: true,
    });
    const one = { source, place, request, context, journal, migration, report };
    try {
      outcome = await steps(one);
    } catch (error) {
      throw report.pause(error);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return outcome;
}

async function steps(run: BackupRun): Promise<Outcome> {
  const { source, context, report, journal, migration, place, request } = run;
  phase(context, "plan");
  const found = await source.collections(context);
  const selected = select(run, found);
  const { where, limit } = request.scope;
  const entered = selected.map((info) => ({
    info,
    entered: journal.enter(migration, placePlan(info), { where, limit }),
  }));
  report.plan({ entered: entered.map((one) => one.entered), skipped: [] });
  const courses: Course[] = entered.map((one) => ({
    ...one,
    source,
    plan: one.entered.plan,
    ledger: journal.ledger(one.entered),
  }));
  await checkStanding(run, courses, found);
  journal.setState(migration, "COPYING");
  const manifest = await write(run, courses);
  journal.setState(migration, "COPIED");
  const differences = request.verify ? (await compareArchive(run, courses)).differences : 0;
  if (request.verify && differences === 0) journal.setState(migration, "VERIFIED");
  await keepWanted(run, differences);
  return keepQuarantine(generationFolder(place.path, manifest.generation), report.finish());
}

/** The collections in scope. @throws E_NOT_SUPPORTED, E_COLLECTION_NOT_FOUND */
function select(
  { source, request }: BackupRun,
  found: readonly CollectionInfo[],
): CollectionInfo[] {
  const selected = selectCollections(found, request.scope, source.identity.address);
  if (request.scope.where !== null && !source.capabilities.where)
    throw new VectorError("E_NOT_SUPPORTED", "--where is for a Chroma; this source takes none.", {
      next: "Leave --where away.",
    });
  return selected;
}

async function write(run: BackupRun, courses: readonly Course[]): Promise<ArchiveManifest> {
  const { source, place, context, report } = run;
  const { signal } = context;
  await using writer = await place.write({ source: source.identity, signal });
  if (writer.base !== null) {
    const { generation, created } = writer.base;
    const text = `Generation ${writer.generation} of the archive: what has changed since generation ${generation}, begun ${created}.`;
    note(context, report, text);
  }
  if (writer.resumed)
    note(
      context,
      report,
      "An archive that was not finished was found; it is gone on with behind what it holds, which is as it was when it was read: --verify finds what has changed since.",
    );
  // Ids are kept where they must be compared: with those of a source that has changed, or with what an archive holds already.
  const listed = source.capabilities.live || writer.resumed || writer.base !== null;
  const wanted: number[] = [];
  for (const course of courses) wanted.push(await bytesOf(run, course, listed, writer.base));
  for (const [place, course] of courses.entries()) {
    const later = wanted.slice(place + 1).reduce((sum, bytes) => sum + bytes, 0);
    await copy(run, writer, course, listed, later);
  }
  return await writer.finish({ signal });
}

/** Bytes of the disk that a collection will take at most; where its ids are kept, they are from here on. */
async function bytesOf(
  run: BackupRun,
  course: Course,
  listed: boolean,
  base: ArchiveManifest | null,
): Promise<number> {
  const { context, report } = run;
  const { info, entered, ledger } = course;
  const { signal } = context;
  if (isNeverWritten(info)) return 0;
  if (!listed) {
    const { rowBytes, rows } = await shapeOfAll(course, entered.scope, null, signal);
    return rows * rowBytes;
  }
  const stop = report.phase("list");
  phase(context, "list", info.name);
  const tell = progress(context, "list", info.name, info.count);
  const found = await listIds(course, entered.scope, signal, tell);
  report.listed(entered, { listed: found.listed, deleted: 0 });
  stop();
  const { rowBytes } = await shapeOfPending(course, null, signal);
  // How many of those that it has already were changed, nobody knows before they are read.
  const held = base?.collections.find((one) => one.info.name === info.name)?.info.count ?? 0;
  return Math.max(0, ledger.counts().pending - held) * rowBytes;
}

/** Whether nothing was ever written to it; points may have no dense vector without a name. */
function isNeverWritten({ dimension, vectors }: CollectionInfo): boolean {
  return dimension === null && vectors === undefined;
}

/** Takes one collection into the archive. `later`: bytes that those behind it will want. */
async function copy(
  run: BackupRun,
  writer: ArchiveWriter,
  course: Course,
  listed: boolean,
  later: number,
): Promise<void> {
  const { source, context, report } = run;
  const { signal } = context;
  const { info, ledger } = course;
  const scope = archivedScope(course.entered.scope);
  const head = { rows: rowsOf(source), info, ...(scope === null ? {} : { scope }) };
  const out = await writer.collection(head, { signal });
  const stop = report.phase("copy");
  if (listed) await copyListed(run, course, out, later);
  else await copyAll(run, course, out, later);
  stop();
  if (source.capabilities.live) await settle(run, course, out);
  await out.finish({ signal, failed: ledger.counts().quarantined });
}

/** Takes what the archive does not hold yet. */
async function copyListed(
  run: BackupRun,
  course: Course,
  out: ArchiveCollectionWriter,
  later: number,
): Promise<void> {
  const { context, report } = run;
  const { info, ledger, entered } = course;
  const gone = await takeUp(course, out, context.signal);
  report.relisted(entered, { added: 0, deleted: gone.count });
  if (gone.count > 0)
    note(
      run.context,
      run.report,
      `The archive holds ${vanishedText(gone)} of ${JSON.stringify(info.name)} that the source has no more.`,
    );
  const { rowBytes } = await shapeOfPending(course, null, context.signal);
  assertRoom(run, Math.max(0, ledger.counts().pending - out.baseRows) * rowBytes + later);
  if (out.baseRows > 0) await copyChanges(run, course, out);
  await copyPending(run, course, out);
}

/** Compares what the generation before holds with the source, and takes what was changed. */
async function copyChanges(
  run: BackupRun,
  course: Course,
  out: ArchiveCollectionWriter,
): Promise<void> {
  const { context, request, report } = run;
  const { info, entered } = course;
  phase(context, "copy", info.name);
  const { flight } = await shapeOfPending(course, request.batchSize, context.signal);
  report.flight(entered, flight);
  const tell = progress(context, "copy", info.name, out.baseRows);
  report.delta(entered);
  report.carried(entered, await takeChanges(course, out, flight, context.signal, tell));
}

/** Takes everything, as it is listed. */
async function copyAll(
  run: BackupRun,
  course: Course,
  out: ArchiveCollectionWriter,
  later: number,
): Promise<void> {
  const { context, request, report } = run;
  const { info, entered } = course;
  const { signal } = context;
  course.ledger.backedUp.clear();
  if (isNeverWritten(info)) return;
  phase(context, "copy", info.name);
  const { flight, rowBytes, rows } = await shapeOfAll(
    course,
    entered.scope,
    request.batchSize,
    signal,
  );
  assertRoom(run, rows * rowBytes + later);
  report.flight(entered, flight);
  const tell = progress(context, "copy", info.name, rows);
  const streamed = await streamRows(course, out, flight, entered.scope, signal, tell);
  const { totals, vanished, lost } = streamed;
  const listed = totals.written + lost;
  const { failed: quarantined } = totals;
  report.listed(entered, { listed, deleted: 0 });
  report.carried(entered, totals);
  const none = { pending: 0, left: 0, deleted: 0 };
  report.stands(entered, { listed, written: listed - quarantined, quarantined, ...none });
  sayVanished(run, course, vanished);
}

async function copyPending(
  run: BackupRun,
  course: Course,
  out: ArchiveCollectionWriter,
): Promise<void> {
  const { context, request, report } = run;
  const { info, ledger, entered } = course;
  const { listed, pending } = ledger.counts();
  if (pending === 0) return;
  phase(context, "copy", info.name);
  const { flight } = await shapeOfPending(course, request.batchSize, context.signal);
  report.flight(entered, flight);
  const tell = progress(context, "copy", info.name, listed);
  const before = listed - pending;
  tell(before, 0);
  const { totals, vanished } = await copyRows(
    course,
    out,
    flight,
    context.signal,
    (rows, bytes, failed) => tell(before + rows, bytes, failed),
  );
  report.carried(entered, totals);
  sayVanished(run, course, vanished);
}

function sayVanished(run: BackupRun, { info }: Course, vanished: Vanished): void {
  if (vanished.count === 0) return;
  note(
    run.context,
    run.report,
    `${vanishedText(vanished)} of ${JSON.stringify(info.name)} vanished from the source before they were read; the archive does not hold them.`,
  );
}

/** A source that others write to is listed again: what has appeared is taken too, what has gone is named. */
async function settle(run: BackupRun, course: Course, out: ArchiveCollectionWriter): Promise<void> {
  const { context, report } = run;
  const { info, entered } = course;
  const name = JSON.stringify(info.name);
  for (let round = 1; round <= relistRounds; round += 1) {
    const stop = report.phase("relist");
    phase(context, "relist", info.name);
    const tell = progress(context, "relist", info.name, null);
    const listing = await listIds(course, entered.scope, context.signal, tell);
    const isLast = listing.added === 0 || round === relistRounds;
    // Every listing names the same again: it is asked about once.
    const asked = isLast && entered.scope.limit === null;
    const gone = asked ? await goneSince(course, listing, context.signal) : noneVanished();
    report.relisted(entered, { added: listing.added, deleted: gone.count });
    stop();
    if (gone.count > 0)
      note(
        run.context,
        run.report,
        `The archive holds ${vanishedText(gone)} of ${name} that the source has deleted since.`,
      );
    if (listing.added === 0) return;
    note(
      run.context,
      run.report,
      `${listing.added} records of ${name} appeared at the source meanwhile; they are taken too.`,
    );
    await copyPending(run, course, out);
  }
}

/** Before the first row: is there room for so many bytes? @throws E_DISK_FULL */
function assertRoom({ place }: BackupRun, wanted: number): void {
  const free = freeBytes(place.path);
  if (free === null || wanted <= free) return;
  throw new VectorError(
    "E_DISK_FULL",
    `The archive will take about ${megabytes(wanted)} more, and the disk of ${place.path} has ${megabytes(free)} free. What the archive holds already stays.`,
    { details: { wanted, free } },
  );
}
