import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matches, type Where, type WhereOperator } from "../../../src/model/filter.ts";
import { byValue } from "../../../src/model/filter-numbers.ts";

const numbers: readonly number[] = [
  -3, -2.5, -2.0000000000000004, -2, -1.5, -0.5, -5e-324, 0, 5e-324, 0.25, 0.5, 1, 1.5, 2,
  2.0000000000000004, 2.5, 3, 4.5, 1e21,
];
/** As an application writes a number: an integral one is an integer. */
const stored = (value: number) => (Number.isInteger(value) ? BigInt(value) : value);

/** What is meant by an operator between two numbers. */
const meant: Record<string, (value: number, operands: readonly number[]) => boolean> = {
  $eq: (value, operands) => operands.includes(value),
  $in: (value, operands) => operands.includes(value),
  $ne: (value, operands) => !operands.includes(value),
  $nin: (value, operands) => !operands.includes(value),
  $gt: (value, [bound = 0]) => value > bound,
  $gte: (value, [bound = 0]) => value >= bound,
  $lt: (value, [bound = 0]) => value < bound,
  $lte: (value, [bound = 0]) => value <= bound,
};

describe("byValue", () => {
  it("finds what is meant, where Chroma would cut the operand", () => {
    const atLeast: Where = { key: "rating", operator: "$gte", operands: [4.5] };
    expect(matches(atLeast, { rating: 4n })).toBe(true);
    expect(matches(byValue(atLeast), { rating: 4n })).toBe(false);
    expect(matches(byValue(atLeast), { rating: 4.5 })).toBe(true);
    expect(matches(byValue(atLeast), { rating: 5n })).toBe(true);
  });

  it.each(Object.keys(meant))("compares any two numbers by their value with %s", (name) => {
    const operator = name as WhereOperator;
    for (const operand of numbers) {
      const where = byValue({ key: "a", operator, operands: [operand] });
      for (const value of numbers) {
        const wanted = meant[name]?.(value, [operand]);
        expect(matches(where, { a: stored(value) }), `${value} ${name} ${operand}`).toBe(wanted);
        expect(matches(where, { a: value }), `${value}f ${name} ${operand}`).toBe(wanted);
      }
    }
  });

  it("compares with several, and leaves what has no number, or no such key, as it is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<WhereOperator>("$in", "$nin"),
        fc.array(fc.constantFrom(...numbers), { minLength: 1 }),
        fc.constantFrom(...numbers),
        (operator, operands, value) => {
          const where: Where = { key: "a", operator, operands };
          expect(matches(byValue(where), { a: stored(value) })).toBe(
            meant[operator]?.(value, operands),
          );
          for (const other of [{}, { a: "2" }, { a: true }, { a: null }, { a: [2n] }])
            expect(matches(byValue(where), other)).toBe(matches(where, other));
        },
      ),
    );
  });

  it("goes into every and some", () => {
    const clause: Where = { key: "a", operator: "$lt", operands: [2.5] };
    for (const where of [{ every: [clause] }, { some: [clause] }]) {
      expect(matches(where, { a: 2n })).toBe(false);
      expect(matches(byValue(where), { a: 2n })).toBe(true);
    }
  });
});
