import { describe, expect, it } from "vitest";
import { roundToByte, roundToHalf } from "../../../../src/engine/vectors/datatypes.ts";
import { MultiSet } from "../../../../src/engine/vectors/multi-set.ts";
import type { MultiColumn } from "../../../../src/model/record.ts";

type Rows = readonly (readonly number[])[];

function column(vectors: Rows): MultiColumn {
  return {
    kind: "multi",
    dimension: vectors[0]?.length ?? 0,
    offsets: Uint32Array.of(0, vectors.length),
    data: Float32Array.from(vectors.flat()),
    present: null,
  };
}

function write(set: MultiSet, slot: number, vectors: Rows): void {
  set.write(slot, set.prepare(column(vectors), 1), 0);
}

const stored: Rows[] = [
  [
    [1, 0],
    [0, 1],
  ],
  [[3, 4]],
  [
    [1, 2],
    [2, 1],
    [5, 5],
  ],
];
const asked: Rows = [
  [1, 1],
  [4, 0],
];

type Compare = (one: readonly number[], other: readonly number[]) => number;
const dot: Compare = (one, other) =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
const differences = (one: readonly number[], other: readonly number[]): number[] =>
  one.map((value, at) => value - (other[at] ?? 0));
const nearness: Record<"Cosine" | "Dot" | "Euclid" | "Manhattan", Compare> = {
  Dot: dot,
  Cosine: (one, other) => dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other)),
  Euclid: (one, other) => -dot(differences(one, other), differences(one, other)),
  Manhattan: (one, other) =>
    -differences(one, other).reduce((sum, value) => sum + Math.abs(value), 0),
};
const toScore = {
  Dot: (value: number) => value,
  Cosine: (value: number) => value,
  Euclid: (value: number) => Math.sqrt(-value),
  Manhattan: (value: number) => -value,
};

describe("multivectors", () => {
  it.each(["Cosine", "Dot", "Euclid", "Manhattan"] as const)(
    "are compared under %s by the sum of the best of each of the query's vectors",
    (distance) => {
      const set = new MultiSet("m", { size: 2, distance });
      for (const [slot, vectors] of stored.entries()) write(set, slot, vectors);
      const similarities = stored.map((vectors) =>
        asked.reduce(
          (sum, one) => sum + Math.max(...vectors.map((other) => nearness[distance](one, other))),
          0,
        ),
      );
      const query = { kind: "multi", dimension: 2, data: Float32Array.from(asked.flat()) } as const;
      const order = [0, 1, 2].sort(
        (one, other) => (similarities[other] ?? 0) - (similarities[one] ?? 0),
      );
      const found = set.nearest(query, { limit: 3, among: null });
      expect(found.slots).toEqual(order);
      for (const [at, slot] of order.entries()) {
        const similarity = similarities[slot] ?? 0;
        expect(found.similarities[at]).toBeCloseTo(similarity, 5);
        expect(set.toScore(found.similarities[at] ?? 0)).toBeCloseTo(
          toScore[distance](similarity),
          5,
        );
      }
    },
  );

  it("of more vectors than the kernel takes at a time are compared with all of them", () => {
    const set = new MultiSet("m", { size: 40, distance: "Euclid" });
    const row = (value: number): number[] => new Array(40).fill(value);
    write(
      set,
      0,
      Array.from({ length: 2500 }, (_unused, at) => row(at)),
    );
    write(set, 1, [row(7)]);
    const data = Float32Array.from([row(2499), row(1), row(1200)].flat());
    const similarity = set.similarity({ kind: "multi", dimension: 40, data });
    expect(similarity(0)).toBeCloseTo(0);
    expect(similarity(1) / (-40 * (2492 ** 2 + 6 ** 2 + 1193 ** 2))).toBeCloseTo(1, 6);
    const other = set.similarity({ kind: "dense", data: Float32Array.from(row(8)) });
    expect(other(1)).toBe(-40);
    expect(similarity(0)).toBeCloseTo(0);
  });

  it("are one dense vector too, stored and asked for", () => {
    const set = new MultiSet("m", { size: 2, distance: "Dot" });
    const dense = {
      kind: "dense",
      dimension: 2,
      data: Float32Array.of(3, 4),
      present: null,
    } as const;
    set.write(5, set.prepare(dense, 1), 0);
    expect(set.vector(5)).toEqual({ kind: "multi", dimension: 2, data: Float32Array.of(3, 4) });
    const query = { kind: "dense", data: Float32Array.of(1, 1) } as const;
    expect(set.nearest(query, { limit: 1, among: null })).toEqual({
      slots: [5],
      similarities: [7],
    });
  });

  it("come back from their blocks; blocks with half a vector are refused", () => {
    const set = new MultiSet("m", { size: 2, distance: "Dot" });
    write(set, 1, stored[2] ?? []);
    write(set, 40, stored[0] ?? []);
    const loaded = new MultiSet("m", { size: 2, distance: "Dot" });
    const wider = new MultiSet("m", { size: 4, distance: "Dot" });
    for (const { block, bytes } of set.takeChanges()) {
      expect(loaded.loadBlock(block, bytes)).toBe(true);
      if (block === 0) expect(wider.loadBlock(block, bytes)).toBe(false);
    }
    expect(loaded.column([1, 2, 40])).toEqual(set.column([1, 2, 40]));
  });

  it("keep what they hold while others are written over many times", () => {
    const set = new MultiSet("m", { size: 64, distance: "Dot" });
    const vectors = (value: number): Rows =>
      Array.from({ length: 50 }, () => new Array(64).fill(value));
    write(set, 9, vectors(-1));
    for (let step = 0; step < 2000; step += 1) write(set, step % 7, vectors(step));
    expect(new Set(set.column([9]).data)).toEqual(new Set([-1]));
    for (let slot = 0; slot < 7; slot += 1) {
      const { data } = set.column([slot]);
      const last = slot + 7 * Math.floor((1999 - slot) / 7);
      expect([data.length, new Set(data)]).toEqual([50 * 64, new Set([last])]);
    }
  });
});

describe("datatypes", () => {
  it.each([
    [0.1, 0.0999755859375],
    [1 / 3, 0.333251953125],
    [65519, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [-70000, Number.NEGATIVE_INFINITY],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [2049, 2048],
    [2051, 2052],
    [-2049, -2048],
    [0, 0],
  ])("float16 makes %d to %d", (value, half) => {
    expect(roundToHalf(Math.fround(value))).toBe(half);
  });

  it.each([
    [1.7, 1],
    [300, 255],
    [-1, 0],
    [254.99, 254],
  ])("uint8 makes %d to %d", (value, byte) => {
    expect(roundToByte(value)).toBe(byte);
  });
});
