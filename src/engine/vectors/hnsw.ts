/**
 * An HNSW index of a store, by the optional package usearch. It only proposes slots: each is compared again by its vector in the
 * store, and those that were changed since the index took them are compared in any case, so that an answer never holds what is
 * gone nor misses what has just come. It is built in the engine's own thread, whenever that has nothing else to do: a question then
 * goes to no other thread, and no answer comes from one, which would take longer than the search.
 */
import { SlotBits } from "../filter/grow.ts";
import type { SlotSet } from "../filter/slot-set.ts";
import type { IndexFile } from "../storage/index-file.ts";
import type { KernelName } from "./kernel.ts";
import { TopK } from "./top-k.ts";
import type { Usearch, UsearchIndex, UsearchMetric } from "./usearch.ts";
import type { Nearest, NearestOptions } from "./vector-set.ts";
import type { VectorStore } from "./vector-store.ts";

/** How an index is built. */
export interface HnswSettings {
  /** usearch's name of the distance; of a cosine all vectors are of unit length. */
  readonly metric: UsearchMetric;
  /** Edges a node. */
  readonly m: number;
  readonly efConstruct: number;
}

/** How long the thread is kept from its requests by what is built in one go. */
const stepMs = 2;
/** Slots that a search can ask for. */
const wantedMax = 4096;
/** So many slots that the index has yet to take, and so large a share of all, are compared one by one beside it; with more it is not asked. */
const pendingMin = 1000;
const pendingShare = 1 / 20;
/** Below this share of fitting slots a filter is searched without the index. */
const filterShare = 0.3;
/** So much more is asked for than a filter lets through on average. */
const filterMargin = 1.25;
/**
 * So many times `ef_construct` is looked at to build the index, which nobody waits for, and such a share of it by a search that does
 * not say: that finds more of the ten nearest than once and once (0.994 and 0.993 of 60,000 texts' vectors, 0.963 and 0.950 of
 * 200,000 made ones), and searches take a quarter less time.
 */
const buildFactor = 2;
const searchShare = 2 / 3;
/** A byte goes so many standard deviations of a unit vector's component far; what is beyond is cut. */
const byteDeviations = 4;

/** Indexes of this thread that have slots to take. */
const growing = new Set<HnswIndex>();

/** Builds on for two milliseconds or so; false where there is nothing left to build. Not amid a transaction. */
export function growIndexes(): boolean {
  const untilMs = performance.now() + stepMs;
  for (const index of growing) {
    try {
      while (index.step()) if (performance.now() >= untilMs) return true;
    } catch {
      // It takes no more, for want of memory say. What it lacks is compared one by one, and with much of that it is not asked.
    }
    growing.delete(index);
    index.keep(index.size / 2);
  }
  return false;
}

export class HnswIndex {
  readonly #index: UsearchIndex;
  readonly #store: VectorStore;
  readonly #efSearch: number;
  /** Of unit vectors it keeps bytes, each this many times a component; of others bfloat16, which has the range of float32. */
  readonly #byteScale: number | null;
  readonly #kept: IndexFile | null;
  /** How it is built, in words by which a kept one is told from others. */
  readonly #words: string;
  /** Slots that it has yet to take. */
  readonly #pending = new SlotBits();
  /** Where the next of them is looked for. */
  #at = 0;
  /** Blocks of which a slot was touched since it was kept. */
  readonly #unkept = new Set<number>();

