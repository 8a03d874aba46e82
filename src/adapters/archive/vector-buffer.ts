/** Vectors of one name on their way into a row group. */
import type { ColumnChunk } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import { joinColumns, sliceColumn } from "../../model/column-rows.ts";
import type { DenseColumn, VectorColumn } from "../../model/record.ts";
import { copyColumn, isPresent } from "../../model/vector-column.ts";
import { writeNested } from "./nested-column.ts";
import { type ArchivedVector, vectorPaths } from "./schema.ts";
import { writeVectors } from "./vector-column.ts";

/** What a row group holds at most. */
export interface GroupBounds {
  readonly groupRows: number;
  /** Of vectors and texts; one row always fits. */
  readonly groupBytes: number;
}

export interface VectorBuffer {
  readonly name: string;
  /** Takes these rows of a column; undefined = none of them has a vector. */
  take(column: VectorColumn | undefined, start: number, end: number): void;
  /** Writes the column's chunks behind what `writer` holds. */
  write(writer: ByteWriter): ColumnChunk[];
  clear(): void;
}

export function vectorBuffer(vector: ArchivedVector, bounds: GroupBounds): VectorBuffer {
  return vector.kind === "dense" ? new DenseBuffer(vector, bounds) : new NestedBuffer(vector);
}

/** Bytes of a row's vector. */
export function vectorRowBytes(column: VectorColumn, row: number): number {
  if (!isPresent(column, row)) return 0;
  if (column.kind === "dense") return 4 * column.dimension;
  const items = (column.offsets[row + 1] ?? 0) - (column.offsets[row] ?? 0);
  return items * (column.kind === "sparse" ? 8 : 4 * column.dimension);
}

/** One block of floats for the whole row group, in which rows without a vector have no place. */
class DenseBuffer implements VectorBuffer {
  readonly name: string;
  readonly #paths: string[][];
  readonly #dimension: number;
  readonly #bounds: GroupBounds;
  readonly #present: Uint8Array;
  #data = new Float32Array(0);
  #rows = 0;
  #stored = 0;

  constructor(vector: ArchivedVector, bounds: GroupBounds) {
    this.name = vector.name;
    this.#paths = vectorPaths(vector);
    this.#dimension = vector.dimension ?? 0;
    this.#bounds = bounds;
    this.#present = new Uint8Array(bounds.groupRows);
  }

  take(column: VectorColumn | undefined, start: number, end: number): void {
    if (column?.kind !== "dense") this.#present.fill(0, this.#rows, this.#rows + end - start);
    else
      for (let row = start; row < end; row += 1)
        this.#present[this.#rows + row - start] = isPresent(column, row) ? 1 : 0;
    this.#rows += end - start;
    if (column?.kind === "dense") this.#takeVectors(column, start, end);
  }

  write(writer: ByteWriter): ColumnChunk[] {
    const [path = []] = this.#paths;
    const dimension = this.#dimension;
    const data = this.#data.subarray(0, this.#stored * dimension);
    const present = this.#present.subarray(0, this.#rows);
    return [writeVectors(writer, path, { dimension, data, present })];
  }

  clear(): void {
    this.#rows = 0;
    this.#stored = 0;
  }

  /** Copies the vectors of these rows, as many at once as stand side by side. */
  #takeVectors(column: DenseColumn, start: number, end: number): void {
    const { dimension, data } = column;
    if (this.#data.length === 0) this.#makeRoom();
    for (let row = start; row < end; ) {
      let next = row;
      while (next < end && isPresent(column, next)) next += 1;
      const block = data.subarray(row * dimension, next * dimension);
      this.#data.set(block, this.#stored * dimension);
      this.#stored += next - row;
      row = next + 1;
    }
  }

  #makeRoom(): void {
    const { groupRows, groupBytes } = this.#bounds;
    const fit = Math.ceil(groupBytes / (4 * this.#dimension));
    this.#data = new Float32Array(Math.min(groupRows, fit) * this.#dimension);
  }
}

/** Copies of the rows' columns, which become one when they are written. */
class NestedBuffer implements VectorBuffer {
  readonly name: string;
  readonly #paths: string[][];
  readonly #empty: VectorColumn;
  #parts: (readonly [rows: number, VectorColumn | undefined])[] = [];

  constructor(vector: ArchivedVector) {
    this.name = vector.name;
    this.#paths = vectorPaths(vector);
    const none = { offsets: new Uint32Array(1), present: null };
    this.#empty =
      vector.kind === "sparse"
        ? { kind: "sparse", ...none, indices: new Uint32Array(0), values: new Float32Array(0) }
        : { kind: "multi", ...none, dimension: vector.dimension ?? 0, data: new Float32Array(0) };
  }

  take(column: VectorColumn | undefined, start: number, end: number): void {
    const own = column === undefined ? undefined : copyColumn(sliceColumn(column, start, end));
    this.#parts.push([end - start, own]);
  }

  write(writer: ByteWriter): ColumnChunk[] {
    const column = joinColumns([[0, this.#empty], ...this.#parts]);
    return column.kind === "dense" ? [] : writeNested(writer, this.#paths, column);
  }

  clear(): void {
    this.#parts = [];
  }
}
