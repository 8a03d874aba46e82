/** The command of --on-event: run by the shell for what happens in a run, and never able to harm it. */
import { type ChildProcess, spawn } from "node:child_process";
import { errorCode } from "../util/error-code.ts";
import { stringifyPlain } from "../util/json.ts";

const hookEvents = ["done", "failed", "quarantined", "throttled"] as const;

/** What the command is told, as one line of JSON on its stdin. */
export interface HookEvent {
  readonly format: 1;
  readonly event: (typeof hookEvents)[number];
  readonly time: string;
  readonly command: string;
  readonly run: string | null;
  readonly source: string | null;
  readonly target: string | null;
  /** The collection at work; null where the event is about all. */
  readonly collection: string | null;
  /** The exit status that the run ends with; null while it goes on. */
  readonly exit: number | null;
  readonly [field: string]: unknown;
}

export interface HookOptions {
  /** As the shell takes it. */
  readonly command: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Variables that the command does not inherit. */
  readonly secretVariables: readonly string[];
  /** Takes keys out of a text. */
  readonly redact: (text: string) => string;
  /** Told of the first thing that goes wrong. */
  readonly warn: (text: string) => void;
  /** After so long the command is killed. Default 10,000. */
  readonly timeoutMs?: number;
}

/** Events that wait for the command to end at most; what comes then is left out. */
const waitingMax = 8;

export class EventHook {
  readonly #options: HookOptions;
  #waiting: HookEvent[] = [];
  #running: Promise<void> | null = null;
  #warned = false;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Lets the command know, after what it was told before. Returns at once. */
  fire(event: HookEvent): void {
    if (event.exit !== null) {
      // At the end nobody asks any more how it went.
      this.#waiting = this.#waiting.filter(({ exit }) => exit !== null);
    } else if (this.#waiting.length >= waitingMax) {
      this.#complain("is too slow for what happens, and was not told all of it");
      return;
    }
    this.#waiting.push(event);
    this.#running ??= this.#drain();
  }

  /** Resolves when the command has been run for all that was fired. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      // spawn throws at once where an event is more than an environment can hold, or nothing more can be opened.
      const fault = await this.#run(event).catch(notStarted);
      if (fault !== null) this.#complain(`${fault} (event ${event.event})`);
    }
    this.#running = null;
  }

  /** Runs the command for one event; gives what went wrong. */
  async #run(event: HookEvent): Promise<string | null> {
    const { command, redact, timeoutMs = 10_000 } = this.#options;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const child = spawn(command, {
      shell: true,
      // A group of its own: Ctrl-C is not for it, and it can be killed whole.
      detached: process.platform !== "win32",
      windowsHide: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: this.#environment(event),
    });
    child.once("error", (error) => resolve(notStarted(error)));
    child.once("exit", (code, signal) => {
      resolve(code === 0 ? null : `ended with ${signal ?? `status ${code}`}`);
    });
    // A command that does not read what it is told has every right to.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${redact(stringifyPlain(event))}\n`);
    const timer = setTimeout(() => {
      resolve(`was killed after ${timeoutMs / 1000} s`);
      kill(child);
    }, timeoutMs);
    return await promise.finally(() => clearTimeout(timer));
  }

  #environment(event: HookEvent): Record<string, string | undefined> {
    const { variables, secretVariables, redact } = this.#options;
    const clean = Object.entries(variables).filter(
      ([name, value]) => !secretVariables.includes(name) && redact(value ?? "") === (value ?? ""),
    );
    return {
      ...Object.fromEntries(clean),
      VECFERRY_EVENT: event.event,
      VECFERRY_RUN: event.run ?? undefined,
      VECFERRY_COLLECTION: event.collection ?? undefined,
      VECFERRY_EXIT: event.exit?.toString(),
    };
  }

  #complain(fault: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.warn(`The command of --on-event ${fault}; the run goes on without regard to it.`);
  }
}

function notStarted(error: unknown): string {
  return `could not be started (${errorCode(error)})`;
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill();
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in this very moment.
  }
}
