/** Vectors from the bytes of a message to the rows of columns: the other way of `vectors.ts`, where the messages are described. */
import type { VectorShape } from "../model/collection.ts";
import type { DenseColumn, MultiColumn, SparseColumn, VectorColumn } from "../model/record.ts";
import { garbled, type Reader } from "./protobuf.ts";
import { bytesOf } from "./vectors.ts";

const floatBytes = 4;
/** A column that would take more is refused before it is made: short rows can claim long ones. */
const columnBytesMax = 2 ** 30;

/** What is to be read of the vectors of one name. */
export type WantedVector = Pick<VectorShape, "name" | "kind" | "dimension">;

/** What a Vector is. */
export type VectorKind = "dense" | "sparse" | "multi" | "inference";

/** The vector that was read last: its floats' bytes stand in `bytes` from `start` to `end`. */
export class FloatSpan {
  kind: VectorKind = "dense";
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Of a sparse vector: the first `indexCount` are its. */
  indices = new Uint32Array(16);
  indexCount = 0;
  /** Of several vectors: how many there are. */
  count = 0;

  /** The Vector whose length comes next. */
  readVector(reader: Reader): void {
    this.clear();
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 101 * 8 + 2) this.readDense(reader);
      else if (tag === 10 || tag === 13) this.add(reader, tag);
      else if (tag === 102 * 8 + 2) this.#readSparse(reader);
      else if (tag === 103 * 8 + 2) this.#readMulti(reader);
      else if (tag === 18) {
        this.kind = "sparse";
        this.#readIndices(reader, 1);
      } else if (tag === 24) {
        this.kind = "multi";
        this.count = reader.varint();
      } else {
        if (tag >= 104 * 8 + 2 && tag <= 106 * 8 + 2) this.kind = "inference";
        reader.skip(tag);
      }
    }
    reader.close(outer);
  }

  /** The SparseVector whose length comes next. */
  #readSparse(reader: Reader): void {
    this.clear();
    this.kind = "sparse";
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10 || tag === 13) this.add(reader, tag);
      else if (tag === 18 || tag === 16) this.#addIndices(reader, tag);
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  /** A message of which `field` has indices. */
  #readIndices(reader: Reader, field: number): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (Math.floor(tag / 8) === field) this.#addIndices(reader, tag);
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  /** Indices whose field has this tag: all of them, or one. */
  #addIndices(reader: Reader, tag: number): void {
    if (tag % 8 === 0) {
      this.#addIndex(reader);
      return;
    }
    if (tag % 8 !== 2) throw garbled("an index that is no integer", reader.at);
    const outer = reader.open();
    while (reader.more()) this.#addIndex(reader);
    reader.close(outer);
  }

  #addIndex(reader: Reader): void {
    const index = reader.varint();
    if (index > 0xffffffff) throw garbled("an index of more than 32 bits", reader.at);
    if (this.indexCount === this.indices.length) {
      const wider = new Uint32Array(this.indexCount * 2);
      wider.set(this.indices);
      this.indices = wider;
    }
    this.indices[this.indexCount] = index;
    this.indexCount += 1;
  }

  /** The MultiDenseVector whose length comes next: vectors of one dimension. */
  #readMulti(reader: Reader): void {
    this.clear();
    this.kind = "multi";
    const outer = reader.open();
    let bytesOfOne = -1;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      const before = this.end - this.start;
      this.#readFloats(reader);
      const bytes = this.end - this.start - before;
      if (bytesOfOne >= 0 && bytes !== bytesOfOne)
        throw garbled("vectors of one point that differ in dimension", reader.at);
      bytesOfOne = bytes;
      this.count += 1;
    }
    reader.close(outer);
  }

  /** The DenseVector whose length comes next. */
  readDense(reader: Reader): void {
    this.clear();
    this.#readFloats(reader);
  }

  /** Floats of the DenseVector whose length comes next, behind those that are there. */
  #readFloats(reader: Reader): void {
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10 || tag === 13) this.add(reader, tag);
      else reader.skip(tag);
    }
    reader.close(outer);
  }

  clear(): void {
    this.kind = "dense";
    this.start = 0;
    this.end = 0;
    this.indexCount = 0;
    this.count = 0;
  }

  /** Floats whose field has this tag: all of them, or one. They may come in parts. */
  add(reader: Reader, tag: number): void {
    let start = reader.at;
    if (tag % 8 === 2) start = reader.span();
    else reader.skip(tag);
    const length = reader.at - start;
    if (length % floatBytes !== 0) throw garbled("a float that is cut", reader.at);
    if (this.start === this.end) {
      this.bytes = reader.bytes;
      this.start = start;
      this.end = reader.at;
      return;
    }
    this.#append(reader, start, length);
  }

  #append(reader: Reader, start: number, length: number): void {
    if (this.bytes === reader.bytes || this.end + length > this.bytes.length) {
      const wider = Buffer.allocUnsafe((this.end - this.start + length) * 2);
      this.end = this.bytes.copy(wider, 0, this.start, this.end);
      this.start = 0;
      this.bytes = wider;
    }
    reader.bytes.copy(this.bytes, this.end, start, start + length);
    this.end += length;
  }

  get dimension(): number {
    return (this.end - this.start) / floatBytes;
  }

  /** The vector in an array of its own. */
  toArray(): Float32Array {
    const vector = new Float32Array(this.dimension);
    this.bytes.copy(bytesOf(vector), 0, this.start, this.end);
    return vector;
  }
}

/** A column in the making. */
export interface VectorRows {
  /** Rows come in their order. False where the vector is of another kind or dimension. */
  set(row: number, span: FloatSpan): boolean;
  column(): VectorColumn;
}

