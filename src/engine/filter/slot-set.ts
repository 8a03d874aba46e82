/** A set of slots, one bit each. */
export class SlotSet {
  readonly #bits: Uint32Array;
  #count = 0;

  /** For slots below `slots`. */
  constructor(slots: number) {
    this.#bits = new Uint32Array((slots + 31) >>> 5);
  }

  get count(): number {
    return this.#count;
  }

  /** The bits, 32 slots a word. */
  get words(): Uint32Array {
    return this.#bits;
  }

  /** A slot that the set is not made for is passed over. */
  add(slot: number): void {
    const word = this.#bits[slot >>> 5];
    const bit = 1 << (slot & 31);
    if (word === undefined || (word & bit) !== 0) return;
    this.#bits[slot >>> 5] = word | bit;
    this.#count += 1;
  }

  addAll(slots: Iterable<number>): void {
    for (const slot of slots) this.add(slot);
  }

  delete(slot: number): void {
    const word = this.#bits[slot >>> 5] ?? 0;
    const bit = 1 << (slot & 31);
    if ((word & bit) === 0) return;
    this.#bits[slot >>> 5] = word & ~bit;
    this.#count -= 1;
  }

  has(slot: number): boolean {
    return ((this.#bits[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  /** The slots in ascending order; the present one may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.#bits.length; at += 1) {
      for (let word = this.#bits[at] ?? 0; word !== 0; word &= word - 1) {
        yield at * 32 + 31 - Math.clz32(word & -word);
      }
    }
  }
}
