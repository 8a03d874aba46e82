/** In which row group of its parts each record of a collection stands: a temporary table on the disk, for reads that do not follow the file's order. */
import { Scratch } from "../../util/scratch.ts";

/** A row group by the number of its part and its own in that. */
export interface GroupPlace {
  readonly part: number;
  readonly group: number;
}

/** Rows to a transaction. */
const commitRows = 100_000;

export class KeyIndex implements Disposable {
  readonly #scratch = new Scratch(
    "create table place (key blob primary key, part integer, grp integer) without rowid; begin",
  );
  #pending = 0;

  /** Adds the keys of a row group; the first place of a key stands. */
  add({ part, group }: GroupPlace, keys: readonly string[]): void {
    const sql = "insert or ignore into place values (?, ?, ?)";
    for (const key of keys) this.#scratch.query.run(sql, Buffer.from(key), part, group);
    this.#pending += keys.length;
    if (this.#pending < commitRows) return;
    this.#scratch.exec("commit; begin");
    this.#pending = 0;
  }

  /** The row groups of those of `keys` that are there, in the order of the file; each once. */
  find(keys: readonly string[]): GroupPlace[] {
    const found = this.#scratch.query.allIn(
      "select part, grp from place where key in (?*)",
      keys.map((key) => Buffer.from(key)),
    );
    const places = found.map(([part, group]) => ({ part: Number(part), group: Number(group) }));
    return [...new Map(places.map((one) => [`${one.part} ${one.group}`, one])).values()].sort(
      (a, b) => a.part - b.part || a.group - b.group,
    );
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }
}
