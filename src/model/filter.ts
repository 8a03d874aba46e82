/**
 * Chroma's `where` over a record's metadata, as the server 1.5.9 answers it (each rule measured):
 *   {key: value} means $eq; an object has exactly one member, or is {$and: […]} or {$or: […]}
 *   $ne, $nin and $not_contains hold for a record that has no such key, or a value of another type
 *   a boolean equals no number, a text only a text; integers and floats are compared with each other, where an operand
 *   with a fraction is cut to an integer before an integer is compared with it, and a large integer operand becomes the
 *   nearest float before a float is
 *   $contains looks into lists only, and takes 1 and 1.0 apart
 */
import { VectorError } from "../errors.ts";
import { type JsonValue, parseLossless } from "../util/json.ts";

export type WhereScalar = string | number | bigint | boolean;

/** A value that a key of the metadata has: what every store can filter by. Chroma takes 2 and 2.0 for the same, Qdrant does not. */
export interface MetadataMatch {
  readonly key: string;
  readonly value: string | bigint | boolean;
}

export type WhereOperator = (typeof comparisons)[number] | (typeof memberships)[number];

/** A `where` that was checked. */
export type Where =
  | { readonly every: readonly Where[] }
  | { readonly some: readonly Where[] }
  | {
      readonly key: string;
      readonly operator: WhereOperator;
      /** One operand; several for $in and $nin. */
      readonly operands: readonly WhereScalar[];
    };

/** A record's metadata, decoded without loss: integers are bigint, floats are numbers. */
export type Metadata = { readonly [key: string]: JsonValue };

const comparisons = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$contains",
  "$not_contains",
] as const;
const memberships = ["$in", "$nin"] as const;
const ordered: readonly string[] = ["$gt", "$gte", "$lt", "$lte"];
/** Chroma keeps the document beside the metadata under names of its own; they are not part of this language here. */
const reservedKeys: readonly string[] = [
  "#document",
  "#embedding",
  "chroma:document",
  "chroma:uri",
];
const depthMax = 100;

/**
 * Checks a `where` as Chroma takes it, which is called `at` in errors. Integers may come as bigint (exact) or as numbers.
 * @throws {VectorError} E_INPUT, which names the place in it
 */
export function parseWhere(json: unknown, at = "where"): Where {
  return parseAt(json, at, 0);
}

function parseAt(json: unknown, at: string, depth: number): Where {
  if (depth > depthMax) throw invalid(at, `is nested deeper than ${depthMax}`);
  const [key, value] = onlyMember(json, at);
  const inside = `${at}.${key}`;
  if (key === "$and") return { every: parseClauses(value, inside, depth) };
  if (key === "$or") return { some: parseClauses(value, inside, depth) };
  if (key.startsWith("$")) throw invalid(inside, "is no operator that stands outside of a key");
  if (reservedKeys.includes(key))
    throw invalid(inside, "is not metadata: only metadata is filtered");
  if (isScalar(value)) return { key, operator: "$eq", operands: [value] };
  return { key, ...parseOperation(value, inside) };
}

function parseClauses(value: unknown, at: string, depth: number): Where[] {
  if (!Array.isArray(value)) throw invalid(at, "is no list");
  return value.map((clause: unknown, index) => parseAt(clause, `${at}[${index}]`, depth + 1));
}

function parseOperation(
  value: unknown,
  at: string,
): { operator: WhereOperator; operands: WhereScalar[] } {
  const [name, operand] = onlyMember(value, at);
  const inside = `${at}.${name}`;
  const membership = memberships.find((known) => known === name);
  if (membership !== undefined) {
    return { operator: membership, operands: parseOperands(operand, inside) };
  }
  const operator = comparisons.find((known) => known === name);
  if (operator === undefined) throw invalid(inside, "is no operator");
  if (!isScalar(operand)) throw invalid(inside, "is neither text, number nor boolean");
  if (ordered.includes(operator) && kindOf(operand) !== "number") {
    throw invalid(inside, "is no number");
  }
  return { operator, operands: [operand] };
}

