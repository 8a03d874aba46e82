/**
 * Lists of points in answers, both ways.
 *
 *     RetrievedPoint   1: PointId   2: entry of the payload, any number   4: Vectors
 *     ScoredPoint      1: PointId   2: entry of the payload, any number   3: score (float)   5: version   6: Vectors
 */
import { defaultVector } from "../model/record.ts";
import { vectorBytes } from "../model/vector-column.ts";
import type { NamedPoints, PointColumns } from "./columns.ts";
import { PayloadWriter, writeStored } from "./payload-writer.ts";
import { readPointId, writePointId } from "./point-id.ts";
import { garbled, Reader, varintBytes, Writer } from "./protobuf.ts";
import { FloatSpan, rowsFor, type VectorRows, type WantedVector } from "./vector-reader.ts";
import { VectorsWriter } from "./vectors.ts";

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
  bytes += vectorBytes(points) * 1.25;
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
  const vectors = new VectorsWriter(points.vectors);
  const { ids, scores } = points;
  for (let row = 0; row < ids.length; row += 1) {
    const payload = points.payloads[row] ?? "{}";
    const width = varintBytes(payload.length + vectors.bytesOf(row));
    const point = writer.open(field, width);
    writePointId(writer, 1, ids[row] ?? "");
    writeStored(payloads, payload, payloadField);
    if (scores !== undefined) writer.float(3, scores[row] ?? 0);
    if (points.vectors.size > 0) vectors.write(writer, scores === undefined ? 4 : 6, row);
    writer.close(point, width);
  }
}

/** Points as they are read. */
interface Answer<Payload> extends PointColumns<Payload>, Doubtful {
  /** Empty where the points have none. */
  readonly scores: number[];
}

/** Gathers the payloads of an answer: as JSON text, or as plain values. */
export interface PayloadCollector<Payload> {
  readonly doubtful: boolean;
  begin(reader: Reader): void;
  entry(reader: Reader): void;
  end(reader: Reader): void;
  all(): Payload[];
}

interface PointsOptions<Payload> {
  /** Where the points stand in the answer. */
  readonly field: number;
  /** The vectors that were asked for. */
  readonly wanted: readonly WantedVector[];
  readonly payloads: PayloadCollector<Payload>;
  /** Whether they are ScoredPoints. */
  readonly scored?: boolean;
}

/** The points of an answer; the caller reads the fields beside them. */
export class PointsReader<Payload> {
  readonly #points: string[] = [];
  readonly #scores: number[] = [];
  readonly #doubtful: number[] = [];
  readonly #payload: PayloadCollector<Payload>;
  readonly #span = new FloatSpan();
  readonly #rows: ReadonlyMap<string, VectorRows>;
  readonly #scored: boolean;

  /** @throws SyntaxError */
  constructor(
    message: Uint8Array,
    { field, wanted, payloads, scored = false }: PointsOptions<Payload>,
  ) {
    const count = wanted.length === 0 ? 0 : countOf(message, field);
    this.#rows = new Map(wanted.map((one) => [one.name, rowsFor(one, count)]));
    this.#payload = payloads;
    this.#scored = scored;
  }

  /** The point whose length comes next. @throws SyntaxError */
  read(reader: Reader): void {
    const outer = reader.open();
    const row = this.#points.length;
    let id = "";
    let score = 0;
    this.#payload.begin(reader);
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) id = readPointId(reader);
      else if (tag === payloadTag) this.#payload.entry(reader);
      else if (tag === (this.#scored ? 50 : 34) && this.#rows.size > 0)
        this.#readVectors(reader, row);
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

  #readVectors(reader: Reader, row: number): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) {
        this.#span.readVector(reader);
        this.#keep(reader, row, defaultVector);
      } else if (tag === 18) this.#readNamed(reader, row);
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  /** A collection with named vectors beside the unnamed one answers it under ''. */
  #readNamed(reader: Reader, row: number): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      this.#keep(reader, row, readNamedVector(reader, this.#span));
    }
    reader.close(outer);
  }

  /** What nobody asked for is passed over. */
  #keep(reader: Reader, row: number, name: string): void {
    const rows = this.#rows.get(name);
    if (rows !== undefined && !rows.set(row, this.#span))
      throw garbled("a vector of another kind or dimension than the collection's", reader.at);
  }

  columns(): Answer<Payload> {
    return {
      points: this.#points,
      vectors: new Map(Array.from(this.#rows, ([name, rows]) => [name, rows.column()])),
      payloads: this.#payload.all(),
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
