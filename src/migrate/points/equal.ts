/** Points of the source and what stands in their places at the target. */
import type { DenseColumn, MultiColumn, PointBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { isPresent } from "../../model/vector-column.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import { describeDifference, type PointAt } from "../verify/describe.ts";
import type { Course } from "./course.ts";
import { asWritten } from "./floats.ts";

export interface Equal {
  /** Rows whose points stand there as they are. */
  readonly rows: ReadonlySet<number>;
  /** Of these, rows whose vectors came out of float16 with another last bit. */
  readonly rounded: number;
  /** Of these, rows whose payloads have floats that a server reads as their neighbours. */
  readonly respelled: number;
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
  { target, there, halves, respells }: Course,
  wanted: PointBatch,
  signal: AbortSignal,
): Promise<Equal> {
  const standing = (await target.read(there, wanted.placement.points, { signal })).batch;
  const digests = digestsOf(wanted);
  const standingDigests = digestsOf(standing);
  const places = new Map(standing.placement.points.map((point, row) => [point, row]));
  const rows = new Set<number>();
  const others = new Map<number, Pair>();
  let [rounded, respelled] = [0, 0];
  wanted.placement.points.forEach((point, row) => {
    const place = places.get(point);
    if (place === undefined) return;
    const digest = digestAt(standingDigests, place);
    const pair = { wanted: { batch: wanted, row }, found: { batch: standing, row: place }, digest };
    if (sameDigest(digestAt(digests, row), digest)) {
      rows.add(row);
      return;
    }
    const found = respells ? asWritten(pair.wanted, pair.found) : pair.found;
    const isWhole = found !== pair.found && isSame(pair.wanted, found);
    if (isWhole) respelled += 1;
    else if (halves && isRounded(pair.wanted, found)) rounded += 1;
    else {
      others.set(row, pair);
      return;
    }
    rows.add(row);
  });
  return { rows, rounded, respelled, others };
}

function isSame(one: PointAt, other: PointAt): boolean {
  const [mine, found] = [one, other].map(({ batch, row }) => digestsOf(pickRows(batch, [row])));
  return sameDigest(mine, found);
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
