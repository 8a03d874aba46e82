/** Where each record of a collection stands in its parts: a temporary table on the disk, for reads that do not follow the file's order. */
import { Scratch } from "../../util/scratch.ts";

/** Place of a row: the part's and the row group's number, and the row in that. */
export interface Place {
  readonly part: number;
  readonly group: number;
  readonly row: number;
}

/** Rows to a transaction. */
const commitRows = 100_000;

export class KeyIndex implements Disposable {
  readonly #scratch = new Scratch(
    "create table place (key blob primary key, part integer, grp integer, row integer) without rowid; begin",
  );
  #pending = 0;

  /** Adds the keys of a row group; the first place of a key stands. */
  add(part: number, group: number, keys: readonly string[]): void {
    keys.forEach((key, row) => {
      this.#scratch.query.run(
        "insert or ignore into place values (?, ?, ?, ?)",
        Buffer.from(key),
        part,
        group,
        row,
      );
    });
    this.#pending += keys.length;
    if (this.#pending < commitRows) return;
    this.#scratch.exec("commit; begin");
    this.#pending = 0;
  }

  /** The places of those of `keys` that are there, in the order of the file. */
  find(keys: readonly string[]): Place[] {
    return this.#scratch.query
      .allIn(
        "select part, grp, row from place where key in (?*)",
        keys.map((key) => Buffer.from(key)),
      )
      .map(([part, group, row]) => ({
        part: Number(part),
        group: Number(group),
        row: Number(row),
      }))
      .sort((a, b) => a.part - b.part || a.group - b.group || a.row - b.row);
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }
}
