import { describe, expect, it } from "vitest";
import { normsOf } from "../../../src/model/unit-vectors.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";

/** The components of a row, one after the other. */
function normOf(row: Float32Array): number {
  let sum = 0;
  for (const component of row) sum += component * component;
  return Math.sqrt(sum);
}

describe("normsOf", () => {
  it.each([0, 1, 3, 4, 5, 11])(
    "of %i rows are the sums in the components' order, to the bit",
    (rows) => {
      const dimension = 37;
      const random = seededRandom(rows + 1);
      const data = Float32Array.from({ length: rows * dimension }, () => (random() - 0.5) * 1e3);
      const norms = normsOf({ kind: "dense", dimension, data, present: null }, rows);
      const expected = Array.from({ length: rows }, (_, row) =>
        normOf(data.subarray(row * dimension, (row + 1) * dimension)),
      );
      expect([...norms]).toEqual(expected);
    },
  );

  it("keep a fault to its own row", () => {
    const data = Float32Array.from([1, Number.POSITIVE_INFINITY, 3, Number.NaN, 3]);
    const norms = normsOf({ kind: "dense", dimension: 1, data, present: null }, 5);
    expect([...norms]).toEqual([1, Number.POSITIVE_INFINITY, 3, Number.NaN, 3]);
  });

  it("are zero where there is no column", () => {
    expect([...normsOf(undefined, 2)]).toEqual([0, 0]);
  });
});
