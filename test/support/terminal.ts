/** A terminal in memory, as far as live lines need one: it breaks lines that are too long, and breaks them anew when it is resized. */
import { Writable } from "node:stream";
import { displayWidth } from "../../src/util/display-width.ts";

export class FakeTerminal extends Writable {
  columns: number;
  rows: number;
  /** Lines as they were ended; the last one is that of the cursor. */
  #lines: string[] = [""];
  /** The line of the cursor, in rows of the screen from the top. */
  #row = 0;
  /** Lines that were as long as the terminal wide, or longer, when they were written. */
  readonly tooLong: string[] = [];

  /** 0 columns: it does not tell, and has 80. */
  constructor(columns: number, rows = 24) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  get #width(): number {
    return this.columns || 80;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(0, -1);
  }

  /** What a window manager does: the lines are broken anew, and the cursor stays where it was in its text. */
  resize(columns: number): void {
    const at = this.#lineAt(this.#row);
    this.columns = columns;
    this.#row = this.#rowOf(at);
    this.emit("resize");
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    for (const [piece, , up] of String(chunk).matchAll(
      /(\x1b\[(\d+)A)|\x1b\[J|\r|\n|[^\x1b\r\n]+/g,
    )) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up));
      else if (piece === "\x1b[J") this.#clear();
      else if (piece === "\n") this.#newLine();
      else if (piece !== "\r") this.#put(piece);
    }
    done();
  }

  #put(text: string): void {
    const at = this.#lineAt(this.#row);
    this.#lines[at] = text;
    if (displayWidth(text) >= this.#width) this.tooLong.push(text);
  }

  #newLine(): void {
    const at = this.#lineAt(this.#row);
    if (at + 1 >= this.#lines.length) this.#lines.push("");
    this.#row = this.#rowOf(at + 1);
  }

  #clear(): void {
    const at = this.#lineAt(this.#row);
    // A line of which only the end is taken away is a line that the next text is not put behind.
    const isWhole = this.#rowOf(at) === this.#row;
    this.#lines.length = isWhole ? at : at + 1;
    this.#lines.push("");
    this.#row = this.#rowOf(this.#lines.length - 1);
  }

  #height(text: string): number {
    return Math.max(1, Math.ceil(displayWidth(text) / this.#width));
  }

  #rowOf(line: number): number {
    return this.#lines.slice(0, line).reduce((sum, text) => sum + this.#height(text), 0);
  }

  #lineAt(row: number): number {
    let before = 0;
    for (const [at, text] of this.#lines.entries()) {
      before += this.#height(text);
      if (row < before) return at;
    }
    return this.#lines.length - 1;
  }
}
