/** The points of one target collection in the journal, whichever source collection they come from, in point order. */
import type { DatabaseSync } from "node:sqlite";
import { uuidToBytes } from "../../model/point-id.ts";
import { allArrays, guarded } from "./database.ts";
import { type LedgerRow, rowColumns, rowOf } from "./row.ts";

export interface PointRow extends LedgerRow {
  /** The journal's number of the source collection. */
  readonly collection: number;
}

const pageRows = 2000;

/** Every record whose point lies between `from` and `to`, both included, ascending; read page by page. */
export function* pointsBetween(
  db: DatabaseSync,
  file: string,
  target: number,
  from: string,
  to: string,
): Generator<PointRow> {
  const sql = (first: boolean) =>
    `SELECT ${rowColumns}, r.collection FROM point p
     JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal
     WHERE p.target=? AND p.point${first ? ">=" : ">"}? AND p.point<=? ORDER BY p.point LIMIT ${pageRows}`;
  const end = uuidToBytes(to);
  let after = from;
  for (let first = true; ; first = false) {
    const rows = guarded(file, () => allArrays(db, sql(first), target, uuidToBytes(after), end));
    for (const row of rows) {
      const found = rowOf(row, file);
      yield { ...found, collection: Number(row.at(-1)) };
      after = found.point;
    }
    if (rows.length < pageRows) return;
  }
}
