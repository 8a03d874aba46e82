import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SlotSet } from "../../../../src/engine/filter/slot-set.ts";
import { metrics } from "../../../../src/engine/vectors/distance.ts";
import { VectorStore } from "../../../../src/engine/vectors/vector-store.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const seed = randomInt(2 ** 32);

function filled(dimension: number, slots: number, random: () => number): VectorStore {
  const store = new VectorStore(dimension);
  for (let slot = 0; slot < slots; slot += 1) {
    if (random() < 0.1) continue; // a gap
    const vector = Float32Array.from({ length: dimension }, () => random() * 2 - 1);
    store.set(slot, vector, 0);
  }
  return store;
}

/** By the loops in JavaScript: every slot's similarity in float64, best first. */
function truth(store: VectorStore, kernel: string, query: Float32Array, slots: Iterable<number>) {
  const metric = Object.values(metrics).find((each) => each.kernel === kernel) ?? metrics.Dot;
  return [...slots]
    .filter((slot) => store.has(slot))
    .map((slot) => ({ slot, value: metric.compare(query, store.row(slot), 0) }))
    .sort((one, other) => other.value - one.value || one.slot - other.slot);
}

describe(`scans of a store (seed ${seed})`, () => {
  for (const kernel of ["dot", "euclid", "manhattan"] as const) {
    it.each([1, 3, 16, 31, 32, 33, 64, 100, 384])(
      `${kernel}: finds the nearest of vectors of %i components, with and without a filter`,
      (dimension) => {
        const random = seededRandom(seed);
        const slots = 2600;
        const store = filled(dimension, slots, random);
        const query = Float32Array.from({ length: dimension }, () => random() * 2 - 1);
        const some = new SlotSet(slots);
        for (let slot = 0; slot < slots; slot += 1) if (random() < 0.05) some.add(slot);
        for (const among of [null, some]) {
          const expected = truth(store, kernel, query, among ?? Array(slots).keys()).slice(0, 10);
          const { similarities, slots: found } = store.nearest(kernel, query, { limit: 10, among });
          const similarity = store.similarity(kernel, query);
          expect(found).toHaveLength(10);
          for (const [at, { value }] of expected.entries()) {
            expect(Math.abs((similarities[at] ?? 0) - value)).toBeLessThan(1e-5 * dimension ** 0.5);
            expect(similarity(found[at] ?? -1)).toBe(similarities[at]);
            if (among !== null) expect(among.has(found[at] ?? -1)).toBe(true);
          }
        }
      },
    );
  }

  it("shares a long scan with helpers, which find nothing else", async () => {
    const dimension = 384;
    const slots = 14_000;
    const random = seededRandom(seed);
    const store = filled(dimension, slots, random);
    const some = new SlotSet(slots);
    for (let slot = 0; slot < slots; slot += 1) if (random() < 0.99) some.add(slot);
    // What the helpers take is seen only once they have come: until then the first scans are made alone.
    for (let round = 0; round < 20; round += 1) {
      const query = Float32Array.from({ length: dimension }, () => random() * 2 - 1);
      for (const among of [null, some]) {
        const { slots: found, similarities } = store.nearest("dot", query, { limit: 20, among });
        const similarity = store.similarity("dot", query);
        const all = [...(among ?? Array(slots).keys())].filter((slot) => store.has(slot));
        const sorted = all.map((slot) => ({ slot, value: similarity(slot) }));
        sorted.sort((one, other) => other.value - one.value || one.slot - other.slot);
        expect(found).toEqual(sorted.slice(0, 20).map(({ slot }) => slot));
        expect(similarities).toEqual(sorted.slice(0, 20).map(({ value }) => value));
      }
      await new Promise((settle) => setTimeout(settle, 20));
    }
    store.release();
  });

  it("two questions that take turns have their own queries", () => {
    const store = new VectorStore(2);
    store.set(0, Float32Array.of(1, 10), 0);
    const one = store.similarity("dot", Float32Array.of(1, 0));
    const other = store.similarity("dot", Float32Array.of(0, 1));
    expect([one(0), other(0), one(0), other(0)]).toEqual([1, 10, 1, 10]);
  });

  it("a limit of none finds none, and one beyond the slots finds all", () => {
    const store = filled(4, 50, seededRandom(seed));
    const query = Float32Array.of(1, 2, 3, 4);
    expect(store.nearest("dot", query, { limit: 0, among: null }).slots).toEqual([]);
    const all = store.nearest("dot", query, { limit: 1000, among: null }).slots;
    expect(all).toHaveLength(store.count);
  });
});
