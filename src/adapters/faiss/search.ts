/** Exact search over rows, in turns that let others go on. */
import type { Distance } from "../../model/distance.ts";
import { type MetadataMatch, matches, type Where } from "../../model/filter.ts";
import { Nearest } from "../../model/nearest.ts";
import type { Turns } from "../../util/turns.ts";
import { metadataOf, type Row } from "./row.ts";

/** Rows between two looks at the clock. */
const rowsAtOnce = 32;

export interface Found {
  readonly row: Row;
  /** In Chroma's terms: smaller is nearer. */
  readonly distance: number;
}

/** Which rows are meant, beyond their tenant. */
export interface Wanted {
  readonly where?: Where | undefined;
  readonly filter?: readonly MetadataMatch[] | undefined;
  readonly run?: string | undefined;
  readonly collection?: string | undefined;
}

/** Whether the row is one that is meant. */
function isWanted(row: Row, { where, filter, run, collection }: Wanted): boolean {
  if (run !== undefined && row.run !== run) return false;
  if (collection !== undefined && row.collection !== collection) return false;
  if (filter !== undefined && !filter.every((match) => hasValue(row, match))) return false;
  return where === undefined || matches(where, metadataOf(row));
}

function hasValue(row: Row, { key, value }: MetadataMatch): boolean {
  const metadata = metadataOf(row);
  return Object.hasOwn(metadata, key) && metadata[key] === value;
}

/** Those of the rows that are meant. @throws E_ABORTED */
export async function chosen(rows: readonly Row[], wanted: Wanted, turns: Turns): Promise<Row[]> {
  const found: Row[] = [];
  for (const [at, row] of rows.entries()) {
    if (isWanted(row, wanted)) found.push(row);
    if (at % rowsAtOnce === 0 && turns.over) await turns.next();
  }
  return found;
}

/** The nearest of the rows that are meant, nearest first; under cosine `query` has unit length, as the rows do. @throws E_ABORTED */
export async function nearest(
  rows: readonly Row[],
  query: Float32Array,
  options: Wanted & { readonly limit: number; readonly distance: Distance },
  turns: Turns,
): Promise<Found[]> {
  const found = new Nearest(options.limit);
  const compute = options.distance === "l2" ? squared : inner;
  for (const [at, row] of rows.entries()) {
    if (at % rowsAtOnce === 0 && turns.over) await turns.next();
    if (isWanted(row, options)) found.offer(String(at), compute(query, row.vector));
  }
  return found.candidates.flatMap(({ id, distance }) => {
    const row = rows[Number(id)];
    return row === undefined ? [] : [{ row, distance }];
  });
}

/** Σ(a−b)², four sums side by side: a processor adds them at once. */
function squared(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const fours = a.length - (a.length % 4);
  for (let i = 0; i < fours; i += 4) {
    s0 += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    s1 += ((a[i + 1] ?? 0) - (b[i + 1] ?? 0)) ** 2;
    s2 += ((a[i + 2] ?? 0) - (b[i + 2] ?? 0)) ** 2;
    s3 += ((a[i + 3] ?? 0) - (b[i + 3] ?? 0)) ** 2;
  }
  for (let i = fours; i < a.length; i += 1) s0 += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return s0 + s1 + s2 + s3;
}

/** 1 − Σab, summed up in the same way. */
function inner(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const fours = a.length - (a.length % 4);
  for (let i = 0; i < fours; i += 4) {
    s0 += (a[i] ?? 0) * (b[i] ?? 0);
    s1 += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
    s2 += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
    s3 += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
  }
  for (let i = fours; i < a.length; i += 1) s0 += (a[i] ?? 0) * (b[i] ?? 0);
  return 1 - (s0 + s1 + s2 + s3);
}
