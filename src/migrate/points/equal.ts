/** Points of the source and what stands in their places at the target. */
import type { DenseColumn, MultiColumn, PointBatch } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import { describeDifference, type PointAt } from "../verify/describe.ts";
import type { Course } from "./course.ts";

export interface Equal {
  /** Rows whose points stand there as they are. */
  readonly rows: ReadonlySet<number>;
  /** Of these, rows whose vectors came out of float16 with another last bit. */
  readonly rounded: number;
  /** Rows in whose places others stand. */
  readonly others: ReadonlyMap<number, Pair>;
}

/** A point of the source, and what stands in its place. */
export interface Pair {
  readonly wanted: PointAt;
  readonly found: PointAt;
  /** Digest of what was found. */
  readonly digest: Uint8Array;
}

/** A step of float16 near 1, where the components of a normalized vector are at most; and what float32 adds to it. */
const halfStep = 2 ** -11 + 2 ** -20;

/** What stands in the places of a batch of the source. */
export async function equalRows(
  { target, there, halves }: Course,
  wanted: PointBatch,
  signal: AbortSignal,
): Promise<Equal> {
  const found = (await target.read(there, wanted.placement.points, { signal })).batch;
  const digests = digestsOf(wanted);
  const standing = digestsOf(found);
  const places = new Map(found.placement.points.map((point, row) => [point, row]));
  const rows = new Set<number>();
  const others = new Map<number, Pair>();
  let rounded = 0;
  wanted.placement.points.forEach((point, row) => {
    const place = places.get(point);
    if (place === undefined) return;
    const digest = digestAt(standing, place);
    const pair = { wanted: { batch: wanted, row }, found: { batch: found, row: place }, digest };
    if (sameDigest(digestAt(digests, row), digest)) rows.add(row);
    else if (halves && isRounded(pair.wanted, pair.found)) {
      rows.add(row);
      rounded += 1;
    } else others.set(row, pair);
  });
  return { rows, rounded, others };
}

/** Whether the two differ in nothing but vectors, and these by no more than a normalization in float16 does. */
function isRounded(one: PointAt, other: PointAt): boolean {
  for (const [name, column] of one.batch.vectors) {
    const opposite = other.batch.vectors.get(name);
    if (opposite === undefined || isPresent(column, one.row) !== isPresent(opposite, other.row))
      return false;
    if (column.kind === "sparse" || opposite.kind === "sparse") continue;
    const [values, others] = [valuesAt(column, one.row), valuesAt(opposite, other.row)];
    if (values.length !== others.length) return false;
    if (values.some((value, place) => Math.abs(value - (others[place] ?? 0)) > halfStep))
      return false;
  }
  return describeDifference(one, other)
    .split("; ")
    .every((part) => part.startsWith("vector"));
}

function valuesAt(column: DenseColumn | MultiColumn, row: number): Float32Array {
  const { dimension, data } = column;
  if (column.kind === "dense") return data.subarray(row * dimension, (row + 1) * dimension);
  const { offsets } = column;
  return data.subarray((offsets[row] ?? 0) * dimension, (offsets[row + 1] ?? 0) * dimension);
}
