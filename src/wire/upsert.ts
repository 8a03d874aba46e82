/**
 * Upsert.
 *
 *     UpsertPoints   1: collection   2: wait   3: PointStruct, any number   5: ShardKeySelector   6: filter of the update
 *                  7: timeout in seconds   8: mode
 *     PointStruct    1: PointId   3: entry of the payload, any number   4: Vectors
 *
 * The answer to it and to a deletion:
 *
 *     PointsOperationResponse   1: UpdateResult   2: seconds (double)
 *     UpdateResult              1: number of the operation   2: status
 */
import type { Payload } from "../model/payload.ts";
import { vectorBytes } from "../model/vector-column.ts";
import type { NamedPoints, WrittenColumns } from "./columns.ts";
import { PayloadMembers } from "./payload-members.ts";
import { PayloadReader } from "./payload-reader.ts";
import { type NotCarried, NotCarriedError } from "./payload-writer.ts";
import { readRequestedId, writePointId } from "./point-id.ts";
import { countOf, readNamedVector } from "./points.ts";
import { Reader, varintBytes, Writer } from "./protobuf.ts";
import { badInput, notImplemented } from "./refusal.ts";
import { writeShard } from "./selectors.ts";
import { FloatSpan, rowsFor, type VectorRows } from "./vector-reader.ts";
import { VectorsWriter } from "./vectors.ts";

/** How much of the columns goes into one request. */
export interface UpsertBounds {
  /** The first row. */
  readonly from: number;
  /** The request ends before the row that would make it larger; a single row may be. */
  readonly bytesAim: number;
  readonly rowsMax?: number;
  /** Default: written over what stands there. */
  readonly mode?: UpdateMode | undefined;
  /** The shard that the points are put into, as JSON; default: the server chooses. */
  readonly shard?: string | undefined;
  /** The frame is put into it where it fits, over what is in it. */
  readonly room?: Buffer | undefined;
}

/** In the order of their numbers. */
const updateModes = ["upsert", "insert_only", "update_only"] as const;
/** Which points are written: all, those that are not there, those that are. Since Qdrant 1.17. */
export type UpdateMode = (typeof updateModes)[number];

/** One request, and where the next begins. */
export interface UpsertPart {
  /** Not to be sent where `end` is `from`. */
  readonly frame: Buffer;
  /** Behind the last row that is in it. */
  readonly end: number;
  /** Why row `end` cannot be carried by gRPC; null = it can. */
  readonly refused: NotCarried | null;
}

/** As many rows as fit, answered when they are written. */
export function encodeUpsert(
  collection: string,
  columns: WrittenColumns,
  bounds: UpsertBounds,
): UpsertPart {
  const { from, bytesAim, rowsMax = Number.POSITIVE_INFINITY, mode = "upsert" } = bounds;
  const { shard, room } = bounds;
  const last = Math.min(columns.points.length, from + rowsMax);
  const capacity = room === undefined ? Math.min(bytesAim + 4096, roomFor(columns, from, last)) : 0;
  const writer = new Writer(capacity, room);
  writer.string(1, collection);
  writer.uint(2, 1);
  if (shard !== undefined) writeShard(writer, 5, shard);
  if (mode !== "upsert") writer.uint(8, updateModes.indexOf(mode));
  const rows = new RowWriter(writer, columns);
  for (let row = from; row < last; row += 1) {
    const start = writer.at;
    const refused = rows.write(row);
    const full = refused === null && writer.at > bytesAim && row > from;
    if (refused === null && !full) continue;
    writer.at = start;
    return { frame: writer.finish(), end: row, refused };
  }
  return { frame: writer.finish(), end: last, refused: null };
}

/** A guess; the writer grows where it is too low. */
function roomFor(columns: WrittenColumns, from: number, last: number): number {
  const { points, payloads } = columns;
  const share = (last - from) / Math.max(1, points.length);
  let bytes = 1024 + (last - from) * 96 + vectorBytes(columns) * share;
  for (let row = from; row < last; row += 1) bytes += (payloads[row]?.length ?? 0) * 1.25;
  return Math.ceil(bytes);
}

const payloadField = 3;

class RowWriter {
  readonly #writer: Writer;
  readonly #columns: WrittenColumns;
  readonly #members: PayloadMembers;
  readonly #vectors: VectorsWriter;

  constructor(writer: Writer, columns: WrittenColumns) {
    this.#writer = writer;
    this.#columns = columns;
    this.#members = new PayloadMembers(writer, payloadField);
    this.#vectors = new VectorsWriter(columns.vectors);
  }

