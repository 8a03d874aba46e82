/** Rows on their way into a row group: as many as its bounds let in. */
import { VectorError } from "../../errors.ts";
import type { DenseColumn, PointBatch, RecordBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { ArchivedRows } from "../../store/archive.ts";
import { type FlatColumn, flatColumns } from "./schema.ts";
import { TextColumn } from "./text-column.ts";
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

/** Bytes of a row beside its texts and its vector. */
const rowBytes = 16;

export class RowBuffer {
  readonly #texts: ReadonlyMap<FlatColumn, TextColumn>;
  readonly #norms: (number | null)[] = [];
  readonly #present: Uint8Array;
  readonly #bounds: Bounds;
  readonly #what: string;
  readonly #isPoints: boolean;
  readonly #dimension: number;
  #vectors = new Float32Array(0);
  #stored = 0;
  #rows = 0;
  #bytes = 0;

  /** `what`: the collection, in words. `dimension`: 0 = it has no vectors. */
  constructor(rows: ArchivedRows, dimension: number, what: string, bounds: Bounds) {
    const texts = flatColumns(rows).filter((name) => name !== "norm");
    this.#texts = new Map(texts.map((name) => [name, new TextColumn()]));
    this.#isPoints = rows === "points";
    this.#bounds = bounds;
    this.#present = new Uint8Array(bounds.groupRows);
    this.#dimension = dimension;
    this.#what = what;
  }

  get rows(): number {
    return this.#rows;
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
    if (column !== undefined && column.dimension !== this.#dimension) {
      throw new VectorError(
        "E_INPUT",
        `${this.#what} was listed with vectors of ${this.#dimension} components; a record came with ${column.dimension}.`,
      );
    }
    if (this.#isPoints !== "placement" in batch)
      throw new VectorError("E_INTERNAL", `A batch of ${this.#what} has rows of the other kind.`);
    for (const name of this.#texts.keys()) {
      const values = valuesOf(batch, name);
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
    const texts = [...this.#texts].map(([name, column]) => ({
      column,
      values: valuesOf(batch, name),
    }));
    const norms = "placement" in batch ? batch.placement.norms : null;
    let row = start;
    for (; row < batch.ids.length && !this.isFull; row += 1) {
      for (const { column, values } of texts) this.#bytes += column.push(values[row] ?? null);
      const norm = norms?.[row];
      this.#norms.push(norm === undefined || Number.isNaN(norm) ? null : norm);
      const has = hasVector(vectors, row);
      this.#present[this.#rows] = has ? 1 : 0;
      this.#rows += 1;
      this.#bytes += rowBytes + (has ? 4 * this.#dimension : 0);
    }
    if (vectors !== undefined) this.#takeVectors(vectors, start, row);
    return row;
  }

  /** The values of a column, texts as UTF-8; good until the next change. */
  column(name: FlatColumn): readonly (Uint8Array | number | null)[] {
    return this.#texts.get(name)?.values() ?? this.#norms;
  }

  vectors(): PackedVectors {
    return {
      dimension: this.#dimension,
      data: this.#vectors.subarray(0, this.#stored * this.#dimension),
      present: this.#present.subarray(0, this.#rows),
    };
  }

  clear(): void {
    for (const column of this.#texts.values()) column.clear();
    this.#norms.length = 0;
    this.#rows = 0;
    this.#stored = 0;
    this.#bytes = 0;
  }

  /** Copies the vectors of these rows, as many at once as stand side by side. */
  #takeVectors(column: DenseColumn, start: number, end: number): void {
    const { dimension, data } = column;
    if (this.#vectors.length === 0) this.#makeRoom();
    for (let row = start; row < end; ) {
      let next = row;
      while (next < end && hasVector(column, next)) next += 1;
      const block = data.subarray(row * dimension, next * dimension);
      this.#vectors.set(block, this.#stored * dimension);
      this.#stored += next - row;
      row = next + 1;
    }
  }

  #makeRoom(): void {
    const { groupRows, groupBytes } = this.#bounds;
    const fit = Math.ceil(groupBytes / (4 * this.#dimension));
    this.#vectors = new Float32Array(Math.min(groupRows, fit) * this.#dimension);
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
  const column = denseVector(batch);
  return column !== undefined && column.dimension > 0 ? column : undefined;
}

function hasVector(column: DenseColumn | undefined, row: number): boolean {
  return column !== undefined && (column.present === null || column.present[row] === 1);
}

function valuesOf(batch: RecordBatch | PointBatch, name: FlatColumn): readonly (string | null)[] {
  const { ids, payload } = batch;
  if (name === "id") return ids;
  if (name === "document") return payload.documents;
  if (name === "uri") return payload.uris;
  if (name === "metadata") return payload.metadata;
  if (!("placement" in batch) || name === "norm") return [];
  const { points, tenants, runs, collections, rest } = batch.placement;
  return { point: points, tenant: tenants, run: runs, collection: collections, rest }[name];
}
