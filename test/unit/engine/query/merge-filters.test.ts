import { describe, expect, it } from "vitest";
import { mergeFilters } from "../../../../src/engine/query/merge-filters.ts";

const a = { has_id: [1n] };
const b = { has_id: [2n] };
const c = { has_id: [3n] };

describe("two filters as one", () => {
  it("are joined clause by clause, so that either side's `should` is enough", () => {
    expect(mergeFilters({ should: [a], must: b }, { should: c, must: [a] })).toEqual({
      should: [a, c],
      must: [b, a],
    });
  });

  it("ask for the larger number of `min_should`", () => {
    const one = { min_should: { conditions: [a, b], min_count: 1n } };
    const other = { min_should: { conditions: [c], min_count: 2n } };
    expect(mergeFilters(one, other)).toEqual({
      min_should: { conditions: [a, b, c], min_count: 2n },
    });
  });

  it("are the one that is there", () => {
    expect(mergeFilters(null, { must_not: [a] })).toEqual({ must_not: [a] });
    expect(mergeFilters({ must: [a] }, null)).toEqual({ must: [a] });
    expect(mergeFilters(null, null)).toBeNull();
  });
});
