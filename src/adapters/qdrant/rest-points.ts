/** Points as Qdrant's REST API spells them: columns into request bodies, answers into columns. */
import { VectorError } from "../../errors.ts";
import type { DenseColumn } from "../../model/record.ts";
import { sliceArray, sliceObject } from "../../util/json.ts";
import type { PointColumns, ScoredPoints, UpdateMode } from "./api.ts";

/** Room for what stands around the points in a body. */
const frameBytes = 96;

/** A point id as JSON: a number where it is one, else a string. */
export function pointText(point: string): string {
  return /^\d+$/.test(point) ? point : JSON.stringify(point);
}

/**
 * Components from `start` to `end` as a JSON array. Nine significant digits name a float32 (IEEE 754: 1 + ⌈24 log₁₀ 2⌉),
 * and leave the server's own reading of decimals no room to miss it.
 */
export function vectorText(data: Float32Array, start: number, end: number): string {
  const digits: string[] = [];
  for (let index = start; index < end; index += 1) {
    const component = data[index] ?? 0;
    digits.push(
      component === 0 ? (Object.is(component, -0) ? "-0.0" : "0.0") : component.toPrecision(9),
    );
  }
  return `[${digits.join(",")}]`;
}

/**
 * The bodies of as many upserts as keep each near `bytesAim` bytes; only a single point may take more, up to `bytesMax`.
 * Rows are written straight into bytes: strings of a whole batch would cost several times its size in memory.
 * @throws E_REJECTED where a single point is larger; `details.tooLarge`, and `details.point` names it
 */
export function* upsertBodies(
  columns: PointColumns,
  bytesAim: number,
  bytesMax: number,
  mode: UpdateMode = "upsert",
): Generator<Uint8Array> {
  const bodyStart = mode === "upsert" ? '{"points":[' : `{"update_mode":"${mode}","points":[`;
  let body = Buffer.allocUnsafe(bytesAim);
  let at = 0;
  for (let row = 0; row < columns.points.length; row += 1) {
    const text = rowText(columns, row);
    const rowBytes = Buffer.byteLength(text) + 1;
    if (rowBytes + frameBytes > bytesMax)
      throw tooLarge(columns.points[row] ?? "", rowBytes, bytesMax);
    if (at > 0 && at + rowBytes + frameBytes > bytesAim) {
      yield closed(body, at);
      body = Buffer.allocUnsafe(bytesAim);
      at = 0;
    }
    if (rowBytes + frameBytes > body.length) body = Buffer.allocUnsafe(rowBytes + frameBytes);
    at += body.write(at === 0 ? bodyStart : ",", at, "latin1");
    at += body.write(text, at, "utf8");
  }
  if (at > 0) yield closed(body, at);
}

/** The body with its end behind the bytes that are there. */
function closed(body: Buffer, at: number): Uint8Array {
  return body.subarray(0, at + body.write("]}", at, "latin1"));
}

function rowText(columns: PointColumns, row: number): string {
  const { points, vectors, payloads } = columns;
  const id = pointText(points[row] ?? "");
  const hasVector = vectors !== null && (vectors.present === null || vectors.present[row] === 1);
  const vector = hasVector
    ? vectorText(vectors.data, row * vectors.dimension, (row + 1) * vectors.dimension)
    : "{}";
  return `{"id":${id},"vector":${vector},"payload":${payloads[row] ?? "{}"}}`;
}

function tooLarge(point: string, bytes: number, bytesMax: number): VectorError {
  return new VectorError(
    "E_REJECTED",
    `Point ${point} takes ${bytes} bytes as JSON, and a request may have ${bytesMax}.`,
    { details: { tooLarge: true, point, bytes, bytesMax } },
  );
}

/** The id in an answer. */
export function pointOf(raw: string | undefined): string {
  if (raw === undefined) throw new SyntaxError("a point without id");
  return raw.startsWith('"') ? String(JSON.parse(raw)) : raw;
}

/** Points from the raw text of an answer's array. `dimension` null = no vectors were asked for. @throws SyntaxError */
export function columnsOf(array: string, dimension: number | null): PointColumns {
  return columnsOfRows(sliceArray(array).map(sliceObject), dimension);
}

/** Points with their scores from the raw text of a query's result. @throws SyntaxError */
export function scoredOf(result: string, dimension: number | null): ScoredPoints {
  const rows = sliceArray(sliceObject(result).get("points") ?? "").map(sliceObject);
  // A score is a float32, which its shortest digits stand for.
  const scores = rows.map((row) => Math.fround(Number(row.get("score"))));
  if (scores.some(Number.isNaN)) throw new SyntaxError("a hit without score");
  return { ...columnsOfRows(rows, dimension), scores };
}

function columnsOfRows(
  rows: readonly Map<string, string>[],
  dimension: number | null,
): PointColumns {
  return {
    points: rows.map((row) => pointOf(row.get("id"))),
    vectors: dimension === null ? null : vectorsOf(rows, dimension),
    payloads: rows.map((row) => {
      const payload = row.get("payload");
      return payload === undefined || payload === "null" ? null : payload;
    }),
  };
}

function vectorsOf(rows: readonly Map<string, string>[], dimension: number): DenseColumn {
  const data = new Float32Array(rows.length * dimension);
  const present = new Uint8Array(rows.length);
  rows.forEach((row, index) => {
    const raw = unnamedVector(row.get("vector"));
    if (raw === undefined) return;
    const components: unknown = JSON.parse(raw);
    if (!Array.isArray(components) || components.length !== dimension)
      throw new SyntaxError(`a vector that has not ${dimension} components`);
    if (!components.every((component) => typeof component === "number"))
      throw new SyntaxError("a vector with a component that is no number");
    data.set(components, index * dimension);
    present[index] = 1;
  });
  return { kind: "dense", dimension, data, present: present.includes(0) ? present : null };
}

/** A collection with named vectors beside the unnamed one answers an object; a point without vector an empty one. */
function unnamedVector(raw: string | undefined): string | undefined {
  if (raw === undefined || raw === "null") return undefined;
  return raw.startsWith("{") ? sliceObject(raw).get("") : raw;
}
