/** What people see in a terminal: finished lines above, a live line a collection at the bottom. */
import type { WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import type { MigrateEvent } from "../../migrate/request.ts";
import { type Progress, type Row, rowText } from "./progress.ts";
import type { Screen } from "./text.ts";

const drawEveryMs = 200;
/** A collection that has not moved for so long makes room for others. */
const staleMs = 5_000;
const rowsMax = 12;

export class LiveScreen implements Screen {
  readonly #stream: WriteStream;
  readonly #progress: Progress;
  readonly #now: () => number;
  #drawnMs = 0;
  #drawnLines = 0;

  constructor(stream: WriteStream, progress: Progress, now: () => number) {
    this.#stream = stream;
    this.#progress = progress;
    this.#now = now;
  }

  event(event: MigrateEvent, row: Row | null): void {
    // A phase that is through stays readable above the live lines.
    if (event.type === "progress" && row !== null && row.done === row.total) {
      this.line(rowText(row, this.#now()));
    }
    if (this.#now() - this.#drawnMs >= drawEveryMs) this.#draw();
  }

  line(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#erase();
  }

  #draw(): void {
    this.#erase();
    const now = this.#now();
    const moving = this.#progress.moving(now - staleMs);
    const shown = moving.slice(-Math.min(rowsMax, Math.max(1, this.#stream.rows - 2)));
    for (const row of shown) {
      this.#drawLine(rowText(row, now));
    }
    // A line of its own: behind a row's figures it would not fit most terminals.
    const { slowed } = this.#progress;
    if (slowed !== null) this.#drawLine(`slowed: ${slowed}`);
    this.#drawnLines = shown.length + (slowed === null ? 0 : 1);
    this.#drawnMs = now;
  }

  #drawLine(text: string): void {
    this.#stream.write(`${stripVTControlCharacters(text).slice(0, this.#stream.columns - 1)}\n`);
  }

  #erase(): void {
    if (this.#drawnLines === 0) return;
    this.#stream.moveCursor(0, -this.#drawnLines);
    this.#stream.clearScreenDown();
    this.#drawnLines = 0;
  }
}
