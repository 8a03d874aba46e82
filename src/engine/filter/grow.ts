/** Typed arrays indexed by slot, which grow with the collection. */

/** Room for `slots` at least, doubled from what there is. */
export function roomFor(slots: number, present: number): number {
  let room = Math.max(present, 1024);
  while (room < slots) room *= 2;
  return room;
}

/** One bit for each slot. */
export class SlotBits {
  #words = new Uint32Array(32);
  #count = 0;

  /** Slots whose bit is set. */
  get count(): number {
    return this.#count;
  }

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  /** The first slot from `slot` on whose bit is set; -1 = none. */
  next(slot: number): number {
    for (let at = slot >>> 5; at < this.#words.length; at += 1) {
      let word = this.#words[at] ?? 0;
      if (at === slot >>> 5) word &= -1 << (slot & 31);
      if (word !== 0) return at * 32 + 31 - Math.clz32(word & -word);
    }
    return -1;
  }

  set(slot: number, wanted: boolean): void {
    if (this.has(slot) === wanted) return;
    const at = slot >>> 5;
    if (at >= this.#words.length) {
      const grown = new Uint32Array(roomFor(at + 1, this.#words.length));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = (this.#words[at] ?? 0) ^ (1 << (slot & 31));
    this.#count += wanted ? 1 : -1;
  }
}
