import { describe, expect, it } from "vitest";
import { Imprints } from "../../../../src/migrate/export/imprint.ts";
import { placed } from "../../../../src/migrate/export/lane.ts";
import type { PointBatch } from "../../../../src/model/record.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const dimension = 384;

function recordOf(data: Float32Array, document = "text"): PointBatch {
  return placed({
    ids: ["a"],
    vectors: new Map([["", { kind: "dense", dimension, data, present: null }]]),
    payload: { documents: [document], uris: [null], metadata: ['{"at":1}'] },
  });
}

function someVector(random: () => number): Float32Array {
  return Float32Array.from({ length: dimension }, () => random() * 4 - 2);
}

/** The vector with each component moved by at most so many steps of float32. */
function moved(vector: Float32Array, ulps: number, random: () => number): Float32Array {
  const bits = new Int32Array(vector.slice().buffer);
  return new Float32Array(
    bits.map((word) => word + Math.floor(random() * (2 * ulps + 1)) - ulps).buffer,
  );
}

function isOf(ulps: number, written: PointBatch, found: PointBatch): boolean {
  const imprints = new Imprints(ulps);
  return imprints.isOf(imprints.of(written), found, 0, imprints.of(found));
}

describe("an imprint", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);

  it(`knows a record again whose components have moved by what the target allows (seed ${seed})`, () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round += 1) {
      const vector = someVector(random);
      expect(isOf(5, recordOf(vector), recordOf(moved(vector, 5, random)))).toBe(true);
    }
  });

  it(`does not take another embedding, or another text, for it (seed ${seed})`, () => {
    const random = seededRandom(seed + 1);
    for (let round = 0; round < 200; round += 1) {
      const vector = someVector(random);
      const one = vector.slice();
      one[round % dimension] = (one[round % dimension] ?? 0) + 0.01;
      expect(isOf(5, recordOf(vector), recordOf(someVector(random)))).toBe(false);
      expect(isOf(5, recordOf(vector), recordOf(one))).toBe(false);
    }
    const vector = someVector(random);
    expect(isOf(5, recordOf(vector), recordOf(vector, "other"))).toBe(false);
  });

  it("is exact where the target answers the bits that it was sent", () => {
    const random = seededRandom(seed + 2);
    const vector = someVector(random);
    expect(isOf(0, recordOf(vector), recordOf(vector))).toBe(true);
    const next = vector.slice();
    new Int32Array(next.buffer)[7] = (new Int32Array(vector.buffer)[7] ?? 0) + 1;
    expect(isOf(0, recordOf(vector), recordOf(next))).toBe(false);
  });
});
