/**
 * An HNSW index of a store, by the optional package usearch, which a thread of its own builds and asks. It only proposes slots: each is compared
 * again by its vector in the store, and those that were changed since the index took them are compared in any case, so that an answer
 * never holds what is gone nor misses what has just come.
 */
import { SlotSet } from "../filter/slot-set.ts";
import type { HnswLink } from "./hnsw-link.ts";
import { answerMax, type HnswProgress, type HnswSettings } from "./hnsw-protocol.ts";
import type { KernelName } from "./kernel.ts";
import { TopK } from "./top-k.ts";
import type { Nearest, NearestOptions } from "./vector-set.ts";
import type { VectorStore } from "./vector-store.ts";

/** Slots that are told to the thread at a time. */
const listSlots = 1024;
/** So many slots that the index has yet to take, and so large a share of all, are compared one by one beside it; with more it is not asked. */
const pendingMin = 1000;
const pendingShare = 1 / 20;
/** Below this share of fitting slots a filter is searched without the index. */
const filterShare = 0.3;
/** So much more is asked for than a filter lets through on average. */
const filterMargin = 1.25;

export class HnswIndex {
  readonly #link: HnswLink;
  readonly #store: VectorStore;
  readonly #efSearch: number;
  readonly #index: number;
  #memories = 0;
  /** By slot: the last list in which it stands; 0 = none. */
  #lastList = new Uint32Array(listSlots);
  /** The list that is being filled, and its number. */
  #slots: number[] = [];
  #list = 1;
  /** Lists that the thread has yet to take, by number. */
  readonly #sent = new Map<number, Uint32Array>();
  #taken = 0;
  /** Slots of which the last list is not taken. */
  #pending = 0;
  #size = 0;

  constructor(link: HnswLink, store: VectorStore, settings: HnswSettings) {
    this.#link = link;
    this.#store = store;
    this.#efSearch = settings.efConstruct;
    this.#index = link.open((progress) => this.#take(progress));
    link.post({ kind: "open", index: this.#index, layout: store.layout, settings });
    for (const slot of store.slots()) if (store.has(slot)) this.touch(slot);
  }

  /** Whether the thread has failed that builds and asks it. */
  get isBroken(): boolean {
    return this.#link.isBroken;
  }

  /** Vectors in the index. */
  get size(): number {
    this.#exchange();
    return this.#size;
  }

  /** Whether so much is yet to be taken that searches are made without it. */
  get #isBuilding(): boolean {
    this.#exchange();
    return this.#pending > Math.max(pendingMin, this.#store.count * pendingShare);
  }

  /** Whether more than a few are yet to be taken. */
  get isBehind(): boolean {
    this.#exchange();
    return this.#pending > pendingMin;
  }

  /** The slot's vector has changed, come or gone. */
  touch(slot: number): void {
    if (slot >= this.#lastList.length) this.#reserve(slot);
    const last = this.#lastList[slot] ?? 0;
    if (last === this.#list) return;
    if (last <= this.#taken) this.#pending += 1;
    this.#lastList[slot] = this.#list;
    this.#slots.push(slot);
    if (this.#slots.length === listSlots) this.#send();
  }

  /** The nearest slots; null where they are better found without the index. `ef`: how many the index looks at. */
  nearest(
    kernel: KernelName,
    query: Float32Array,
    { limit, among, ef = this.#efSearch }: NearestOptions,
  ): Nearest | null {
    const share = among === null ? 1 : among.count / Math.max(1, this.#store.count);
    if (this.#isBuilding || share < filterShare) return null;
    const wanted = Math.ceil((Math.max(limit, ef) / share) * (among === null ? 1 : filterMargin));
    if (limit === 0 || wanted > Math.min(answerMax, this.#store.count / 4)) return null;
    const proposed = this.#link.ask(this.#index, query, wanted);
    if (proposed === null) return null;
    const best = new TopK(limit);
    const similarity = this.#store.similarity(kernel, query);
    let found = 0;
    for (const slot of proposed) {
      // What is pending follows, where it still has a vector.
      if (this.#isPending(slot)) continue;
      if (among !== null && !among.has(slot)) continue;
      best.offer(similarity(slot), slot);
      found += 1;
    }
    for (const slot of this.#pendingSlots(among)) best.offer(similarity(slot), slot);
    const enough = Math.min(limit, among?.count ?? this.#store.count);
    return found < enough && this.#size > found ? null : best.nearest();
  }

  drop(): void {
    this.#link.drop(this.#index);
  }

  /** Sends what is to be taken, and hears what was. */
  #exchange(): void {
    this.#send();
    this.#link.listen();
  }

  #isPending(slot: number): boolean {
    return (this.#lastList[slot] ?? 0) > this.#taken;
  }

  /** Slots with a vector that the index has yet to take. */
  #pendingSlots(among: SlotSet | null): SlotSet {
    const found = new SlotSet(this.#lastList.length);
    if (this.#pending === 0) return found;
    for (const slots of this.#sent.values()) {
      for (const slot of slots)
        if (this.#store.has(slot) && (among === null || among.has(slot))) found.add(slot);
    }
    return found;
  }

  #send(): void {
    if (this.#slots.length === 0) return;
    const index = this.#index;
    for (const memory of this.#store.memories.slice(this.#memories)) {
      this.#link.post({ kind: "memory", index, memory });
      this.#memories += 1;
    }
    const slots = Uint32Array.from(this.#slots);
    this.#link.post({ kind: "change", index, list: this.#list, slots });
    this.#sent.set(this.#list, slots);
    this.#list += 1;
    this.#slots = [];
  }

  #take({ list, size }: HnswProgress): void {
    for (const slot of this.#sent.get(list) ?? [])
      if (this.#lastList[slot] === list) this.#pending -= 1;
    this.#sent.delete(list);
    this.#taken = list;
    this.#size = size;
  }

  #reserve(slot: number): void {
    const larger = new Uint32Array(Math.max(slot + 1, this.#lastList.length * 2));
    larger.set(this.#lastList);
    this.#lastList = larger;
  }
}
