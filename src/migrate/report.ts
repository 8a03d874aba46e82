/** Builds the report of a run while it goes on, and writes it however the run ends. */
import os from "node:os";
import path from "node:path";
import { isVectorError } from "../errors.ts";
import type { StoreIdentity } from "../store/port.ts";
import { abortError } from "../util/abort.ts";
import { packageVersion } from "../util/version.ts";
import { writeFileAtomic } from "../util/whole-file.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import type { CompareReport } from "./compare/figures.ts";
import { missNext, missText } from "./compare/gates.ts";
import { migrationFiles } from "./files.ts";
import type { Flight } from "./flight.ts";
import type { Journal, JournalCollection, Migration } from "./journal/journal.ts";
import { nextSteps } from "./next-steps.ts";
import { runOf } from "./plan.ts";
import { writeQuarantine } from "./quarantine.ts";
import {
  type CollectionReport,
  type Report,
  type RunCounts,
  reportFormat,
  reportSchema,
  type VerifyReport,
} from "./report-schema.ts";
import type { Delta, Phase, RunContext } from "./request.ts";
import type { Totals } from "./transfer.ts";

export type { Report, VerifyReport } from "./report-schema.ts";

/** How a run that came to its end ended. */
export interface Outcome {
  /** 3: records stand in quarantine; 4: differences are left; 6: a gate was missed, whatever else. */
  readonly exit: 0 | 3 | 4 | 6;
  readonly report: Report;
  readonly files: OutcomeFiles;
}

export interface OutcomeFiles {
  readonly report: string;
  /** null = nothing is quarantined. */
  readonly quarantine: string | null;
  /** null = there was none, and none was made. */
  readonly journal: string | null;
}

export interface ReportInput {
  readonly command: Report["command"];
  readonly journal: Journal;
  readonly migration: Migration;
  readonly context: Pick<RunContext, "signal" | "stateFolder" | "retries" | "roads" | "rates">;
  /** Whether records go as they are: then a plan says no more than their place in the journal. */
  readonly asTheyAre?: boolean;
}

/** The commands that carry records, and so leave some behind. */
const copies = new Set<Report["command"]>(["migrate", "backup", "restore", "export"]);

/** What one run did to one collection. */
interface Work extends Record<keyof RunCounts, number> {
  /** Where the journal does not list the records. */
  counts: CollectionReport["counts"] | null;
  batchSize: number | null;
  batchesInFlight: number | null;
}

export class ReportBuilder {
  readonly #input: ReportInput;
  readonly #startedAt = new Date();
  readonly #phases = new Map<string, number>();
  readonly #notes: string[] = [];
  /** By the journal's number of the collection, in the order in which they were met. */
  readonly #work = new Map<number, Work>();
  /** The collections that an earlier run has copied. */
  readonly #again = new Set<number>();
  #skipped: Report["skipped"] = [];
  #verify: VerifyReport | null = null;
  #compare: CompareReport | null = null;

  constructor(input: ReportInput) {
    this.#input = input;
  }

