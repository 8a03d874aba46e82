/** Dense vectors of one name: kept as they are stored, compared one by one. */
import type { DenseColumn, VectorColumn } from "../../model/record.ts";
import type { VectorDatatype, VectorParams } from "../api.ts";
import { badInput } from "../errors.ts";
import type { IndexFile } from "../storage/index-file.ts";
import { type ChangedBlock, ChangedBlocks } from "./changed-blocks.ts";
import { notFinite, wrongDimension, wrongKind } from "./checks.ts";
import { roundTo } from "./datatypes.ts";
import {
  type Metric,
  metricOf,
  metrics,
  normalizeBy,
  normalizeCosine,
  squaredLength,
} from "./distance.ts";
import { HnswIndex } from "./hnsw.ts";
import { nearestOneByOne } from "./top-k.ts";
import { usearch } from "./usearch.ts";
import type { Nearest, NearestOptions, QueryVector, Similarity, VectorSet } from "./vector-set.ts";
import { VectorStore } from "./vector-store.ts";

/** From which size on, and how, vectors are indexed. */
export interface Indexing {
  readonly fromBytes: number;
  readonly m: number;
  readonly efConstruct: number;
}

export class DenseSet implements VectorSet {
  readonly kind = "dense";
  readonly largerIsNearer: boolean;
  readonly #name: string;
  readonly #store: VectorStore;
  readonly #datatype: VectorDatatype;
  readonly #metric: Metric;
  /** That of float32. */
  readonly #plain: Metric;
  readonly #changed: ChangedBlocks;
  #indexing: Indexing | null = null;
  #index: HnswIndex | null = null;
  #kept: IndexFile | null = null;

  constructor(name: string, params: VectorParams) {
    this.#name = name;
    this.#store = new VectorStore(params.size);
    this.#changed = new ChangedBlocks(this.#store);
    this.#datatype = params.datatype ?? "float32";
    this.#metric = metricOf(params);
    this.#plain = metrics[params.distance];
    this.largerIsNearer = this.#metric.larger;
  }

  get count(): number {
    return this.#store.count;
  }

  has(slot: number): boolean {
    return this.#store.has(slot);
  }

