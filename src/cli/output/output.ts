/** One run's output: words for people, and JSON lines for programs where they were asked for. */
import type { Writable } from "node:stream";
import { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { MigrateEvent } from "../../migrate/request.ts";
import { JsonLines } from "./json.ts";
import { LiveScreen } from "./live.ts";
import { Progress } from "./progress.ts";
import { type Screen, TextScreen } from "./text.ts";

export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** JSON lines on stdout, words on stderr. */
  readonly json: boolean;
  /** Takes keys out of what is printed. */
  readonly redact: (text: string) => string;
}

export class Output implements Disposable {
  readonly progress = new Progress();
  readonly #screen: Screen;
  readonly #json: JsonLines | null;
  readonly #redact: (text: string) => string;
  readonly #stderr: Writable;

  constructor({ stdout, stderr, json, redact }: OutputOptions) {
    const now = (): number => performance.now();
    const words = json ? stderr : stdout;
    this.#screen =
      words instanceof WriteStream && process.env["TERM"] !== "dumb"
        ? new LiveScreen(words, this.progress, now)
        : new TextScreen(words, this.progress, now);
    this.#json = json ? new JsonLines(stdout, redact, now) : null;
    this.#redact = redact;
    this.#stderr = stderr;
  }

  event(event: MigrateEvent): void {
    const row = this.progress.update(event, performance.now());
    this.#json?.event(event, this.progress.slowed);
    if (event.type === "note" || event.type === "road" || event.type === "delta")
      this.say(event.text);
    else this.#screen.event(event, row);
  }

  /** A line for people. */
  say(text: string): void {
    this.#screen.line(this.#redact(text));
  }

  /** A result: `data` for programs, `text` for people. */
  result(type: string, data: object, text: string): void {
    this.#json?.write(type, data);
    this.#screen[Symbol.dispose]();
    this.say(text);
  }

  /** A line for people that is no part of what was asked for: on stderr. */
  hint(text: string): void {
    this.#complain(text);
  }

  /** A warning: on stderr, and for programs a line of its own. */
  warn(text: string): void {
    this.#json?.write("warning", { text });
    this.#complain(`${this.#colored("yellow", "Warning:")} ${text}`);
  }

  /** The end of a run that failed: on stderr, and for programs a line of its own. */
  fail(data: object, text: string): void {
    this.#json?.write("error", data);
    this.#complain(`${this.#colored("red", "Error:")} ${text}`);
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]();
  }

  #complain(text: string): void {
    this.#screen[Symbol.dispose]();
    this.#stderr.write(`${this.#redact(text)}\n`);
  }

  /** Colors only in a terminal; styleText obeys NO_COLOR. */
  #colored(color: "red" | "yellow", text: string): string {
    return styleText(color, text, { stream: this.#stderr });
  }
}
