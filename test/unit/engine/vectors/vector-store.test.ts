import { describe, expect, it } from "vitest";
import { layoutOf } from "../../../../src/engine/vectors/chunk.ts";
import { VectorStore } from "../../../../src/engine/vectors/vector-store.ts";

function row(dimension: number, slot: number): Float32Array {
  return Float32Array.from({ length: dimension }, (_unused, at) => slot + at / 10);
}

describe("VectorStore", () => {
  it("keeps every row while chunks grow and a second chunk begins", () => {
    const dimension = 65_536;
    const store = new VectorStore(dimension);
    const slots = [0, 1, 17, 254, 255, 256, 300];
    for (const slot of slots) store.set(slot, row(dimension, slot), 0);
    expect(store.count).toBe(slots.length);
    for (const slot of slots) expect(store.row(slot)[3]).toBe(Math.fround(slot + 0.3));
    expect(store.row(0).buffer).not.toBe(store.row(300).buffer);
    expect(store.has(2)).toBe(false);
    expect(store.has(299)).toBe(false);
  });

  it("shares its memory, and never lets a chunk be larger than 64 MiB", () => {
    for (const dimension of [1, 3, 384, 1536, 65_536]) {
      const { rows, dataAt } = layoutOf(dimension, new VectorStore(dimension).rowsPerBlock);
      const bytes = dataAt + rows * dimension * 4;
      expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
      expect(bytes).toBeGreaterThan(63 * 1024 * 1024);
      const store = new VectorStore(dimension);
      store.set(0, row(dimension, 0), 0);
      expect(store.row(0).buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it("carries blocks to disk and back bit by bit, the gaps too", () => {
    const store = new VectorStore(384);
    for (const slot of [0, 5, 31, 32, 100]) store.set(slot, row(384, slot), 0);
    store.remove(5);
    const copy = new VectorStore(384);
    for (let block = 0; block <= store.blockOf(100); block += 1) {
      expect(copy.loadBlock(block, store.readBlock(block))).toBe(true);
    }
    expect(copy.count).toBe(4);
    expect(copy.has(5)).toBe(false);
    expect(copy.row(100)).toEqual(store.row(100));
    expect(copy.loadBlock(0, store.readBlock(0).subarray(1))).toBe(false);
  });
});
