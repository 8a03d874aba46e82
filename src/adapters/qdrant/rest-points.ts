/** Points as Qdrant's REST API spells them: columns into request bodies, answers into columns. */
import { VectorError } from "../../errors.ts";
import { payloadText } from "../../model/payload.ts";
import { defaultVector, type VectorColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { isObject, type PlainObject, sliceArray, sliceObject } from "../../util/json.ts";
import type {
  PlainPoints,
  PointColumns,
  ScoredPoints,
  UpdateMode,
  WantedVector,
  WrittenColumns,
} from "./api.ts";
import { columnOf } from "./rest-vectors.ts";

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
  const bytes = Buffer.allocUnsafe(vectorBytesMax(end - start));
  return bytes.toString("latin1", 0, writeVector(bytes, 0, data, start, end));
}

/**
 * The body of a search, with what stands behind its vector from the comma on. In bytes at once: a string of it would be copied twice on
 * its way to the connection.
 */
export function queryBytes(vector: Float32Array, rest: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(
    queryStart.length + vectorBytesMax(vector.length) + Buffer.byteLength(rest),
  );
  const at = bytes.write(queryStart, 0, "latin1");
  const end = writeVector(bytes, at, vector, 0, vector.length);
  return bytes.subarray(0, end + bytes.write(rest, end, "utf8"));
}

const queryStart = '{"query":';

function vectorBytesMax(components: number): number {
  return components * componentBytesMax + 2;
}

/** The same as bytes, from `place` on; gives where they end. */
function writeVector(
  bytes: Buffer,
  place: number,
  data: Float32Array,
  start: number,
  end: number,
): number {
  let at = place;
  bytes[at++] = 0x5b;
  for (let index = start; index < end; index += 1) {
    if (index > start) bytes[at++] = 0x2c;
    at = writeComponent(bytes, at, data[index] ?? 0);
  }
  bytes[at++] = 0x5d;
  return at;
}

/** `-0.00000123456789` and a comma. */
const componentBytesMax = 18;
/** The digits of 0 to 999, three each. */
const triples = Buffer.from(
  Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, "0")).join(""),
  "latin1",
);

/** Most components of a vector are from 0.001 to 1; their digits are an integer's: a float32 times a power of ten up to 10^11 is exact. */
function writeComponent(bytes: Buffer, start: number, component: number): number {
  const size = Math.abs(component);
  if (!(size >= 0.001 && size < 1)) return start + bytes.write(oddText(component), start, "latin1");
  let at = start;
  if (component < 0) bytes[at++] = 0x2d;
  bytes[at++] = 0x30;
  bytes[at++] = 0x2e;
  let scale = 1e9;
  if (size < 0.1) {
    bytes[at++] = 0x30;
    scale = 1e10;
  }
  if (size < 0.01) {
    bytes[at++] = 0x30;
    scale = 1e11;
  }
  const digits = Math.round(size * scale);
  const head = Math.floor(digits / 1e6);
  const rest = digits - head * 1e6;
  const middle = Math.floor(rest / 1000);
  at = writeTriple(bytes, at, head);
  at = writeTriple(bytes, at, middle);
  return writeTriple(bytes, at, rest - middle * 1000);
}

function writeTriple(bytes: Buffer, at: number, number: number): number {
  const from = number * 3;
  bytes[at] = triples[from] ?? 0;
  bytes[at + 1] = triples[from + 1] ?? 0;
  bytes[at + 2] = triples[from + 2] ?? 0;
  return at + 3;
}

