import { describe, expect, it } from "vitest";
import { DistinctCounter, hashText } from "../../../../src/migrate/survey/distinct.ts";

function estimate(values: Iterable<string>): number {
  const counter = new DistinctCounter();
  for (const value of values) counter.add(hashText(value, 0, value.length));
  return counter.estimate;
}

describe("DistinctCounter", () => {
  it("counts nothing, one and a few exactly, however often they come", () => {
    expect(estimate([])).toBe(0);
    expect(estimate(Array(1000).fill("same"))).toBe(1);
    expect(estimate(Array.from({ length: 10_000 }, (_, index) => `v${index % 20}`))).toBe(20);
  });

  it.each([1000, 20_000, 300_000])("comes within 8 %% of %i", (count) => {
    const values = Array.from({ length: count }, (_, index) => `value ${index}`);
    expect(Math.abs(estimate(values) - count) / count).toBeLessThan(0.08);
  });
});

describe("hashText", () => {
  it("looks at the part alone, whatever stands around it", () => {
    expect(hashText("xxabcyy", 2, 5)).toBe(hashText("abc", 0, 3));
    expect(hashText("abc", 0, 3)).not.toBe(hashText("abd", 0, 3));
  });
});