function parseOperands(value: unknown, at: string): WhereScalar[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(at, "is no list with values");
  const operands = value.map((member: unknown, index) => {
    if (isScalar(member)) return member;
    throw invalid(`${at}[${index}]`, "is neither text, number nor boolean");
  });
  if (new Set(operands.map(kindOf)).size > 1) throw invalid(at, "mixes types");
  return operands;
}

function onlyMember(json: unknown, at: string): [string, unknown] {
  const members =
    json !== null && typeof json === "object" && !Array.isArray(json) ? Object.entries(json) : [];
  const [member] = members;
  if (member !== undefined && members.length === 1) return member;
  throw invalid(at, "is no object with exactly one member");
}

function isScalar(value: unknown): value is WhereScalar {
  return (
    typeof value === "string" ||
    typeof value === "boolean" ||
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}

function kindOf(value: WhereScalar): "string" | "boolean" | "number" {
  const type = typeof value;
  return type === "string" || type === "boolean" ? type : "number";
}

function invalid(at: string, what: string): VectorError {
  return new VectorError("E_INPUT", `${at} ${what}.`, { details: { field: at } });
}

/** Chroma's `where` for the records that have every one of these values; undefined = there is none to have. */
export function toWhere(matches: readonly MetadataMatch[]): object | undefined {
  const clauses = matches.map(({ key, value }) => ({ [key]: { $eq: value } }));
  return clauses.length < 2 ? clauses[0] : { $and: clauses };
}

/** The text decoded; {} for none. */
export function decodeMetadata(text: string | null): Metadata {
  const value = text === null ? null : parseLossless(text);
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** Whether a record with this metadata ({} where it has none) meets `where`. */
export function matches(where: Where, metadata: Metadata): boolean {
  if ("every" in where) return where.every.every((clause) => matches(clause, metadata));
  if ("some" in where) return where.some.some((clause) => matches(clause, metadata));
  const value = Object.hasOwn(metadata, where.key) ? (metadata[where.key] ?? null) : null;
  return holds(where.operator, value, where.operands);
}

function holds(
  operator: WhereOperator,
  value: JsonValue,
  operands: readonly WhereScalar[],
): boolean {
  switch (operator) {
    case "$eq":
    case "$in":
      return operands.some((operand) => order(value, operand) === 0);
    case "$ne":
    case "$nin":
      return operands.every((operand) => order(value, operand) !== 0);
    case "$contains":
      return operands.some((operand) => contains(value, operand));
    case "$not_contains":
      return operands.every((operand) => !contains(value, operand));
    default:
      return operands.every((operand) => isOrdered(operator, order(value, operand)));
  }
}

function isOrdered(operator: "$gt" | "$gte" | "$lt" | "$lte", sign: number | null): boolean {
  if (sign === null) return false;
  if (operator === "$gt") return sign > 0;
  if (operator === "$gte") return sign >= 0;
  return operator === "$lt" ? sign < 0 : sign <= 0;
}

/** Negative, 0 or positive as `value` stands to `operand`; null where the two are of different types. */
function order(value: JsonValue, operand: WhereScalar): number | null {
  if (typeof value === "bigint" && kindOf(operand) === "number") {
    return compare(value, integerOf(operand));
  }
  if (typeof value === "number" && kindOf(operand) === "number") {
    return compare(value, Number(operand));
  }
  return typeof value === typeof operand ? compare(value as WhereScalar, operand) : null;
}

function compare(a: WhereScalar, b: WhereScalar): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function integerOf(operand: WhereScalar): bigint {
  return typeof operand === "number" ? BigInt(Math.trunc(operand)) : BigInt(operand);
}

/** An operand that came as an integral number may have been written either way and finds both. */
function contains(value: JsonValue, operand: WhereScalar): boolean {
  if (!Array.isArray(value)) return false;
  if (value.includes(operand)) return true;
  return (
    typeof operand === "number" && Number.isInteger(operand) && value.includes(BigInt(operand))
  );
}
