import { describe, expect, it } from "vitest";
import { fuse } from "../../../../src/engine/query/fusion.ts";
import type { Hit } from "../../../../src/engine/query/query.ts";

function ranking(...hits: [slot: number, score: number][]): Hit[] {
  return hits.map(([slot, score]) => ({ slot, score, orderValue: null }));
}

/** Slots with scores to five digits. */
function fused(...given: Parameters<typeof fuse>): [number, number][] {
  return fuse(...given).map(({ slot, score }) => [slot, Number(score.toFixed(5))]);
}

describe("reciprocal rank fusion", () => {
  const rankings = [ranking([7, 9], [3, 8]), ranking([3, 0.5], [5, 0.4])];

  it("sums 1 / (position + k) over the rankings, whatever the scores are", () => {
    expect(fused(rankings, { method: "rrf", k: 2, weights: null })).toEqual([
      [3, 0.83333],
      [7, 0.5],
      [5, 0.33333],
    ]);
  });

  it("makes a ranking with a larger weight denser", () => {
    // 1 / ((position + 1) / 3 + 2 − 1) for the first, 1 / (position + 1 + 2 − 1) for the second.
    expect(fused(rankings, { method: "rrf", k: 2, weights: [3, 1] })).toEqual([
      [3, 1.1],
      [7, 0.75],
      [5, 0.33333],
    ]);
  });

  it("lets a ranking of weight 0 add nothing", () => {
    expect(fused(rankings, { method: "rrf", k: 2, weights: [0, 1] })).toEqual([
      [3, 0.5],
      [5, 0.33333],
      [7, 0],
    ]);
  });
});

describe("distribution-based score fusion", () => {
  it("puts what was ordered by a field first, by its value", () => {
    const ordered = { slot: 1, score: 1, orderValue: 5n };
    const rankings = [ranking([2, 9]), [ordered, { ...ordered, slot: 3, orderValue: 7n }]];
    const slots = fuse(rankings, { method: "dbsf" }).map(({ slot }) => slot);
    expect(slots).toEqual([3, 1, 2]);
  });

  it("puts the mean at 0.5 and three standard deviations at the ends", () => {
    // Mean 2, standard deviation 1: from −1 to 5.
    expect(fused([ranking([1, 3], [2, 2], [3, 1])], { method: "dbsf" })).toEqual([
      [1, 0.66667],
      [2, 0.5],
      [3, 0.33333],
    ]);
  });

  it("gives 0.5 where there is nothing to tell apart, and sums over rankings", () => {
    const rankings = [ranking([1, 9]), ranking([2, 4], [1, 4])];
    expect(fused(rankings, { method: "dbsf" })).toEqual([
      [1, 1],
      [2, 0.5],
    ]);
  });
});
