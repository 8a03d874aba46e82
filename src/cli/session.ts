/** What one call of the command holds: its output, its keys, its log, and what to say if it fails. */
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Writable } from "node:stream";
import { isVectorError, VectorError } from "../errors.ts";
import { migrationFiles } from "../migrate/files.ts";
import { hasJournal, journalFile } from "../migrate/journal/file.ts";
import { endAddress, endsText } from "../migrate/next-steps.ts";
import { migrationKey, runOf } from "../migrate/plan.ts";
import { RateSamples } from "../migrate/rate-samples.ts";
import { readReport } from "../migrate/read-report.ts";
import { type Report, reportText, type UnbegunRun, unbegunReport } from "../migrate/report.ts";
import type { MigrateEvent, RunContext } from "../migrate/request.ts";
import { readStatus } from "../migrate/status.ts";
import type { Address } from "../store/address.ts";
import type { StoreIdentity } from "../store/port.ts";
import { type Environment, readEnvironment } from "../util/environment.ts";
import { writeFileAtomic } from "../util/whole-file.ts";
import { chromaFlags, qdrantFlags, sourceQdrantFlags } from "./end-flags.ts";
import {
  type Aftermath,
  commandAgain,
  failureData,
  failureText,
  toVectorError,
  withFreePort,
} from "./exit.ts";
import { hookFlags, type logFlags } from "./flags.ts";
import { EventHook, type HookEvent } from "./hook.ts";
import { isWhole, storeIdentity } from "./identity.ts";
import { Keys } from "./keys.ts";
import { errorFields, logName, RunLog } from "./log.ts";
import { Output } from "./output/output.ts";
import { count } from "./output/progress.ts";
import { factsOfReport, type PageFacts, readFacts } from "./page/facts.ts";
import { reportPage } from "./page/page.ts";
import { serveFlags } from "./serve-flags.ts";
import type { Flag, Values } from "./setting.ts";

/** The world as the command sees it. */
export interface Io {
  /** Without the program and the script. */
  readonly argv: readonly string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where `.env` is looked for. */
  readonly folder: string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
}

const secretFlags: readonly Flag[] = Object.values({
  ...chromaFlags,
  ...qdrantFlags,
  ...sourceQdrantFlags,
}).filter((entry: Flag) => entry.secret);

/** What the command of --on-event does not inherit: keys, and the variable that would have it run for itself. */
const ownVariables = [...secretFlags, serveFlags.apiKey, hookFlags.onEvent].flatMap(
  ({ variable }: Flag) => variable ?? [],
);

export class Session implements Disposable {
  readonly io: Io;
  readonly keys: Keys;
  readonly output: Output;
  #environment: Environment | null = null;
  #log: RunLog | null = null;
  #hook: EventHook | null = null;
  /** The collection that the run is at. */
  #collection: string | null = null;
  #stateFolder: string | null = null;
  /** Of the migration at work; null while it is not known. */
  #key: string | null = null;
  #reportFiles: readonly string[] = [];
  /** See `leaves`. */
  #leaves: (() => string) | null = null;
  #ends: Pick<UnbegunRun, "command" | "source" | "target"> | null = null;
  readonly #verbs: readonly string[];
  readonly #startedMs = Date.now();
  readonly #retries = { source: 0, target: 0 };
  readonly #roads: { target: string | null } = { target: null };
  readonly #rates = new RateSamples();
  readonly #stopping = (): void => this.output.hint("Stopping; once more stops at once.");

