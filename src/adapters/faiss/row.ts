/** Records in memory, and between them and the batches of the port. */
import { VectorError } from "../../errors.ts";
import type { Distance } from "../../model/distance.ts";
import { decodeMetadata, type Metadata } from "../../model/filter.ts";
import { markKey } from "../../model/layout.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import { defaultVector, type PointBatch, type RecordFailure } from "../../model/record.ts";
import { denseVector, isPresent } from "../../model/vector-column.ts";
import { parseJson, sliceObject, stringOf } from "../../util/json.ts";
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

/** The member of the mark that says when a record was first written. */
const createdKey = "created_at";
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
 * @throws E_REJECTED for another dimension; for records that have no vector, one that is not finite, metadata that is no JSON object
 * or no point, with all of them as `RecordFailure`s in `details.failures`; E_ABORTED
 */
export async function toRows(
  name: string,
  batch: PointBatch,
  { dimension, distance }: { readonly dimension: number; readonly distance: Distance },
  turns: Turns,
): Promise<Row[]> {
  const column = denseVector(batch);
  if (batch.ids.length > 0 && column !== undefined && column.dimension !== dimension) {
    throw new VectorError(
      "E_REJECTED",
      `Collection "${name}" takes vectors of ${dimension} components, not of ${column.dimension}.`,
      { details: { collection: name, dimension } },
    );
  }
  const rows: Row[] = [];
  const failures: RecordFailure[] = [];
  for (const [row, id] of batch.ids.entries()) {
    const has = column !== undefined && isPresent(column, row);
    const vector = has ? column.data.slice(row * dimension, (row + 1) * dimension) : null;
    const text = textOf(batch, row);
    if (vector === null)
      failures.push({ id, reason: "no-vector", detail: "A FAISS index has no row without one." });
    else if (!vector.every(Number.isFinite))
      failures.push({ id, reason: "not-finite", detail: "Its vector is not finite." });
    else if (typeof text === "string")
      failures.push({ id, reason: "metadata-not-json", detail: text });
    else {
      const own = distance === "cosine" ? normalized(vector) : vector;
      rows.push({ ...text, vector: own, label: null });
    }
    if (turns.over) await turns.next();
  }
  if (failures.length > 0) throw rejected(name, failures);
  return rows;
}

/** What stands in the line of a row; a text says what of it cannot. */
function textOf({ ids, payload, placement }: PointBatch, row: number): RowText | string {
  const point = placement.points[row] ?? "";
  if (!isPoint(point)) return `${JSON.stringify(point)} is no id of a point.`;
  const metadata = payload.metadata[row] ?? null;
  const rest = placement.rest[row] ?? null;
  if (!isObject(metadata) || !isObject(rest)) return "Its metadata is no JSON object.";
  return {
    point,
    id: ids[row] ?? "",
    tenant: placement.tenants[row] ?? null,
    document: payload.documents[row] ?? null,
    uri: payload.uris[row] ?? null,
    metadata: inOneLine(metadata),
    createdAt: placement.createdAt?.[row] ?? createdIn(rest),
    norm: placement.norms[row] ?? Number.NaN,
    run: placement.runs[row] ?? null,
    collection: placement.collections[row] ?? null,
    rest: inOneLine(rest),
  };
}

function isObject(text: string | null): boolean {
  if (text === null) return true;
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A line break in JSON text stands between its parts only. */
function inOneLine(text: string | null): string | null {
  return text === null || text === "{}" ? null : text.replaceAll(/[\r\n]/g, " ");
}

function rejected(name: string, failures: readonly RecordFailure[]): VectorError {
  const [first] = failures;
  const more = failures.length > 1 ? ` And ${failures.length - 1} more.` : "";
  return new VectorError(
    "E_REJECTED",
    `Record ${JSON.stringify(first?.id)} cannot be written to collection "${name}". ${first?.detail}${more}`,
    { details: { collection: name, failures } },
  );
}

/** When an application first wrote what a payload's rest belongs to: other stores keep it in the mark there. */
function createdIn(rest: string | null): string | null {
  if (rest === null) return null;
  const raw = markIn(rest)?.get(createdKey);
  return raw?.startsWith('"') ? stringOf(raw) : null;
}

/** The rest as every point store gives it: with that time in it, so that whatever carries the rest on carries that. */
function restOf({ rest, createdAt }: Row): string | null {
  if (createdAt === null || createdIn(rest) !== null) return rest;
  const members = rest === null ? new Map<string, string>() : sliceObject(rest);
  const mark = (rest === null ? null : markIn(rest)) ?? new Map<string, string>();
  members.set(markKey, joined(mark.set(createdKey, JSON.stringify(createdAt))));
  return joined(members);
}

function markIn(rest: string): Map<string, string> | null {
  const mark = sliceObject(rest).get(markKey);
  return mark?.startsWith("{") ? sliceObject(mark) : null;
}

function joined(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
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
      rest: rows.map(restOf),
      ...createdColumn(rows),
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

/** Absent where no row has a time. */
function createdColumn(rows: readonly Row[]): { createdAt?: (string | null)[] } {
  if (rows.every(({ createdAt }) => createdAt === null)) return {};
  return { createdAt: rows.map(({ createdAt }) => createdAt) };
}

/** In the order of point ids: numbers before UUIDs, both ascending. */
export function byPoint(one: Row, other: Row): number {
  return comparePoints(one.point, other.point);
}

export function comparePoints(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}
