/**
 * Dense vectors, between the rows of a column and the bytes of a message: the floats are copied, not looked at.
 *
 *     Vectors        1: Vector   2: NamedVectors (1: entry, any number: 1: name  2: Vector)
 *     Vector         1: floats (the older form)   2: sparse indices   3: count of vectors   101: DenseVector
 *                    102: sparse   103: several vectors   104 to 106: what a model is to make one of
 *     DenseVector    1: floats
 *     floats         packed: one field with all bytes; or a field a float
 *
 * VectorsOutput and VectorOutput are the same without 104 to 106. The newer form is written, which Qdrant has since 1.12.2; the
 * older one is deprecated since 1.16. Both are read.
 */
import type { DenseColumn } from "../model/record.ts";
import { garbled, type Reader, varintBytes, type Writer } from "./protobuf.ts";

const floatBytes = 4;
/** A column that would take more is refused before it is made: short rows can claim long ones. */
const columnBytesMax = 2 ** 30;

function lengthOf(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** The bytes of an array's floats. */
function bytesOf(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** A DenseVector at `field`. */
export function writeDense(writer: Writer, field: number, vector: Float32Array): void {
  const bytes = bytesOf(vector);
  writer.varint(field * 8 + 2);
  writer.varint(bytes.length === 0 ? 0 : lengthOf(bytes.length));
  if (bytes.length === 0) return;
  writer.varint(10);
  writer.varint(bytes.length);
  writer.copy(bytes, 0, bytes.length);
}

/** Writes the Vectors of each row of a column. */
export class DenseWriter {
  readonly #bytes: Buffer;
  readonly rowBytes: number;
  readonly #present: Uint8Array | null;
  /** Tags and lengths before a row's floats: of its DenseVector, and of the Vectors around it. */
  readonly #denseBytes: number;
  readonly #vectorBytes: number;

  constructor(column: DenseColumn) {
    this.#bytes = bytesOf(column.data);
    this.rowBytes = column.dimension * floatBytes;
    this.#present = column.present;
    this.#denseBytes = this.rowBytes === 0 ? 0 : lengthOf(this.rowBytes);
    // The tag of 101 has two bytes.
    this.#vectorBytes = 1 + lengthOf(this.#denseBytes);
  }

  has(row: number): boolean {
    return this.#present === null || this.#present[row] === 1;
  }

  /** Vectors at `field`: the row's vector, or an empty list of named ones, which is how Qdrant says that there is none. */
  write(writer: Writer, field: number, row: number): void {
    writer.varint(field * 8 + 2);
    if (!this.has(row)) {
      writer.varint(2);
      writer.varint(18);
      writer.varint(0);
      return;
    }
    writer.varint(lengthOf(this.#vectorBytes));
    this.writeVector(writer, 1, row);
  }

  /** A Vector at `field`. */
  writeVector(writer: Writer, field: number, row: number): void {
    writer.varint(field * 8 + 2);
    writer.varint(this.#vectorBytes);
    writer.varint(101 * 8 + 2);
    writer.varint(this.#denseBytes);
    if (this.rowBytes === 0) return;
    writer.varint(10);
    writer.varint(this.rowBytes);
    writer.copy(this.#bytes, row * this.rowBytes, (row + 1) * this.rowBytes);
  }
}

/** What a Vector is. */
export type VectorKind = "dense" | "sparse" | "multi" | "inference";

/** The vector that was read last: its floats' bytes stand in `bytes` from `start` to `end`. */
export class FloatSpan {
  kind: VectorKind = "dense";
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  /** The Vector whose length comes next. */
  readVector(reader: Reader): void {
    this.clear();
    const outer = reader.open();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 101 * 8 + 2) this.readDense(reader);
      else if (tag === 10 || tag === 13) this.add(reader, tag);
      else {
        if (tag === 18 || tag === 102 * 8 + 2) this.kind = "sparse";
        else if (tag === 24 || tag === 103 * 8 + 2) this.kind = "multi";
        else if (tag >= 104 * 8 + 2 && tag <= 106 * 8 + 2) this.kind = "inference";
        reader.skip(tag);
      }
    }
    reader.close(outer);
  }

  /** The DenseVector whose length comes next. */
  readDense(reader: Reader): void {
    this.clear();
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

/** A column in the making: rows of one dimension. */
export class DenseRows {
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

  /** False where the vector has another dimension. */
  set(row: number, span: FloatSpan): boolean {
    if (span.dimension !== this.#dimension) return false;
    span.bytes.copy(this.#bytes, row * this.#dimension * floatBytes, span.start, span.end);
    this.#filled += 1 - (this.#present[row] ?? 0);
    this.#present[row] = 1;
    return true;
  }

  get dimension(): number {
    return this.#dimension;
  }

  column(): DenseColumn {
    const present = this.#filled === this.#present.length ? null : this.#present;
    return { kind: "dense", dimension: this.#dimension, data: this.#data, present };
  }
}
