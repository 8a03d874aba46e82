/** A record as the journal keeps it, read in great numbers: by hand, a schema for each would cost more than SQLite. */
import { VectorError } from "../../errors.ts";
import { hexToUuid } from "../../model/point-id.ts";
import { idColumn } from "./database.ts";

/** What became of a listed record. */
export const recordStates = {
  /** Listed, to be carried. */
  pending: 0,
  /** Acknowledged by the target; its digest is kept. */
  written: 1,
  /** Cannot be carried; its reason is kept. */
  quarantined: 2,
  /** Never carried, and not in the newest listing. */
  left: 3,
  /** Carried, and deleted at the source since. */
  deleted: 4,
} as const;

export interface LedgerRow {
  readonly ordinal: number;
  readonly id: string;
  readonly point: string;
  readonly state: number;
  /** 16 bytes, where one was ever written. */
  readonly digest: Uint8Array | null;
}

/** What `rowOf` reads, of the table `record` as `r`. */
export const rowColumns = `r.ordinal, ${idColumn("r.id")}, hex(r.point), r.state, r.digest`;

/** The record in a row of `rowColumns`, as an array. @throws E_JOURNAL_DAMAGED */
export function rowOf(row: readonly unknown[], file: string): LedgerRow {
  // By index: taking an array apart makes an object for each of its elements, until V8 has compiled it.
  const ordinal = row[0];
  const idText = row[1];
  const hex = row[2];
  const state = row[3];
  const digest = row[4];
  const id = idText instanceof Uint8Array ? Buffer.from(idText).toString("utf8") : idText;
  if (
    typeof ordinal !== "number" ||
    typeof id !== "string" ||
    typeof hex !== "string" ||
    hex.length !== 32 ||
    typeof state !== "number" ||
    !(digest === null || digest instanceof Uint8Array)
  )
    throw damagedRecord(file);
  return { ordinal, id, point: hexToUuid(hex), state, digest };
}

export function damagedRecord(file: string): VectorError {
  return new VectorError("E_JOURNAL_DAMAGED", `A record in the journal ${file} cannot be read.`);
}
