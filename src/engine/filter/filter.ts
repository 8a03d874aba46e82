/**
 * Qdrant's filters: JSON in, a checked tree out. Source: qdrant 1.18.2, lib/segment/src/types.rs (Filter, Condition, Match, Range).
 */

import { canonicalPointId } from "../collection/point-key.ts";
import { badInput, invalid, notImplemented } from "../errors.ts";
import { isObject, type PathStep, parsePath } from "./json-path.ts";

export interface Filter {
  readonly must: readonly Condition[] | null;
  readonly should: readonly Condition[] | null;
  readonly mustNot: readonly Condition[] | null;
  readonly minShould: {
    readonly conditions: readonly Condition[];
    readonly minCount: number;
  } | null;
}

export type MatchValue = string | bigint | boolean;

export type Condition =
  | { readonly kind: "filter"; readonly filter: Filter }
  | {
      readonly kind: "field";
      readonly key: string;
      readonly path: readonly PathStep[];
      readonly test: FieldTest;
    }
  | { readonly kind: "is-empty" | "is-null"; readonly path: readonly PathStep[] }
  | { readonly kind: "has-id"; readonly ids: readonly string[] }
  | { readonly kind: "has-vector"; readonly name: string }
  | { readonly kind: "nested"; readonly path: readonly PathStep[]; readonly filter: Filter };

/** Bounds of a range; numbers, or microseconds since 1970 for dates. */
export interface Bounds {
  readonly lt: number | null;
  readonly gt: number | null;
  readonly lte: number | null;
  readonly gte: number | null;
}

export type FieldTest =
  | { readonly kind: "any"; readonly values: ReadonlySet<MatchValue> }
  | { readonly kind: "except"; readonly values: ReadonlySet<MatchValue> }
  | { readonly kind: "text" | "text-any" | "phrase"; readonly text: string }
  | { readonly kind: "range" | "datetime-range" | "values-count"; readonly bounds: Bounds }
  | { readonly kind: "is-empty" | "is-null"; readonly wanted: boolean };

const depthMax = 64;
const filterKeys = new Set(["must", "should", "must_not", "min_should"]);
const conditionWords =
  'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some other mentioned in the documentation: https://qdrant.tech/documentation/concepts/filtering/#filtering-conditions';

function malformed(words: string) {
  return badInput(`Format error in JSON body: ${words}`);
}