/** Rows for vectors of this kind. @throws SyntaxError where such a column cannot be */
export function rowsFor(wanted: WantedVector, rows: number): VectorRows {
  const { kind, dimension } = wanted;
  if (kind === "dense") return new DenseRows(rows, dimension ?? 0);
  return kind === "multi" ? new MultiRows(rows, dimension ?? 0) : new SparseRows(rows);
}

class DenseRows implements VectorRows {
  readonly #dimension: number;
  readonly #data: Float32Array;
  readonly #bytes: Buffer;
  readonly #present: Uint8Array;
  #filled = 0;

  /** @throws SyntaxError where such a column cannot be */
  constructor(rows: number, dimension: number) {
    if (rows * dimension * floatBytes > columnBytesMax) throw garbled("vectors too large", 0);
    this.#dimension = dimension;
    this.#data = new Float32Array(rows * dimension);
    this.#bytes = bytesOf(this.#data);
    this.#present = new Uint8Array(rows);
  }

  set(row: number, span: FloatSpan): boolean {
    if (span.kind !== "dense" || span.dimension !== this.#dimension) return false;
    span.bytes.copy(this.#bytes, row * this.#dimension * floatBytes, span.start, span.end);
    this.#filled += 1 - (this.#present[row] ?? 0);
    this.#present[row] = 1;
    return true;
  }

  column(): DenseColumn {
    const present = this.#filled === this.#present.length ? null : this.#present;
    return { kind: "dense", dimension: this.#dimension, data: this.#data, present };
  }
}

/** Floats that grow row by row. */
class Floats {
  #data = new Float32Array(1024);
  #bytes = bytesOf(this.#data);
  #end = 0;

  add(span: FloatSpan): void {
    const end = this.#end + span.end - span.start;
    if (end > columnBytesMax) throw garbled("vectors too large", 0);
    if (end > this.#bytes.length) {
      const wider = new Float32Array(Math.max(end / floatBytes, this.#data.length * 2));
      wider.set(this.#data.subarray(0, this.#end / floatBytes));
      this.#data = wider;
      this.#bytes = bytesOf(wider);
    }
    span.bytes.copy(this.#bytes, this.#end, span.start, span.end);
    this.#end = end;
  }

  data(): Float32Array {
    return this.#data.slice(0, this.#end / floatBytes);
  }
}

/** Where each row begins among the numbers of all, and which rows have a vector. */
class Spans {
  readonly offsets: Uint32Array;
  readonly #present: Uint8Array;
  #next = 0;

  constructor(rows: number) {
    this.offsets = new Uint32Array(rows + 1);
    this.#present = new Uint8Array(rows);
  }

  /** False where the row has one already. */
  add(row: number, count: number): boolean {
    if (row < this.#next) return false;
    const start = this.offsets[this.#next] ?? 0;
    this.offsets.fill(start, this.#next, row + 1);
    this.offsets[row + 1] = start + count;
    this.#present[row] = 1;
    this.#next = row + 1;
    return true;
  }

  /** To be called behind the last row. */
  present(): Uint8Array | null {
    this.offsets.fill(this.offsets[this.#next] ?? 0, this.#next);
    return this.#present.includes(0) ? this.#present : null;
  }
}

class MultiRows implements VectorRows {
  readonly #dimension: number;
  readonly #spans: Spans;
  readonly #floats = new Floats();

  constructor(rows: number, dimension: number) {
    this.#dimension = dimension;
    this.#spans = new Spans(rows);
  }

  set(row: number, span: FloatSpan): boolean {
    const fits = span.kind === "multi" && span.dimension === span.count * this.#dimension;
    if (!fits || !this.#spans.add(row, span.count)) return false;
    this.#floats.add(span);
    return true;
  }

  column(): MultiColumn {
    const present = this.#spans.present();
    const { offsets } = this.#spans;
    return {
      kind: "multi",
      dimension: this.#dimension,
      offsets,
      data: this.#floats.data(),
      present,
    };
  }
}

class SparseRows implements VectorRows {
  readonly #spans: Spans;
  readonly #floats = new Floats();
  #indices = new Uint32Array(1024);
  #end = 0;

  constructor(rows: number) {
    this.#spans = new Spans(rows);
  }

  set(row: number, span: FloatSpan): boolean {
    const count = span.indexCount;
    if (span.kind !== "sparse" || span.dimension !== count || !this.#spans.add(row, count))
      return false;
    if (!isAscending(span.indices, count)) sortByIndex(span);
    const end = this.#end + count;
    if (end > this.#indices.length) {
      const wider = new Uint32Array(Math.max(end, this.#indices.length * 2));
      wider.set(this.#indices.subarray(0, this.#end));
      this.#indices = wider;
    }
    this.#indices.set(span.indices.subarray(0, count), this.#end);
    this.#end = end;
    this.#floats.add(span);
    return true;
  }

  column(): SparseColumn {
    const present = this.#spans.present();
    const { offsets } = this.#spans;
    const indices = this.#indices.slice(0, this.#end);
    return { kind: "sparse", offsets, indices, values: this.#floats.data(), present };
  }
}

function isAscending(indices: Uint32Array, count: number): boolean {
  for (let at = 1; at < count; at += 1)
    if ((indices[at - 1] ?? 0) > (indices[at] ?? 0)) return false;
  return true;
}

/** Puts the components in the order of their indices. */
function sortByIndex(span: FloatSpan): void {
  const { indices, indexCount } = span;
  const values = span.toArray();
  const order = Array.from({ length: indexCount }, (_, at) => at).sort(
    (one, other) => (indices[one] ?? 0) - (indices[other] ?? 0),
  );
  span.indices = Uint32Array.from(order, (at) => indices[at] ?? 0);
  span.bytes = bytesOf(Float32Array.from(order, (at) => values[at] ?? 0));
  span.start = 0;
  span.end = span.bytes.length;
}
