/**
 * What is being written over points that were written before. A run that ends before its checkpoint leaves it here, and its
 * successor knows such a point for its own, whatever the source has made of the record since. Of several such runs any may
 * have been the last whose write reached the target, so what each was sending is kept.
 */
import type { DatabaseSync } from "node:sqlite";
import { guarded, prepared, transaction } from "./database.ts";
import type { DigestedRows } from "./digested-rows.ts";

export class Sending {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;

  constructor(db: DatabaseSync, file: string, collection: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
  }

  /** Keeps what is about to be sent. */
  add(rows: DigestedRows): void {
    if (rows.length === 0) return;
    transaction(this.#db, this.#file, () => {
      const insert = prepared(this.#db, "INSERT OR IGNORE INTO sending VALUES(?,?,?)");
      rows.ordinals.forEach((ordinal, place) => {
        insert.run(this.#collection, ordinal, rows.digestAt(place));
      });
    });
  }

  /** Whether this was being sent of a record, and never acknowledged. */
  has(ordinal: number, digest: Uint8Array): boolean {
    const sql = "SELECT 1 FROM sending WHERE collection=? AND ordinal=? AND digest=?";
    const values = [this.#collection, ordinal, digest];
    return guarded(this.#file, () => prepared(this.#db, sql).get(...values)) !== undefined;
  }

  /** All that was being sent of a record, and never acknowledged. */
  of(ordinal: number): Uint8Array[] {
    const sql = "SELECT digest FROM sending WHERE collection=? AND ordinal=?";
    const rows = guarded(this.#file, () => prepared(this.#db, sql).all(this.#collection, ordinal));
    return rows.flatMap(({ digest }) => (digest instanceof Uint8Array ? [digest] : []));
  }

  /** Those of some records of which anything was being sent: what stands at their points is not known. */
  open(ordinals: readonly number[]): Set<number> {
    const any = "SELECT 1 FROM sending WHERE collection=? LIMIT 1";
    const one = "SELECT 1 FROM sending WHERE collection=? AND ordinal=? LIMIT 1";
    if (ordinals.length === 0) return new Set();
    return guarded(this.#file, () => {
      if (prepared(this.#db, any).get(this.#collection) === undefined) return new Set();
      const ask = prepared(this.#db, one);
      const sent = ordinals.filter((ordinal) => ask.get(this.#collection, ordinal) !== undefined);
      return new Set(sent);
    });
  }

  /** Forgets records of which is known what stands at the target; inside a checkpoint's transaction. */
  drop(ordinals: readonly number[]): void {
    const any = prepared(this.#db, "SELECT 1 FROM sending WHERE collection=? LIMIT 1");
    if (any.get(this.#collection) === undefined) return;
    const drop = prepared(this.#db, "DELETE FROM sending WHERE collection=? AND ordinal=?");
    for (const ordinal of ordinals) drop.run(this.#collection, ordinal);
  }
}
