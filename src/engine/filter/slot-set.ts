/** How many bits of a word are set. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((fours + (fours >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

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

  /** Adds the slots of the bits in `word`, which stand from slot `32 * at` on. */
  addWord(at: number, word: number): void {
    const present = this.#bits[at];
    if (present === undefined) return;
    this.#bits[at] = present | word;
    this.#count += bitsIn(word & ~present);
  }

  /** Leaves only the slots that fit. */
  retain(fits: (slot: number) => boolean): void {
    for (let at = 0; at < this.#bits.length; at += 1) {
      let left = this.#bits[at] ?? 0;
      if (left === 0) continue;
      let kept = 0;
      for (; left !== 0; left &= left - 1) {
        const bit = left & -left;
        if (fits(at * 32 + 31 - Math.clz32(bit))) kept |= bit;
      }
      this.#count -= bitsIn((this.#bits[at] ?? 0) & ~kept);
      this.#bits[at] = kept;
    }
  }

  addAll(slots: Iterable<number>): void {
    for (const slot of slots) this.add(slot);
  }

  has(slot: number): boolean {
    return ((this.#bits[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  /** The slots in ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.#bits.length; at += 1) {
      for (let word = this.#bits[at] ?? 0; word !== 0; word &= word - 1) {
        yield at * 32 + 31 - Math.clz32(word & -word);
      }
    }
  }
}
