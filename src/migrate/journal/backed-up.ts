/** The records of a collection that is backed up: what the archive holds of them is asked of the archive, and not noted. */
import type { DatabaseSync } from "node:sqlite";
import { uuidToBytes } from "../../model/point-id.ts";
import type { RecordFailure } from "../../model/record.ts";
import { allArrays, guarded, idBytes, prepared, transaction } from "./database.ts";
import { type LedgerRow, recordStates, rowColumns, rowOf } from "./row.ts";

export class BackedUpRecords {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #target: number;

  constructor(db: DatabaseSync, file: string, collection: number, target: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
    this.#target = target;
  }

  /** The records at these points, in their order; those that are not known are left out. */
  find(points: readonly string[]): LedgerRow[] {
    const sql = `SELECT ${rowColumns} FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point=? AND p.collection=?`;
    const at = (point: string) =>
      allArrays(this.#db, sql, this.#target, uuidToBytes(point), this.#collection);
    return guarded(this.#file, () => points.flatMap(at).map((row) => rowOf(row, this.#file)));
  }

  /** Puts what was carried or quarantined back into the queue: where it stands now is to be found out. */
  reopen(): void {
    const { pending, written, quarantined } = recordStates;
    this.#transaction(() => {
      prepared(this.#db, "UPDATE record SET state=? WHERE collection=? AND state IN (?,?)").run(
        pending,
        this.#collection,
        written,
        quarantined,
      );
    });
  }

  /** Takes records for held by the archive; those of which something could not be read stay in quarantine for that. */
  hold(ordinals: readonly number[]): void {
    const { written, quarantined } = recordStates;
    const hold = `UPDATE record SET state=CASE WHEN EXISTS(SELECT 1 FROM failure f WHERE f.collection=record.collection
      AND f.ordinal=record.ordinal) THEN ${quarantined} ELSE ${written} END WHERE collection=? AND ordinal=?`;
    this.#transaction(() => {
      const statement = prepared(this.#db, hold);
      for (const ordinal of ordinals) statement.run(this.#collection, ordinal);
    });
  }

  /** Forgets why the records that are in the queue could not be read: they are read again. */
  retry(): void {
    const sql = `DELETE FROM failure WHERE collection=? AND ordinal IN
      (SELECT ordinal FROM record WHERE collection=? AND state=${recordStates.pending})`;
    guarded(this.#file, () => prepared(this.#db, sql).run(this.#collection, this.#collection));
  }

  /** Forgets every record: of what an earlier run had begun the archive holds nothing. */
  clear(): void {
    this.#transaction(() => {
      for (const table of ["record", "point", "failure"])
        prepared(this.#db, `DELETE FROM ${table} WHERE collection=?`).run(this.#collection);
    });
  }

  /** Enters records that were never listed, because they cannot be read whole. */
  enterFailed(failures: readonly (RecordFailure & { readonly point: string })[]): void {
    const newest = "SELECT coalesce(max(ordinal), -1) AS n FROM record WHERE collection=?";
    const record = "INSERT INTO record(collection,ordinal,id,point,state) VALUES(?,?,?,?,?)";
    this.#transaction(() => {
      let ordinal = Number(prepared(this.#db, newest).get(this.#collection)?.["n"]);
      for (const { id, point, reason, detail } of failures) {
        ordinal += 1;
        const row = [this.#collection, ordinal] as const;
        const bytes = uuidToBytes(point);
        prepared(this.#db, record).run(...row, idBytes(id), bytes, recordStates.quarantined);
        prepared(this.#db, "INSERT INTO point VALUES(?,?,?,?)").run(this.#target, bytes, ...row);
        prepared(this.#db, "INSERT INTO failure VALUES(?,?,?,?)").run(...row, reason, detail);
      }
    });
  }

  #transaction(work: () => unknown): void {
    transaction(this.#db, this.#file, work);
  }
}
