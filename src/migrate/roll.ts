/** Who wants which place: any number of them, on disk, and those that would meet in one. */
import { DatabaseSync } from "../util/sqlite.ts";

/** Kept on disk by SQLite, in a database that it deletes by itself; in memory there is this much of it. */
const cacheKiB = 32_768;
const rowsAtOnce = 200;
const namedMax = 10;

/** A place that several want. */
export interface Met {
  /** Its 16 bytes in hex. */
  readonly place: string;
  /** Some of those that want it. */
  readonly wanting: readonly { readonly party: number; readonly name: string }[];
}

/** Every name with the place that it wants. */
export class Roll implements Disposable {
  readonly #database = new DatabaseSync("");
  readonly #insertMany;
  readonly #insertOne;
  #sorted = false;

  constructor() {
    this.#database.exec(
      `pragma journal_mode = off; pragma synchronous = off; pragma temp_store = file; pragma cache_size = -${cacheKiB};
       create table wanted (place blob, party integer, name blob, id blob); begin`,
    );
    const rows = Array(rowsAtOnce).fill("(?,?,?,?)").join();
    this.#insertMany = this.#database.prepare(`insert into wanted values ${rows}`);
    this.#insertOne = this.#database.prepare("insert into wanted values (?,?,?,?)");
  }

  /** Adds names of one party; `ids` = what the party's entries are listed as, where that is not their names. */
  add(
    party: number,
    names: readonly string[],
    placeOf: (name: string, row: number) => Uint8Array,
    ids: readonly string[] | null = null,
  ): void {
    const values = (name: string, row: number) => {
      const id = ids === null ? null : Buffer.from(ids[row] ?? "", "utf8");
      return [placeOf(name, row), party, Buffer.from(name, "utf8"), id];
    };
    let at = 0;
    for (; at + rowsAtOnce <= names.length; at += rowsAtOnce) {
      const from = at;
      this.#insertMany.run(
        ...names.slice(at, at + rowsAtOnce).flatMap((name, row) => values(name, from + row)),
      );
    }
    names.slice(at).forEach((name, row) => {
      this.#insertOne.run(...values(name, at + row));
    });
  }

  /** How many places several want, and the first of them, at most `examplesMax`. */
  met(examplesMax: number): { readonly places: number; readonly examples: Met[] } {
    this.#database.exec(
      `drop table if exists met;
       create temp table met as select place from wanted group by place having count(*) > 1`,
    );
    const count = this.#database.prepare("select count(*) as n from met").get();
    const examples = this.#database
      .prepare(`select place from met order by place limit ${examplesMax}`)
      .all()
      .map(({ place }) => this.#example(place));
    return { places: Number(count?.["n"]), examples };
  }

  /** The ids of one party in the order in which they were added, in chunks. */
  *idsOf(party: number, chunk: number): Generator<string[]> {
    if (!this.#sorted) this.#database.exec("create index by_party on wanted(party)");
    this.#sorted = true;
    const page = this.#database.prepare(
      `select rowid as at, id from wanted where party = ? and rowid > ? order by rowid limit ${chunk}`,
    );
    for (let after = 0; ; ) {
      const rows = page.all(party, after);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(({ id }) => textOf(id));
      after = Number(last["at"]);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #example(place: unknown): Met {
    const bytes = place instanceof Uint8Array ? place : new Uint8Array(16);
    const rows = this.#database
      .prepare(`select party, name from wanted where place = ? limit ${namedMax}`)
      .all(bytes);
    return {
      place: Buffer.from(bytes).toString("hex"),
      wanting: rows.map(({ party, name }) => ({ party: Number(party), name: textOf(name) })),
    };
  }
}

function textOf(bytes: unknown): string {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString("utf8") : "";
}
