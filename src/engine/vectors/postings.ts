/** An inverted index of sparse vectors: for each index the slots that have it, ascending, with their values. */

class Posting {
  slots = new Uint32Array(4);
  values = new Float32Array(4);
  length = 0;

  /** Where `slot` stands, or would stand. */
  #find(slot: number): number {
    let low = 0;
    let high = this.length;
    // Slots mostly come in ascending order.
    if (high > 0 && (this.slots[high - 1] ?? 0) < slot) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.slots[middle] ?? 0) < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(slot: number, value: number): void {
    if (this.length === this.slots.length) this.#grow();
    const at = this.#find(slot);
    if (at < this.length) {
      this.slots.copyWithin(at + 1, at, this.length);
      this.values.copyWithin(at + 1, at, this.length);
    }
    this.slots[at] = slot;
    this.values[at] = value;
    this.length += 1;
  }

  remove(slot: number): void {
    const at = this.#find(slot);
    if (at >= this.length || this.slots[at] !== slot) return;
    this.slots.copyWithin(at, at + 1, this.length);
    this.values.copyWithin(at, at + 1, this.length);
    this.length -= 1;
  }

  #grow(): void {
    const slots = new Uint32Array(this.length * 2);
    const values = new Float32Array(this.length * 2);
    slots.set(this.slots);
    values.set(this.values);
    this.slots = slots;
    this.values = values;
  }
}

export class Postings {
  readonly #byIndex = new Map<number, Posting>();
  #count = 0;

  /** Vectors in it; empty ones are not. */
  get count(): number {
    return this.#count;
  }

  add(slot: number, indices: Uint32Array, values: Float32Array): void {
    if (indices.length > 0) this.#count += 1;
    for (let at = 0; at < indices.length; at += 1) {
      const index = indices[at] ?? 0;
      let posting = this.#byIndex.get(index);
      if (posting === undefined) {
        posting = new Posting();
        this.#byIndex.set(index, posting);
      }
      posting.add(slot, values[at] ?? 0);
    }
  }

  remove(slot: number, indices: Uint32Array): void {
    if (indices.length > 0) this.#count -= 1;
    for (const index of indices) {
      const posting = this.#byIndex.get(index);
      posting?.remove(slot);
      if (posting?.length === 0) this.#byIndex.delete(index);
    }
  }

  /** How many vectors have the index. */
  frequency(index: number): number {
    return this.#byIndex.get(index)?.length ?? 0;
  }

  /** The slots and values of an index, as far as `length` goes. */
  of(index: number): Readonly<Posting> | undefined {
    return this.#byIndex.get(index);
  }
}
