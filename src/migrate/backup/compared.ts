/** Rows of an archive beside what the source has of them now. */
import type { CollectionInfo } from "../../model/collection.ts";
import { sliceColumn } from "../../model/column-rows.ts";
import type { PointBatch, RecordBatch, VectorColumn } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { isPresent } from "../../model/vector-column.ts";
import { digestsOf, sameDigest } from "../digests.ts";
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
  const places = new Map(keysOf(sight.batch).map((key, row) => [key, row]));
  // Both answers may be off, each to its own side.
  const ulps = source.capabilities.vectorUlps * 2;
  return keysOf(batch).map((key, row): ComparedRow => {
    const there = places.get(key);
    if (there === undefined) return { key, row, standing: "absent" };
    const pair = { archived: { batch: archived, row }, found: { batch: found, row: there } };
    const equal = isSameText(pair.archived, pair.found) || isSamePoint(pair.archived, pair.found);
    const within = !equal && ulps > 0 && sameButForUlps(pair.archived, pair.found, ulps);
    return { key, row, there, standing: equal ? "equal" : within ? "ulps" : "other", ...pair };
  });
}

/** Whether both have the same bits and the same texts, letter by letter: what most rows have, and cheaper to see than a digest. */
function isSameText(one: PointAt, other: PointAt): boolean {
  const columns = [...one.batch.vectors];
  const texts = textsOf(other);
  return (
    textsOf(one).every((text, at) => text === texts[at]) &&
    columns.length === other.batch.vectors.size &&
    columns.every(([name, column]) => {
      const found = other.batch.vectors.get(name);
      return found !== undefined && isSameVector(column, one.row, found, other.row);
    })
  );
}

function textsOf({ batch: { ids, payload, placement }, row }: PointAt) {
  const { tenants, norms, runs, collections, rest, shards } = placement;
  const noted = [tenants[row], runs[row], collections[row], rest[row], shards?.[row]];
  const { documents, uris, metadata } = payload;
  return [ids[row], documents[row], uris[row], metadata[row], ...noted, String(norms[row])];
}

function isSameVector(one: VectorColumn, row: number, other: VectorColumn, there: number): boolean {
  const [mine, found] = [sliceColumn(one, row, row + 1), sliceColumn(other, there, there + 1)];
  if (isPresent(mine, 0) !== isPresent(found, 0) || mine.kind !== found.kind) return false;
  const arrays = valuesOf(found);
  return valuesOf(mine).every((values, at) => {
    const others = arrays[at];
    return others !== undefined && Buffer.compare(bytesOf(values), bytesOf(others)) === 0;
  });
}

/** What a vector consists of, but for its presence. */
function valuesOf(column: VectorColumn): readonly (Float32Array | Uint32Array)[] {
  if (column.kind === "sparse") return [column.indices, column.values];
  return [column.data];
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isSamePoint(one: PointAt, other: PointAt): boolean {
  const [mine, found] = [one, other].map(({ batch, row }) => digestsOf(pickRows(batch, [row])));
  return sameDigest(mine, found);
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
