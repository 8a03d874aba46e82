/**
 * The records of one collection as the journal knows them, in the order in which a source lists them again: mostly the order
 * of their ordinals. What the listing has passed by is handed over as missed.
 */
import type { DatabaseSync } from "node:sqlite";
import { allArrays, idColumn } from "./database.ts";
import { damagedRecord } from "./row.ts";

export interface KnownRow {
  readonly ordinal: number;
  readonly state: number;
  readonly version: number | null;
}

/** Rows that are read at once, and that are in memory at most. */
const pageRows = 5000;
const windowRows = 10_000;
/** So many ids in a row that are not among the rows in memory mean that these have been passed by. */
const missesMax = 1000;

export class KnownRows {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #onMissed: (row: KnownRow) => void;
  /** By id, in the order of the ordinals. */
  readonly #ahead = new Map<string, KnownRow>();
  #after = -1;
  #ended = false;
  #misses = 0;

  /** `onMissed` is called with each row that the listing has passed by. */
  constructor(
    db: DatabaseSync,
    file: string,
    collection: number,
    onMissed: (row: KnownRow) => void,
  ) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
    this.#onMissed = onMissed;
  }

  /** The last ordinal of which the row was matched, passed by, or is in memory. */
  get after(): number {
    return this.#after;
  }

  /** Takes the row of the id that is listed next; null = it is none of those that are expected here. */
  take(id: string): KnownRow | null {
    let found = this.#ahead.get(id);
    while (found === undefined && !this.#ended && this.#ahead.size < windowRows) {
      this.#load();
      found = this.#ahead.get(id);
    }
    if (found === undefined) {
      this.#misses += 1;
      if (this.#misses % missesMax === 0 && !this.#ended) this.#passBy(this.#ahead.size >> 1);
      return null;
    }
    this.#misses = 0;
    this.#ahead.delete(id);
    this.#passUntil(found.ordinal);
    return found;
  }

  /** The listing has ended: what is in memory was passed by. */
  end(): void {
    this.#passBy(this.#ahead.size);
  }

  #load(): void {
    const sql = `SELECT r.ordinal, ${idColumn("r.id")}, r.state, r.version FROM record r
      WHERE r.collection=? AND r.ordinal>? ORDER BY r.ordinal LIMIT ${pageRows}`;
    const rows = allArrays(this.#db, sql, this.#collection, this.#after);
    for (const row of rows) {
      const [ordinal, text, state, version] = row;
      const id = text instanceof Uint8Array ? Buffer.from(text).toString("utf8") : text;
      if (typeof ordinal !== "number" || typeof id !== "string" || typeof state !== "number")
        throw damagedRecord(this.#file);
      const number = typeof version === "number" ? version : null;
      this.#ahead.set(id, { ordinal, state, version: number });
      this.#after = ordinal;
    }
    this.#ended = rows.length < pageRows;
  }

  #passUntil(ordinal: number): void {
    for (const [id, row] of this.#ahead) {
      if (row.ordinal > ordinal) return;
      this.#ahead.delete(id);
      this.#onMissed(row);
    }
  }

  #passBy(rows: number): void {
    let left = rows;
    for (const [id, row] of this.#ahead) {
      if (left === 0) return;
      left -= 1;
      this.#ahead.delete(id);
      this.#onMissed(row);
    }
  }
}