  prepare(given: VectorColumn, rows: number): DenseColumn {
    const column = this.#own(given);
    const { data, dimension, present } = column;
    const expected = this.#store.dimension;
    // A column in which nobody has a vector may have no dimension.
    if (dimension !== expected && (dimension !== 0 || (present?.includes(1) ?? true))) {
      throw wrongDimension(expected, dimension, this.#name);
    }
    if (data.length !== rows * dimension) {
      throw badInput(
        `Wrong input: vector '${this.#name}' has ${data.length} components for ${rows} points`,
      );
    }
    for (let row = 0; row * dimension < data.length; row += 1)
      if (present === null || present[row] === 1) this.#prepareRow(data, row * dimension);
    roundTo(this.#datatype, data);
    return column;
  }

  #prepareRow(data: Float32Array, at: number): void {
    const { dimension } = this.#store;
    const squared = squaredLength(data, at, dimension);
    // A finite sum has finite summands; where it is none, they may be large and no more.
    if (!Number.isFinite(squared) && !data.subarray(at, at + dimension).every(Number.isFinite))
      throw notFinite(this.#name);
    if (this.#metric.normalizes) normalizeBy(squared, data, at, dimension);
  }

  write(slot: number, column: VectorColumn, row: number): void {
    this.#store.set(slot, this.#own(column).data, row * this.#store.dimension);
    this.#changed.add(slot);
    this.#touch(slot);
  }

  remove(slot: number): void {
    if (!this.#store.has(slot)) return;
    this.#store.remove(slot);
    this.#changed.add(slot);
    this.#index?.touch(slot);
  }

  column(slots: readonly number[]): DenseColumn {
    const { dimension } = this.#store;
    const data = new Float32Array(slots.length * dimension);
    const present = new Uint8Array(slots.length);
    let missing = 0;
    for (let row = 0; row < slots.length; row += 1) {
      if (this.#store.copyTo(slots[row] ?? 0, data, row * dimension)) present[row] = 1;
      else missing += 1;
    }
    return { kind: "dense", dimension, data, present: missing === 0 ? null : present };
  }

  vector(slot: number): QueryVector | null {
    if (!this.#store.has(slot)) return null;
    return { kind: "dense", data: Float32Array.from(this.#store.row(slot)) };
  }

  similarity(query: QueryVector, searched = true): Similarity {
    const { kernel, compare } = searched ? this.#metric : this.#plain;
    const data = this.#query(query, searched);
    if (kernel !== null) return this.#store.similarity(kernel, data);
    return (slot) => compare(data, this.#store.row(slot), 0);
  }

  nearest(query: QueryVector, options: NearestOptions): Nearest {
    const { kernel } = this.#metric;
    if (kernel === null) {
      const slots = options.among ?? this.#store.slots();
      return nearestOneByOne(this, slots, this.similarity(query), options.limit);
    }
    const data = this.#query(query);
    const found = options.exact === true ? null : this.#index?.nearest(kernel, data, options);
    return found ?? this.#store.nearest(kernel, data, options);
  }

  /** How the vectors are indexed from now on, null = not at all; `kept`: where the index is kept. Not while there are changes to commit. */
  indexBy(indexing: Indexing | null, kept: IndexFile | null = null): void {
    const [now, then] = [this.#indexing, indexing].map((each) => JSON.stringify(each));
    if (now === then) return;
    this.#index?.drop();
    this.#index = null;
    this.#indexing = indexing;
    this.#kept = kept;
    this.#openIndex(true);
  }

  /** Keeps the index, where much of it is kept nowhere. Not while there are changes to commit. */
  keepIndex(): void {
    this.#index?.keep();
  }

  /** Bytes of all components as float32. */
  get bytes(): number {
    return this.count * this.#store.dimension * 4;
  }

  /** Vectors that are in an index. */
  get indexed(): number {
    return this.#index?.size ?? 0;
  }

  /** Whether an index is being built. */
  get isIndexing(): boolean {
    return this.#index?.isBehind ?? false;
  }

  /** Lets other threads forget the vectors, which are not used any more. */
  release(): void {
    this.indexBy(null);
    this.#store.release();
  }

  #touch(slot: number): void {
    if (this.#index === null) this.#openIndex();
    else this.#index.touch(slot);
  }

  /** Opens an index where there are enough vectors for one, and usearch is installed. */
  #openIndex(restored = false): void {
    const { kernel } = this.#metric;
    if (this.#indexing === null || kernel === null || kernel === "manhattan") return;
    const { m, efConstruct, fromBytes } = this.#indexing;
    if (this.#store.count * this.#store.dimension * 4 <= fromBytes) return;
    const library = usearch();
    if (library === null) return;
    const inner = this.#metric.normalizes ? "cos" : "ip";
    const metric = kernel === "dot" ? inner : "l2sq";
    const settings = { metric, m, efConstruct } as const;
    this.#index = new HnswIndex(library, this.#store, settings, this.#kept, restored);
  }

  toScore(similarity: number): number {
    return this.#metric.toScore(similarity);
  }

  takeChanges(): Iterable<ChangedBlock> {
    return this.#changed.take();
  }

  loadBlock(block: number, bytes: Uint8Array): boolean {
    return this.#store.loadBlock(block, bytes);
  }

  #own(column: VectorColumn): DenseColumn {
    if (column.kind !== "dense") throw wrongKind(this.#name, "dense", column.kind);
    return column;
  }

  /** A copy, prepared. */
  #query(query: QueryVector, searched = true): Float32Array {
    if (query.kind !== "dense") throw wrongKind(this.#name, "dense", query.kind);
    const { dimension } = this.#store;
    if (query.data.length !== dimension) throw wrongDimension(dimension, query.data.length);
    const data = query.data.slice();
    const { normalizes } = searched ? this.#metric : this.#plain;
    if (normalizes) normalizeCosine(data, 0, dimension);
    if (searched) roundTo(this.#datatype, data);
    return data;
  }
}
