/** Rows on their way into a row group: as many as its bounds let in. */
import { VectorError } from "../../errors.ts";
import {
  type DenseColumn,
  defaultVector,
  type PointBatch,
  type RecordBatch,
} from "../../model/record.ts";
import type { ArchivedRows } from "../../store/archive.ts";
import { type FlatColumn, flatColumns } from "./schema.ts";
import type { PackedVectors } from "./vector-column.ts";

/** What row groups and parts hold at most: what is written does not depend on it, memory does. */
export interface Bounds {
  readonly groupRows: number;
  /** Of vectors and texts; one row always fits. */
  readonly groupBytes: number;
  /** Of a part, but for its last row group. */
  readonly partBytes: number;
  /** How long rows wait at most for the end of their part while others come. */
  readonly partMs: number;
}

export const archiveBounds: Bounds = {
  groupRows: 8192,
  groupBytes: 8 << 20,
  partBytes: 64 << 20,
  partMs: 60_000,
};

type FlatValue = string | number | null;

export class RowBuffer {
  readonly #columns: ReadonlyMap<FlatColumn, FlatValue[]>;
  readonly #present: Uint8Array;
  readonly #bounds: Bounds;
  readonly #what: string;
  #vectors = new Float32Array(0);
  #stored = 0;
  #rows = 0;
  #bytes = 0;
  #dimension: number;

  /** `what`: the collection, in words. `dimension`: 0 where it is not yet known. */
  constructor(rows: ArchivedRows, dimension: number, what: string, bounds: Bounds) {
    this.#bounds = bounds;
    this.#present = new Uint8Array(bounds.groupRows);
    this.#columns = new Map(flatColumns(rows).map((name) => [name, []]));
    this.#dimension = dimension;
    this.#what = what;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Components of a vector; 0 until there was one. */
  get dimension(): number {
    return this.#dimension;
  }

  get missingVectors(): number {
    return this.#rows - this.#stored;
  }

  get isFull(): boolean {
    return this.#rows >= this.#bounds.groupRows || this.#bytes >= this.#bounds.groupBytes;
  }

  /** @throws E_INPUT for a batch that cannot be kept whole */
  check(batch: RecordBatch | PointBatch): void {
    const column = vectorsOf(batch);
    if (column !== undefined && this.#dimension !== 0 && column.dimension !== this.#dimension) {
      throw new VectorError(
        "E_INPUT",
        `${this.#what} has vectors of ${this.#dimension} components; a record came with ${column.dimension}.`,
      );
    }
    for (const name of this.#columns.keys()) {
      const values = valuesOf(batch, name);
      if (values?.length !== batch.ids.length)
        throw new VectorError("E_INTERNAL", `A batch of ${this.#what} has no ${name} a row.`);
      for (let row = 0; row < values.length; row += 1) {
        const value = values[row];
        if (typeof value === "string" && !value.isWellFormed())
          throw this.#unwritable(name, batch.ids[row] ?? "");
      }
    }
  }

  /** Takes rows of a checked batch from `start` on until it is full; returns where it stopped. */
  take(batch: RecordBatch | PointBatch, start: number): number {
    const vectors = vectorsOf(batch);
    if (vectors !== undefined) this.#makeRoom(vectors.dimension);
    const columns = [...this.#columns].map(([name, values]) => ({
      values,
      from: valuesOf(batch, name),
    }));
    let row = start;
    for (; row < batch.ids.length && !this.isFull; row += 1) {
      for (const { values, from } of columns) {
        const value = from?.[row] ?? null;
        if (typeof value === "string") this.#bytes += Buffer.byteLength(value) + 4;
        values.push(Number.isNaN(value) ? null : value);
      }
      this.#takeVector(vectors, row);
      this.#rows += 1;
    }
    return row;
  }

  column(name: FlatColumn): readonly FlatValue[] {
    return this.#columns.get(name) ?? [];
  }

  vectors(): PackedVectors {
    return {
      dimension: this.#dimension,
      data: this.#vectors.subarray(0, this.#stored * this.#dimension),
      present: this.#present.subarray(0, this.#rows),
    };
  }

  clear(): void {
    for (const values of this.#columns.values()) values.length = 0;
    this.#rows = 0;
    this.#stored = 0;
    this.#bytes = 0;
  }

  #takeVector(column: DenseColumn | undefined, row: number): void {
    const has = column !== undefined && (column.present === null || column.present[row] === 1);
    this.#present[this.#rows] = has ? 1 : 0;
    if (!has) return;
    const { dimension } = column;
    const vector = column.data.subarray(row * dimension, (row + 1) * dimension);
    this.#vectors.set(vector, this.#stored * dimension);
    this.#stored += 1;
    this.#bytes += dimension * 4;
  }

  #makeRoom(dimension: number): void {
    if (this.#vectors.length > 0) return;
    this.#dimension = dimension;
    const fit = Math.ceil(this.#bounds.groupBytes / (4 * dimension));
    this.#vectors = new Float32Array(Math.min(this.#bounds.groupRows, fit) * dimension);
  }

  #unwritable(column: string, id: string): VectorError {
    return new VectorError(
      "E_INPUT",
      `The ${column} of record ${JSON.stringify(id)} in ${this.#what} holds half a character (a lone surrogate), which no UTF-8 file can keep.`,
      { details: { field: column } },
    );
  }
}

function vectorsOf(batch: RecordBatch): DenseColumn | undefined {
  const column = batch.vectors.get(defaultVector);
  return column !== undefined && column.dimension > 0 ? column : undefined;
}

function valuesOf(
  batch: RecordBatch | PointBatch,
  name: FlatColumn,
): ArrayLike<FlatValue> | undefined {
  if (name === "id") return batch.ids;
  if (name === "document") return batch.payload.documents;
  if (name === "uri") return batch.payload.uris;
  if (name === "metadata") return batch.payload.metadata;
  if (!("placement" in batch)) return undefined;
  const { points, tenants, norms, runs, collections, rest } = batch.placement;
  return { point: points, tenant: tenants, norm: norms, run: runs, collection: collections, rest }[
    name
  ];
}
