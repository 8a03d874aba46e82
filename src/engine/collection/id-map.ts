import {
  decodePointKey,
  encodePointKey,
  formatPointId,
  type PointKey,
  parsePointId,
} from "./point-key.ts";

const emptyCell = -1;
const removedCell = -2;

/**
 * Point id -> slot and back, in typed arrays: 17 bytes a slot and 8 to 16 for the hash table. Slots are dense;
 * a removed one is given out again.
 */
export class IdMap {
  /** Four words a slot. */
  #words = new Uint32Array(4 * 1024);
  /** 0 = free, 1 = number, 2 = UUID. */
  #kinds = new Uint8Array(1024);
  /** Open addressing with linear probing; capacity is a power of two, never more than half full of live or removed cells. */
  #table = new Int32Array(4096).fill(emptyCell);
  #used = 0;
  #free: number[] = [];
  #slots = 0;
  #count = 0;
  readonly #key: PointKey = { kind: 1, a: 0, b: 0, c: 0, d: 0 };

  /** Points that are there. */
  get count(): number {
    return this.#count;
  }

  /** All slots ever given out are below this. */
  get slots(): number {
    return this.#slots;
  }

  has(slot: number): boolean {
    return (this.#kinds[slot] ?? 0) !== 0;
  }

  /** The slot of `id`, or -1. @throws E_INPUT where it is no point id */
  find(id: string): number {
    parsePointId(id, this.#key);
    return this.#lookup(this.#key);
  }

  /** Gives `id`, which must not be there, a slot. */
  insert(id: string): number {
    parsePointId(id, this.#key);
    const slot = this.#free.pop() ?? this.#slots;
    this.#place(slot, this.#key);
    return slot;
  }

  /** Puts a key that was read from disk at its slot; false where the bytes are no key or are there already. */
  load(slot: number, bytes: Uint8Array): boolean {
    if (!decodePointKey(bytes, this.#key) || this.has(slot) || this.#lookup(this.#key) !== -1)
      return false;
    this.#place(slot, this.#key);
    return true;
  }

  /** After all keys are loaded: the gaps become free slots. */
  collectFree(): void {
    this.#free = [];
    for (let slot = this.#slots - 1; slot >= 0; slot -= 1)
      if (!this.has(slot)) this.#free.push(slot);
  }

  remove(slot: number): void {
    this.#read(slot);
    let cell = this.#hash(this.#key);
    while (this.#table[cell] !== slot) cell = (cell + 1) & (this.#table.length - 1);
    this.#table[cell] = removedCell;
    this.#kinds[slot] = 0;
    this.#free.push(slot);
    this.#count -= 1;
  }

  idOf(slot: number): string {
    return formatPointId(this.#read(slot));
  }

  keyOf(slot: number): Uint8Array {
    return encodePointKey(this.#read(slot));
  }

  /** Orders slots as Qdrant orders their ids. */
  compare(one: number, other: number): number {
    const kinds = (this.#kinds[one] ?? 0) - (this.#kinds[other] ?? 0);
    if (kinds !== 0) return kinds;
    for (let word = 0; word < 4; word += 1) {
      const difference = (this.#words[one * 4 + word] ?? 0) - (this.#words[other * 4 + word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #read(slot: number): PointKey {
    const key = this.#key;
    key.kind = this.#kinds[slot] === 1 ? 1 : 2;
    key.a = this.#words[slot * 4] ?? 0;
    key.b = this.#words[slot * 4 + 1] ?? 0;
    key.c = this.#words[slot * 4 + 2] ?? 0;
    key.d = this.#words[slot * 4 + 3] ?? 0;
    return key;
  }

  #hash({ kind, a, b, c, d }: PointKey): number {
    let mixed = Math.imul(a ^ (kind << 30), 0x9e3779b1) ^ b;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) ^ c;
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ d;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f);
    return (mixed ^ (mixed >>> 15)) & (this.#table.length - 1);
  }

  #lookup(key: PointKey): number {
    const mask = this.#table.length - 1;
    for (let cell = this.#hash(key); ; cell = (cell + 1) & mask) {
      const slot = this.#table[cell] ?? emptyCell;
      if (slot === emptyCell) return -1;
      if (slot !== removedCell && this.#equals(slot, key)) return slot;
    }
  }

  #equals(slot: number, { kind, a, b, c, d }: PointKey): boolean {
    const at = slot * 4;
    const words = this.#words;
    return (
      this.#kinds[slot] === kind &&
      words[at + 3] === d &&
      words[at + 2] === c &&
      words[at + 1] === b &&
      words[at] === a
    );
  }

  #place(slot: number, key: PointKey): void {
    this.#reserve(slot);
    const at = slot * 4;
    this.#words[at] = key.a;
    this.#words[at + 1] = key.b;
    this.#words[at + 2] = key.c;
    this.#words[at + 3] = key.d;
    this.#kinds[slot] = key.kind;
    this.#slots = Math.max(this.#slots, slot + 1);
    this.#count += 1;
    if ((this.#used + 1) * 2 > this.#table.length) this.#rehash();
    else this.#link(slot, key);
  }

  #link(slot: number, key: PointKey): void {
    const mask = this.#table.length - 1;
    let cell = this.#hash(key);
    while ((this.#table[cell] ?? emptyCell) >= 0) cell = (cell + 1) & mask;
    if (this.#table[cell] === emptyCell) this.#used += 1;
    this.#table[cell] = slot;
  }

  /** Makes the table anew from the slots, large enough that it is at most a quarter full. */
  #rehash(): void {
    let capacity = 4096;
    while (capacity < this.#count * 4) capacity *= 2;
    this.#table = new Int32Array(capacity).fill(emptyCell);
    this.#used = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) {
      if (this.has(slot)) this.#link(slot, this.#read(slot));
    }
  }

  #reserve(slot: number): void {
    if (slot < this.#kinds.length) return;
    let capacity = this.#kinds.length;
    while (capacity <= slot) capacity *= 2;
    const kinds = new Uint8Array(capacity);
    kinds.set(this.#kinds);
    const words = new Uint32Array(capacity * 4);
    words.set(this.#words);
    this.#kinds = kinds;
    this.#words = words;
  }
}
