import { describe, expect, it } from "vitest";
import {
  bestScore,
  contextScore,
  discoverScore,
  sumScores,
} from "../../../../src/engine/query/scores.ts";

/** The same similarity to every slot. */
const is = (value: number) => () => value;

describe("recommendation", () => {
  it.each([
    { positives: [10, 2], negatives: [4, 6], score: 0.5 * (10 / 11 + 1) },
    { positives: [1, 2], negatives: [4, 6], score: -0.5 * (6 / 7 + 1) },
    { positives: [-42], negatives: [-84], score: 0.5 * (-42 / 43 + 1) },
    { positives: [], negatives: [-2], score: -0.5 * (-2 / 3 + 1) },
    { positives: [0], negatives: [0], score: -0.5 },
  ])("by best score of $positives against $negatives is $score", (given) => {
    const score = bestScore(given.positives.map(is), given.negatives.map(is))(0);
    expect(score).toBeCloseTo(given.score, 6);
  });

  it("by sum of scores takes the negatives off", () => {
    expect(sumScores([is(3), is(2)], [is(1.5)])(0)).toBe(3.5);
  });
});

describe("discovery", () => {
  it("counts the pairs whose positive is nearer, and has the target as its fraction", () => {
    const pairs = [
      { positive: is(10), negative: is(4) },
      { positive: is(4), negative: is(2) },
      { positive: is(1), negative: is(3) },
      { positive: is(7), negative: is(7) },
    ];
    expect(discoverScore(is(1), pairs)(0)).toBe(1.75);
  });
});

describe("context", () => {
  it("is 0 where every positive is nearer", () => {
    expect(contextScore([{ positive: is(2), negative: is(1) }])(0)).toBe(0);
  });

  it("is the loss of each pair whose negative is nearer", () => {
    const pairs = [
      { positive: is(2), negative: is(1) },
      { positive: is(1), negative: is(2) },
      { positive: is(0), negative: is(3) },
    ];
    expect(contextScore(pairs)(0)).toBeCloseTo(-0.5 - 0.75, 6);
  });

  it("of no pairs is −0, as Rust sums nothing", () => {
    expect(contextScore([])(0)).toBe(-0);
  });
});
