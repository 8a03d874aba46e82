import { describe, expect, it } from "vitest";
import { averageVector } from "../../../../src/engine/query/average.ts";
import type { QueryVector } from "../../../../src/engine/vectors/vector-set.ts";

const dense = (...data: number[]): QueryVector => ({
  kind: "dense",
  data: Float32Array.from(data),
});
const sparse = (indices: number[], values: number[]): QueryVector => ({
  kind: "sparse",
  indices: Uint32Array.from(indices),
  values: Float32Array.from(values),
});
const multi = (...data: number[]): QueryVector => ({
  kind: "multi",
  dimension: 2,
  data: Float32Array.from(data),
});

describe("the vector of a recommendation by average", () => {
  it("is made of any number of examples", () => {
    expect(averageVector(new Array(500_000).fill(dense(1, 2)), [])).toEqual(dense(1, 2));
  });

  it("is the mean of the positives", () => {
    expect(averageVector([dense(1, 2), dense(3, 6)], [])).toEqual(dense(2, 4));
  });

  it("is twice that mean less the mean of the negatives", () => {
    expect(averageVector([dense(1, 2)], [dense(1, 0), dense(3, 2)])).toEqual(dense(0, 3));
  });

  it("goes by index where vectors are sparse", () => {
    const positives = [sparse([1, 5], [2, 4]), sparse([5], [2])];
    expect(averageVector(positives, [sparse([9], [1])])).toEqual(sparse([1, 5, 9], [2, 6, -1]));
  });

  it("of multivectors has all of their vectors, the negatives' turned round", () => {
    expect(averageVector([multi(1, 2), multi(3, 4)], [multi(5, 6)])).toEqual(
      multi(1, 2, 3, 4, -5, -6),
    );
  });

  it.each([
    [[], [], "Positive vectors should not be empty with `average` strategy"],
    [[dense(1), sparse([1], [1])], [], "Can't average vectors with different types"],
    [[dense(1)], [sparse([1], [1])], "should be of the same type"],
  ])("refuses what cannot be averaged (%#)", (positives, negatives, words) => {
    expect(() => averageVector(positives, negatives)).toThrow(words);
  });
});
