/**
 * Lists of points in answers, both ways.
 *
 *     RetrievedPoint   1: PointId   2: entry of the payload, any number   4: Vectors
 *     ScoredPoint      1: PointId   2: entry of the payload, any number   3: score (float)   5: version   6: Vectors
 */
import type { NamedPoints, PointColumns } from "./columns.ts";
import { PayloadReader } from "./payload-reader.ts";
import { PayloadWriter, writeStored } from "./payload-writer.ts";
import { readPointId, writePointId } from "./point-id.ts";
import { garbled, Reader, varintBytes, Writer } from "./protobuf.ts";
import { DenseRows, DenseWriter, FloatSpan } from "./vectors.ts";

/** What gRPC leaves open in an answer. */
export interface Doubtful {
  /**
   * Rows whose payload has a double from 2^63 to 2^64: by gRPC a server answers integers of that size so too. REST tells
   * them apart.
   */
  readonly doubtful: readonly number[];
}

const payloadField = 2;
const payloadTag = payloadField * 8 + 2;

/** An answer with room for these points. */
export function answerWriter(points: NamedPoints): Writer {
  let bytes = 64;
  for (const { data } of points.vectors.values()) bytes += data.byteLength;
  for (const payload of points.payloads) bytes += (payload?.length ?? 0) * 1.25;
  return new Writer(Math.ceil(bytes + points.ids.length * 80));
}

/** RetrievedPoints at `field`; ScoredPoints where there are scores. */
export function writePoints(
  writer: Writer,
  field: number,
  points: NamedPoints & { readonly scores?: ArrayLike<number> },
): void {
  const payloads = new PayloadWriter(writer, false);
  const named = Array.from(points.vectors, ([name, column]) => ({
    name,
    rows: new DenseWriter(column),
  }));
  const { ids, scores } = points;
  for (let row = 0; row < ids.length; row += 1) {
    const payload = points.payloads[row] ?? "{}";
    const width = varintBytes(payload.length + (named[0]?.rows.rowBytes ?? 0));
    const point = writer.open(field, width);
    writePointId(writer, 1, ids[row] ?? "");
    writeStored(payloads, payload, payloadField);
    if (scores !== undefined) writer.float(3, scores[row] ?? 0);
    if (named.length > 0) writeVectors(writer, scores === undefined ? 4 : 6, named, row);
    writer.close(point, width);
  }
}

/** The unnamed vector alone, else all that have names. */
function writeVectors(
  writer: Writer,
  field: number,
  named: readonly { readonly name: string; readonly rows: DenseWriter }[],
  row: number,
): void {
  const unnamed = named.find(({ name }) => name === "");
  if (unnamed !== undefined) {
    unnamed.rows.write(writer, field, row);
    return;
  }
  const vectors = writer.open(field);
  const list = writer.open(2);
  for (const { name, rows } of named) {
    if (!rows.has(row)) continue;
    const entry = writer.open(1);
    writer.string(1, name);
    rows.writeVector(writer, 2, row);
    writer.close(entry);
  }
  writer.close(list);
  writer.close(vectors);
}

/** Points as they are read. */
interface Answer extends PointColumns, Doubtful {
  /** Empty where the points have none. */
  readonly scores: number[];
}

/** The points at `field` of an answer; the caller reads the other fields. `dimension` null = no vectors were asked for. */
export class PointsReader {
  readonly #points: string[] = [];
  readonly #scores: number[] = [];
  readonly #doubtful: number[] = [];
  readonly #payload = new PayloadReader();
  readonly #span = new FloatSpan();
  readonly #rows: DenseRows | null;
  readonly #scored: boolean;

  /** @throws SyntaxError */
  constructor(message: Uint8Array, field: number, dimension: number | null, scored = false) {
    this.#rows = dimension === null ? null : new DenseRows(countOf(message, field), dimension);
    this.#scored = scored;
  }

  /** The point whose length comes next. @throws SyntaxError */
  read(reader: Reader): void {
    const outer = reader.open();
    const row = this.#points.length;
    let id = "";
    let score = 0;
    this.#payload.begin();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) id = readPointId(reader);
      else if (tag === payloadTag) this.#payload.entry(reader);
      else if (tag === (this.#scored ? 50 : 34) && this.#rows !== null)
        this.#readVectors(reader, row, this.#rows);
      else if (tag === 29 && this.#scored) score = reader.float();
      else reader.skip(tag);
    }
    this.#payload.end(reader);
    reader.close(outer);
    if (id === "") throw garbled("a point without id", reader.at);
    this.#points.push(id);
    if (this.#payload.doubtful) this.#doubtful.push(row);
    if (this.#scored) this.#scores.push(score);
  }

  #readVectors(reader: Reader, row: number, rows: DenseRows): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) {
        this.#span.readVector(reader);
        this.#keep(reader, row, rows);
      } else if (tag === 18) this.#readNamed(reader, row, rows);
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  /** A collection with named vectors beside the unnamed one answers it under ''. */
  #readNamed(reader: Reader, row: number, rows: DenseRows): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      if (readNamedVector(reader, this.#span) === "") this.#keep(reader, row, rows);
    }
    reader.close(outer);
  }

  #keep(reader: Reader, row: number, rows: DenseRows): void {
    if (this.#span.kind !== "dense" || !rows.set(row, this.#span))
      throw garbled(`a vector that has not ${rows.dimension} components`, reader.at);
  }

  columns(): Answer {
    return {
      points: this.#points,
      vectors: this.#rows?.column() ?? null,
      payloads: this.#payload.texts(),
      scores: this.#scores,
      doubtful: this.#doubtful,
    };
  }
}

/** An entry of named vectors: gives the name, and the span has the vector. */
export function readNamedVector(reader: Reader, span: FloatSpan): string {
  const outer = reader.open();
  let name = "";
  span.clear();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) name = reader.string();
    else if (tag === 18) span.readVector(reader);
    else reader.skip(tag);
  }
  reader.close(outer);
  return name;
}

/** How many times a message has the length-delimited field `field`. @throws SyntaxError */
export function countOf(message: Uint8Array, field: number): number {
  const reader = new Reader(message);
  let count = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field * 8 + 2) count += 1;
    reader.skip(tag);
  }
  return count;
}
