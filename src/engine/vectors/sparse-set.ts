/**
 * Sparse vectors of one name: compared by dot product, over an inverted index that is built when it is first needed.
 * A run of the store is a vector's indices, ascending, and then as many values (float32).
 * Source: qdrant 1.18.2, lib/sparse/src/index/search_context.rs; IDF: lib/segment/src/data_types/query_context.rs.
 */
import type { SparseColumn, VectorColumn } from "../../model/record.ts";
import type { SparseVectorParams } from "../api.ts";
import { badInput, invalid } from "../errors.ts";
import { type ChangedBlock, ChangedBlocks } from "./changed-blocks.ts";
import { checkFinite, wrongKind } from "./checks.ts";
import { Postings } from "./postings.ts";
import { Rarity } from "./rarity.ts";
import { rowsOf, SpanStore } from "./span-store.ts";
import { TopK } from "./top-k.ts";
import type { Nearest, NearestOptions, QueryVector, Similarity, VectorSet } from "./vector-set.ts";

const { fround } = Math;
const rowsPerBlock = 64;
/** Below so many candidates a server looks at each of them, and answers those whose score is 0 too. */
const fewDefault = 5000;

/** A vector with ascending indices. */
interface Sparse {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

function isAscending(indices: Uint32Array): boolean {
  for (let at = 1; at < indices.length; at += 1)
    if ((indices[at - 1] ?? 0) >= (indices[at] ?? 0)) return false;
  return true;
}

/** The same with ascending indices. @throws E_INPUT (422) where one comes twice */
function sorted({ indices, values }: Sparse): Sparse {
  if (isAscending(indices)) return { indices, values };
  const order = Array.from(indices.keys()).sort(
    (one, other) => (indices[one] ?? 0) - (indices[other] ?? 0),
  );
  const ascending = Uint32Array.from(order, (at) => indices[at] ?? 0);
  if (!isAscending(ascending)) throw invalid("Validation error: indices: must be unique");
  return { indices: ascending, values: Float32Array.from(order, (at) => values[at] ?? 0) };
}

function read(run: Uint32Array): Sparse {
  const half = run.length / 2;
  return {
    indices: run.subarray(0, half),
    values: new Float32Array(run.buffer, run.byteOffset + half * 4, half),
  };
}

function dot(one: Sparse, other: Sparse): number {
  let sum = 0;
  for (let at = 0, to = 0; at < one.indices.length && to < other.indices.length; ) {
    const difference = (one.indices[at] ?? 0) - (other.indices[to] ?? 0);
    if (difference === 0)
      sum = fround(sum + fround((one.values[at] ?? 0) * (other.values[to] ?? 0)));
    if (difference <= 0) at += 1;
    if (difference >= 0) to += 1;
  }
  return sum;
}

export class SparseSet implements VectorSet {
  readonly kind = "sparse";
  readonly largerIsNearer = true;
  readonly #name: string;
  #few = fewDefault;
  readonly #store = new SpanStore(rowsPerBlock);
  readonly #changed = new ChangedBlocks(this.#store);
  #weighted = false;
  #postings: Postings | null = null;
  readonly #rarity = new Rarity();

  constructor(name: string, params: SparseVectorParams) {
    this.#name = name;
    this.configure(params);
  }

  get count(): number {
    return this.#store.count;
  }

  /** Takes changed parameters. */
  configure({ index, modifier }: SparseVectorParams): void {
    this.#few = index?.full_scan_threshold ?? fewDefault;
    this.#weighted = modifier === "idf";
  }

  has(slot: number): boolean {
    return this.#store.has(slot);
  }

