/** What people see in a terminal: finished lines above, live lines at the bottom. */
import type { Writable } from "node:stream";
import type { MigrateEvent } from "../../migrate/request.ts";
import { displayWidth, printable } from "../../util/display-width.ts";
import { liveLines, throughLine } from "./live-table.ts";
import type { Progress, Row } from "./progress.ts";
import type { Screen } from "./text.ts";

const drawEveryMs = 200;
/** What is waited for changes although nothing comes through. */
const redrawEveryMs = 500;
/** A collection that has not moved for so long makes room for others. */
const staleMs = 5_000;
const linesMax = 14;
/** A terminal that does not say how large it is. */
const defaultSize = { columns: 80, rows: 24 };
const clearRight = "\x1b[K";
/** What a run is at before its first phase, where an end that fails is all there is to tell. */
const beforePhases = "connect";

/** What a terminal's stream tells; it emits `resize` when that has changed. */
export interface Terminal extends Writable {
  readonly columns: number;
  readonly rows: number;
}

export class LiveScreen implements Screen {
  readonly #stream: Terminal;
  readonly #progress: Progress;
  readonly #now: () => number;
  readonly #resized = (): void => this.#draw();
  #drawnMs = Number.NEGATIVE_INFINITY;
  /** The columns that each drawn line takes. */
  #drawn: number[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: Terminal, progress: Progress, now: () => number) {
    this.#stream = stream;
    this.#progress = progress;
    this.#now = now;
  }

  event(event: MigrateEvent, row: Row | null): void {
    this.#begin();
    // A phase that is through stays readable above the live lines.
    if (event.type === "progress" && row !== null && row.done === row.total) {
      this.line(throughLine(row, this.#now(), this.#size.columns - 1));
    }
    if (this.#now() - this.#drawnMs >= drawEveryMs) this.#draw();
  }

  line(text: string): void {
    this.#write(printable(text).split(/\r?\n/));
    this.#drawn = [];
    this.#draw();
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#stream.off("resize", this.#resized);
    if (this.#drawn.length > 0) this.#write([]);
    this.#drawn = [];
  }

  get #size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#stream;
    return { columns: columns || defaultSize.columns, rows: rows || defaultSize.rows };
  }

  #begin(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#draw(), redrawEveryMs).unref();
    this.#stream.on("resize", this.#resized);
  }

  #draw(): void {
    // Nothing runs, or not any more.
    if (this.#timer === null) return;
    const now = this.#now();
    const lines = this.#lines(now);
    this.#write(lines);
    this.#drawn = lines.map(displayWidth);
    this.#drawnMs = now;
  }

  #lines(now: number): string[] {
    const { phase, slowed } = this.#progress;
    const retrying = this.#progress.retrying(now);
    if (phase === null && retrying === null) return [];
    const { columns, rows } = this.#size;
    const view = {
      phase: phase ?? beforePhases,
      rows: this.#progress.moving(now - staleMs),
      nowMs: now,
      waitsFor: this.#progress.waitsFor(now),
      held: [retrying, slowed === null ? null : `slowed: ${slowed}`].filter(
        (text) => text !== null,
      ),
    };
    // The last column stays free: some terminals begin a new line when it is written to. So does the last line.
    return liveLines(view, columns - 1, Math.max(1, Math.min(linesMax, rows - 2)));
  }

  /**
   * Writes lines into the place of those that were drawn. Each clears what is left of the older one: a screen that was cleared
   * first would flicker, and some terminals would keep what was cleared among the lines that have gone by.
   */
  #write(lines: readonly string[]): void {
    const old = this.#rowsOf(this.#drawn);
    const text = lines.map((line) => `${line}${this.#clearBehind(line)}\n`).join("");
    const rest = Math.max(0, old - this.#rowsOf(lines.map(displayWidth)));
    const cleared = `${clearRight}\n`.repeat(rest);
    this.#stream.write(`${up(old)}${text}${cleared}${up(rest)}`);
  }

  /** Nothing behind a row that is full: some terminals would clear its last sign, where their cursor still stands. */
  #clearBehind(line: string): string {
    const width = displayWidth(line);
    return width > 0 && width % this.#size.columns === 0 ? "" : clearRight;
  }

  /** Rows that lines of these widths take: more than one each where the terminal breaks them, or has done so when it became narrower. */
  #rowsOf(widths: readonly number[]): number {
    const { columns } = this.#size;
    return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  }
}

/** To the beginning of the line so many above. */
function up(lines: number): string {
  return lines === 0 ? "" : `\x1b[${lines}A\r`;
}
