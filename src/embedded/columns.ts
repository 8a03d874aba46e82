/** Points as the client is given them, cut into columns without going through JSON text. */
import { setImmediate } from "node:timers/promises";
import { canonicalPointId, type PointColumns } from "../engine/index.ts";
import type { DenseColumn } from "../model/record.ts";
import { isObject } from "../util/json.ts";
import { isTurnOver } from "./turn.ts";

const float32Max = 3.4028234663852886e38;
const members = new Set(["id", "vector", "payload"]);

/**
 * The points as columns; null where one of them is not plainly valid (or not plainly dense), so that it is for the server's own
 * checks to read their JSON. Many points are cut in several turns of the event loop: they may not change meanwhile.
 */
export function toColumns(points: unknown): PointColumns | null | Promise<PointColumns | null> {
  if (!Array.isArray(points)) return null;
  return new Cutting(points.length, (row) => points[row]).go();
}

const batchMembers = new Set(["ids", "vectors", "payloads"]);

/** As `toColumns`, of points that are given as lists of ids, vectors and payloads. */
export function batchToColumns(batch: unknown): PointColumns | null | Promise<PointColumns | null> {
  if (!isObject(batch)) return null;
  for (const key in batch) if (!batchMembers.has(key)) return null;
  const { ids, vectors, payloads } = batch;
  const hasPayloads = payloads !== undefined && payloads !== null;
  if (!Array.isArray(vectors) && !isObject(vectors)) return null;
  const lists = [ids, ...(Array.isArray(vectors) ? [vectors] : Object.values(vectors))];
  if (hasPayloads) lists.push(payloads);
  if (lists.length === 1 || !lists.every((list) => hasLength(list, ids))) return null;
  return new Cutting((ids as unknown[]).length, (row) => ({
    id: (ids as unknown[])[row],
    vector: vectorOf(vectors, row),
    payload: hasPayloads ? (payloads as unknown[])[row] : null,
  })).go();
}

function hasLength(list: unknown, other: unknown): boolean {
  return Array.isArray(list) && Array.isArray(other) && list.length === other.length;
}

/** Null where a list has anything but lists of numbers: vectors have names only as lists of their own. */
function vectorOf(vectors: unknown[] | Record<string, unknown>, row: number): unknown {
  if (Array.isArray(vectors)) return Array.isArray(vectors[row]) ? vectors[row] : null;
  const named = Object.entries(vectors as Record<string, unknown[]>);
  return Object.fromEntries(named.map(([name, list]) => [name, list[row]]));
}

/** The numbers as a vector; null where one of them is none that float32 has. */
export function toVector(numbers: readonly unknown[]): Float32Array<ArrayBuffer> | null {
  const vector = new Float32Array(numbers.length);
  return copyNumbers(numbers, vector, 0) ? vector : null;
}

/** Points of which some are cut already. */
class Cutting {
  readonly #count: number;
  readonly #pointAt: (row: number) => unknown;
  readonly #ids: string[];
  readonly #payloads: (string | null)[];
  readonly #vectors: VectorColumns;
  #row = 0;

  constructor(count: number, pointAt: (row: number) => unknown) {
    this.#count = count;
    this.#pointAt = pointAt;
    this.#ids = new Array<string>(count);
    this.#payloads = new Array<string | null>(count);
    this.#vectors = new VectorColumns(count);
  }

  /** The columns, at once where the turn is long enough. */
  go(): PointColumns | null | Promise<PointColumns | null> {
    if (this.#count === 0) return null;
    for (; this.#row < this.#count; this.#row += 1) {
      // A few points are read within the call, however long the turn has been: their caller may change them at once.
      if (this.#row >= rowsAtOnce && isTurnOver()) return setImmediate().then(() => this.go());
      if (!this.#take(this.#pointAt(this.#row))) return null;
    }
    return { ids: this.#ids, payloads: this.#payloads, vectors: this.#vectors.columns() };
  }

  #take(point: unknown): boolean {
    if (!isObject(point)) return false;
    for (const key in point) if (!members.has(key)) return false;
    const { id, vector, payload } = point;
    const idText = toId(id);
    const payloadText = toPayload(payload);
    if (idText === null || payloadText === undefined || !this.#vectors.add(this.#row, vector))
      return false;
    this.#ids[this.#row] = idText;
    this.#payloads[this.#row] = payloadText;
    return true;
  }
}

/** Points that are cut before another turn of the event loop is thought of. */
const rowsAtOnce = 16;

/** Digits are an id only where they are a number, as in JSON. */
function toId(id: unknown): string | null {
  if (typeof id === "number") return Number.isSafeInteger(id) && id >= 0 ? String(id) : null;
  if (typeof id === "bigint") return canonicalPointId(id.toString());
  const canonical = typeof id === "string" ? canonicalPointId(id) : null;
  return canonical?.length === 36 ? canonical : null;
}

/** JSON text; null = none, undefined = not plainly an object. */
function toPayload(payload: unknown): string | null | undefined {
  if (payload === undefined || payload === null) return null;
  if (!isObject(payload)) return undefined;
  try {
    const text = JSON.stringify(payload);
    return text.startsWith("{") ? text : undefined;
  } catch {
    // A bigint, which the client can write.
    return undefined;
  }
}

/** Copies `numbers` to `target` from `start` on; false where one of them is none that float32 has. */
function copyNumbers(numbers: readonly unknown[], target: Float32Array, start: number): boolean {
  for (let at = 0; at < numbers.length; at += 1) {
    const value = numbers[at];
    if (typeof value !== "number" || !(Math.abs(value) <= float32Max)) return false;
    // JSON has no negative zero from an application.
    target[start + at] = value + 0;
  }
  return true;
}

/** Dense vectors by name, grown row by row. */
class VectorColumns {
  readonly #rows: number;
  readonly #columns = new Map<string, { data: Float32Array; dimension: number; rows: number[] }>();

  constructor(rows: number) {
    this.#rows = rows;
  }

  /** Adds a row's vectors; false where they are anything but arrays of float32 numbers, of one length for each name. */
  add(row: number, vector: unknown): boolean {
    if (Array.isArray(vector)) return this.#addOne(row, "", vector);
    if (!isObject(vector)) return false;
    return Object.entries(vector).every(
      ([name, one]) => name !== "" && Array.isArray(one) && this.#addOne(row, name, one),
    );
  }

  columns(): Map<string, DenseColumn> {
    const columns = new Map<string, DenseColumn>();
    for (const [name, { data, dimension, rows }] of this.#columns) {
      const present = rows.length === this.#rows ? null : new Uint8Array(this.#rows);
      if (present !== null) for (const row of rows) present[row] = 1;
      columns.set(name, { kind: "dense", dimension, data, present });
    }
    return columns;
  }

  #addOne(row: number, name: string, vector: readonly unknown[]): boolean {
    const column = this.#columns.get(name) ?? this.#newColumn(name, vector.length);
    const { data, dimension } = column;
    if (vector.length !== dimension || dimension === 0) return false;
    if (!copyNumbers(vector, data, row * dimension)) return false;
    column.rows.push(row);
    return true;
  }

  #newColumn(name: string, dimension: number) {
    const column = { data: new Float32Array(this.#rows * dimension), dimension, rows: [] };
    this.#columns.set(name, column);
    return column;
  }
}
