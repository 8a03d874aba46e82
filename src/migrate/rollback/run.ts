/**
 * `rollback run`: back from a Qdrant to the Chroma that it was migrated from. Looks at every record of both ends and names what is
 * newer in Chroma; restores from the backup what Chroma lacks; carries what was written to Qdrant since; deletes what was deleted
 * there, where that is asked for. The same call again goes on.
 */
import { VectorError } from "../../errors.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { StoreIdentity, TargetStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { runExport } from "../export/export.ts";
import { defaultExport, type ExportShape } from "../export/request.ts";
import { hasJournal } from "../journal/file.ts";
import { Journal, type Migration } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import type { Outcome } from "../report.ts";
import type { RunContext } from "../request.ts";
import { phase, progress } from "../telling.ts";
import { JournalBase } from "./base.ts";
import { deleteSince } from "./deletes.ts";
import { migrationHere } from "./found.ts";
import { NamedRecords } from "./named.ts";
import { withNotes } from "./noted-store.ts";
import { RestoreMark } from "./restore-mark.ts";
import { lookSince, noSince, type SinceCounts } from "./since.ts";
import { type Way, waysOf } from "./way.ts";

export interface RollbackRequest {
  /** Write Qdrant's records over those that are newer in Chroma, and bring back those that Chroma lacks. */
  readonly overwrite: boolean;
  /** Delete in Chroma what was deleted at Qdrant, where it is as the migration read it. */
  readonly propagateDeletes: boolean;
  /** Restore from the backup, and leave Qdrant out. */
  readonly restoreOnly: boolean;
  /** For a float that Chroma cannot hold the one that it would keep in its place; else the record is quarantined. */
  readonly nearestFloats: boolean;
  readonly dryRun: boolean;
}

export interface RollbackEnds {
  /** null with `restoreOnly`. */
  readonly qdrant: TargetStore | null;
  readonly qdrantIdentity: StoreIdentity;
  readonly chroma: RecordTarget;
  /** Its bytes were found whole when it was opened; null = there is none. */
  readonly backup: ArchiveReader | null;
}

export interface RollbackOutcome {
  readonly exit: 0 | 3 | 4;
  readonly dryRun: boolean;
  /** The migration that is gone back on; null = the journal has none. */
  readonly run: string | null;
  /** What was found before anything was written; null = nothing tells what was written since. */
  readonly since: SinceCounts | null;
  /** File with a line for each record that was named last; null = there is none. */
  readonly named: string | null;
  /** The first of them. */
  readonly examples: NamedRecords["examples"];
  /** Chroma's collections that were, or would be, restored from the backup. */
  readonly restored: readonly string[];
  /** Collections of the migration that Qdrant has no more: nothing of them goes back. */
  readonly goneAtQdrant: readonly string[];
  readonly restore: Outcome | null;
  readonly carried: Outcome | null;
  readonly deleted: number;
  /** What was found when all was done: how the ends differ now; null = Qdrant was left out, or nothing was done. */
  readonly left: SinceCounts | null;
}

/** What one call of `runRollback` works with. */
interface Rollback {
  readonly ends: RollbackEnds;
  readonly request: RollbackRequest;
  readonly context: RunContext;
  readonly journal: Journal | null;
  readonly migration: Migration | null;
  readonly mark: RestoreMark;
}

/**
 * Goes back. @throws E_NO_ARCHIVE where a collection is lacking or the restore alone is asked for and there is no backup; E_LOCKED;
 * E_JOURNAL_DAMAGED, and what the stores and an export throw: then the same call goes on
 */
export async function runRollback(
  ends: RollbackEnds,
  request: RollbackRequest,
  context: RunContext,
): Promise<RollbackOutcome> {
  const { chroma, qdrantIdentity } = ends;
  using journal = hasJournal(context.stateFolder) ? Journal.open(context.stateFolder) : null;
  const migration =
    journal === null ? null : migrationHere(journal, qdrantIdentity, chroma.identity);
  const run = migration?.run ?? runOf(migrationKey(chroma.identity, qdrantIdentity));
  await using _lock = await lockMigration(context.stateFolder, run);
  const mark = new RestoreMark(context.stateFolder, run);
  const { qdrant } = ends;
  const isNoted = qdrant === null || qdrant.capabilities.notes;
  const read = isNoted || journal === null || migration === null;
  const known = { ...ends, qdrant: read ? qdrant : withNotes(qdrant, journal, migration) };
  return await goBack({ ends: known, request, context, journal, migration, mark });
}