  /** Why the row cannot be carried; null = it stands in the message. */
  write(row: number): NotCarried | null {
    const writer = this.#writer;
    const payload = this.#columns.payloads[row] ?? "{}";
    const width = varintBytes(this.#vectors.bytesOf(row) + payload.length);
    try {
      const point = writer.open(3, width);
      writePointId(writer, 1, this.#columns.points[row] ?? "");
      this.#putPayload(payload);
      this.#vectors.write(writer, 4, row);
      writer.close(point, width);
      return null;
    } catch (error) {
      if (error instanceof NotCarriedError) return error.reason;
      throw error;
    }
  }

  #putPayload(payload: Payload): void {
    const members = this.#members;
    members.begin();
    if (typeof payload === "string") members.members(payload);
    else payload.putInto(members);
  }
}

/** Points to write, as a server takes them. */
export interface UpsertRequest {
  readonly collection: string;
  /** Whether the answer is to wait for the write. */
  readonly wait: boolean;
  readonly mode: UpdateMode;
  /** In seconds; undefined = it does not say. */
  readonly timeout: number | undefined;
  readonly points: NamedPoints;
}

/** @throws SyntaxError, E_INPUT (a point without id or vector, dimensions that differ), E_NOT_SUPPORTED (inference, conditions) */
export function decodeUpsert(message: Uint8Array): UpsertRequest {
  const reader = new Reader(message);
  const points = new RowReader(countOf(message, 3));
  let collection = "";
  let wait = false;
  let mode: UpdateMode | undefined = "upsert";
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 16) wait = reader.flag();
    else if (tag === 26) points.read(reader);
    else if (tag === 50) throw notImplemented("update_filter");
    else if (tag === 56) timeout = reader.varint();
    else if (tag === 64) mode = updateModes[reader.varint()];
    else reader.skip(tag);
  }
  if (mode === undefined) throw badInput("Malformed update mode");
  return { collection, wait, mode, timeout, points: points.points() };
}

class RowReader {
  readonly #count: number;
  readonly #ids: string[] = [];
  readonly #hasPayload: boolean[] = [];
  readonly #vectors = new Map<string, { readonly dimension: number; readonly rows: VectorRows }>();
  readonly #payload = new PayloadReader();
  readonly #span = new FloatSpan();

  constructor(count: number) {
    this.#count = count;
  }

  read(reader: Reader): void {
    const outer = reader.open();
    let id: string | undefined;
    let hasVectors = false;
    let hasPayload = false;
    this.#payload.begin();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) id = readRequestedId(reader);
      else if (tag === 26) {
        hasPayload = true;
        this.#payload.entry(reader);
      } else if (tag === 34) {
        hasVectors = true;
        this.#readVectors(reader);
      } else reader.skip(tag);
    }
    this.#payload.end(reader);
    reader.close(outer);
    if (!hasVectors) throw badInput("Expected some vectors");
    if (id === undefined) throw badInput("Empty ID is not allowed");
    this.#ids.push(id);
    this.#hasPayload.push(hasPayload);
  }

  #readVectors(reader: Reader): void {
    const outer = reader.open();
    let given = false;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) {
        this.#span.readVector(reader);
        this.#keep("");
      } else if (tag === 18) this.#readNamed(reader);
      else reader.skip(tag);
      given ||= tag === 10 || tag === 18;
    }
    reader.close(outer);
    if (!given) throw badInput("No Vector Provided");
  }

  #readNamed(reader: Reader): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) this.#keep(readNamedVector(reader, this.#span));
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  #keep(name: string): void {
    const { kind, count, indexCount } = this.#span;
    if (kind === "inference") throw notImplemented(kind);
    const row = this.#ids.length;
    const dimension = this.#span.dimension / (kind === "multi" ? Math.max(1, count) : 1);
    if (kind === "sparse" && indexCount !== dimension) {
      throw badInput(
        `Wrong input: points[${row}].vector.vector.sparse.values: must be the same length as indices`,
      );
    }
    if (dimension === 0 && kind !== "sparse") {
      throw badInput(`Wrong input: points[${row}].vector.vector: dense vector must not be empty`);
    }
    let vectors = this.#vectors.get(name);
    if (vectors === undefined) {
      vectors = { dimension, rows: rowsFor({ name, kind, dimension }, this.#count) };
      this.#vectors.set(name, vectors);
    }
    if (vectors.rows.set(row, this.#span)) return;
    throw badInput(
      `Wrong input: Vector dimension error: expected dim: ${vectors.dimension}, got ${dimension}`,
    );
  }

  points(): NamedPoints {
    const vectors = new Map(Array.from(this.#vectors, ([name, { rows }]) => [name, rows.column()]));
    const texts = this.#payload.all();
    const payloads = texts.map((text, row) => (this.#hasPayload[row] === true ? text : null));
    return { ids: this.#ids, vectors, payloads };
  }
}

/** In the order of their numbers. */
const statuses = [
  "unknown",
  "acknowledged",
  "completed",
  "clock_rejected",
  "wait_timeout",
] as const;
export type UpdateStatus = (typeof statuses)[number];

export interface UpdateResult {
  readonly operationId: number | null;
  /** `completed`: it is done. `acknowledged`: it is queued. */
  readonly status: UpdateStatus;
}

export function encodeUpdateAnswer(result: UpdateResult, time: number): Buffer {
  const writer = new Writer();
  const update = writer.open(1);
  if (result.operationId !== null) writer.uint(1, result.operationId);
  writer.uint(2, statuses.indexOf(result.status));
  writer.close(update);
  writer.double(2, time);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeUpdateAnswer(message: Uint8Array): UpdateResult {
  const reader = new Reader(message);
  let operationId: number | null = null;
  let status = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 10) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.open();
    while (reader.more()) {
      const inner = reader.tag();
      if (inner === 8) operationId = reader.varint();
      else if (inner === 16) status = reader.varint();
      else reader.skip(inner);
    }
    reader.close(outer);
  }
  return { operationId, status: statuses[status] ?? "unknown" };
}
