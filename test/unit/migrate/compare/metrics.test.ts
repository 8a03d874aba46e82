import { describe, expect, it } from "vitest";
import {
  type Answered,
  type Case,
  figuresOf,
  judge,
  overlapOf,
  percentileOf,
  recallOf,
  spearmanOf,
} from "../../../../src/migrate/compare/metrics.ts";

/** True distances of all records; the k nearest of them are the truth. */
function caseOf(distances: Record<string, number>, k: number): Case {
  const sorted = Object.entries(distances).sort((one, other) => one[1] - other[1]);
  const nearest = sorted.slice(0, k);
  return {
    truth: { ids: nearest.map(([id]) => id), distances: nearest.map(([, d]) => d) },
    slack: 1e-6,
    distanceOf: (id) => distances[id],
  };
}

const answer = (ids: string): Answered[] =>
  [...ids].map((id, at) => ({ id, distance: (at + 1) / 10 }));

const plain = caseOf({ a: 0.1, b: 0.2, c: 0.3, d: 0.4, e: 0.5, f: 0.6 }, 4);
/** c, d and e are at one distance; any of them may be the third and the fourth. */
const tied = caseOf({ a: 0.1, b: 0.2, c: 0.3, d: 0.3, e: 0.3, f: 0.6 }, 4);

describe("recall", () => {
  it("is the share of the true k that an answer has, whatever its order", () => {
    expect(recallOf(plain, answer("abcd"))).toBe(1);
    expect(recallOf(plain, answer("dcba"))).toBe(1);
    expect(recallOf(plain, answer("abef"))).toBe(0.5);
    expect(recallOf(plain, answer("ef"))).toBe(0);
    expect(recallOf(plain, [])).toBe(0);
  });

  it("counts every record at the k-th distance", () => {
    expect(recallOf(tied, answer("abde"))).toBe(1);
    expect(recallOf(tied, answer("abce"))).toBe(1);
    expect(recallOf(tied, answer("abcf"))).toBe(0.75);
  });

  it("counts a record once, no more than k of them, and none that the source has not", () => {
    expect(recallOf(plain, answer("aaaa"))).toBe(0.25);
    expect(recallOf(tied, answer("cdeab"))).toBe(1);
    expect(recallOf(tied, answer("fcdea"))).toBe(0.75);
    expect(recallOf(plain, answer("abxy"))).toBe(0.5);
  });

  it("tells no two distances apart that a float32 does not", () => {
    const close = { ...caseOf({ a: 0.1, b: 0.2, c: 0.2 + 1e-9 }, 2) };
    expect(recallOf(close, answer("ac"))).toBe(1);
  });
});

describe("overlap", () => {
  it("is the share that both have", () => {
    expect(overlapOf(plain, answer("abcd"), answer("dcba"))).toBe(1);
    expect(overlapOf(plain, answer("abcd"), answer("abef"))).toBe(0.5);
    expect(overlapOf(plain, answer("abcd"), [])).toBe(0);
  });

  it("takes records at one distance for one another, each once", () => {
    expect(overlapOf(tied, answer("abcd"), answer("abce"))).toBe(1);
    expect(overlapOf(tied, answer("abcd"), answer("abef"))).toBe(0.75);
    expect(overlapOf(tied, answer("acde"), answer("abcf"))).toBe(0.5);
  });
});

describe("Spearman's rank correlation", () => {
  it("is that of the textbook", () => {
    // Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 − 6·(1+1+1+1+0)/(5·24) = 0.8.
    const five = caseOf({ a: 1, b: 2, c: 3, d: 4, e: 5 }, 5);
    expect(spearmanOf(five, [..."abcde"], answer("badce"))).toBeCloseTo(0.8, 12);
    expect(spearmanOf(five, [..."abcde"], answer("abcde"))).toBe(1);
    expect(spearmanOf(five, [..."abcde"], answer("edcba"))).toBe(-1);
  });

  it("gives records at one distance the mean of their ranks", () => {
    const ties = caseOf({ a: 1, b: 2, c: 2, d: 3 }, 4);
    expect(spearmanOf(ties, [..."abcd"], answer("acbd"))).toBe(1);
    // Ranks a 1, b and c 2.5, d 4 against b and c 1.5, d 3, a 4: less their mean, (−1.5·1.5 + 1.5·0.5) / 4.5.
    expect(spearmanOf(ties, [..."abcd"], answer("bcda"))).toBeCloseTo(-1 / 3, 12);
  });

  it("has nothing to say of fewer than two ranks", () => {
    expect(spearmanOf(plain, ["a"], answer("a"))).toBeNull();
    expect(spearmanOf(tied, ["c", "d"], answer("dc"))).toBeNull();
  });
});

describe("one query's answers", () => {
  it("are held against the source's, the scores of what both answer too", () => {
    const source = answer("abcd");
    const target = [
      { id: "b", distance: 0.25 },
      { id: "a", distance: 0.1 },
      { id: "e", distance: 0.5 },
    ];
    const judged = judge(plain, { source, exact: answer("abcd"), target });
    expect(judged).toMatchObject({
      recallSource: 1,
      recallExact: 1,
      recallTarget: 0.5,
      overlap: 0.5,
      top1: false,
      spearman: -1,
    });
    expect(judged.scoreDifferences.map((difference) => difference.toFixed(6))).toEqual([
      "0.000000",
      "0.050000",
    ]);
  });

  it("have no score to compare where a server's float32 cannot hold it", () => {
    const far = [{ id: "a", distance: Number.POSITIVE_INFINITY }, ...answer("bcd").slice(1)];
    expect(judge(plain, { source: null, exact: null, target: far }).scoreDifferences).toHaveLength(
      2,
    );
  });

  it("are held against the truth where the source has no server", () => {
    const judged = judge(plain, { source: null, exact: null, target: answer("abcd") });
    expect(judged).toMatchObject({
      recallSource: null,
      recallExact: null,
      overlap: 1,
      top1: true,
      spearman: 1,
    });
  });

  it("agree on the first where another at its distance stands there", () => {
    const twins = caseOf({ a: 0.1, b: 0.1, c: 0.3 }, 2);
    expect(judge(twins, { source: answer("ab"), exact: null, target: answer("ba") }).top1).toBe(
      true,
    );
    expect(judge(twins, { source: answer("ab"), exact: null, target: answer("ca") }).top1).toBe(
      false,
    );
  });
});

describe("the figures of a group", () => {
  it("are means, the median, the least and the fifth percentile", () => {
    const judged = [0.5, 1, 1, 0.7].map((recall) => ({
      recallSource: 1,
      recallExact: null,
      recallTarget: recall,
      overlap: recall,
      top1: recall === 1,
      spearman: recall === 1 ? null : recall,
      scoreDifferences: [recall / 10],
    }));
    expect(figuresOf(judged)).toEqual({
      queries: 4,
      recall: {
        source: 1,
        exact: null,
        target: { mean: 0.8, median: 0.85, min: 0.5, p5: 0.5 },
      },
      overlap: 0.8,
      top1: 0.5,
      spearman: 0.6,
      scoreDifference: { mean: expect.closeTo(0.08, 12), max: 0.1 },
    });
    expect(figuresOf([])).toBeNull();
  });

  it("take percentiles by the nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([0.05, 0.5, 0.95, 0.99, 1].map((part) => percentileOf(values, part))).toEqual([
      5, 50, 95, 99, 100,
    ]);
    expect(percentileOf([7], 0.05)).toBe(7);
  });
});
