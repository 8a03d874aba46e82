/** The points of one target collection in the journal, whichever source collection they come from, in point order. */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { uuidToBytes } from "../../model/point-id.ts";
import { guarded, idColumn, pointColumn, storedId } from "./database.ts";
import type { LedgerRow } from "./ledger.ts";

export interface PointRow extends LedgerRow {
  /** The journal's number of the source collection. */
  readonly collection: number;
}

const pageRows = 2000;

const pointSchema = z.object({
  collection: z.number(),
  ordinal: z.number(),
  id: storedId,
  point: z.string(),
  state: z.number(),
  digest: z.instanceof(Uint8Array).nullable(),
});

/** Every record whose point lies between `from` and `to`, both included, ascending; read page by page. */
export function* pointsBetween(
  db: DatabaseSync,
  file: string,
  target: number,
  from: string,
  to: string,
): Generator<PointRow> {
  const sql = (first: boolean) =>
    `SELECT r.collection, r.ordinal, ${idColumn("r.id")} AS id, ${pointColumn("r.point")} AS point, r.state, r.digest FROM point p
     JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal
     WHERE p.target=? AND p.point${first ? ">=" : ">"}? AND p.point<=? ORDER BY p.point LIMIT ${pageRows}`;
  const end = uuidToBytes(to);
  let after = from;
  for (let first = true; ; first = false) {
    const rows = guarded(file, () => db.prepare(sql(first)).all(target, uuidToBytes(after), end));
    for (const row of rows) {
      const parsed = pointSchema.safeParse(row);
      if (!parsed.success)
        throw new VectorError(
          "E_JOURNAL_DAMAGED",
          `A record in the journal ${file} cannot be read.`,
          {
            cause: parsed.error,
          },
        );
      yield parsed.data;
      after = parsed.data.point;
    }
    if (rows.length < pageRows) return;
  }
}
