/**
 * Filters whose numbers are compared by their value. Chroma cuts an operand with a fraction to an integer before it compares
 * an integer with it: `{ rating: { $gte: 4.5 } }` finds the integer 4. Said with the float next to the operand, towards zero, the same language gives the answer that is meant.
 */
import type { Where } from "./filter.ts";

type Comparison = Extract<Where, { readonly key: string }>;

/** A filter for `matches` and for every store that finds what `where` means where numbers are compared by their value. */
export function byValue(where: Where): Where {
  if ("every" in where) return { every: where.every.map(byValue) };
  if ("some" in where) return { some: where.some.map(byValue) };
  return where.operands.some(hasFraction) ? comparedByValue(where) : where;
}

function comparedByValue(where: Comparison): Where {
  const { key, operator, operands } = where;
  const fractions = operands.filter(hasFraction);
  const [bound = 0] = fractions;
  const others = operands.filter((operand) => !hasFraction(operand));
  const among = (wanted: "$in" | "$nin"): Where[] =>
    others.length === 0 ? [] : [{ key, operator: wanted, operands: others }];
  switch (operator) {
    case "$eq":
    case "$in":
      return { some: [...among("$in"), ...fractions.map((fraction) => equal(key, fraction))] };
    case "$ne":
    case "$nin":
      return { every: [...among("$nin"), ...fractions.map((fraction) => unequal(key, fraction))] };
    case "$gte":
      return bound > 0 ? single(key, "$gt", towardsZero(bound)) : where;
    case "$lt":
      return bound > 0 ? single(key, "$lte", towardsZero(bound)) : where;
    case "$gt":
      return bound < 0 ? single(key, "$gte", towardsZero(bound)) : where;
    case "$lte":
      return bound < 0 ? single(key, "$lt", towardsZero(bound)) : where;
    default:
      return where;
  }
}

/** No integer is equal to a fraction. */
function equal(key: string, fraction: number): Where {
  return fraction > 0
    ? { every: [single(key, "$gt", towardsZero(fraction)), single(key, "$lte", fraction)] }
    : { every: [single(key, "$gte", fraction), single(key, "$lt", towardsZero(fraction))] };
}

function unequal(key: string, fraction: number): Where {
  const cut = { key, operator: "$eq", operands: [BigInt(Math.trunc(fraction))] } as const;
  return { some: [single(key, "$ne", fraction), cut] };
}

function single(key: string, operator: Comparison["operator"], operand: number): Where {
  return { key, operator, operands: [operand] };
}

function hasFraction(operand: unknown): operand is number {
  return typeof operand === "number" && !Number.isInteger(operand);
}

const bits = new BigInt64Array(1);
const float = new Float64Array(bits.buffer);

/** The next float64 towards zero: the bits of a float without its sign count up from there. */
function towardsZero(value: number): number {
  float[0] = value;
  bits[0] = (bits[0] ?? 0n) - 1n;
  return float[0];
}