  /** `kept`: where it is kept, null = nowhere; where `restored`, it begins with what is there of the store's vectors. */
  constructor(
    usearch: Usearch,
    store: VectorStore,
    settings: HnswSettings,
    kept: IndexFile | null = null,
    restored = false,
  ) {
    this.#store = store;
    this.#kept = kept;
    this.#efSearch = Math.ceil(settings.efConstruct * searchShare);
    // Bytes have not unit length any more: an inner product of them would mostly tell their lengths where all point alike.
    this.#byteScale =
      settings.metric === "cos" ? (127 * Math.sqrt(store.dimension)) / byteDeviations : null;
    const { dimension } = store;
    this.#words = JSON.stringify([
      usearch.version,
      dimension,
      settings,
      buildFactor,
      this.#byteScale,
    ]);
    const index = newIndex(usearch, dimension, settings);
    const changed = restored ? kept?.load(index, this.#words) : null;
    this.#index = changed ? index : newIndex(usearch, dimension, settings);
    if (changed) for (const block of changed) this.#touchBlock(block);
    else for (const slot of store.slots()) if (store.has(slot)) this.touch(slot);
  }

  /** Vectors in the index. */
  get size(): number {
    return this.#index.size();
  }

  /** Whether it is being built, with more than a few yet to be taken. */
  get isBehind(): boolean {
    return growing.has(this) && this.#pending.count > pendingMin;
  }

  /** The slot's vector has changed, come or gone. */
  touch(slot: number): void {
    this.#pending.set(slot, true);
    this.#unkept.add(this.#store.blockOf(slot));
    growing.add(this);
  }

  #touchBlock(block: number): void {
    const { rowsPerBlock } = this.#store;
    for (let row = 0; row < rowsPerBlock; row += 1) this.touch(block * rowsPerBlock + row);
  }

  /** Keeps it where opening would have much to build otherwise: more than `slots`. Not amid a transaction. */
  keep(slots = pendingMin): void {
    if (this.#kept === null || this.#unkept.size * this.#store.rowsPerBlock <= slots) return;
    // One that lacks most is not taken at an opening.
    if (this.#pending.count > this.size) return;
    const pending = new Set<number>();
    for (let slot = this.#pending.next(0); slot !== -1; slot = this.#pending.next(slot + 1))
      pending.add(this.#store.blockOf(slot));
    this.#kept.save(this.#index, this.#words, pending);
    this.#unkept.clear();
    for (const block of pending) this.#unkept.add(block);
  }

  /** Takes the next pending slot; false where there is none. */
  step(): boolean {
    if (this.#pending.count === 0) return false;
    const next = this.#pending.next(this.#at);
    const slot = next === -1 ? this.#pending.next(0) : next;
    this.#at = slot + 1;
    const key = BigInt(slot);
    const keys = BigUint64Array.of(key);
    if (this.#index.contains(key)) this.#index.remove(keys);
    if (this.#store.has(slot)) this.#index.add(keys, this.#toKept(this.#store.row(slot)), 1);
    this.#pending.set(slot, false);
    return true;
  }

  /** The nearest slots; null where they are better found without the index. `ef`: how many the index looks at. */
  nearest(
    kernel: KernelName,
    query: Float32Array,
    { limit, among, ef = this.#efSearch }: NearestOptions,
  ): Nearest | null {
    const { count } = this.#store;
    const share = among === null ? 1 : among.count / Math.max(1, count);
    const isBuilding = this.#pending.count > Math.max(pendingMin, count * pendingShare);
    if (isBuilding || share < filterShare || this.size === 0) return null;
    const wanted = Math.ceil((Math.max(limit, ef) / share) * (among === null ? 1 : filterMargin));
    if (limit === 0 || wanted > Math.min(wantedMax, count / 4)) return null;
    const { keys } = this.#index.search(this.#toKept(query), wanted, 1);
    const slots: number[] = [];
    for (const key of keys) {
      const slot = Number(key);
      // What is pending follows.
      if (!this.#pending.has(slot) && isAmong(among, slot)) slots.push(slot);
    }
    const found = slots.length;
    for (let slot = this.#pending.next(0); slot !== -1; slot = this.#pending.next(slot + 1))
      if (isAmong(among, slot)) slots.push(slot);
    const best = new TopK(limit);
    this.#store.offer(kernel, query, slots, best);
    const enough = Math.min(limit, among?.count ?? count);
    return found < enough && this.size > found ? null : best.nearest();
  }

  drop(): void {
    growing.delete(this);
  }

  /** A vector as the index keeps it; a copy, as usearch takes no shared memory. */
  #toKept(vector: Float32Array): Float32Array | Int8Array {
    const scale = this.#byteScale;
    if (scale === null) return Float32Array.from(vector);
    const bytes = new Int8Array(vector.length);
    for (let at = 0; at < vector.length; at += 1)
      bytes[at] = Math.max(-127, Math.min(127, Math.round((vector[at] ?? 0) * scale)));
    return bytes;
  }
}

function newIndex(
  usearch: Usearch,
  dimensions: number,
  { metric, m, efConstruct }: HnswSettings,
): UsearchIndex {
  return new usearch.Index({
    dimensions,
    metric,
    quantization: metric === "cos" ? "i8" : "bf16",
    connectivity: m,
    expansion_add: efConstruct * buildFactor,
    // A question's own number of wanted slots is what it is searched with.
    expansion_search: 1,
    multi: false,
  });
}

function isAmong(among: SlotSet | null, slot: number): boolean {
  return among === null || among.has(slot);
}
