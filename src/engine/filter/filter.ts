/** Qdrant's filters: JSON in, a checked tree out. Source: qdrant 1.18.2, lib/segment/src/types.rs (Filter, Condition). */
import { isObject } from "../../util/json.ts";
import { canonicalPointId, uuidOfBytes } from "../collection/point-key.ts";
import { breaks, malformed, variant } from "../errors.ts";
import { named } from "../input-words.ts";
import { asStruct, fields } from "../struct-list.ts";
import { type FieldTest, parseTests, testsOfList, testsOfObject } from "./field-tests.ts";
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
export const filterFields = fields("should? min_should must? must_not?");
const filterKeys = new Set(filterFields.names);
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
  const filter = asStruct(value, filterFields);
  if (filter === null) throw malformed(`invalid type: ${named(value)}, expected struct Filter`);
  for (const key of Object.keys(filter)) {
    if (!filterKeys.has(key)) {
      throw malformed(
        `unknown field \`${key}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``,
      );
    }
  }
  return {
    must: readConditions(filter["must"], depth),
    should: readConditions(filter["should"], depth),
    mustNot: readConditions(filter["must_not"], depth),
    minShould: readMinShould(filter["min_should"] ?? null, depth),
  };
}

function readConditions(value: unknown, depth: number): Condition[] | null {
  if (value === undefined || value === null) return null;
  const list = Array.isArray(value) ? value : [value];
  return list.map((condition) => readCondition(condition, depth + 1));
}

function readMinShould(value: unknown, depth: number): Filter["minShould"] {
  if (value === null) return null;
  const { conditions: listed, min_count: least } = asStruct(value, minShouldFields) ?? {};
  if (!Array.isArray(listed)) throw malformed("missing field `conditions`");
  const conditions = readConditions(listed, depth) ?? [];
  const minCount = toCount(least);
  if (minCount === null) throw malformed("missing field `min_count`");
  return { conditions, minCount };
}

function toCount(value: unknown): number | null {
  return typeof value === "bigint" && value >= 0n && value < countsEnd ? Number(value) : null;
}

function readCondition(value: unknown, depth: number): Condition {
  if (isObject(value) && Object.hasOwn(value, "key")) return readField(value, testsOfObject);
  // The first kind that it can be; what is wrong with each is not told, as in Qdrant.
  for (const [of, read] of kinds) {
    const condition = variant(() => {
      const members = asStruct(value, of);
      return members === null ? null : read(members, depth);
    });
    if (condition !== null) return condition;
  }
  throw malformed(conditionWords);
}

type Members = Readonly<Record<string, unknown>>;

function readField(condition: Members, of = testsOfList): Condition {
  const { key } = condition;
  if (typeof key !== "string") throw malformed(`invalid type: ${named(key)}, expected a string`);
  return { kind: "field", path: parsePath(key), tests: parseTests(condition, of) };
}

function readKey(value: unknown): PathStep[] | null {
  const { key } = asStruct(value, keyFields) ?? {};
  return typeof key === "string" ? parsePath(key) : null;
}

function readIsEmpty({ is_empty: field }: Members): Condition | null {
  const path = readKey(field);
  return path === null ? null : { kind: "is-empty", path };
}

function readIsNull({ is_null: field }: Members): Condition | null {
  const path = readKey(field);
  return path === null ? null : { kind: "is-null", path };
}

function plainPointId(id: unknown): string | null {
  const known = typeof id === "string" || typeof id === "bigint";
  const canonical = known ? canonicalPointId(String(id)) : null;
  return (typeof id === "string") === (canonical?.length === 36) ? canonical : null;
}

function readHasId({ has_id: list }: Members): Condition | null {
  if (!Array.isArray(list)) return null;
  const ids: string[] = [];
  for (const id of list) {
    const canonical = Array.isArray(id) ? uuidOfBytes(id) : plainPointId(id);
    if (canonical === null) return null;
    ids.push(canonical);
  }
  return { kind: "has-id", ids };
}

function readHasVector({ has_vector: name }: Members): Condition | null {
  return typeof name === "string" ? { kind: "has-vector", name } : null;
}

function readNested({ nested }: Members, depth: number): Condition | null {
  const { key, filter } = asStruct(nested, nestedFields) ?? {};
  if (typeof key !== "string") return null;
  const path = parsePath(key);
  if (path.at(-1) !== null) path.push(null);
  return { kind: "nested", path, filter: readFilter(filter, depth) };
}

const fieldFields = fields(
  "key match range geo_bounding_box geo_radius geo_polygon values_count is_empty is_null",
);
const keyFields = fields("key");
const nestedFields = fields("key filter");
export const minShouldFields = fields("conditions min_count");
const countsEnd = 2n ** 64n;

/** In the order in which a server tries them; what has a key is a field's condition and nothing else. */
const kinds = [
  [fieldFields, (value: Members) => readField(value)],
  [fields("is_empty"), readIsEmpty],
  [fields("is_null"), readIsNull],
  [fields("has_id"), readHasId],
  [fields("has_vector"), readHasVector],
  [fields("nested"), readNested],
  [
    filterFields,
    (value: Members, depth: number): Condition => ({
      kind: "filter",
      filter: readFilter(value, depth),
    }),
  ],
] as const;
