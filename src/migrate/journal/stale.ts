/** The carried records of one collection that the newest listing found written to since they were read. */
import type { DatabaseSync } from "node:sqlite";
import { allArrays, guarded, prepared, transaction } from "./database.ts";
import { type LedgerRow, rowColumns, rowOf } from "./row.ts";

export class StaleRecords {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;

  constructor(db: DatabaseSync, file: string, collection: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
  }

  /** Number of them that are still to be read. */
  get count(): number {
    const sql = `SELECT count(*) AS n FROM temp.stale s JOIN record r ON r.collection=s.collection AND r.ordinal=s.ordinal
      WHERE s.collection=? AND r.state=1`;
    return Number(guarded(this.#file, () => prepared(this.#db, sql).get(this.#collection))?.["n"]);
  }

  /** The next of them behind an ordinal. */
  page(after: number, limit: number): LedgerRow[] {
    return this.#rows(
      `SELECT ${rowColumns} FROM temp.stale s JOIN record r ON r.collection=s.collection AND r.ordinal=s.ordinal
       WHERE s.collection=? AND s.ordinal>? AND r.state=1 ORDER BY s.ordinal LIMIT ?`,
      after,
      limit,
    );
  }

  /** Whether a record is among them. */
  has(ordinal: number): boolean {
    const sql = "SELECT 1 FROM temp.stale WHERE collection=? AND ordinal=?";
    return (
      guarded(this.#file, () => prepared(this.#db, sql).get(this.#collection, ordinal)) !==
      undefined
    );
  }

  /** Up to `limit` of the others that are carried and numbered, those that were written to last. */
  newestOthers(limit: number): LedgerRow[] {
    return this.#rows(
      `SELECT ${rowColumns} FROM record r WHERE collection=? AND state=1 AND version IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM temp.stale s WHERE s.collection=r.collection AND s.ordinal=r.ordinal) ORDER BY version DESC LIMIT ?`,
      limit,
    );
  }

  /** Takes all carried records for written to since, until each has been read again: by this run, or by one that lists again. */
  addAll(): void {
    transaction(this.#db, this.#file, () => {
      const add =
        "INSERT OR IGNORE INTO temp.stale SELECT collection, ordinal, version FROM record WHERE collection=? AND state=1";
      prepared(this.#db, add).run(this.#collection);
      // Without its number no listing finds a record as it was.
      const forget = "UPDATE record SET version=NULL WHERE collection=? AND state=1";
      prepared(this.#db, forget).run(this.#collection);
    });
  }

  /** Takes those for written to since of which something was being sent when a run ended: what stands at their points is not known. */
  addUnacknowledged(): void {
    const add = `INSERT OR IGNORE INTO temp.stale SELECT r.collection, r.ordinal, r.version FROM record r
      JOIN sending s ON s.collection=r.collection AND s.ordinal=r.ordinal WHERE r.collection=? AND r.state=1`;
    guarded(this.#file, () => prepared(this.#db, add).run(this.#collection));
  }

  /** Enters the numbers under which the newest listing named records that have been read since; inside a checkpoint's transaction. */
  renew(ordinals: readonly number[]): void {
    const any = prepared(this.#db, "SELECT 1 FROM temp.stale WHERE collection=? LIMIT 1");
    if (any.get(this.#collection) === undefined) return;
    const take = prepared(
      this.#db,
      "DELETE FROM temp.stale WHERE collection=? AND ordinal=? RETURNING version",
    );
    const enter = prepared(
      this.#db,
      "UPDATE record SET version=? WHERE collection=? AND ordinal=?",
    );
    for (const ordinal of ordinals) {
      const row = take.get(this.#collection, ordinal);
      if (row !== undefined) enter.run(row["version"] ?? null, this.#collection, ordinal);
    }
  }

  #rows(sql: string, ...values: number[]): LedgerRow[] {
    return guarded(this.#file, () => allArrays(this.#db, sql, this.#collection, ...values)).map(
      (row) => rowOf(row, this.#file),
    );
  }
}
