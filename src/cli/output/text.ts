/** What people see where no terminal is: a line when a phase begins, and one a collection every ten seconds. */
import type { Writable } from "node:stream";
import type { MigrateEvent } from "../../migrate/request.ts";
import { oneLine, printable } from "../../util/display-width.ts";
import { type Progress, type Row, rowText } from "./progress.ts";

/** Where words for people go. */
export interface Screen extends Disposable {
  /** Told after `progress` has taken the event in; `row` is the row that it changed. */
  event(event: MigrateEvent, row: Row | null): void;
  line(text: string): void;
}

const intervalMs = 10_000;

export class TextScreen implements Screen {
  readonly #stream: Writable;
  readonly #progress: Progress;
  readonly #now: () => number;
  #printedMs: number;
  /** Why the run is slowed down, as it was said last. */
  #slowed: string | null = null;

  constructor(stream: Writable, progress: Progress, now: () => number) {
    this.#stream = stream;
    this.#progress = progress;
    this.#now = now;
    this.#printedMs = now();
  }

  event(event: MigrateEvent): void {
    if (event.type === "phase" && event.collection !== null) {
      this.line(`${oneLine(event.collection)}: ${event.phase}`);
    }
    const { slowed } = this.#progress;
    if (event.type === "throttled" && event.isNew && slowed !== this.#slowed) {
      this.line(slowed === null ? "not slowed any more" : `slowed: ${slowed}`);
      this.#slowed = slowed;
    }
    const now = this.#now();
    if (now - this.#printedMs < intervalMs) return;
    const held = { slowed, waitsFor: this.#progress.waitsFor(now) };
    for (const row of this.#progress.changed(this.#printedMs)) this.line(rowText(row, now, held));
    this.#printedMs = now;
  }

  line(text: string): void {
    this.#stream.write(`${printable(text)}\n`);
  }

  [Symbol.dispose](): void {}
}
