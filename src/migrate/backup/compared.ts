/** Rows of an archive beside what the source has of them now. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import { type PointAt, sameButForUlps } from "../verify/describe.ts";
import type { Course } from "./collection.ts";
import { type ReadRows, wholePoints } from "./rows.ts";

/** One row of an archive, and the source's. */
export type ComparedRow = {
  readonly key: string;
  /** In the archive's batch. */
  readonly row: number;
} & (
  | { readonly standing: "absent" }
  | {
      /** `ulps`: other last bits than before, as this source allows itself. */
      readonly standing: "equal" | "ulps" | "other";
      /** In the source's batch. */
      readonly there: number;
      readonly archived: PointAt;
      readonly found: PointAt;
    }
);

/** Every row of the archive's batch. */
export function compareRows(
  { source, info }: Pick<Course, "source" | "info">,
  batch: RecordBatch | PointBatch,
  sight: ReadRows,
): ComparedRow[] {
  const archived = asPoints(batch, info);
  const found = asPoints(sight.batch, info);
  const digests = digestsOf(archived);
  const others = digestsOf(found);
  const places = new Map(keysOf(sight.batch).map((key, row) => [key, row]));
  // Both answers may be off, each to its own side.
  const ulps = source.capabilities.vectorUlps * 2;
  return keysOf(batch).map((key, row): ComparedRow => {
    const there = places.get(key);
    if (there === undefined) return { key, row, standing: "absent" };
    const pair = { archived: { batch: archived, row }, found: { batch: found, row: there } };
    const equal = sameDigest(digestAt(digests, row), digestAt(others, there));
    const within = !equal && ulps > 0 && sameButForUlps(pair.archived, pair.found, ulps);
    return { key, row, there, standing: equal ? "equal" : within ? "ulps" : "other", ...pair };
  });
}

export function keysOf(batch: RecordBatch | PointBatch): readonly string[] {
  return "placement" in batch ? batch.placement.points : batch.ids;
}

/** Both ends' rows as one shape: points with their whole payloads, and records as points that nothing is noted of. */
function asPoints(batch: RecordBatch | PointBatch, info: CollectionInfo): PointBatch {
  if ("placement" in batch) return wholePoints(batch, info);
  const none = batch.ids.map(() => null);
  const norms = new Float64Array(batch.ids.length).fill(Number.NaN);
  const placement = {
    points: batch.ids,
    tenants: none,
    norms,
    runs: none,
    collections: none,
    rest: none,
  };
  return { ...batch, placement };
}