  /** `verbs`: names of those that have a help of their own. */
  constructor(io: Io, verbs: readonly string[]) {
    this.io = io;
    this.#verbs = verbs;
    this.keys = new Keys((text) => this.warn(text));
    const { stdout, stderr, argv } = io;
    const flags = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
    const json = flags.includes("--json");
    this.output = new Output({ stdout, stderr, json, redact: (text) => this.keys.redact(text) });
    io.signal.addEventListener("abort", this.#stopping, { once: true });
  }

  /** The variables, with `.env` behind them. @throws E_CONFIG */
  get environment(): Environment {
    this.#environment ??= readEnvironment(this.io.variables, this.io.folder);
    return this.#environment;
  }

  /** Path of the log; null while there is none. */
  get logPath(): string | null {
    return this.#log?.path ?? null;
  }

  warn(text: string): void {
    this.output.warn(text);
    this.#log?.write("warn", "warning", { text });
  }

  /** Opens the log, under its own name where none is given. @throws E_CONFIG */
  openLog(verb: string, values: Values<typeof logFlags>): void {
    const path = values.logFile ?? logName(new Date());
    this.#log = new RunLog(path, values.logLevel ?? "info", (text) => this.keys.redact(text));
    const { version, platform, arch } = process;
    this.#log.write("info", "begin", { verb, node: version, platform, arch });
  }

  /** From here on, a failure says this of what it has kept: for a verb that keeps no journal. */
  leaves(text: string | (() => string)): void {
    this.#leaves = typeof text === "string" ? () => text : text;
  }

  /** From here on, `command` is told what happens. Nothing where there is none. */
  openHook(command: string | undefined): void {
    if (command === undefined) return;
    this.#hook = new EventHook({
      command,
      variables: this.io.variables,
      secretVariables: ownVariables,
      redact: (text) => this.keys.redact(text),
      warn: (text) => this.warn(text),
    });
  }

  /** Tells the command of --on-event, where there is one. `exit` null = the run goes on. */
  fire(event: HookEvent["event"], exit: number | null, fields: object): void {
    const { source = null, target = null } = this.#ends ?? {};
    this.#hook?.fire({
      format: 1,
      event,
      time: new Date().toISOString(),
      command: this.#ends?.command ?? "",
      run: this.#run,
      source: source === null ? null : endAddress(source),
      target: target === null ? null : endAddress(target),
      collection: exit === null ? this.#collection : null,
      exit,
      ...fields,
    });
  }

  /** Resolves when all is told. */
  async told(): Promise<void> {
    await this.#hook?.ended();
  }

  /** What a run is handed; from here on a failure speaks of its journal. */
  context(stateFolder: string): RunContext {
    this.#stateFolder = resolve(stateFolder);
    return {
      stateFolder: this.#stateFolder,
      signal: this.io.signal,
      onEvent: (event) => this.event(event),
      retries: this.#retries,
      roads: this.#roads,
      rates: this.#rates,
    };
  }

  event(event: MigrateEvent): void {
    this.#rates.event(event);
    if (event.type === "retry") this.#retries[event.end] += 1;
    if (event.type === "road") {
      // An end that is opened twice is told of once.
      const isTold = this.#roads[event.end] === event.text;
      this.#roads[event.end] = event.text;
      if (isTold) {
        this.#log?.event(event);
        return;
      }
    }
    if (event.type === "phase") this.#collection = event.collection;
    const { slowed } = this.output.progress;
    this.output.event(event);
    // One limit may slow down both ends: that is told once.
    const isNew =
      event.type === "throttled" && event.isNew && slowed !== this.output.progress.slowed;
    if (isNew && event.slowing !== null)
      this.fire("throttled", null, { end: event.end, slowing: event.slowing });
    this.#log?.event(event);
  }

  /** Names the migration at work, of which a failure speaks, and where its report is wanted besides. A null source: not known before the end. */
  follow(
    command: UnbegunRun["command"],
    ends: { readonly source: Address | null; readonly target: Address },
    reportFiles: readonly string[] = [],
  ): void {
    const source = ends.source === null ? null : storeIdentity(ends.source);
    const target = storeIdentity(ends.target);
    this.#ends = { command, source, target };
    if (source !== null && isWhole(source)) this.#key = migrationKey(source, target);
    this.#reportFiles = reportFiles.map((file) => resolve(file));
  }

  /** The source has said who it is: what an address left open is known now. */
  sourceOpened(source: StoreIdentity): void {
    if (this.#ends === null) return;
    this.#ends = { ...this.#ends, source };
    this.#key = migrationKey(source, this.#ends.target);
  }

  /** The same of the target. */
  targetOpened(target: StoreIdentity): void {
    if (this.#ends === null) return;
    const { source } = this.#ends;
    this.#ends = { ...this.#ends, target };
    if (source !== null) this.#key = migrationKey(source, target);
  }

  get #run(): string | null {
    return this.#key === null ? null : runOf(this.#key);
  }

  /** Writes the report where it was asked for; gives the first place of each form. @throws E_CONFIG, E_DISK_FULL */
  writeReportCopies(report: Report): {
    readonly json: string | null;
    readonly page: string | null;
  } {
    for (const file of this.#reportFiles) this.#writeReport(file, report);
    const first = (isPage: boolean) =>
      this.#reportFiles.find((file) => isPageFile(file) === isPage);
    return { json: first(false) ?? null, page: first(true) ?? null };
  }

  #writeReport(file: string, report: Report): void {
    const text = isPageFile(file) ? reportPage(this.#facts(report)) : reportText(report);
    writeFileAtomic(file, [this.keys.redact(text)]);
  }

  /** What a page is made of: the migration's other reports too, where there is a journal. */
  #facts(report: Report): PageFacts {
    const state = this.#stateFolder;
    const run = report.migration?.run;
    if (state === null || run === undefined || !hasJournal(state)) return factsOfReport(report);
    const { migrations } = readStatus(state, { measure: false });
    const status = migrations.find((one) => one.run === run);
    // A run that failed before it came to its journal has left no report there.
    if (status === undefined || report.state === null) return factsOfReport(report);
    return readFacts(state, { ...status, runningPid: null });
  }

  /** Notes in the log how the run ended. */
  logEnd(exit: number, fields: object = {}): void {
    this.#log?.write("info", "end", { exit, ...fields });
  }

  /** Prints and logs a failure; gives the exit status. */
  fail(thrown: unknown): number {
    const error = toVectorError(thrown);
    const aftermath = this.#aftermath(error);
    this.#log?.write("error", "failed", errorFields(error));
    this.#reportFailure(error);
    this.output.fail(failureData(error, aftermath), failureText(error, aftermath));
    const { code, message, next, exit } = error;
    this.fire("failed", exit, { code, message, next });
    this.logEnd(error.exit);
    return error.exit;
  }

  [Symbol.dispose](): void {
    this.io.signal.removeEventListener("abort", this.#stopping);
    this.output[Symbol.dispose]();
    this.#log?.[Symbol.dispose]();
    this.#log = null;
  }

  /** Also a run that failed leaves the report that was asked for: its own, or one that says that it never began. */
  #reportFailure(failure: VectorError): void {
    if (this.#reportFiles.length === 0 || this.#ends === null) return;
    try {
      const own = this.#ownReport();
      if (own !== null) {
        this.writeReportCopies(own);
        return;
      }
      const startedAt = new Date(this.#startedMs);
      const done = { retries: this.#retries, roads: this.#roads, startedAt };
      const unbegun = { ...this.#ends, key: this.#key, ...done };
      this.writeReportCopies(unbegunReport(unbegun, failure));
    } catch (error) {
      this.warn(`The report could not be written: ${toVectorError(error).message}`);
    }
  }

  /** The report that the run has written in the state folder; null while there is none. */
  #ownReport(): Report | null {
    if (this.#stateFolder === null || this.#run === null) return null;
    const { report } = migrationFiles(this.#stateFolder, this.#run);
    const stat = statSync(report, { throwIfNoEntry: false });
    return stat === undefined || stat.mtimeMs < this.#startedMs ? null : readReport(report);
  }

  #aftermath(error: VectorError): Aftermath {
    const state = this.#stateFolder;
    const paths = [state === null ? null : journalFile(state), this.logPath];
    const files = paths.filter((path) => path !== null).filter((path) => existsSync(path));
    const [verb = ""] = this.io.argv;
    const help = this.#verbs.includes(verb) ? `vecferry ${verb} --help` : "vecferry --help";
    // Once the copy has begun anew, --restart would begin it anew again.
    const dropped = this.output.progress.copied > 0 ? ["--restart"] : [];
    const again = () => commandAgain(withFreePort(this.io.argv, error), secretFlags, dropped);
    if (error.code === "E_USAGE") return { kept: null, command: help, files };
    return { kept: this.#kept(error), command: this.#otherCommand(error, verb) ?? again(), files };
  }

  /** What goes on where the same command again would find no more than this one. */
  #otherCommand({ code, details }: VectorError, verb: string): string | null {
    if (code === "E_PLAN_STALE") return `vecferry plan ${this.#bothEnds} --out FILE`;
    if (typeof details["unnamed"] === "string") return this.#withEnds(details["unnamed"]);
    if (code !== "E_NO_MIGRATION" || details["begun"] === true || verb === "rollback") return null;
    return `vecferry migrate ${this.#bothEnds}`;
  }

  /** The same command, of a verb in two words, with the ends that it lacks. */
  #withEnds(unnamed: string): string {
    const { argv } = this.io;
    // Flags may stand before the second word.
    const words = argv.findIndex((word) => word === "plan" || word === "run") + 1;
    return commandAgain(argv.toSpliced(words, 0, ...unnamed.split(" ")), secretFlags, []);
  }

  /** The ends of this run, as they are typed. */
  get #bothEnds(): string {
    const { source = null, target = null } = this.#ends ?? {};
    return source === null || target === null ? "SOURCE TARGET" : endsText({ source, target });
  }

  /** What stands now, as the journal has it; null where there is no migration that could have kept anything. */
  #kept(error: VectorError): string | null {
    if (error.code === "E_NO_MIGRATION" && error.details["begun"] !== true) return null;
    if (this.#leaves !== null) return this.#leaves();
    const nothing = "this run has written no record; what earlier runs have written stands.";
    if (this.#stateFolder === null || this.#run === null || error.code === "E_LOCKED")
      return nothing;
    try {
      const { migrations } = readStatus(this.#stateFolder);
      const counts = migrations.find(({ run }) => run === this.#run)?.counts;
      if (counts === undefined || counts.written === 0) return nothing;
      return `${count(counts.written)} of ${count(counts.listed)} records are at the target and noted in the journal.`;
    } catch (unreadable) {
      if (isVectorError(unreadable, "E_NO_MIGRATION"))
        return "nothing: no migration was begun here.";
      return `unknown: the journal cannot be read (${toVectorError(unreadable).code}).`;
    }
  }
}

/** Whether a report goes into this file as a page. */
export const isPageFile = (file: string): boolean => file.endsWith(".html");

/** @throws E_CONFIG where the folder that shall hold `path`, or one of several, is not there */
export function assertFolderOf(flag: string, path: string | readonly string[] | undefined): void {
  if (path === undefined) return;
  if (typeof path !== "string") {
    for (const one of path) assertFolderOf(flag, one);
    return;
  }
  const folder = dirname(resolve(path));
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return;
  throw new VectorError("E_CONFIG", `${flag}: the folder ${folder} is not there.`);
}
