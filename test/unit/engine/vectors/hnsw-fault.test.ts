import { describe, expect, it } from "vitest";
import { growIndexes, HnswIndex } from "../../../../src/engine/vectors/hnsw.ts";
import { VectorStore } from "../../../../src/engine/vectors/vector-store.ts";

/** A library whose memory is at its end after so many vectors; what it has it gives in the order in which it came. */
function scarce(room: number) {
  return class {
    readonly #keys: bigint[] = [];
    add(keys: BigUint64Array): void {
      if (this.#keys.length === room) throw new Error("Out of memory!");
      this.#keys.push(...keys);
    }
    remove(): void {}
    contains(): boolean {
      return false;
    }
    search(_query: unknown, wanted: number): { keys: BigUint64Array } {
      return { keys: BigUint64Array.from(this.#keys.slice(0, wanted)) };
    }
    size(): number {
      return this.#keys.length;
    }
    save(): void {}
    load(): void {}
  };
}

function indexOf(rows: number, room: number): HnswIndex {
  const store = new VectorStore(2);
  for (let slot = 0; slot < rows; slot += 1) store.set(slot, Float32Array.of(slot, 1), 0);
  const settings = { metric: "l2sq", m: 4, efConstruct: 10 } as const;
  return new HnswIndex({ Index: scarce(room), version: "" }, store, settings);
}

describe("an HNSW index that takes no more", () => {
  const query = Float32Array.of(99, 1);
  const everyone = { limit: 1, among: null };

  it("misses nothing: what it lacks is compared one by one", () => {
    const index = indexOf(100, 60);
    for (let step = 0; growIndexes() && step < 1000; step += 1);
    expect(index.size).toBe(60);
    expect(index.nearest("euclid", query, everyone)?.slots).toEqual([99]);
    index.drop();
  });

  it("is not asked where it lacks much, and nobody waits for it", () => {
    const index = indexOf(3000, 60);
    expect(index.isBehind).toBe(true);
    for (let step = 0; growIndexes() && step < 1000; step += 1);
    expect(index.nearest("euclid", query, everyone)).toBeNull();
    expect(index.isBehind).toBe(false);
    index.drop();
  });
});

it("looks at two thirds of ef_construct where a search does not say", () => {
  const index = indexOf(100, 100);
  for (let step = 0; growIndexes() && step < 1000; step += 1);
  const ninth = Float32Array.of(9, 1);
  expect(index.nearest("euclid", ninth, { limit: 1, among: null })?.slots).toEqual([6]);
  expect(index.nearest("euclid", ninth, { limit: 1, among: null, ef: 8 })?.slots).toEqual([7]);
  expect(index.nearest("euclid", ninth, { limit: 1, among: null, ef: 10 })?.slots).toEqual([9]);
  index.drop();
});