async function goBack(rollback: Rollback): Promise<RollbackOutcome> {
  const { request, context, migration, mark } = rollback;
  const { dryRun, restoreOnly } = request;
  const begun = mark.read();
  const lacking = await lackingCollections(rollback);
  const restored = [...new Set([...begun.collections, ...lacking])];
  using named = new NamedRecords(context.stateFolder, mark.run);
  const before = restoreOnly ? null : await look(rollback, restored, named);
  const told = {
    dryRun,
    run: migration?.run ?? null,
    since: before?.counts ?? null,
    restored,
    goneAtQdrant: before?.goneAtQdrant ?? [],
  };
  const nothing = { restore: null, carried: null, deleted: 0, left: null };
  if (dryRun) {
    const exit = isDifferent(told.since, request) ? 4 : 0;
    return { ...told, ...nothing, exit, ...namedIn(named) };
  }
  tellNamed(rollback, told.since, named);
  const isDone = begun.done && lacking.length === 0;
  const restore = isDone ? null : await restoreLacking(rollback, restored);
  const carried = restoreOnly ? null : await carry(rollback, restored);
  const after = restoreOnly ? null : await look(rollback, [], named);
  const deleted = request.propagateDeletes ? await removeDeleted(rollback, named) : 0;
  mark.clear();
  const counts = after?.counts ?? null;
  const left = counts === null ? null : { ...counts, deleted: counts.deleted - deleted };
  const done = { ...told, restore, carried, deleted, left };
  return { ...done, exit: exitOf(done), ...namedIn(named) };
}

function namedIn({ file, examples }: NamedRecords): Pick<RollbackOutcome, "named" | "examples"> {
  return { named: file, examples: [...examples] };
}

/** What is newer in Chroma is told before anything is written. */
function tellNamed({ context }: Rollback, since: SinceCounts | null, { file }: NamedRecords): void {
  if (since === null || file === null) return;
  const { newer, both, lacking, deleted } = since;
  const text = `Before anything is written: ${newer} records are newer in Chroma, ${both} have changed at both ends, ${lacking} are no longer in Chroma, ${deleted} no longer at Qdrant. They are named in ${file}.`;
  context.onEvent({ type: "note", text });
}

/** Whether the ends will differ after a run, as far as is known before it. */
function isDifferent(
  since: SinceCounts | null,
  { overwrite, propagateDeletes }: RollbackRequest,
): boolean {
  if (since === null) return false;
  const { newer, both, lacking, deleted } = since;
  return (!overwrite && newer + both + lacking > 0) || (!propagateDeletes && deleted > 0);
}

function exitOf({
  restore,
  carried,
  left,
}: Pick<RollbackOutcome, "restore" | "carried" | "left">): RollbackOutcome["exit"] {
  const outcomes = [restore, carried].filter((outcome) => outcome !== null);
  const quarantined = outcomes.reduce((sum, { report }) => sum + report.quarantine.records, 0);
  // What the two ends are now counts, not what an earlier step found.
  const isDifferent =
    left === null
      ? outcomes.some(({ exit }) => exit === 4)
      : left.newer + left.both + left.lacking + left.deleted > 0 ||
        left.added + left.changed > quarantined;
  if (isDifferent) return 4;
  return quarantined > 0 ? 3 : 0;
}

/** The collections to restore: those of the migration, else of the backup, that Chroma has not. @throws E_NO_ARCHIVE */
async function lackingCollections({
  ends,
  request,
  context,
  ...known
}: Rollback): Promise<string[]> {
  const { chroma, backup } = ends;
  const there = new Set((await chroma.collections(context)).map(({ name }) => name));
  const kept = backup?.manifest.collections.map(({ info }) => info.name) ?? [];
  const own =
    known.migration === null || known.journal === null
      ? kept
      : known.journal.collections(known.migration).map(({ plan }) => plan.source.name);
  if (request.restoreOnly && backup === null)
    throw new VectorError("E_NO_ARCHIVE", "There is no backup to restore Chroma from.", {
      next: "Name one: --backup archive:./folder.",
    });
  return (request.restoreOnly ? kept : own).filter(
    (name) => kept.includes(name) && (request.restoreOnly || !there.has(name)),
  );
}

interface Looked {
  readonly counts: SinceCounts;
  readonly goneAtQdrant: readonly string[];
}

