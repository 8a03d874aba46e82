/**
 * How rare the indices of a name's sparse vectors are. Source: qdrant 1.18.2, lib/segment/src/data_types/query_context.rs, and what
 * its index counts: a vector that was deleted counts on until the segment is cleaned up or the server starts again; one that was
 * written over an empty one does not count.
 */
import type { Postings } from "./postings.ts";

const { fround } = Math;
/** A server cleans up where more than this share is deleted, and so many. */
const deletedShareMax = 0.2;
const deletedMin = 1000;

export class Rarity {
  /** Vectors that count although they are gone; negative where there are some that do not count. */
  #gone = 0;
  readonly #frequencies = new Map<number, number>();

  /** A vector is deleted. */
  deleted(indices: Uint32Array, live: number): void {
    if (indices.length > 0) this.#gone += 1;
    for (const index of indices)
      this.#frequencies.set(index, (this.#frequencies.get(index) ?? 0) + 1);
    if (this.#gone < deletedMin || this.#gone < deletedShareMax * (live + this.#gone)) return;
    this.#gone = 0;
    this.#frequencies.clear();
  }

  /** A vector is written over an empty one. */
  filled(): void {
    this.#gone -= 1;
  }

  /** ln((n − df + ½) / (df + ½) + 1) in float32, where df of n vectors have the index. */
  weight(index: number, postings: Postings): number {
    const count = postings.count + this.#gone;
    const frequency = postings.frequency(index) + (this.#frequencies.get(index) ?? 0);
    const ratio = fround(fround(fround(count - frequency) + 0.5) / fround(frequency + 0.5));
    return fround(Math.log(fround(ratio + 1)));
  }
}
