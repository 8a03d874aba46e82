/** From points to the records that the target is to hold: what a point becomes is decided here and in model/export-record.ts. */
import type { CollectionInfo } from "../../model/collection.ts";
import { exportRecords } from "../../model/export-record.ts";
import {
  type DenseColumn,
  defaultVector,
  type PointBatch,
  type RecordBatch,
  type RecordFailure,
} from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { divided, normsOf } from "../../model/unit-vectors.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { Course, LanePlan } from "./lane.ts";
import { placed } from "./lane.ts";

export interface Made {
  /** The records that the target can hold, placed as the journal has them. */
  readonly batch: PointBatch;
  /** The source's point of each. */
  readonly points: readonly string[];
  /** The others, each with its reason and the source's point. */
  readonly failures: readonly (RecordFailure & { readonly point: string })[];
}

/** The records of a piece. Deterministic: the same point becomes the same record. */
export async function recordsOf(
  { plan, target, there }: Pick<Course, "plan" | "target" | "there">,
  piece: PointBatch,
  signal: AbortSignal,
): Promise<Made> {
  const { records: made, rows, failures: unmade } = exportRecords(piece, plan.rules);
  const records = plan.shape.nearestFloats ? target.nearest(made) : made;
  const pointOf = (row: number) => piece.placement.points[row] ?? "";
  const failures = unmade.map(({ row, ...failure }) => ({ ...failure, point: pointOf(row) }));
  const from = plan.shape.vectorsFrom;
  const raw =
    from === null || plan.rules.distance !== "cosine"
      ? records
      : await withRawVectors(from, plan, records, pickRows(piece, rows), signal);
  const batch = placed(raw);
  const points = rows.map(pointOf);
  const refused = batch.ids.length === 0 ? [] : await target.faults(there, batch, { signal });
  if (refused.length === 0) return { batch, points, failures };
  const bad = new Set(refused.map(({ id }) => id));
  const places = new Map(batch.ids.map((id, row) => [id, points[row] ?? ""]));
  const unheld = refused.map((one) => ({ ...one, point: places.get(one.id) ?? "" }));
  const held = [...batch.ids.keys()].filter((row) => !bad.has(batch.ids[row] ?? ""));
  return {
    batch: pickRows(batch, held),
    points: held.map((row) => points[row] ?? ""),
    failures: [...failures, ...unheld],
  };
}

/** The records with the vectors that the archive has of them, where these, normalized, are bit for bit the points' own. */
async function withRawVectors(
  archive: ArchiveReader,
  plan: LanePlan,
  records: RecordBatch,
  piece: PointBatch,
  signal: AbortSignal,
): Promise<RecordBatch> {
  const held = heldCollection(archive, plan);
  const column = denseVector(records);
  const stored = piece.vectors.get(plan.rules.vector);
  if (held === null || column === undefined || stored?.kind !== "dense") return records;
  const read = (await archive.read(held, records.ids, { signal })).batch;
  const raw = denseVector(read);
  if (raw === undefined || raw.dimension !== column.dimension) return records;
  const rows = new Map(records.ids.map((id, row) => [id, row]));
  const units = divided(raw, [...read.ids.keys()], normsOf(raw, read.ids.length));
  const data = column.data.slice();
  read.ids.forEach((id, place) => {
    const row = rows.get(id);
    if (row === undefined || raw.present?.[place] === 0) return;
    const { dimension } = column;
    const unit = units.subarray(place * dimension, (place + 1) * dimension);
    if (!sameBits(unit, rowOf(stored, row))) return;
    data.set(rowOf(raw, place), row * dimension);
  });
  return { ...records, vectors: new Map([[defaultVector, { ...column, data }]]) };
}

/** The archive's collection of the records that a lane brings back; null where it has none. */
function heldCollection({ manifest }: ArchiveReader, { home }: LanePlan): CollectionInfo | null {
  const same = manifest.collections.filter(
    ({ rows, info }) =>
      rows === "records" &&
      info.name === home.name &&
      (home.tenant === null || info.tenant === null || info.tenant === home.tenant) &&
      (home.database === null || info.database === null || info.database === home.database),
  );
  const [first] = same;
  return same.length === 1 && first !== undefined ? first.info : null;
}

function rowOf({ data, dimension }: DenseColumn, row: number): Float32Array {
  return data.subarray(row * dimension, (row + 1) * dimension);
}

function sameBits(one: Float32Array, other: Float32Array): boolean {
  const bits = (vector: Float32Array) =>
    Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return bits(one).equals(bits(other));
}
