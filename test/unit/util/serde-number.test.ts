import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { neighboursOf, serdeReads, serdeSpelling } from "../../../src/util/serde-number.ts";

describe("what a reader with two roundings makes of a number", () => {
  // The first as servers answer it; the others follow from the rule.
  it.each([
    ["94.52706955539223", 94.52706955539225],
    ["0.30000000000000004", 0.30000000000000004],
    ["0.1", 0.1],
    ["-2.50", -2.5],
    ["1e22", 1e22],
    ["5e-324", 5e-324],
    ["1.7976931348623157e308", 1.7976931348623157e308],
    ["0.0", 0],
    ["000.5", 0.5],
    ["18446744073709551615.0", 2 ** 64],
    ["184467440737095516150000.0", 1.8446744073709552e23],
    ["1e-400", 0],
  ])("%s: %d", (text, value) => {
    expect(serdeReads(text)).toBe(value);
  });

  it("is none where the number is too large, or no number", () => {
    expect(serdeReads("1e309")).toBeNaN();
    expect(serdeReads("x")).toBeNaN();
  });
});

describe("a spelling", () => {
  it("is read as the very number, and says the same number to every other reader within its last digit", () => {
    let found = 0;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const spelling = serdeSpelling(value);
        if (spelling === null) return;
        found += 1;
        expect(serdeReads(spelling)).toBe(value === 0 ? Math.abs(value) : value);
        expect(neighboursOf(value)).toContain(Number(spelling));
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(1500);
  });
});
