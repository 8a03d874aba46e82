/** Rows on their way into a row group: as many as its bounds let in. */
import type { ColumnChunk } from "hyparquet";
import type { ByteWriter } from "hyparquet-writer";
import { VectorError } from "../../errors.ts";
import type { PointBatch, RecordBatch, VectorColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import type { ArchivedHead } from "../../store/archive.ts";
import { type ArchivedVector, archivedVectors, type FlatColumn, flatColumns } from "./schema.ts";
import { TextColumn } from "./text-column.ts";
import {
  type GroupBounds,
  type VectorBuffer,
  vectorBuffer,
  vectorRowBytes,
} from "./vector-buffer.ts";

/** What row groups and parts hold at most: what is written does not depend on it, memory does. */
export interface Bounds extends GroupBounds {
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
  readonly #vectors: readonly VectorBuffer[];
  readonly #bounds: Bounds;
  readonly #head: ArchivedHead;
  readonly #what: string;
  #rows = 0;
  #missing = 0;
  #bytes = 0;

  constructor(head: ArchivedHead, bounds: Bounds) {
    const texts = flatColumns(head).filter((name) => name !== "norm");
    this.#texts = new Map(texts.map((name) => [name, new TextColumn()]));
    this.#vectors = archivedVectors(head).map((one) => vectorBuffer(one, bounds));
    this.#bounds = bounds;
    this.#head = head;
    this.#what = `collection ${JSON.stringify(head.info.name)}`;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows that have no vector of any name. */
  get missingVectors(): number {
    return this.#missing;
  }

  get isFull(): boolean {
    return this.#rows >= this.#bounds.groupRows || this.#bytes >= this.#bounds.groupBytes;
  }

  /** @throws E_INPUT for a batch that cannot be kept whole */
  check(batch: RecordBatch | PointBatch): void {
    const listed = archivedVectors(this.#head);
    for (const [name, column] of vectorsOf(batch)) this.#checkVector(name, column, listed);
    if ((this.#head.rows === "points") !== "placement" in batch)
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
    const columns = [...vectors.values()];
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
      let has = false;
      for (const column of columns) {
        has ||= isPresent(column, row);
        this.#bytes += vectorRowBytes(column, row);
      }
      if (!has) this.#missing += 1;
      this.#rows += 1;
      this.#bytes += rowBytes;
    }
    for (const buffer of this.#vectors) buffer.take(vectors.get(buffer.name), start, row);
    return row;
  }

  /** The values of a column, texts as UTF-8; good until the next change. */
  column(name: FlatColumn): readonly (Uint8Array | number | null)[] {
    return this.#texts.get(name)?.values() ?? this.#norms;
  }

  /** Writes the vectors behind what `writer` holds, in the order of their columns. */
  writeVectors(writer: ByteWriter): ColumnChunk[] {
    return this.#vectors.flatMap((one) => one.write(writer));
  }

  clear(): void {
    for (const column of this.#texts.values()) column.clear();
    for (const one of this.#vectors) one.clear();
    this.#norms.length = 0;
    this.#rows = 0;
    this.#missing = 0;
    this.#bytes = 0;
  }

  #checkVector(name: string, column: VectorColumn, listed: readonly ArchivedVector[]): void {
    const shape = listed.find((one) => one.name === name);
    const dimension = column.kind === "sparse" ? null : column.dimension;
    if (shape?.kind === column.kind && (dimension === null || dimension === shape.dimension))
      return;
    const of = name === "" ? "" : ` of the name ${JSON.stringify(name)}`;
    const was = shape === undefined ? "none" : vectorText(shape.kind, shape.dimension);
    throw new VectorError(
      "E_INPUT",
      `${this.#what} was listed with vectors${of} of ${was}; a record came with ${vectorText(column.kind, dimension)}.`,
    );
  }

  #unwritable(column: string, id: string): VectorError {
    return new VectorError(
      "E_INPUT",
      `The ${column} of record ${JSON.stringify(id)} in ${this.#what} holds half a character (a lone surrogate), which no UTF-8 file can keep.`,
      { details: { field: column } },
    );
  }
}

function vectorText(kind: VectorColumn["kind"], dimension: number | null): string {
  if (kind === "sparse") return "a sparse kind";
  const components = `${dimension ?? 0} components`;
  return kind === "multi" ? `several times ${components}` : components;
}

/** The vectors of a batch, but for those that have no component. */
function vectorsOf({ vectors }: RecordBatch): ReadonlyMap<string, VectorColumn> {
  const isThere = (column: VectorColumn): boolean =>
    column.kind === "sparse" || column.dimension > 0;
  const all = [...vectors.values()];
  return all.every(isThere) ? vectors : new Map([...vectors].filter(([, one]) => isThere(one)));
}

function valuesOf(batch: RecordBatch | PointBatch, name: FlatColumn): readonly (string | null)[] {
  const { ids, payload } = batch;
  if (name === "id") return ids;
  if (name === "document") return payload.documents;
  if (name === "uri") return payload.uris;
  if (name === "metadata") return payload.metadata;
  if (!("placement" in batch) || name === "norm") return [];
  const { points, tenants, runs, collections, rest, shards = [] } = batch.placement;
  return {
    point: points,
    tenant: tenants,
    run: runs,
    collection: collections,
    rest,
    shard: shards,
  }[name];
}
