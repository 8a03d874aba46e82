import { describe, expect, it } from "vitest";
import { SizeHistogram } from "../../../../src/migrate/survey/sizes.ts";

describe("SizeHistogram", () => {
  it("says nothing of nothing", () => {
    expect(new SizeHistogram().sizes()).toEqual({
      things: 0,
      min: 0,
      mean: 0,
      p50: 0,
      p95: 0,
      max: 0,
    });
  });

  it("gives smallest, mean and largest exactly, percentiles to within 1 %", () => {
    const histogram = new SizeHistogram();
    const sizes = Array.from({ length: 10_000 }, (_, index) => (index * index) % 100_003);
    for (const size of sizes) histogram.add(size);
    const sorted = sizes.toSorted((a, b) => a - b);
    const found = histogram.sizes();
    expect(found).toMatchObject({ things: 10_000, min: 0, max: sorted.at(-1) });
    expect(found.mean).toBeCloseTo(sizes.reduce((sum, size) => sum + size, 0) / 10_000, 6);
    for (const [share, size] of [
      [0.5, found.p50],
      [0.95, found.p95],
    ] as const) {
      const exact = sorted[Math.ceil(10_000 * share) - 1] ?? 0;
      expect(Math.abs(size - exact) / exact).toBeLessThan(0.0101);
    }
  });

  it("takes sizes of any magnitude", () => {
    const histogram = new SizeHistogram();
    for (const size of [0, 1, 2 ** 40]) histogram.add(size);
    expect(histogram.sizes()).toMatchObject({ min: 0, p50: 1, max: 2 ** 40 });
  });
});