  prepare(column: VectorColumn, rows: number): SparseColumn {
    const { offsets, indices, values, present } = this.#own(column);
    if (offsets.length !== rows + 1 || indices.length !== values.length) {
      throw badInput(`Wrong input: vector '${this.#name}' has no row for each of ${rows} points`);
    }
    for (let row = 0; row < rows; row += 1) {
      const start = offsets[row] ?? 0;
      const end = offsets[row + 1] ?? 0;
      if (end < start || end > indices.length)
        throw badInput(`Wrong input: vector '${this.#name}' of row ${row} has no end`);
      const given = { indices: indices.subarray(start, end), values: values.subarray(start, end) };
      const ascending = sorted(given);
      if (ascending.indices === given.indices) continue;
      indices.set(ascending.indices, start);
      values.set(ascending.values, start);
    }
    checkFinite(this.#name, values);
    return { kind: "sparse", offsets, indices, values, present };
  }

  write(slot: number, column: VectorColumn, row: number): void {
    const { offsets, indices, values } = this.#own(column);
    const old = this.#store.get(slot);
    this.remove(slot);
    const start = offsets[row] ?? 0;
    const end = offsets[row + 1] ?? 0;
    const target = read(this.#store.reserve(slot, 2 * (end - start)));
    target.indices.set(indices.subarray(start, end));
    target.values.set(values.subarray(start, end));
    if (old?.length === 0 && end > start) this.#rarity.filled();
    this.#postings?.add(slot, target.indices, target.values);
    this.#changed.add(slot);
  }

  remove(slot: number, deleted = false): void {
    const run = this.#store.get(slot);
    if (run === null) return;
    const { indices } = read(run);
    if (deleted && this.#weighted) this.#rarity.deleted(indices, this.count);
    this.#postings?.remove(slot, indices);
    this.#store.remove(slot);
    this.#changed.add(slot);
  }

  column(slots: readonly number[]): SparseColumn {
    const runs = slots.map((slot) => this.#store.get(slot));
    const { offsets, present } = rowsOf(runs, 2);
    const total = offsets[slots.length] ?? 0;
    const indices = new Uint32Array(total);
    const values = new Float32Array(total);
    for (const [row, run] of runs.entries()) {
      if (run === null) continue;
      const vector = read(run);
      indices.set(vector.indices, offsets[row]);
      values.set(vector.values, offsets[row]);
    }
    return { kind: "sparse", offsets, indices, values, present };
  }

  vector(slot: number): QueryVector | null {
    const run = this.#store.get(slot);
    if (run === null) return null;
    const { indices, values } = read(run.slice());
    return { kind: "sparse", indices, values };
  }

  similarity(query: QueryVector, searched = true): Similarity {
    const own = this.#query(query, searched);
    return (slot) => {
      const run = this.#store.get(slot);
      return run === null ? 0 : dot(own, read(run));
    };
  }

  nearest(query: QueryVector, { limit, among }: NearestOptions): Nearest {
    const { indices, values } = this.#query(query, true);
    const postings = this.#index();
    const scores = new Float32Array(this.#store.slots);
    const touched = new Uint8Array(this.#store.slots);
    for (let term = 0; term < indices.length; term += 1) {
      const posting = postings.of(indices[term] ?? 0);
      if (posting === undefined) continue;
      const weight = values[term] ?? 0;
      for (let at = 0; at < posting.length; at += 1) {
        const slot = posting.slots[at] ?? 0;
        scores[slot] = (scores[slot] ?? 0) + fround((posting.values[at] ?? 0) * weight);
        touched[slot] = 1;
      }
    }
    const best = new TopK(limit);
    const zeros = among !== null && among.count < this.#few;
    for (let slot = 0; slot < scores.length; slot += 1) {
      const score = scores[slot] ?? 0;
      if (touched[slot] !== 1 || (score === 0 && !zeros)) continue;
      if (among === null || among.has(slot)) best.offer(score, slot);
    }
    return best.nearest();
  }

  toScore(similarity: number): number {
    return fround(similarity);
  }

  takeChanges(): Iterable<ChangedBlock> {
    return this.#changed.take();
  }

  loadBlock(block: number, bytes: Uint8Array): boolean {
    return this.#store.loadBlock(
      block,
      bytes,
      (run) => run.length % 2 === 0 && isAscending(run.subarray(0, run.length / 2)),
    );
  }

  #index(): Postings {
    if (this.#postings !== null) return this.#postings;
    const postings = new Postings();
    for (let slot = 0; slot < this.#store.slots; slot += 1) {
      const run = this.#store.get(slot);
      if (run === null) continue;
      const { indices, values } = read(run);
      postings.add(slot, indices, values);
    }
    this.#postings = postings;
    return postings;
  }

  #own(column: VectorColumn): SparseColumn {
    if (column.kind !== "sparse") throw wrongKind(this.#name, "sparse", column.kind);
    return column;
  }

  #query(query: QueryVector, weighted: boolean): Sparse {
    if (query.kind !== "sparse") throw wrongKind(this.#name, "sparse", query.kind);
    const { indices, values } = sorted(query);
    if (!weighted || !this.#weighted) return { indices, values };
    const postings = this.#index();
    const weights = values.map(
      (value, at) => value * this.#rarity.weight(indices[at] ?? 0, postings),
    );
    return { indices, values: weights };
  }
}
