/** Qdrant's filters: JSON in, a checked tree out. Source: qdrant 1.18.2, lib/segment/src/types.rs (Filter, Condition). */
import { isVectorError } from "../../errors.ts";
import { isObject } from "../../util/json.ts";
import { canonicalPointId, uuidOfBytes } from "../collection/point-key.ts";
import { breaks, malformed } from "../errors.ts";
import { named } from "../input-words.ts";
import { type FieldTest, parseTests } from "./field-tests.ts";
import { type PathStep, parsePath } from "./json-path.ts";

/** Null where a clause is absent. An empty one is passed over, save within a nested condition, where an empty `should` fits nothing. */
export interface Filter {
  readonly must: readonly Condition[] | null;
  readonly should: readonly Condition[] | null;
  readonly mustNot: readonly Condition[] | null;
  readonly minShould: {
    readonly conditions: readonly Condition[];
    readonly minCount: number;
  } | null;
}

export type Condition =
  | { readonly kind: "filter"; readonly filter: Filter }
  | FieldCondition
  | { readonly kind: "is-empty" | "is-null"; readonly path: readonly PathStep[] }
  | { readonly kind: "has-id"; readonly ids: readonly string[] }
  | { readonly kind: "has-vector"; readonly name: string }
  | { readonly kind: "nested"; readonly path: readonly PathStep[]; readonly filter: Filter };

export interface FieldCondition {
  readonly kind: "field";
  readonly path: readonly PathStep[];
  /** One mostly; a value fits that fits one of them. */
  readonly tests: readonly FieldTest[];
}

const depthMax = 62;
const filterKeys = new Set(["must", "should", "must_not", "min_should"]);
const conditionWords =
  'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some other mentioned in the documentation: https://qdrant.tech/documentation/concepts/filtering/#filtering-conditions';

/**
 * Reads a filter; `at` is where it stands in the request, for the words of a 422 (null = there is none).
 * @throws E_INPUT: 400 where it is none, 422 where a condition asks nothing
 */
export function parseFilter(value: unknown, at: string | null = "filter"): Filter {
  const filter = readFilter(value, 0);
  const fault = at === null ? null : faultIn(filter, at);
  if (fault !== null)
    breaks(
      `Validation error in JSON body: [${fault}.__all__: Validation error: At least one field condition must be specified [{}]]`,
    );
  return filter;
}

/** Where a field's condition stands that has no test; null where there is none. */
function faultIn(filter: Filter, at: string): string | null {
  const clauses: [string, readonly Condition[] | null][] = [
    ["should", filter.should],
    ["min_should.conditions", filter.minShould?.conditions ?? null],
    ["must", filter.must],
    ["must_not", filter.mustNot],
  ];
  for (const [name, conditions] of clauses) {
    for (const [index, condition] of (conditions ?? []).entries()) {
      const fault = faultInCondition(condition, `${at}.${name}[${index}]`);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function faultInCondition(condition: Condition, at: string): string | null {
  if (condition.kind === "field") return condition.tests.length === 0 ? at : null;
  if (condition.kind === "filter") return faultIn(condition.filter, at);
  return condition.kind === "nested" ? faultIn(condition.filter, `${at}.nested.filter`) : null;
}

function readFilter(value: unknown, depth: number): Filter {
  if (depth > depthMax) throw malformed("recursion limit exceeded");
  if (!isObject(value)) throw malformed(`invalid type: ${named(value)}, expected struct Filter`);
  for (const key of Object.keys(value)) {
    if (!filterKeys.has(key)) {
      throw malformed(
        `unknown field \`${key}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``,
      );
    }
  }
  return {
    must: readConditions(value["must"], depth),
    should: readConditions(value["should"], depth),
    mustNot: readConditions(value["must_not"], depth),
    minShould: readMinShould(value["min_should"] ?? null, depth),
  };
}

function readConditions(value: unknown, depth: number): Condition[] | null {
  if (value === undefined || value === null) return null;
  const list = Array.isArray(value) ? value : [value];
  return list.map((condition) => readCondition(condition, depth + 1));
}

function readMinShould(value: unknown, depth: number): Filter["minShould"] {
  if (value === null) return null;
  if (!isObject(value) || !Array.isArray(value["conditions"]))
    throw malformed("missing field `conditions`");
  const conditions = readConditions(value["conditions"], depth) ?? [];
  const minCount = toCount(value["min_count"]);
  if (minCount === null) throw malformed("missing field `min_count`");
  return { conditions, minCount };
}

function toCount(value: unknown): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : null;
}

function readCondition(value: unknown, depth: number): Condition {
  if (!isObject(value)) throw malformed(conditionWords);
  if (Object.hasOwn(value, "key")) {
    if (typeof value["key"] !== "string")
      throw malformed(`invalid type: ${named(value["key"])}, expected a string`);
    return { kind: "field", path: parsePath(value["key"]), tests: parseTests(value) };
  }
  // The first kind that the object can be; what is wrong with each is not told, as in Qdrant.
  for (const read of [readIsEmpty, readIsNull, readHasId, readHasVector, readNested]) {
    const condition = orNothing(() => read(value, depth));
    if (condition !== null) return condition;
  }
  const filter = orNothing(() => readFilter(value, depth));
  if (filter === null) throw malformed(conditionWords);
  return { kind: "filter", filter };
}

/** What `read` gives; null where it finds something malformed. */
function orNothing<Result>(read: () => Result): Result | null {
  try {
    return read();
  } catch (error) {
    if (isVectorError(error, "E_INPUT")) return null;
    throw error;
  }
}

type Members = Readonly<Record<string, unknown>>;

function readKey(value: unknown): PathStep[] | null {
  return isObject(value) && typeof value["key"] === "string" ? parsePath(value["key"]) : null;
}

function readIsEmpty(value: Members): Condition | null {
  const path = readKey(value["is_empty"]);
  return path === null ? null : { kind: "is-empty", path };
}

function readIsNull(value: Members): Condition | null {
  const path = readKey(value["is_null"]);
  return path === null ? null : { kind: "is-null", path };
}

function plainPointId(id: unknown): string | null {
  const known = typeof id === "string" || typeof id === "number" || typeof id === "bigint";
  const canonical = known ? canonicalPointId(String(id)) : null;
  return (typeof id === "string") === (canonical?.length === 36) ? canonical : null;
}

function readHasId(value: Members): Condition | null {
  const list = value["has_id"];
  if (!Array.isArray(list)) return null;
  const ids: string[] = [];
  for (const id of list) {
    const canonical = Array.isArray(id) ? uuidOfBytes(id) : plainPointId(id);
    if (canonical === null) return null;
    ids.push(canonical);
  }
  return { kind: "has-id", ids };
}

function readHasVector(value: Members): Condition | null {
  const name = value["has_vector"];
  return typeof name === "string" ? { kind: "has-vector", name } : null;
}

function readNested(value: Members, depth: number): Condition | null {
  const { nested } = value;
  const path = readKey(nested);
  if (path === null || !isObject(nested)) return null;
  if (path.at(-1) !== null) path.push(null);
  return { kind: "nested", path, filter: readFilter(nested["filter"], depth) };
}
