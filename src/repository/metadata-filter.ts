/**
 * A metadata filter as applications write it, made into the `Where` that every store answers:
 *   { a: 1, b: "x" }            both                       { a: [1, 2] }          any of them
 *   { a: { gte: 1, lt: 5 } }    a range                    { a: { $ne: 1 } }      Chroma's operators
 *   { $and: [f, g] }            { $or: [f, g] }            filters joined
 * Numbers are compared by their value, whatever their type. A key is one of the metadata's top level, whatever it is called: `tenant_id` is a key like any other here, and the tenant of a call
 * is no part of its filter.
 */
import { parseWhere, type Where } from "../model/filter.ts";
import { byValue } from "../model/filter-numbers.ts";
import { badField } from "./input.ts";

const depthMax = 50;
const bounds: Readonly<Record<string, string>> = {
  gt: "$gt",
  gte: "$gte",
  lt: "$lt",
  lte: "$lte",
};

/**
 * What the filter asks for; null = everything (no filter, or `{}`).
 * @throws {VectorError} E_INPUT, which names the place in it: an operator that there is not, an operand of the wrong type, a list
 * without members, `undefined` in the place of a value
 */
export function toWhere(filter: unknown, at = "metadataFilter"): Where | null {
  if (filter === undefined) return null;
  const clauses = clausesOf(filter, at, 0);
  return clauses.length === 0 ? null : joined(clauses);
}

function joined(clauses: readonly Where[]): Where {
  const [only] = clauses;
  return only !== undefined && clauses.length === 1 ? only : { every: clauses };
}

function clausesOf(filter: unknown, at: string, depth: number): Where[] {
  if (depth > depthMax) throw badField(at, `is nested deeper than ${depthMax}`);
  return membersOf(filter, at).map(([key, value]) => {
    const inside = `${at}.${key}`;
    if (key === "$and") return { every: alternatives(value, inside, depth) };
    if (key === "$or") return { some: alternatives(value, inside, depth) };
    return joined(conditions(key, value, at));
  });
}

function alternatives(value: unknown, at: string, depth: number): Where[] {
  if (!Array.isArray(value) || value.length === 0) throw badField(at, "is no list of filters");
  return value.map((one: unknown, index) => {
    const clauses = clausesOf(one, `${at}[${index}]`, depth + 1);
    if (clauses.length === 0) throw badField(`${at}[${index}]`, "asks for nothing");
    return joined(clauses);
  });
}

function conditions(key: string, value: unknown, at: string): Where[] {
  const inside = `${at}.${key}`;
  if (Array.isArray(value)) return [condition(key, "$in", value, at)];
  if (value === null || typeof value !== "object") return [condition(key, "$eq", value, at)];
  const members = membersOf(value, inside);
  if (members.length === 0) throw badField(inside, "has no operator");
  return members.map(([name, operand]) => condition(key, bounds[name] ?? name, operand, at));
}

function condition(key: string, operator: string, operand: unknown, at: string): Where {
  return byValue(parseWhere({ [key]: { [operator]: operand } }, at));
}

function membersOf(value: unknown, at: string): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badField(at, "is no object");
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    throw badField(at, "is no plain object");
  const members = Object.entries(value);
  for (const [key, member] of members)
    if (member === undefined) throw badField(`${at}.${key}`, "is undefined");
  return members;
}
