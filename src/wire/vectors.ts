/**
 * Vectors from the rows of columns to the bytes of a message: the floats are copied, not looked at.
 *
 *     Vectors            1: Vector   2: NamedVectors (1: entry, any number: 1: name  2: Vector)
 *     Vector             1: floats (the older form)   2: sparse indices (1: indices)   3: count of vectors   101: DenseVector
 *                        102: SparseVector   103: MultiDenseVector   104 to 106: what a model is to make one of
 *     DenseVector        1: floats
 *     SparseVector       1: floats   2: indices
 *     MultiDenseVector   1: DenseVector, any number
 *     floats, indices    packed: one field with all bytes, or all varints; or a field each
 *
 * VectorsOutput and VectorOutput are the same without 104 to 106. The newer form is written, which Qdrant has since 1.12.2; the
 * older one is deprecated since 1.16. Both are read: see `vector-reader.ts`.
 */
import {
  type DenseColumn,
  defaultVector,
  type MultiColumn,
  type SparseColumn,
  type VectorColumn,
} from "../model/record.ts";
import { isPresent } from "../model/vector-column.ts";
import { fieldBytes, varintBytes, type Writer } from "./protobuf.ts";

const floatBytes = 4;

/** The bytes of an array's floats. */
export function bytesOf(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** A DenseVector at `field`. */
export function writeDense(writer: Writer, field: number, vector: Float32Array): void {
  const bytes = bytesOf(vector);
  writer.varint(field * 8 + 2);
  writer.varint(bytes.length === 0 ? 0 : fieldBytes(bytes.length));
  if (bytes.length === 0) return;
  writer.varint(10);
  writer.varint(bytes.length);
  writer.copy(bytes, 0, bytes.length);
}

/** Writes rows of a column. */
interface RowWriter {
  has(row: number): boolean;
  /** About. */
  bytesOf(row: number): number;
  /** A Vector at `field`. */
  writeVector(writer: Writer, field: number, row: number): void;
}

class DenseWriter implements RowWriter {
  readonly #bytes: Buffer;
  readonly #rowBytes: number;
  readonly #present: Uint8Array | null;
  /** Tags and lengths before a row's floats: of its DenseVector, and of the Vectors around it. */
  readonly #denseBytes: number;
  readonly #vectorBytes: number;

  constructor(column: DenseColumn) {
    this.#bytes = bytesOf(column.data);
    this.#rowBytes = column.dimension * floatBytes;
    this.#present = column.present;
    this.#denseBytes = this.#rowBytes === 0 ? 0 : fieldBytes(this.#rowBytes);
    // The tag of 101 has two bytes.
    this.#vectorBytes = 1 + fieldBytes(this.#denseBytes);
  }

  has(row: number): boolean {
    return this.#present === null || this.#present[row] === 1;
  }

  bytesOf(): number {
    return this.#rowBytes;
  }

  /** Vectors at `field` that are the row's vector. */
  write(writer: Writer, field: number, row: number): void {
    writer.varint(field * 8 + 2);
    writer.varint(fieldBytes(this.#vectorBytes));
    this.writeVector(writer, 1, row);
  }

  writeVector(writer: Writer, field: number, row: number): void {
    writer.varint(field * 8 + 2);
    writer.varint(this.#vectorBytes);
    writer.varint(101 * 8 + 2);
    writer.varint(this.#denseBytes);
    if (this.#rowBytes === 0) return;
    writer.varint(10);
    writer.varint(this.#rowBytes);
    writer.copy(this.#bytes, row * this.#rowBytes, (row + 1) * this.#rowBytes);
  }
}

class SparseWriter implements RowWriter {
  readonly #column: SparseColumn;
  readonly #values: Buffer;

  constructor(column: SparseColumn) {
    this.#column = column;
    this.#values = bytesOf(column.values);
  }

  has(row: number): boolean {
    return isPresent(this.#column, row);
  }

  bytesOf(row: number): number {
    const { offsets } = this.#column;
    return ((offsets[row + 1] ?? 0) - (offsets[row] ?? 0)) * (floatBytes + varintBytes(2 ** 20));
  }

  writeVector(writer: Writer, field: number, row: number): void {
    const { offsets, indices } = this.#column;
    const [start, end] = [offsets[row] ?? 0, offsets[row + 1] ?? 0];
    const width = varintBytes(this.bytesOf(row));
    const vector = writer.open(field, width);
    const sparse = writer.open(102, width);
    if (end > start) {
      writer.varint(10);
      writer.varint((end - start) * floatBytes);
      writer.copy(this.#values, start * floatBytes, end * floatBytes);
      const packed = writer.open(2, width);
      for (let at = start; at < end; at += 1) writer.varint(indices[at] ?? 0);
      writer.close(packed, width);
    }
    writer.close(sparse, width);
    writer.close(vector, width);
  }
}

class MultiWriter implements RowWriter {
  readonly #column: MultiColumn;
  readonly #bytes: Buffer;

  constructor(column: MultiColumn) {
    this.#column = column;
    this.#bytes = bytesOf(column.data);
  }

  has(row: number): boolean {
    return isPresent(this.#column, row);
  }

  bytesOf(row: number): number {
    const { offsets, dimension } = this.#column;
    return ((offsets[row + 1] ?? 0) - (offsets[row] ?? 0)) * fieldBytes(dimension * floatBytes);
  }

  writeVector(writer: Writer, field: number, row: number): void {
    const { offsets, dimension } = this.#column;
    const bytes = dimension * floatBytes;
    const width = varintBytes(this.bytesOf(row));
    const vector = writer.open(field, width);
    const multi = writer.open(103, width);
    for (let at = offsets[row] ?? 0; at < (offsets[row + 1] ?? 0); at += 1) {
      writer.varint(10);
      writer.varint(fieldBytes(bytes));
      writer.varint(10);
      writer.varint(bytes);
      writer.copy(this.#bytes, at * bytes, (at + 1) * bytes);
    }
    writer.close(multi, width);
    writer.close(vector, width);
  }
}

function writerOf(column: VectorColumn): RowWriter {
  if (column.kind === "dense") return new DenseWriter(column);
  return column.kind === "sparse" ? new SparseWriter(column) : new MultiWriter(column);
}

/** Writes the Vectors of each row: that without a name alone, or all by their names, as Qdrant does. */
export class VectorsWriter {
  readonly #unnamed: DenseWriter | null;
  readonly #named: readonly { readonly name: string; readonly rows: RowWriter }[];
  /** There are more than the dense one without a name. */
  readonly #several: boolean;

  constructor(columns: ReadonlyMap<string, VectorColumn>) {
    const unnamed = columns.get(defaultVector);
    this.#unnamed = unnamed?.kind === "dense" ? new DenseWriter(unnamed) : null;
    this.#several = columns.size > (this.#unnamed === null ? 0 : 1);
    this.#named = Array.from(columns, ([name, column]) => ({ name, rows: writerOf(column) }));
  }

  /** Bytes of a row, about. */
  bytesOf(row: number): number {
    if (!this.#several) return this.#unnamed?.bytesOf() ?? 0;
    return this.#named.reduce((sum, { rows }) => sum + (rows.has(row) ? rows.bytesOf(row) : 0), 0);
  }

  /** Vectors at `field`. A row that has none is an empty list of named ones, which is how Qdrant says so. */
  write(writer: Writer, field: number, row: number): void {
    if (!this.#several && this.#unnamed?.has(row) === true) {
      this.#unnamed.write(writer, field, row);
      return;
    }
    const width = varintBytes(this.bytesOf(row));
    const vectors = writer.open(field, width);
    const list = writer.open(2, width);
    for (const { name, rows } of this.#named) {
      if (!rows.has(row)) continue;
      const entry = writer.open(1, width);
      writer.string(1, name);
      rows.writeVector(writer, 2, row);
      writer.close(entry, width);
    }
    writer.close(list, width);
    writer.close(vectors, width);
  }
}
