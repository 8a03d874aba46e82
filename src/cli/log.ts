/** The log of a run: JSON lines, readable by its owner alone, without document text and without keys. */
import { closeSync, fchmodSync, openSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { VectorError } from "../errors.ts";
import type { MigrateEvent } from "../migrate/request.ts";
import { errorCode } from "../util/error-code.ts";
import { stringifyPlain } from "../util/json.ts";

const levels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof levels)[number];

/** Progress of a collection stands in the log so often at most; the rest is for debug. */
const progressEveryMs = 10_000;

export class RunLog implements Disposable {
  /** Absolute. */
  readonly path: string;
  readonly #file: number;
  readonly #level: LogLevel;
  readonly #redact: (text: string) => string;
  readonly #loggedMs = new Map<string, number>();
  #broken = false;

  /** Opens the file to append to it. @throws E_CONFIG */
  constructor(path: string, level: LogLevel, redact: (text: string) => string) {
    this.path = resolve(path);
    this.#level = level;
    this.#redact = redact;
    try {
      this.#file = openSync(this.path, "a", 0o600);
      fchmodSync(this.#file, 0o600);
    } catch (error) {
      throw new VectorError(
        "E_CONFIG",
        `The log ${this.path} cannot be written (${errorCode(error)}).`,
        {
          cause: error,
          next: "Give a file that can be written: --log-file FILE.",
        },
      );
    }
  }

  write(level: LogLevel, event: string, fields: object = {}): void {
    if (this.#broken || levels.indexOf(level) > levels.indexOf(this.#level)) return;
    const text = stringifyPlain({ time: new Date().toISOString(), level, event, ...fields });
    try {
      writeFileSync(this.#file, `${this.#redact(text)}\n`);
    } catch {
      // A full disk ends the run where the journal meets it, with a reason; the log alone never does.
      this.#broken = true;
    }
  }

  event(event: MigrateEvent): void {
    const { type, ...fields } = event;
    this.write(this.#levelOf(event), type, fields);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #levelOf(event: MigrateEvent): LogLevel {
    if (event.type === "retry") return "warn";
    if (event.type === "throttled") return event.isNew ? "warn" : "debug";
    if (event.type !== "progress") return "info";
    const key = `${event.phase} ${event.collection}`;
    const now = performance.now();
    const last = this.#loggedMs.get(key);
    if (last !== undefined && now - last < progressEveryMs && event.done !== event.total) {
      return "debug";
    }
    this.#loggedMs.set(key, now);
    return "info";
  }
}

/** `migration_20261121T103001Z.log`. */
export function logName(now: Date): string {
  return `migration_${now.toISOString().replace(/[-:]|\.\d+/g, "")}.log`;
}

/**
 * An error as fields of a log line, its causes too. Of an error that is not ours only name, code and place are kept:
 * its message may quote a document.
 */
export function errorFields(error: unknown): object {
  if (error instanceof VectorError) {
    const { code, message, details, cause } = error;
    return {
      code,
      message,
      details,
      ...(cause === undefined ? {} : { cause: errorFields(cause) }),
    };
  }
  if (!(error instanceof Error)) return { name: typeof error };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    code: errorCode(error),
    at: frames.slice(0, 8).map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}
