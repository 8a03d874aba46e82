/**
 * A terminal in memory, as far as live lines need one: it breaks what is too long for it, and breaks it anew when it is resized,
 * as terminals of today do. It knows `ESC [ n A` and `ESC [ K`.
 */
import { Writable } from "node:stream";
import { displayWidth } from "../../src/util/display-width.ts";

interface Row {
  text: string;
  /** It goes on in the next row. */
  broken: boolean;
}

export class FakeTerminal extends Writable {
  columns: number;
  rows: number;
  #rows: Row[] = [{ text: "", broken: false }];
  #row = 0;
  /** The cursor's place in its row, in columns. */
  #column = 0;
  /** Lines that were as long as the terminal wide, or longer, when they were written. */
  readonly tooLong: string[] = [];

  /** 0 columns: it does not tell, and has 80. */
  constructor(columns: number, rows = 24) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  /** What stands there, without the row of the cursor and what is empty. */
  get lines(): readonly string[] {
    return joined(this.#rows)
      .map((text) => text.trimEnd())
      .filter((text) => text !== "");
  }

  resize(columns: number): void {
    // The cursor stands in an empty row of its own between two writes.
    const before = joined(this.#rows.slice(0, this.#row));
    const after = joined(this.#rows.slice(this.#row));
    this.columns = columns;
    const above = before.flatMap((text) => this.#brokenUp(text));
    this.#rows = [...above, ...after.flatMap((text) => this.#brokenUp(text))];
    this.#row = above.length;
    this.emit("resize");
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    const parts = String(chunk).matchAll(/\u001b\[(\d+)A|\u001b\[K|\r|\n|[^\u001b\r\n]+/g);
    for (const [part, up] of parts) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up));
      else if (part === "\u001b[K") this.#clearRight();
      else if (part === "\r") this.#column = 0;
      else if (part === "\n") this.#nextRow();
      else this.#put(part);
    }
    done();
  }

  get #width(): number {
    return this.columns || 80;
  }

  #here(): Row {
    const row = this.#rows[this.#row] ?? { text: "", broken: false };
    this.#rows[this.#row] = row;
    return row;
  }

  #nextRow(): void {
    this.#row += 1;
    this.#column = 0;
    this.#here();
  }

  #put(text: string): void {
    if (displayWidth(text) >= this.#width) this.tooLong.push(text);
    for (const [at, { text: piece, broken }] of this.#brokenUp(text).entries()) {
      if (at > 0) this.#nextRow();
      const row = this.#here();
      const width = displayWidth(piece);
      row.text =
        split(row.text, this.#column)[0] + piece + split(row.text, this.#column + width)[1];
      row.broken = broken;
      this.#column += width;
    }
  }

  /** Behind a row that is full the cursor still stands on its last sign. */
  #clearRight(): void {
    const row = this.#here();
    row.text = split(row.text, Math.min(this.#column, this.#width - 1))[0];
    row.broken = false;
  }

  #brokenUp(text: string): Row[] {
    const rows: Row[] = [];
    for (let rest = text; ; ) {
      const [head, tail] = split(rest, this.#width);
      rows.push({ text: head, broken: tail !== "" });
      if (tail === "") return rows;
      rest = tail;
    }
  }
}

/** Rows as lines. */
function joined(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (const { text, broken } of rows) {
    line += text;
    if (broken) continue;
    lines.push(line);
    line = "";
  }
  return lines;
}

/** What has room in so many columns, and the rest. */
function split(text: string, columns: number): [string, string] {
  let head = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (displayWidth(head + segment) > columns) break;
    head += segment;
  }
  return [head, text.slice(head.length)];
}
