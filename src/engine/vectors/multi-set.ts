/**
 * Multivectors of one name: each point has several vectors of one dimension, compared by max_sim: for each vector of the query
 * the most similar of the point's, summed. A run of the store is the point's vectors, one after the other (float32).
 * Source: qdrant 1.18.2, lib/segment/src/vector_storage/query_scorer/mod.rs.
 */
import type { MultiColumn, VectorColumn } from "../../model/record.ts";
import type { VectorDatatype, VectorParams } from "../api.ts";
import { badInput } from "../errors.ts";
import { type ChangedBlock, ChangedBlocks } from "./changed-blocks.ts";
import { checkFinite, wrongDimension, wrongKind } from "./checks.ts";
import { roundTo } from "./datatypes.ts";
import { type Metric, metricOf, metrics, normalizeCosine } from "./distance.ts";
import { MaxSim } from "./max-sim.ts";
import { rowsOf, SpanStore } from "./span-store.ts";
import { nearestOneByOne } from "./top-k.ts";
import type { Nearest, NearestOptions, QueryVector, Similarity, VectorSet } from "./vector-set.ts";

const { fround } = Math;
const rowsPerBlock = 16;

function floats(run: Uint32Array): Float32Array {
  return new Float32Array(run.buffer, run.byteOffset, run.length);
}

export class MultiSet implements VectorSet {
  readonly kind = "multi";
  readonly largerIsNearer: boolean;
  readonly #name: string;
  readonly #dimension: number;
  readonly #datatype: VectorDatatype;
  readonly #metric: Metric;
  /** That of float32. */
  readonly #plain: Metric;
  readonly #store = new SpanStore(rowsPerBlock);
  readonly #changed = new ChangedBlocks(this.#store);
  #maxSim: MaxSim | null = null;

  constructor(name: string, params: VectorParams) {
    this.#name = name;
    this.#dimension = params.size;
    this.#datatype = params.datatype ?? "float32";
    this.#metric = metricOf(params);
    this.#plain = metrics[params.distance];
    this.largerIsNearer = this.#metric.larger;
  }

  get count(): number {
    return this.#store.count;
  }

  /** Bytes of all components as float32. */
  get bytes(): number {
    return this.#store.words * 4;
  }

  has(slot: number): boolean {
    return this.#store.has(slot);
  }