  /** Starts the clock of a phase; the function that it gives stops it. Parts of one phase are added up. */
  phase(phase: Phase): () => void {
    const start = performance.now();
    return () => {
      this.#phases.set(phase, (this.#phases.get(phase) ?? 0) + performance.now() - start);
    };
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** The collections that the run is about, and those that it leaves out. */
  plan(plan: {
    readonly entered: readonly JournalCollection[];
    readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  }): void {
    for (const collection of plan.entered) this.#of(collection);
    this.#skipped = plan.skipped.map((one) => ({ ...one }));
  }

  listed(collection: JournalCollection, found: { listed: number; deleted: number }): void {
    const work = this.#of(collection);
    work.listed = found.listed;
    work.vanished += found.deleted;
  }

  relisted(collection: JournalCollection, found: { added: number; deleted: number }): void {
    const work = this.#of(collection);
    work.appeared += found.added;
    work.vanished += found.deleted;
  }

  flight(collection: JournalCollection, { batchSize, workers }: Flight): void {
    Object.assign(this.#of(collection), { batchSize, batchesInFlight: workers });
  }

  carried(collection: JournalCollection, totals: Totals): void {
    const work = this.#of(collection);
    work.carried += totals.written;
    work.changed += totals.changed;
    work.unchanged += totals.unchanged;
    work.failed += totals.failed;
    work.vanished += totals.gone;
    work.kept += totals.kept;
    work.bytes += totals.bytes;
  }

  /** How the records of a collection stand that the journal does not list. */
  stands(collection: JournalCollection, counts: CollectionReport["counts"]): void {
    this.#of(collection).counts = counts;
  }

  /** Notes that the collection was copied by an earlier run; gives what this one has found changed at the source since. */
  delta(collection: JournalCollection): Delta {
    this.#again.add(collection.id);
    return deltaOf(this.#of(collection));
  }

  removed(collection: JournalCollection, points: number): void {
    this.#of(collection).removed += points;
  }

  /** What verify found; a second one takes the place of the first. */
  verified(verify: VerifyReport): void {
    this.#verify = verify;
  }

  /** What compare found. */
  compared(compare: CompareReport): void {
    this.#compare = compare;
  }

  /** Writes quarantine and report of a run that came to its end. @throws E_DISK_FULL, E_CONFIG */
  finish(): Outcome {
    const { journal, migration, context, command } = this.#input;
    const quarantine = writeQuarantine(journal, migration, context.stateFolder);
    const differences = this.#verify?.differences ?? 0;
    const left = differences > 0 ? 4 : quarantine !== null && copies.has(command) ? 3 : 0;
    const missed = this.#missed();
    const exit = missed === null ? left : 6;
    const report = this.#build(exit, quarantine, missed);
    const { report: file, lastReports } = migrationFiles(context.stateFolder, migration.run);
    writeFileAtomic(file, [reportText(report)]);
    writeFileAtomic(path.join(lastReports, `${command}.json`), [reportText(report)]);
    return {
      exit,
      report,
      files: { report: file, quarantine, journal: journal.kept ? journal.file : null },
    };
  }

  /**
   * Ends a run that carries and has failed: what was under way is paused in the journal, with the reason. Quarantine and report as `fail`.
   */
  pause(error: unknown): unknown {
    const { journal, migration } = this.#input;
    const failure = this.#failure(error);
    const reason = isVectorError(failure) ? failure.message : String(failure);
    const { state } = journal.find(migration.key) ?? migration;
    journal.setState(migration, state === "COPYING" ? "PAUSED" : state, reason);
    return this.fail(failure);
  }

  /**
   * Writes quarantine and report of a run that failed, as far as it came, and gives what the run is to throw. Never throws: the failure
   * itself is what counts.
   */
  fail(error: unknown): unknown {
    const { journal, migration, context } = this.#input;
    const cause = this.#failure(error);
    try {
      const quarantine = writeQuarantine(journal, migration, context.stateFolder);
      const { exit, failure } = failureOf(cause);
      const report = this.#build(exit, quarantine, failure);
      const { report: file } = migrationFiles(context.stateFolder, migration.run);
      writeFileAtomic(file, [reportText(report)]);
    } catch {
      // Where the disk is full or the journal cannot be read, there is no place for a report.
    }
    return cause;
  }

  /** Whatever an interruption has led to, it is the failure. */
  #failure(error: unknown): unknown {
    const { signal } = this.#input.context;
    return signal.aborted ? abortError(signal) : error;
  }

  /** The gates that the comparison missed, as the failure that they are; null = none. */
  #missed(): Report["failure"] {
    const missed = this.#compare?.gates.filter(({ met }) => !met) ?? [];
    if (missed.length === 0) return null;
    const message = `A gate was missed: ${missed.map(missText).join("; ")}.`;
    return { code: "E_GATE", message, next: missNext(missed) };
  }

  #of(collection: JournalCollection): Work {
    const known = this.#work.get(collection.id);
    if (known !== undefined) return known;
    const work = { ...emptyCounts(), counts: null, batchSize: null, batchesInFlight: null };
    this.#work.set(collection.id, work);
    return work;
  }

