/** `status`: how far each migration is, read from the journal while another process may be writing to it. */
import { existsSync } from "node:fs";
import { migrationFiles } from "./files.ts";
import type { LedgerCounts } from "./journal/counts.ts";
import { hasJournal } from "./journal/file.ts";
import { Journal, type Migration, type MigrationState } from "./journal/journal.ts";
import { migrationHolder } from "./lock.ts";
import { carryCommand, endAddress, endsText, isExport } from "./next-steps.ts";
import { readReport } from "./read-report.ts";
import type { Delta } from "./request.ts";

export interface Status {
  readonly format: 1;
  readonly journal: string;
  /** Newest first. */
  readonly migrations: readonly MigrationStatus[];
}

export interface MigrationStatus {
  readonly run: string;
  /** Addresses as the command line takes them. */
  readonly source: string;
  readonly target: string;
  readonly state: MigrationState;
  /** The process that works on it now; null = none. */
  readonly runningPid: number | null;
  /** The process that died while it worked on it; null = none. */
  readonly diedPid: number | null;
  /** Why the last run failed. */
  readonly reason: string | null;
  readonly counts: LedgerCounts;
  readonly collections: readonly CollectionStatus[];
  /** While it runs: measured over a second; else the last run's. */
  readonly recordsPerSecond: number | null;
  readonly quarantine: {
    readonly byReason: Readonly<Record<string, number>>;
    readonly file: string | null;
  };
  /** What the source had changed when the last run began; null where that was a first copy, or copied nothing. */
  readonly delta: Delta | null;
  /** Path of the newest report; null = none yet. */
  readonly report: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** What to do now, the nearest first. */
  readonly next: readonly string[];
}

export interface CollectionStatus {
  readonly name: string;
  readonly target: string;
  readonly tenant: string | null;
  readonly counts: LedgerCounts;
  /** What the newest verify found, by kind. */
  readonly differences: Readonly<Record<string, number>>;
  /** When it was last found without a difference, and nothing was written since. */
  readonly verifiedAt: string | null;
}

const rateMs = 1000;

/**
 * The states of all migrations in a state folder. `measure` = wait for a second to see how fast a running one is.
 * @throws E_NO_MIGRATION without a journal, E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED
 */
export function readStatus(stateFolder: string, { measure = true } = {}): Status {
  using journal = Journal.openToRead(stateFolder);
  const migrations = journal
    .migrations()
    .map((one) => migrationStatus(journal, one, stateFolder, measure));
  return { format: 1, journal: journal.file, migrations };
}

/** Both ends of the newest migration as addresses; null where there is none. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED */
export function newestEnds(stateFolder: string): { source: string; target: string } | null {
  if (!hasJournal(stateFolder)) return null;
  using journal = Journal.openToRead(stateFolder);
  const [newest] = journal.migrations();
  if (newest === undefined) return null;
  return { source: endAddress(newest.source), target: endAddress(newest.target) };
}

function migrationStatus(
  journal: Journal,
  migration: Migration,
  stateFolder: string,
  measure: boolean,
): MigrationStatus {
  const files = migrationFiles(stateFolder, migration.run);
  const holder = migrationHolder(stateFolder, migration.run);
  const runningPid = holder?.alive ? holder.pid : null;
  const diedPid = holder !== null && !holder.alive ? holder.pid : null;
  const collections = journal.collections(migration).map((one) => {
    const ledger = journal.ledger(one);
    return {
      name: one.plan.source.name,
      target: one.plan.target,
      tenant: one.plan.exported === undefined ? one.plan.tenant : null,
      counts: ledger.counts(),
      differences: Object.fromEntries(ledger.differenceCounts()),
      verifiedAt: one.verified_at,
    };
  });
  const counts = sum(collections.map((one) => one.counts));
  const report = readReport(files.report);
  const byReason: Record<string, number> = {};
  for (const one of journal.collections(migration))
    for (const [reason, number] of journal.ledger(one).failureCounts())
      byReason[reason] = (byReason[reason] ?? 0) + number;
  const status = {
    run: migration.run,
    source: endAddress(migration.source),
    target: endAddress(migration.target),
    state: migration.state,
    runningPid,
    diedPid,
    reason: migration.reason,
    counts,
    collections,
    recordsPerSecond:
      runningPid === null
        ? (report?.rates.recordsPerSecond ?? null)
        : measure
          ? liveRate(journal, migration, counts.written)
          : null,
    quarantine: { byReason, file: existsSync(files.quarantine) ? files.quarantine : null },
    delta: report?.delta ?? null,
    report: report === null ? null : files.report,
    createdAt: migration.created_at,
    updatedAt: migration.updated_at,
  };
  const failure = migration.reason === null ? null : (report?.failure ?? null);
  return { ...status, next: nextOf(status, migration, failure?.next ?? "") };
}

/** Records a second, from what the journal gains while we wait. */
function liveRate(journal: Journal, migration: Migration, before: number): number {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, rateMs);
  const after = sum(journal.collections(migration).map((one) => journal.ledger(one).counts()));
  return Math.round(((after.written - before) * 1000) / rateMs);
}

function sum(all: readonly LedgerCounts[]): LedgerCounts {
  const of = (key: keyof LedgerCounts) => all.reduce((total, counts) => total + counts[key], 0);
  return {
    listed: of("listed"),
    pending: of("pending"),
    written: of("written"),
    quarantined: of("quarantined"),
    left: of("left"),
    deleted: of("deleted"),
  };
}

/** `after` is what the last run's failure asked for; empty = it did not fail. */
function nextOf(
  status: Omit<MigrationStatus, "next">,
  migration: Migration,
  after: string,
): string[] {
  const ends = endsText(migration);
  const carry = carryCommand(migration);
  const { state, runningPid, diedPid, quarantine, collections } = status;
  if (runningPid !== null)
    return [`Process ${runningPid} is at work on it; Ctrl-C there saves a checkpoint.`];
  const steps: string[] = [];
  if (diedPid !== null)
    steps.push(`Process ${diedPid} died while it worked on it; what was checkpointed is kept.`);
  if (after !== "") steps.push(after);
  const differ = collections.some(({ differences }) => Object.keys(differences).length > 0);
  if (state === "CANCELLED") steps.push(`\`${carry}\` begins anew.`);
  else if (state === "PLANNED" || state === "COPYING" || state === "PAUSED")
    steps.push(`\`${carry}\` goes on where it stopped.`);
  else if (differ)
    steps.push(
      isExport(migration)
        ? `\`${carry}\` writes what is missing and what changed at the source; --overwrite also what was changed at the target.`
        : `\`vecferry repair ${ends}\` writes what the newest verify found missing or changed.`,
    );
  else if (state === "STALE")
    steps.push(`\`${carry}\` carries what has changed at the source since.`);
  else if (state === "VERIFIED")
    steps.push(`All is verified; \`vecferry verify ${ends}\` compares again.`);
  else steps.push(`\`vecferry verify ${ends}\` compares both ends.`);
  if (quarantine.file !== null)
    steps.push(`Records that were not carried stand with their reasons in ${quarantine.file}.`);
  return steps;
}
