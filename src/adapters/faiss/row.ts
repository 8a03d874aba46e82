/** Records in memory, and between them and the batches of the port. */
import { VectorError } from "../../errors.ts";
import type { Distance } from "../../model/distance.ts";
import { decodeMetadata, type Metadata } from "../../model/filter.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import { defaultVector, type PointBatch } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { parseJson } from "../../util/json.ts";
import type { Turns } from "../../util/turns.ts";

/** What stands in one line of the documents' file. */
export interface RowText {
  readonly point: string;
  readonly id: string;
  readonly tenant: string | null;
  readonly document: string | null;
  readonly uri: string | null;
  /** JSON text of an object, without line breaks; null = none. */
  readonly metadata: string | null;
  readonly createdAt: string | null;
  /** NaN = none. */
  readonly norm: number;
  readonly run: string | null;
  readonly collection: string | null;
  /** JSON text of an object, without line breaks; null = none. */
  readonly rest: string | null;
}

/** One record. It never changes: what is written over it is another one. */
export interface Row extends RowText {
  readonly vector: Float32Array;
  /** Its id in the index file's id map; null where the file has none. */
  readonly label: bigint | null;
  /** The metadata decoded, once someone has filtered by it. */
  decoded?: Metadata;
}

/** How far the square of a norm may be from 1 in a vector that is left as it is (Qdrant's own bound, 1.18). */
const unitError = 1e-6;

const pointNumber = /^(0|[1-9]\d{0,19})$/;

/** Whether `text` is the id of a point: a canonical UUID, or an unsigned integer. */
export function isPoint(text: string): boolean {
  return isCanonicalUuid(text) || pointNumber.test(text);
}

export function metadataOf(row: Row): Metadata {
  row.decoded ??= decodeMetadata(row.metadata);
  return row.decoded;
}

/** Whether the vector has unit length, or none. */
export function isUnit(vector: Float32Array): boolean {
  const square = squareOf(vector);
  return square === 0 || Math.abs(square - 1) < unitError;
}

/** The vector with unit length, normalized in float64; one of unit length or of none as it is. A copy. */
export function normalized(vector: Float32Array): Float32Array {
  if (isUnit(vector)) return vector.slice();
  const norm = Math.sqrt(squareOf(vector));
  return vector.map((component) => component / norm);
}

function squareOf(vector: Float32Array): number {
  let sum = 0;
  for (const component of vector) sum += component * component;
  return sum;
}

/**
 * The rows of a batch, with vectors of their own: under cosine of unit length.
 * @throws E_REJECTED for another dimension, a record without a vector, one that is not finite, metadata that is no JSON object; E_ABORTED
 */
export async function toRows(
  name: string,
  batch: PointBatch,
  { dimension, distance }: { readonly dimension: number; readonly distance: Distance },
  turns: Turns,
): Promise<Row[]> {
  const column = batch.vectors.get(defaultVector);
  if (batch.ids.length > 0 && column?.dimension !== dimension) {
    throw new VectorError(
      "E_REJECTED",
      `Collection "${name}" takes vectors of ${dimension} components, not of ${column?.dimension ?? 0}.`,
      { details: { collection: name, dimension } },
    );
  }
  const rows: Row[] = [];
  for (const [row, id] of batch.ids.entries()) {
    const vector = column?.data.subarray(row * dimension, (row + 1) * dimension);
    if (column === undefined || vector === undefined || !isPresent(column, row))
      throw rejected(name, id, "it has no vector, and a FAISS index has no place for such");
    if (!vector.every(Number.isFinite)) throw rejected(name, id, "its vector is not finite");
    const own = distance === "cosine" ? normalized(vector) : vector.slice();
    rows.push({ ...textOf(name, batch, row), vector: own, label: null });
    if (turns.over) await turns.next();
  }
  return rows;
}

function textOf(name: string, { ids, payload, placement }: PointBatch, row: number): RowText {
  const id = ids[row] ?? "";
  const object = (text: string | null | undefined): string | null => {
    if (text === null || text === undefined || text === "{}") return null;
    const value = parseJson(text);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw rejected(name, id, "its metadata is no JSON object");
    // A line break in JSON text stands between its parts only.
    return text.replaceAll(/[\r\n]/g, " ");
  };
  const point = placement.points[row] ?? "";
  if (!isPoint(point)) throw rejected(name, id, `${JSON.stringify(point)} is no id of a point`);
  return {
    point,
    id,
    tenant: placement.tenants[row] ?? null,
    document: payload.documents[row] ?? null,
    uri: payload.uris[row] ?? null,
    metadata: object(payload.metadata[row]),
    createdAt: placement.createdAt?.[row] ?? null,
    norm: placement.norms[row] ?? Number.NaN,
    run: placement.runs[row] ?? null,
    collection: placement.collections[row] ?? null,
    rest: object(placement.rest[row]),
  };
}

function rejected(name: string, id: string, why: string): VectorError {
  return new VectorError(
    "E_REJECTED",
    `Record ${JSON.stringify(id)} cannot be written to collection "${name}": ${why}.`,
    { details: { collection: name, id } },
  );
}

/** The rows as a batch of the caller's own. */
export function toBatch(rows: readonly Row[], dimension: number, vectors: boolean): PointBatch {
  const batch: PointBatch = {
    ids: rows.map(({ id }) => id),
    vectors: new Map(),
    payload: {
      documents: rows.map(({ document }) => document),
      uris: rows.map(({ uri }) => uri),
      metadata: rows.map(({ metadata }) => metadata),
    },
    placement: {
      points: rows.map(({ point }) => point),
      tenants: rows.map(({ tenant }) => tenant),
      norms: Float64Array.from(rows, ({ norm }) => norm),
      runs: rows.map(({ run }) => run),
      collections: rows.map(({ collection }) => collection),
      rest: rows.map(({ rest }) => rest),
      createdAt: rows.map(({ createdAt }) => createdAt),
    },
  };
  if (!vectors) return batch;
  const data = new Float32Array(rows.length * dimension);
  rows.forEach(({ vector }, row) => {
    data.set(vector, row * dimension);
  });
  batch.vectors.set(defaultVector, { kind: "dense", dimension, data, present: null });
  return batch;
}

/** In the order of point ids: numbers before UUIDs, both ascending. */
export function byPoint(one: Row, other: Row): number {
  return comparePoints(one.point, other.point);
}

export function comparePoints(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}