  prepare(column: VectorColumn, rows: number): MultiColumn {
    const { dimension, offsets, data, present } = this.#own(column, rows);
    if (data.length > 0 && dimension !== this.#dimension)
      throw wrongDimension(this.#dimension, dimension, this.#name);
    if (offsets.length !== rows + 1 || (offsets[rows] ?? 0) * dimension !== data.length) {
      throw badInput(`Wrong input: vector '${this.#name}' has no row for each of ${rows} points`);
    }
    for (let row = 0; row < rows; row += 1) {
      if (present !== null && present[row] !== 1) continue;
      if ((offsets[row + 1] ?? 0) <= (offsets[row] ?? 0))
        throw badInput(`Wrong input: vector '${this.#name}' of row ${row} is empty`);
    }
    checkFinite(this.#name, data);
    this.#bringIntoForm(data, this.#metric, this.#datatype);
    return { kind: "multi", dimension, offsets, data, present };
  }

  write(slot: number, column: VectorColumn, row: number): void {
    if (column.kind !== "multi") throw wrongKind(this.#name, "multi", column.kind);
    const { offsets, data, dimension } = column;
    const start = (offsets[row] ?? 0) * dimension;
    const end = (offsets[row + 1] ?? 0) * dimension;
    floats(this.#store.reserve(slot, end - start)).set(data.subarray(start, end));
    this.#changed.add(slot);
  }

  remove(slot: number): void {
    if (!this.#store.has(slot)) return;
    this.#store.remove(slot);
    this.#changed.add(slot);
  }

  column(slots: readonly number[]): MultiColumn {
    const dimension = this.#dimension;
    const runs = slots.map((slot) => this.#store.get(slot));
    const { offsets, present } = rowsOf(runs, dimension);
    const data = new Float32Array((offsets[slots.length] ?? 0) * dimension);
    for (const [row, run] of runs.entries()) {
      if (run !== null) data.set(floats(run), (offsets[row] ?? 0) * dimension);
    }
    return { kind: "multi", dimension, offsets, data, present };
  }

  vector(slot: number): QueryVector | null {
    const run = this.#store.get(slot);
    if (run === null) return null;
    return { kind: "multi", dimension: this.#dimension, data: floats(run.slice()) };
  }

  similarity(query: QueryVector, searched = true): Similarity {
    const metric = searched ? this.#metric : this.#plain;
    const data = this.#query(query, metric, searched ? this.#datatype : "float32");
    const maxSim = this.#maxSimOf(data, metric);
    return (slot) => {
      const run = this.#store.get(slot);
      return run === null ? Number.NEGATIVE_INFINITY : maxSim(floats(run));
    };
  }

  nearest(query: QueryVector, { limit, among }: NearestOptions): Nearest {
    const slots = among ?? this.#slots();
    return nearestOneByOne(this, slots, this.similarity(query), limit);
  }

  /** The slots that may have a vector, ascending. */
  *#slots(): Generator<number> {
    for (let slot = 0; slot < this.#store.slots; slot += 1) yield slot;
  }

  toScore(similarity: number): number {
    return this.#metric.toScore(similarity);
  }

  takeChanges(): Iterable<ChangedBlock> {
    return this.#changed.take();
  }

  loadBlock(block: number, bytes: Uint8Array): boolean {
    return this.#store.loadBlock(
      block,
      bytes,
      (run) => run.length > 0 && run.length % this.#dimension === 0,
    );
  }

  /** By the SIMD kernel where the metric has one. */
  #maxSimOf(query: Float32Array, { kernel, compare }: Metric): (data: Float32Array) => number {
    if (kernel !== null) {
      this.#maxSim ??= new MaxSim(this.#dimension);
      const bySimd = this.#maxSim.similarity(kernel, query);
      if (bySimd !== null) return bySimd;
    }
    const vectors = Array.from({ length: query.length / this.#dimension }, (_, at) =>
      query.subarray(at * this.#dimension, (at + 1) * this.#dimension),
    );
    return (data) => {
      let sum = 0;
      for (const vector of vectors) {
        let nearest = Number.NEGATIVE_INFINITY;
        for (let at = 0; at < data.length; at += this.#dimension)
          nearest = Math.max(nearest, fround(compare(vector, data, at)));
        sum = fround(sum + nearest);
      }
      return sum;
    };
  }

  /** Multivectors; dense ones count as multivectors of one. */
  #own(column: VectorColumn, rows: number): MultiColumn {
    if (column.kind === "multi") return column;
    if (column.kind === "sparse") throw wrongKind(this.#name, "multi", column.kind);
    const { dimension, data, present } = column;
    const offsets = Uint32Array.from({ length: rows + 1 }, (_, row) => row);
    return { kind: "multi", dimension, offsets, data, present };
  }

  #query(query: QueryVector, metric: Metric, datatype: VectorDatatype): Float32Array {
    if (query.kind === "sparse") throw wrongKind(this.#name, "multi", query.kind);
    const dimension = query.kind === "multi" ? query.dimension : query.data.length;
    if (dimension !== this.#dimension) throw wrongDimension(this.#dimension, dimension);
    const data = query.data.slice();
    this.#bringIntoForm(data, metric, datatype);
    return data;
  }

  #bringIntoForm(data: Float32Array, { normalizes }: Metric, datatype: VectorDatatype): void {
    if (normalizes) {
      for (let at = 0; at < data.length; at += this.#dimension)
        normalizeCosine(data, at, this.#dimension);
    }
    roundTo(datatype, data);
  }
}
