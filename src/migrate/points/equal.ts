/** Points of an archive and what stands in their places at the target. */
import type { PointBatch } from "../../model/record.ts";
import { wholePoints } from "../backup/rows.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { PointAt } from "../verify/describe.ts";
import type { Course } from "./course.ts";

export interface Equal {
  /** Rows whose points stand there as they are, to the last bit. */
  readonly rows: ReadonlySet<number>;
  /** Rows in whose places others stand, with both. */
  readonly others: ReadonlyMap<number, { readonly wanted: PointAt; readonly found: PointAt }>;
}

/** What stands in the places of a batch of the archive. */
export async function equalRows(
  { target, info, there }: Course,
  batch: PointBatch,
  signal: AbortSignal,
): Promise<Equal> {
  const wanted = wholePoints(batch, info);
  const found = (await target.read(there, wanted.ids, { signal })).batch;
  const digests = digestsOf(wanted);
  const standing = digestsOf(found);
  const places = new Map(found.placement.points.map((point, row) => [point, row]));
  const rows = new Set<number>();
  const others = new Map<number, { wanted: PointAt; found: PointAt }>();
  wanted.ids.forEach((point, row) => {
    const place = places.get(point);
    if (place === undefined) return;
    if (sameDigest(digestAt(digests, row), digestAt(standing, place))) rows.add(row);
    else others.set(row, { wanted: { batch: wanted, row }, found: { batch: found, row: place } });
  });
  return { rows, others };
}