/** Never an integer: a list of such and another list are read as the indices and values of a sparse vector. */
function oddText(component: number): string {
  if (component !== 0) {
    const text = component.toPrecision(9);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  return Object.is(component, -0) ? "-0.0" : "0.0";
}

/**
 * The bodies of as many upserts as keep each near `bytesAim` bytes; only a single point may take more, up to `bytesMax`.
 * Rows are written straight into bytes: strings of a whole batch would cost several times its size in memory.
 * @throws E_REJECTED where a single point is larger; `details.tooLarge`, and `details.point` names it
 */
export function* upsertBodies(
  columns: WrittenColumns,
  bytesAim: number,
  bytesMax: number,
  {
    mode = "upsert",
    shard,
  }: { readonly mode?: UpdateMode | undefined; shard?: string | undefined },
): Generator<Uint8Array> {
  const inMode = mode === "upsert" ? "" : `"update_mode":"${mode}",`;
  const inShard = shard === undefined ? "" : `"shard_key":${shard},`;
  const bodyStart = `{${inMode}${inShard}"points":[`;
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

function rowText({ points, vectors, payloads }: WrittenColumns, row: number): string {
  const id = pointText(points[row] ?? "");
  const payload = payloadText(payloads[row] ?? "{}");
  return `{"id":${id},"vector":${vectorsText(vectors, row)},"payload":${payload}}`;
}

/** The vector without a name alone, or all by their names. */
function vectorsText(vectors: PointColumns["vectors"], row: number): string {
  const unnamed = vectors.get(defaultVector);
  if (unnamed?.kind === "dense" && vectors.size === 1 && isPresent(unnamed, row))
    return textOf(unnamed, row);
  const members: string[] = [];
  for (const [name, column] of vectors)
    if (isPresent(column, row)) members.push(`${JSON.stringify(name)}:${textOf(column, row)}`);
  return `{${members.join(",")}}`;
}

function textOf(column: VectorColumn, row: number): string {
  if (column.kind === "dense") {
    const { data, dimension } = column;
    return vectorText(data, row * dimension, (row + 1) * dimension);
  }
  const [start, end] = [column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0];
  if (column.kind === "sparse") {
    const indices = column.indices.subarray(start, end).join(",");
    return `{"indices":[${indices}],"values":${vectorText(column.values, start, end)}}`;
  }
  const { data, dimension } = column;
  const several: string[] = [];
  for (let at = start; at < end; at += 1)
    several.push(vectorText(data, at * dimension, (at + 1) * dimension));
  return `[${several.join(",")}]`;
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

/** Points from the raw text of an answer's array. `wanted`: the vectors that were asked for. @throws SyntaxError */
export function columnsOf(array: string, wanted: readonly WantedVector[]): PointColumns {
  return columnsOfRows(sliceArray(array).map(sliceObject), wanted);
}

/** Points with their scores from the raw text of a query's result. @throws SyntaxError */
export function scoredOf(result: string, wanted: readonly WantedVector[]): ScoredPoints {
  const rows = sliceArray(sliceObject(result).get("points") ?? "").map(sliceObject);
  // A score is a float32, which its shortest digits stand for.
  const scores = rows.map((row) => Math.fround(Number(row.get("score"))));
  if (scores.some(Number.isNaN)) throw new SyntaxError("a hit without score");
  return { ...columnsOfRows(rows, wanted), scores };
}

/** Point and score of a plain hit; payload where it has one. */
interface PlainHit {
  readonly id?: unknown;
  readonly score?: unknown;
  readonly payload?: unknown;
}

/** The same without vectors, from the decoded result, with what `read` makes of the payloads; null where it gives null for one. @throws SyntaxError */
export function plainOf<Value>(
  result: unknown,
  read: (payload: PlainObject) => Value | null,
): PlainPoints<Value> | null {
  const found: PlainPoints<Value> = { points: [], scores: [], vectors: new Map(), plain: [] };
  for (const { id, score, payload } of plainHits(result)) {
    const value = isObject(payload) ? read(payload) : null;
    if (value === null) return null;
    if (typeof score !== "number" && typeof score !== "bigint")
      throw new SyntaxError("a hit without score");
    if (typeof id !== "string" && typeof id !== "number" && typeof id !== "bigint")
      throw new SyntaxError("a point without id");
    found.points.push(String(id));
    found.scores.push(Math.fround(Number(score)));
    found.plain.push(value);
  }
  return found;
}

function plainHits(result: unknown): readonly PlainHit[] {
  const points = isObject(result) ? result["points"] : undefined;
  if (!Array.isArray(points) || !points.every(isObject)) throw new SyntaxError("no list of hits");
  return points;
}

function columnsOfRows(
  rows: readonly Map<string, string>[],
  wanted: readonly WantedVector[],
): PointColumns {
  const texts = wanted.length === 0 ? [] : rows.map((row) => vectorTexts(row.get("vector")));
  return {
    points: rows.map((row) => pointOf(row.get("id"))),
    vectors: new Map(
      wanted.map((one) => [
        one.name,
        columnOf(
          one,
          texts.map((vectors) => vectors.get(one.name)),
        ),
      ]),
    ),
    payloads: rows.map((row) => {
      const payload = row.get("payload");
      return payload === undefined || payload === "null" ? null : payload;
    }),
  };
}

/** By name; a vector without a name stands alone, and beside others under ''. A point without vectors has an empty object. */
function vectorTexts(raw: string | undefined): Map<string, string> {
  if (raw === undefined || raw === "null") return new Map();
  return raw.startsWith("{") ? sliceObject(raw) : new Map([[defaultVector, raw]]);
}
