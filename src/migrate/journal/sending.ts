/**
 * What is being written over points that were written before. A run that is killed before its checkpoint leaves it here, and
 * its successor knows such a point for its own, whatever the source has made of the record since.
 */
import type { DatabaseSync } from "node:sqlite";
import { guarded } from "./database.ts";

export interface Sent {
  readonly ordinal: number;
  readonly digest: Uint8Array;
}

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
  add(rows: readonly Sent[]): void {
    if (rows.length === 0) return;
    guarded(this.#file, () => {
      this.#db.exec("BEGIN IMMEDIATE");
      const insert = this.#db.prepare("INSERT OR REPLACE INTO sending VALUES(?,?,?)");
      for (const { ordinal, digest } of rows) insert.run(this.#collection, ordinal, digest);
      this.#db.exec("COMMIT");
    });
  }

  /** What was being sent of a record and never acknowledged; null = nothing. */
  digest(ordinal: number): Uint8Array | null {
    const sql = "SELECT digest FROM sending WHERE collection=? AND ordinal=?";
    const row = guarded(this.#file, () => this.#db.prepare(sql).get(this.#collection, ordinal));
    return row?.["digest"] instanceof Uint8Array ? row["digest"] : null;
  }

  /** Forgets records of which is known what stands at the target; inside a checkpoint's transaction. */
  drop(ordinals: readonly number[]): void {
    const any = this.#db.prepare("SELECT 1 FROM sending WHERE collection=? LIMIT 1");
    if (any.get(this.#collection) === undefined) return;
    const drop = this.#db.prepare("DELETE FROM sending WHERE collection=? AND ordinal=?");
    for (const ordinal of ordinals) drop.run(this.#collection, ordinal);
  }
}