  #build(exit: number, quarantineFile: string | null, failure: Report["failure"]): Report {
    const { command, journal, context } = this.#input;
    const migration = journal.find(this.#input.migration.key) ?? this.#input.migration;
    const entered = journal.collections(migration).filter(({ id }) => this.#work.has(id));
    const collections = entered.map((one) => this.#collection(one));
    const totals = emptyCounts();
    for (const { run } of collections) for (const key of countKeys) totals[key] += run[key];
    const byReason: Record<string, number> = {};
    for (const one of journal.collections(migration))
      for (const [reason, number] of journal.ledger(one).failureCounts())
        byReason[reason] = (byReason[reason] ?? 0) + number;
    const records = Object.values(byReason).reduce((sum, number) => sum + number, 0);
    const seconds = (this.#phases.get("copy") ?? 0) / 1000;
    const rate = (amount: number) =>
      seconds === 0 || amount === 0 ? null : Math.round(amount / seconds);
    return reportSchema.parse({
      format: reportFormat,
      tool: { name: "vecferry", version: packageVersion },
      command,
      migration: { key: migration.key, run: migration.run },
      state: migration.state,
      source: migration.source,
      target: migration.target,
      collections,
      skipped: this.#skipped,
      totals,
      delta: this.#again.size === 0 ? null : deltaOf(totals),
      rates: { recordsPerSecond: rate(totals.carried), bytesPerSecond: rate(totals.bytes) },
      phases: Object.fromEntries([...this.#phases].map(([name, ms]) => [name, Math.round(ms)])),
      rateSamples: context.rates?.samples ?? [],
      retries: { ...(context.retries ?? { source: 0, target: 0 }) },
      quarantine: { records, byReason, file: quarantineFile },
      verify: this.#verify,
      compare: this.#compare,
      notes: this.#notes,
      environment: environment(context.roads),
      startedAt: this.#startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      exit,
      failure,
      next: nextSteps({
        ...this.#input,
        migration,
        verify: this.#verify,
        quarantineFile,
        failure,
      }),
    });
  }

  #collection(collection: JournalCollection): CollectionReport {
    const { plan } = collection;
    const { key, name, tenant, database } = plan.source;
    const { counts, batchSize, batchesInFlight, ...run } = this.#of(collection);
    const ledger = this.#input.journal.ledger(collection);
    const shape = this.#input.asTheyAre === true ? noShape(plan) : plan;
    return {
      source: { key, name, tenant, database },
      target: plan.target,
      tenant: shape.tenant,
      layout: shape.layout,
      dimension: plan.dimension,
      distance: shape.distance,
      idPrefix: plan.idPrefix,
      counts: counts ?? ledger.counts(),
      run,
      delta: this.#again.has(collection.id) ? deltaOf(run) : null,
      batchSize,
      batchesInFlight,
      quarantine: Object.fromEntries(ledger.failureCounts()),
    };
  }
}

/** What records come out as that go as they are. */
function noShape({ source }: CollectionPlan) {
  return { tenant: null, layout: null, distance: source.distance };
}

function deltaOf({ carried, changed, vanished }: RunCounts): Delta {
  return { added: carried - changed, changed, deleted: vanished };
}

/** A run that failed before it came to its migration. */
export interface UnbegunRun {
  readonly command: Report["command"];
  /** Of the migration; null = not known. */
  readonly key: string | null;
  /** null = not known. */
  readonly source: StoreIdentity | null;
  readonly target: StoreIdentity;
  readonly retries: Report["retries"];
  readonly roads: RunContext["roads"];
  readonly startedAt: Date;
}

/** The report of such a run: its ends, its failure, and nothing done. */
export function unbegunReport(run: UnbegunRun, error: unknown): Report {
  const { command, key, source, target, retries, roads, startedAt } = run;
  const { exit, failure } = failureOf(error);
  return reportSchema.parse({
    format: reportFormat,
    tool: { name: "vecferry", version: packageVersion },
    command,
    migration: key === null ? null : { key, run: runOf(key) },
    state: null,
    source,
    target,
    collections: [],
    skipped: [],
    totals: emptyCounts(),
    rates: { recordsPerSecond: null, bytesPerSecond: null },
    phases: {},
    retries: { ...retries },
    quarantine: { records: 0, byReason: {}, file: null },
    verify: null,
    compare: null,
    notes: [],
    environment: environment(roads),
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    exit,
    failure,
    next: failure.next === "" ? [] : [failure.next],
  });
}

/** A report as the text of its file. */
export function reportText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function failureOf(error: unknown): { exit: number; failure: NonNullable<Report["failure"]> } {
  if (!isVectorError(error)) {
    const message = "A fault in vecferry; see the log.";
    return { exit: 1, failure: { code: "E_INTERNAL", message, next: "" } };
  }
  const { code, message, next, exit } = error;
  return { exit, failure: { code, message, next } };
}

function emptyCounts(): Record<keyof RunCounts, number> {
  return {
    listed: 0,
    appeared: 0,
    vanished: 0,
    carried: 0,
    changed: 0,
    unchanged: 0,
    failed: 0,
    kept: 0,
    removed: 0,
    bytes: 0,
  };
}

const countKeys = Object.keys(emptyCounts()) as (keyof RunCounts)[];

function environment(roads: RunContext["roads"]): Report["environment"] {
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    targetRoad: roads?.target ?? null,
  };
}