/** What each end was told since, in all collections but those that are to be restored. Names anew. */
async function look(
  rollback: Rollback,
  restored: readonly string[],
  named: NamedRecords,
): Promise<Looked | null> {
  const { ends, context, journal, migration } = rollback;
  const { qdrant, chroma, backup } = ends;
  if (qdrant === null || journal === null || migration === null) return null;
  const { signal } = context;
  const present = await presentWays(rollback, journal, migration);
  const ways = present.filter(({ plan }) => !restored.includes(plan.source.name));
  const targets = new Set(present.map(({ plan }) => plan.target));
  const gone = journal.collections(migration).filter(({ plan }) => !targets.has(plan.target));
  const goneAtQdrant = [...new Set(gone.map(({ plan }) => plan.target))];
  if (ways.length === 0) return { counts: noSince(), goneAtQdrant };
  named.begin();
  phase(context, "check");
  const tells = new Map(
    ways.map((way) => [
      way.plan.target,
      progress(context, "check", way.plan.target, way.ledger.counts().written),
    ]),
  );
  const counts = await lookSince({
    journal,
    ways,
    qdrant,
    chroma,
    collections: await chroma.collections({ signal }),
    shape: shapeOf(rollback, ways),
    backup: recordsOf(backup),
    signal,
    onRows: (collection, rows) => tells.get(collection)?.(rows),
    onRecord: (record) => named.add(record),
  });
  named.finish();
  return { counts, goneAtQdrant };
}

/** Everything of the migration, to where it came from. */
function shapeOf({ ends, request }: Rollback, ways: readonly Way[]): ExportShape {
  const { command: _, merge: __, overwrite: ___, propagateDeletes: ____, ...shape } = defaultExport;
  const collections = [...new Set(ways.map(({ plan }) => plan.target))];
  const scope = { collections, include: [], exclude: [] };
  const { nearestFloats } = request;
  return { ...shape, scope, nearestFloats, vectorsFrom: recordsOf(ends.backup) };
}

/** An archive of Chroma's records; one of points bears no witness of them. */
function recordsOf(backup: ArchiveReader | null): ArchiveReader | null {
  return backup?.manifest.collections.every(({ rows }) => rows === "records") ? backup : null;
}

/** Puts the collections that Chroma lacks back as the backup has them. */
async function restoreLacking(
  { ends, request, context, mark }: Rollback,
  names: readonly string[],
): Promise<Outcome | null> {
  const { backup, chroma } = ends;
  if (names.length === 0) return null;
  if (backup === null)
    throw new VectorError(
      "E_NO_ARCHIVE",
      `An earlier rollback was restoring ${names.map((name) => JSON.stringify(name)).join(", ")}, and no backup is named.`,
      { next: "Name the one that it was restoring from: --backup archive:./folder." },
    );
  mark.write({ collections: [...names], done: false });
  const scope = { collections: names, include: [], exclude: [] };
  const { overwrite, nearestFloats } = request;
  const carried = { ...defaultExport, merge: true, overwrite, nearestFloats };
  const wanted = { ...carried, command: "restore" as const, scope };
  const outcome = await runExport(backup, chroma, wanted, context);
  mark.write({ collections: [...names], done: true });
  return outcome;
}

/** Carries to Chroma what was written to Qdrant since. Null = there is nothing there that could be. */
async function carry(rollback: Rollback, restored: readonly string[]): Promise<Outcome | null> {
  const { ends, request, context, journal, migration } = rollback;
  const { qdrant, chroma, backup } = ends;
  if (qdrant === null) return null;
  const { overwrite, nearestFloats } = request;
  const wanted = { ...defaultExport, merge: true, overwrite, nearestFloats };
  if (journal === null || migration === null)
    return await runExport(qdrant, chroma, { ...wanted, vectorsFrom: recordsOf(backup) }, context);
  const ways = await presentWays(rollback, journal, migration);
  if (ways.length === 0) return null;
  const witnesses = { chroma, backup: recordsOf(backup) };
  const known = { journal, ways, qdrant, restored: new Set(restored), ...witnesses };
  const base = overwrite ? null : new JournalBase(known);
  return await runExport(qdrant, chroma, { ...wanted, ...shapeOf(rollback, ways), base }, context);
}

async function removeDeleted(rollback: Rollback, named: NamedRecords): Promise<number> {
  const { ends, context, journal, migration } = rollback;
  const { qdrant, chroma, backup } = ends;
  if (qdrant === null || journal === null || migration === null) return 0;
  const ways = await presentWays(rollback, journal, migration);
  const witnesses = { chroma, backup: recordsOf(backup) };
  return await deleteSince({ ways, qdrant, named, signal: context.signal, ...witnesses });
}

/** The collections of the migration that Qdrant still has, with what Chroma has of them now. */
async function presentWays(
  { ends, context }: Rollback,
  journal: Journal,
  migration: Migration,
): Promise<Way[]> {
  const { signal } = context;
  const names = new Set((await ends.qdrant?.collections({ signal }))?.map(({ name }) => name));
  const all = waysOf(journal, migration, await ends.chroma.collections({ signal }));
  return all.filter(({ plan }) => names.has(plan.target));
}
