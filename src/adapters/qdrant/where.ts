/**
 * Chroma's `where` as Qdrant's filter; the rules are those of `matches` (model/filter.ts), where the two languages differ:
 *   a condition on a path holds for a list with a fitting member: lists are taken out by a condition on `path[]`, which only
 *   members of a list have; $contains asks both
 *   `match` takes 2 and 2.0 apart, `range` does not: numbers are asked for by range, and integers past 2^53, which a range
 *   compares as float64, by match
 *   an operand with a fraction, which Chroma cuts before it compares an integer with it, lets that one integer in, or keeps it out
 * Two things are left to the server: by range, integers past 2^53 are compared as float64, and by $eq no float of that size
 * is found; what has a payload index is found as the index has it (one of integers has no floats).
 */
import { VectorError } from "../../errors.ts";
import {
  decodeMetadata,
  matches,
  type Where,
  type WhereOperator,
  type WhereScalar,
} from "../../model/filter.ts";
import type { PointCondition } from "./api.ts";

/** Where the metadata stands. */
export interface Place {
  /** The payload path of one of its keys. @throws VectorError */
  readonly path: (key: string) => string;
  readonly lists: Lists;
}

/**
 * What becomes of lists, which a condition on `path` finds by their members.
 *   apart     exactly what is meant, by conditions on `path[]`; for these a server reads the payload of each point that fits otherwise
 *   loosely   all that is meant, and perhaps lists besides, at the price of the plain conditions: the caller looks
 *   alike     they are found by their members: strict mode lets no path through that has no index, and `path[]` has none
 */
export type Lists = "apart" | "loosely" | "alike";

type Comparison = Extract<Where, { readonly key: string }>;
type Ordering = Extract<WhereOperator, "$gt" | "$gte" | "$lt" | "$lte">;

/** Of one path: any of `some`, and none of `none`. */
interface Tests {
  readonly some: readonly PointCondition[];
  readonly none?: readonly PointCondition[];
}

/** No point fits it. */
const nothing: PointCondition = { has_id: [] };

/** @throws E_INPUT for text that is no Unicode, and what `place.path` throws */
export function whereCondition(where: Where, place: Place): PointCondition {
  if ("every" in where) return { must: where.every.map((each) => whereCondition(each, place)) };
  if ("some" in where) return anyOf(where.some.map((each) => whereCondition(each, place)));
  return comparison(where, place.path(where.key), place.lists);
}

function comparison({ operator, operands }: Comparison, path: string, lists: Lists) {
  const apart = lists === "apart";
  // What is left out must be just what was meant.
  const outApart = lists !== "alike";
  switch (operator) {
    case "$eq":
    case "$in":
      return scalar(path, apart, (at) => ({ some: equal(at, operands) }));
    case "$ne":
    case "$nin":
      return not(scalar(path, outApart, (at) => ({ some: equal(at, operands) })));
    case "$contains":
      return member(path, apart, operands);
    case "$not_contains":
      return not(member(path, outApart, operands));
    default:
      return scalar(path, apart, (at) => ordered(at, operator, operands[0] ?? 0));
  }
}

/** A value that is no list and meets the tests. */
function scalar(path: string, apart: boolean, testsAt: (path: string) => Tests): PointCondition {
  const { some, none = [] } = testsAt(path);
  const excluded = apart ? [...none, ...testsAt(`${path}[]`).some] : none;
  const wanted = anyOf(some);
  return excluded.length === 0 ? wanted : { must: [wanted], must_not: excluded };
}

/**
 * Whether a point that was found loosely with this metadata is one that is meant: only a list, and what is no list where
 * one is asked for, can be another.
 */
export function isMeant(where: Where, metadata: string | null): boolean {
  if (metadata === null || (!metadata.includes("[") && !asksForLists(where))) return true;
  return matches(where, decodeMetadata(metadata));
}

/** Whether something is asked for that only lists have. */
export function asksForLists(where: Where): boolean {
  if ("every" in where) return where.every.some(asksForLists);
  if ("some" in where) return where.some.some(asksForLists);
  return where.operator === "$contains";
}

/** A list that has one of these. Asked for without the brackets too: that finds them by an index. */
function member(path: string, apart: boolean, operands: readonly WhereScalar[]): PointCondition {
  const found = (at: string) => anyOf(operands.flatMap((operand) => contained(at, operand)));
  return apart ? { must: [found(path), found(`${path}[]`)] } : found(path);
}

function equal(path: string, operands: readonly WhereScalar[]): PointCondition[] {
  const texts = operands.filter((operand) => typeof operand === "string").map(assertText);
  const others = operands
    .filter((operand) => typeof operand !== "string")
    .flatMap((operand) => equalOther(path, operand));
  if (texts.length > 1) return [{ key: path, match: { any: texts } }, ...others];
  return [...texts.map((value) => ({ key: path, match: { value } })), ...others];
}

function equalOther(path: string, operand: number | bigint | boolean): PointCondition[] {
  if (typeof operand === "boolean") return [{ key: path, match: { value: operand } }];
  if (typeof operand === "bigint" || Number.isInteger(operand)) return [integral(path, operand)];
  return [
    { key: path, range: { gte: operand, lte: operand } },
    { key: path, match: { value: BigInt(Math.trunc(operand)) } },
  ];
}

/** An integer, and the float that is equal to it. */
function integral(path: string, operand: number | bigint): PointCondition {
  const value = BigInt(operand);
  const near = Number(operand);
  const large = !Number.isSafeInteger(near) && BigInt.asIntN(64, value) === value;
  return large ? { key: path, match: { value } } : { key: path, range: { gte: near, lte: near } };
}

/** An operand that came as an integral number may have been written either way and finds both; a bigint finds integers alone. */
function contained(path: string, operand: WhereScalar): PointCondition[] {
  if (typeof operand === "bigint") {
    const known = BigInt.asIntN(64, operand) === operand;
    return [known ? { key: path, match: { value: operand } } : integral(path, operand)];
  }
  if (typeof operand === "number" && !Number.isInteger(operand))
    return [{ key: path, range: { gte: operand, lte: operand } }];
  return equal(path, [operand]);
}

function ordered(path: string, operator: Ordering, operand: WhereScalar): Tests {
  const bound = Number(operand);
  const range = { [operator.slice(1)]: bound };
  const some = [{ key: path, range }];
  if (Number.isInteger(bound)) return { some };
  const cut = { key: path, match: { value: BigInt(Math.trunc(bound)) } };
  // The integer that the operand is cut to stands on the other side of it.
  const letIn: Ordering = bound > 0 ? "$gte" : "$lte";
  const keptOut: Ordering = bound > 0 ? "$lt" : "$gt";
  if (operator === letIn) return { some: [...some, cut] };
  return operator === keptOut ? { some, none: [cut] } : { some };
}

function anyOf(conditions: readonly PointCondition[]): PointCondition {
  const [only = nothing] = conditions;
  return conditions.length < 2 ? only : { should: conditions };
}

function not(condition: PointCondition): PointCondition {
  return { must_not: [condition] };
}

/** Half a character is no text: by gRPC it would turn into another one. */
function assertText(text: string): string {
  if (text.isWellFormed()) return text;
  throw new VectorError("E_INPUT", `${JSON.stringify(text)} is no Unicode text.`);
}