/** Reads a filter. @throws E_INPUT where it is none, E_NOT_SUPPORTED for conditions that the engine has not */
export function parseFilter(value: unknown, depth = 0): Filter {
  if (depth > depthMax) throw malformed("recursion limit exceeded");
  if (!isObject(value)) throw malformed("invalid type: expected struct Filter");
  for (const key of Object.keys(value)) {
    if (!filterKeys.has(key)) {
      throw malformed(
        `unknown field \`${key}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``,
      );
    }
  }
  const { must, should, must_not, min_should } = value;
  return {
    must: parseConditions(must, depth),
    should: parseConditions(should, depth),
    mustNot: parseConditions(must_not, depth),
    minShould:
      min_should === undefined || min_should === null ? null : parseMinShould(min_should, depth),
  };
}

function parseConditions(value: unknown, depth: number): Condition[] | null {
  if (value === undefined || value === null) return null;
  const list = Array.isArray(value) ? value : [value];
  // An empty list is no condition, `should` too.
  return list.length === 0 ? null : list.map((condition) => parseCondition(condition, depth + 1));
}

function parseMinShould(value: unknown, depth: number): Filter["minShould"] {
  if (!isObject(value) || !Array.isArray(value["conditions"]))
    throw malformed("missing field `conditions`");
  const minCount = toCount(value["min_count"]);
  if (minCount === null) throw malformed("missing field `min_count`");
  return { conditions: parseConditions(value["conditions"], depth) ?? [], minCount };
}

function toCount(value: unknown): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : null;
}

function parseCondition(value: unknown, depth: number): Condition {
  if (!isObject(value)) throw malformed(conditionWords);
  if ("key" in value) return parseField(value);
  const { is_empty, is_null, has_id, has_vector, nested } = value;
  if (is_empty !== undefined) return { kind: "is-empty", path: parsePath(keyOf(is_empty)) };
  if (is_null !== undefined) return { kind: "is-null", path: parsePath(keyOf(is_null)) };
  if (has_id !== undefined) return { kind: "has-id", ids: parseIds(has_id) };
  if (typeof has_vector === "string") return { kind: "has-vector", name: has_vector };
  if (isObject(nested)) {
    const path = parsePath(keyOf(nested));
    if (path.at(-1) !== null) path.push(null);
    return { kind: "nested", path, filter: parseFilter(nested["filter"], depth) };
  }
  if (Object.keys(value).some((key) => !filterKeys.has(key))) throw malformed(conditionWords);
  return { kind: "filter", filter: parseFilter(value, depth) };
}

function keyOf(value: unknown): string {
  if (!isObject(value) || typeof value["key"] !== "string") throw malformed(conditionWords);
  return value["key"];
}

function parseIds(value: unknown): string[] {
  if (!Array.isArray(value)) throw malformed(conditionWords);
  return value.map((id: unknown) => {
    const canonical = ["string", "number", "bigint"].includes(typeof id)
      ? canonicalPointId(String(id))
      : null;
    if (canonical === null || (typeof id === "string" && canonical.length !== 36))
      throw malformed(conditionWords);
    return canonical;
  });
}

function parseField(value: Record<string, unknown>): Condition {
  const key = keyOf(value);
  return { kind: "field", key, path: parsePath(key), test: parseTest(value) };
}

function parseTest(value: Record<string, unknown>): FieldTest {
  const { match, range, values_count, is_empty, is_null } = value;
  if (match !== undefined && match !== null) return parseMatch(match);
  if (range !== undefined && range !== null) return parseRange(range);
  if (values_count !== undefined && values_count !== null) {
    return { kind: "values-count", bounds: parseBounds(values_count, toNumber) };
  }
  if (typeof is_empty === "boolean") return { kind: "is-empty", wanted: is_empty };
  if (typeof is_null === "boolean") return { kind: "is-null", wanted: is_null };
  for (const geo of ["geo_radius", "geo_bounding_box", "geo_polygon"]) {
    if (value[geo] !== undefined && value[geo] !== null) throw notImplemented("geo conditions");
  }
  throw invalid(
    "Validation error in JSON body: [filter: Validation error: At least one field condition must be specified [{}]]",
  );
}

function parseMatch(match: unknown): FieldTest {
  if (!isObject(match)) throw malformed(conditionWords);
  const { value, text, text_any, phrase, any, except } = match;
  if (value !== undefined) return { kind: "any", values: new Set([toMatchValue(value)]) };
  if (typeof text === "string") return { kind: "text", text };
  if (typeof text_any === "string") return { kind: "text-any", text: text_any };
  if (typeof phrase === "string") return { kind: "phrase", text: phrase };
  if (any !== undefined) return { kind: "any", values: toMatchValues(any) };
  if (except !== undefined) return { kind: "except", values: toMatchValues(except) };
  throw malformed(conditionWords);
}

function toMatchValue(value: unknown): MatchValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  throw malformed(conditionWords);
}

/** A list of strings, or of integers, not of both. */
function toMatchValues(value: unknown): Set<MatchValue> {
  if (!Array.isArray(value)) throw malformed(conditionWords);
  const values = value.map(toMatchValue);
  const kinds = new Set(values.map((member) => typeof member));
  if (kinds.size > 1 || kinds.has("boolean")) throw malformed(conditionWords);
  return new Set(values);
}

function toNumber(value: unknown): number {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return value;
  throw malformed(conditionWords);
}

function parseRange(value: unknown): FieldTest {
  if (!isObject(value)) throw malformed(conditionWords);
  const dates = ["lt", "gt", "lte", "gte"].some((bound) => typeof value[bound] === "string");
  if (!dates) return { kind: "range", bounds: parseBounds(value, toNumber) };
  return { kind: "datetime-range", bounds: parseBounds(value, toInstant) };
}

function parseBounds(value: unknown, read: (bound: unknown) => number): Bounds {
  if (!isObject(value)) throw malformed(conditionWords);
  const bound = (name: string): number | null => {
    const given = value[name];
    return given === undefined || given === null ? null : read(given);
  };
  return { lt: bound("lt"), gt: bound("gt"), lte: bound("lte"), gte: bound("gte") };
}

function toInstant(value: unknown): number {
  const instant = typeof value === "string" ? parseInstant(value) : null;
  if (instant === null)
    throw malformed(
      `'${String(value).slice(0, 60)}' is not in a supported date/time format, please use RFC 3339`,
    );
  return instant;
}

const dateTime =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,9}))?\s?([Zz]|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$/;

/** Microseconds since 1970 of an RFC 3339 date and time (a date alone, a missing zone or missing seconds are taken too); null where it is none. */
export function parseInstant(text: string): number | null {
  const parts = dateTime.exec(text);
  if (parts === null) return null;
  const [, date, minutes = "00:00", seconds = ":00", fraction = "", zone = "Z"] = parts;
  const offset = /^[Zz]$/.test(zone)
    ? "Z"
    : zone.length === 3
      ? `${zone}:00`
      : zone.replace(/^(...)(\d\d)$/, "$1:$2");
  const milliseconds = Date.parse(`${date}T${minutes}${seconds}${offset}`);
  if (Number.isNaN(milliseconds)) return null;
  return milliseconds * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** Whether a number lies within all bounds that are set. */
export function withinBounds(value: number, { lt, gt, lte, gte }: Bounds): boolean {
  return (
    (lt === null || value < lt) &&
    (gt === null || value > gt) &&
    (lte === null || value <= lte) &&
    (gte === null || value >= gte)
  );
}
