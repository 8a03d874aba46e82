/** Strict reading of SQLite's values: a column that holds another type than Chroma writes means a damaged database. */
import { VectorError } from "../../errors.ts";
import type { Value } from "../../util/statements.ts";

function unexpected(what: string): VectorError {
  return new VectorError(
    "E_FOLDER_TORN",
    `chroma.sqlite3 is damaged: ${what} has another type than Chroma writes.`,
  );
}

/** The text of a column that was asked for as it stands or by `wholeText`. @throws E_FOLDER_TORN */
export function textOf(value: Value | undefined, what: string): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  throw unexpected(what);
}

/** @throws E_FOLDER_TORN */
export function textOrNull(value: Value | undefined, what: string): string | null {
  return value === null || value === undefined ? null : textOf(value, what);
}

/** An integer below 2^53. @throws E_FOLDER_TORN */
export function integerOf(value: Value | undefined, what: string): number {
  const integer = typeof value === "bigint" ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(integer)) return integer;
  throw unexpected(what);
}

/**
 * A sequence number: an INTEGER since 1.0, 8 bytes big-endian before; an upgraded folder has both in one column, so they
 * are compared here and never in SQL. @throws E_FOLDER_TORN
 */
export function seqOf(value: Value | undefined, what: string): number {
  if (value instanceof Uint8Array && value.length === 8) {
    return integerOf(new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0), what);
  }
  return integerOf(value, what);
}
