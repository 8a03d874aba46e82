import { describe, expect, it } from "vitest";
import { diversify } from "../../../../src/engine/query/mmr.ts";
import type { Hit } from "../../../../src/engine/query/query.ts";

/** Places on a line; two are the more alike the nearer they are. */
const places = [0, 1, 4, 6];
const similarity = (one: number) => (other: number) =>
  -Math.abs((places[one] ?? 0) - (places[other] ?? 0));

function chosen(diversity: number, limit: number): number[] {
  const candidates: Hit[] = places.map((_place, slot) => ({ slot, score: slot, orderValue: null }));
  return diversify(candidates, similarity(0), similarity, diversity, limit).map(({ slot }) => slot);
}

describe("maximal marginal relevance", () => {
  it("without diversity goes by relevance alone", () => {
    expect(chosen(0, 4)).toEqual([0, 1, 2, 3]);
  });

  it("with diversity alone begins with the most relevant and then takes the most unlike", () => {
    expect(chosen(1, 3)).toEqual([0, 3, 2]);
  });

  it("compares a candidate, as the query, with what is chosen", () => {
    const asked: [number, number][] = [];
    const candidates: Hit[] = [0, 1].map((slot) => ({ slot, score: 0, orderValue: null }));
    const watch = (of: number) => (other: number) => {
      asked.push([of, other]);
      return 0;
    };
    diversify(candidates, similarity(0), watch, 0.5, 2);
    expect(asked).toEqual([[1, 0]]);
  });

  it("keeps the scores of the hits", () => {
    const hit = { slot: 4, score: 0.25, orderValue: null };
    expect(diversify([hit], similarity(0), similarity, 0.5, 3)).toEqual([hit]);
  });
});
