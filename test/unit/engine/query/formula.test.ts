import { describe, expect, it } from "vitest";
import { type Expression, evaluate, type PointView } from "../../../../src/engine/query/formula.ts";
import { decayLambda, parseVariable } from "../../../../src/engine/query/formula-terms.ts";
import { numberText } from "../../../../src/engine/query/number-text.ts";

const values: Record<string, unknown[]> = {
  number: [85],
  two: [1.2, 2.3],
  place: [{ lat: 25.628482424190565, lon: -100.23881855976 }],
  day: ["2025-03-18T12:00:00Z"],
  word: ["no"],
};
const point: PointView = {
  score: (prefetch) => [1, 2][prefetch],
  payload: ({ text }) => values[text] ?? [],
  fits: (condition) => condition === 1,
};

function score(expression: Expression): number {
  const scoreDefaults = new Map([[3, 1.5]]);
  const payloadDefaults = new Map([['["absent"]', 7]]);
  return evaluate(
    { expression, conditions: [], scoreDefaults, payloadDefaults, fault: null },
    point,
  );
}

const constant = (value: number): Expression => ({ kind: "constant", value });
const payload = (text: string): Expression => ({ kind: "payload", key: { text, steps: [text] } });
const prefetch = (at: number): Expression => ({ kind: "score", prefetch: at });

describe("a formula's score", () => {
  it.each<[string, Expression, number]>([
    ["a sum", { kind: "sum", terms: [constant(1), prefetch(0), prefetch(1)] }, 4],
    ["a product", { kind: "mult", terms: [constant(2), payload("number")] }, 170],
    ["a product with 0, which ends there", { kind: "mult", terms: [constant(0), payload("x")] }, 0],
    ["a quotient", { kind: "div", left: constant(1), right: constant(2), byZero: null }, 0.5],
    [
      "the default of a division by 0",
      { kind: "div", left: constant(1), right: constant(0), byZero: 9 },
      9,
    ],
    ["0 over anything", { kind: "div", left: constant(0), right: constant(0), byZero: null }, 0],
    ["a power", { kind: "pow", base: constant(3), exponent: constant(2) }, 9],
    ["a root", { kind: "sqrt", of: constant(2.25) }, 1.5],
    ["an absolute value", { kind: "abs", of: { kind: "neg", of: constant(4) } }, 4],
    ["a decimal logarithm", { kind: "log10", of: constant(1000) }, 3],
    ["a natural logarithm of e", { kind: "ln", of: { kind: "exp", of: constant(1) } }, 1],
    ["a condition that holds", { kind: "condition", condition: 1 }, 1],
    ["a condition that does not", { kind: "condition", condition: 0 }, 0],
    ["a score that is not there", prefetch(2), 0],
    ["the default of a score", prefetch(3), 1.5],
    ["the default of a payload value", payload("absent"), 7],
    [
      "a date in seconds",
      { kind: "datetime", key: { text: "day", steps: ["day"] } },
      Math.fround(1742299200),
    ],
  ])("is %s", (_name, expression, expected) => {
    expect(score(expression)).toBeCloseTo(expected, 6);
  });

  it("measures metres along the great circle", () => {
    const expression: Expression = {
      kind: "geo-distance",
      origin: { lat: 25.717877679163667, lon: -100.43383200156751 },
      key: { text: "place", steps: ["place"] },
    };
    expect(score(expression)).toBeCloseTo(21926.494, 2);
  });

  it.each([
    ["exp", 2, 0.5 ** 0.5],
    ["gauss", 2, 0.5 ** 0.25],
    ["lin", 2, 0.75],
    ["lin", 9, 0],
  ] as const)("decays by %s from 3 over a distance of %d", (decay, distance, expected) => {
    const expression: Expression = {
      kind: "decay",
      decay,
      x: constant(3 - distance),
      target: constant(3),
      lambda: decayLambda(decay, 0.5, 4),
    };
    expect(score(expression)).toBeCloseTo(expected, 6);
  });

  it.each<[Expression, string]>([
    [{ kind: "div", left: constant(1), right: constant(0), byZero: null }, "1/0 = inf"],
    [{ kind: "sqrt", of: constant(-1) }, "√-1 = NaN"],
    [{ kind: "ln", of: constant(0) }, "ln(0) = -inf"],
    [{ kind: "pow", base: constant(0), exponent: constant(-1) }, "0^-1 = inf"],
    [{ kind: "mult", terms: [constant(1e30), constant(1e30)] }, "as f32 = inf"],
    [payload("none"), "number value for none in the payload and/or in the formula defaults"],
    [payload("two"), "Value is not a number"],
    [payload("word"), "Value is not a number"],
    [{ kind: "datetime", key: { text: "number", steps: ["number"] } }, "Value is not a string"],
  ])("is refused where it is no finite number (%#)", (expression, words) => {
    expect(() => score(expression)).toThrow(words);
  });
});

describe("names in a formula", () => {
  it.each([
    ["$score", 0],
    ["$score[0]", 0],
    ["$score[2]", 2],
  ])("%s is the score of prefetch %d", (text, at) => {
    expect(parseVariable(text)).toEqual({ kind: "score", prefetch: at });
  });

  it("others are payload paths", () => {
    const steps = ["a", "b", 0];
    expect(parseVariable("a.b[0]")).toEqual({ kind: "payload", key: { text: "a.b[0]", steps } });
  });

  it.each([
    ["$other", "Invalid reserved word: $other"],
    ["$score[]", "Invalid reserved variable: $score[]"],
    ["$score[1][2]", "Invalid reserved variable: $score[1][2]"],
    ["$score.x", "Invalid reserved variable: $score.x"],
    ["", "Invalid payload variable: "],
  ])("%s means nothing", (text, fault) => {
    expect(parseVariable(text)).toEqual({ fault });
  });
});

describe("the constants of a decay", () => {
  it.each([
    ["lin", -0.1, 1],
    ["exp", 1, 1],
    ["gauss", 0, 1],
    ["exp", 0.5, 0],
  ] as const)("%s with midpoint %d and scale %d are refused", (decay, midpoint, scale) => {
    expect(() => decayLambda(decay, midpoint, scale)).toThrow("Validation failed");
  });
});

describe("a number as Rust writes it", () => {
  it.each([
    [2.6881171418161356e43, "26881171418161356000000000000000000000000000"],
    [1.5e-7, "0.00000015"],
    [-0, "-0"],
    [-2.5, "-2.5"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("%d is %s", (value, text) => {
    expect(numberText(value)).toBe(text);
  });
});
