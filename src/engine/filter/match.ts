/** Whether a payload fits a filter. Source: qdrant 1.18.2, lib/segment/src/payload_storage (condition_checker.rs, query_checker.rs). */
import { parseLossless } from "../../util/json.ts";
import {
  type Condition,
  type FieldTest,
  type Filter,
  type MatchValue,
  parseInstant,
  withinBounds,
} from "./filter.ts";
import { isObject, valuesAt } from "./json-path.ts";
import type { SlotSet } from "./slot-set.ts";
import { tokens } from "./tokens.ts";

/** One point's payload, decoded when first asked for. */
export class PayloadView {
  readonly #text: string | null;
  #plain: unknown;
  #exact: unknown;

  constructor(text: string | null) {
    this.#text = text;
  }

  /** Fast: numbers as JavaScript has them. */
  get plain(): unknown {
    this.#plain ??= this.#text === null ? {} : JSON.parse(this.#text);
    return this.#plain;
  }

  /** Slow: an integer is a bigint, so that 2 and 2.0 differ. */
  get exact(): unknown {
    this.#exact ??= this.#text === null ? {} : parseLossless(this.#text);
    return this.#exact;
  }
}

/** What a filter needs of the collection. */
export interface FilterContext {
  /** Slots of the ids that are there. */
  slotsOf(ids: readonly string[]): SlotSet;
  hasVector(name: string, slot: number): boolean;
  /** Exactly the slots that fit, where an index knows them; null = look into the payload. */
  indexed(key: string, test: FieldTest): SlotSet | null;
  /** Whether a text index makes `match.text` go by words at this key. */
  hasTextIndex(key: string): boolean;
}

/** A filter made ready for one collection in its present state. */
export interface CompiledFilter {
  /** Slots outside of it cannot fit; null = any may. */
  readonly candidates: SlotSet | null;
  /** Whether `test` looks into the payload. */
  readonly readsPayload: boolean;
  test(slot: number, payload: PayloadView): boolean;
}

export function compileFilter(filter: Filter, context: FilterContext): CompiledFilter {
  const compileAll = (conditions: readonly Condition[]): CompiledFilter[] =>
    conditions
      .map((condition) => compileCondition(condition, context))
      .sort((one, other) => Number(one.readsPayload) - Number(other.readsPayload));
  const must = compileAll(filter.must ?? []);
  const mustNot = compileAll(filter.mustNot ?? []);
  const should = filter.should === null ? null : compileAll(filter.should);
  const minShould = filter.minShould === null ? null : compileAll(filter.minShould.conditions);
  const minCount = filter.minShould?.minCount ?? 0;
  let candidates: SlotSet | null = null;
  for (const each of must) {
    if (
      each.candidates !== null &&
      (candidates === null || each.candidates.count < candidates.count)
    ) {
      candidates = each.candidates;
    }
  }
  return {
    candidates,
    readsPayload: [...must, ...mustNot, ...(should ?? []), ...(minShould ?? [])].some(
      (each) => each.readsPayload,
    ),
    test: (slot, payload) =>
      must.every((each) => each.test(slot, payload)) &&
      !mustNot.some((each) => each.test(slot, payload)) &&
      (should === null || should.some((each) => each.test(slot, payload))) &&
      (minShould === null || reaches(minShould, minCount, slot, payload)),
  };
}

function reaches(
  conditions: readonly CompiledFilter[],
  minCount: number,
  slot: number,
  payload: PayloadView,
): boolean {
  let fitting = 0;
  for (const each of conditions) {
    if (fitting >= minCount) return true;
    if (each.test(slot, payload)) fitting += 1;
  }
  return fitting >= minCount;
}

function compileCondition(condition: Condition, context: FilterContext): CompiledFilter {
  switch (condition.kind) {
    case "filter":
      return compileFilter(condition.filter, context);
    case "has-id":
      return fromSet(context.slotsOf(condition.ids));
    case "has-vector":
      return {
        candidates: null,
        readsPayload: false,
        test: (slot) => context.hasVector(condition.name, slot),
      };
    case "field": {
      const known = context.indexed(condition.key, condition.test);
      if (known !== null) return fromSet(known);
    }
  }
  const test = payloadTest(condition, (key) => context.hasTextIndex(key));
  return { candidates: null, readsPayload: true, test: (_slot, payload) => test(payload) };
}

function fromSet(slots: SlotSet): CompiledFilter {
  return { candidates: slots, readsPayload: false, test: (slot) => slots.has(slot) };
}

/** How a payload was decoded, and which keys go by words. */
interface Reading {
  /** Integers are bigints: a number is a float for certain. */
  readonly exact: boolean;
  readonly byWords: (key: string) => boolean;
}

/** A condition on the payload. Integers are told from floats only where the fast reading leaves it open. */
function payloadTest(
  condition: Condition,
  byWords: (key: string) => boolean,
): (payload: PayloadView) => boolean {
  const fits = (payload: PayloadView, exact: boolean): boolean =>
    fitsObject(exact ? payload.exact : payload.plain, condition, { exact, byWords });
  if (condition.kind === "nested") {
    const exact = filterComparesIntegers(condition.filter);
    return (payload) => fits(payload, exact);
  }
  if (condition.kind !== "field" || !comparesIntegers(condition.test))
    return (payload) => fits(payload, false);
  return condition.test.kind === "any"
    ? (payload) => fits(payload, false) && fits(payload, true)
    : (payload) => fits(payload, false) || fits(payload, true);
}

/** A condition within one object; ids and vectors are not known in there. */
function fitsObject(root: unknown, condition: Condition, reading: Reading): boolean {
  switch (condition.kind) {
    case "filter":
      return fitsFilter(root, condition.filter, reading);
    case "is-empty":
      return valuesAt(root, condition.path).every((value) => countOf(value) === 0);
    case "is-null":
      return valuesAt(root, condition.path).some((value) => value === null);
    case "nested":
      return valuesAt(root, condition.path).some(
        (element) => isObject(element) && fitsFilter(element, condition.filter, reading),
      );
    case "field": {
      const values = valuesAt(root, condition.path);
      const { key, test } = condition;
      return values.length === 0
        ? fitsNothing(test)
        : values.some((value) => fitsValue(value, test, key, reading));
    }
    default:
      return false;
  }
}

function fitsFilter(root: unknown, filter: Filter, reading: Reading): boolean {
  const fits = (condition: Condition): boolean => fitsObject(root, condition, reading);
  const { must, mustNot, should, minShould } = filter;
  return (
    (must === null || must.every(fits)) &&
    (mustNot === null || !mustNot.some(fits)) &&
    (should === null || should.some(fits)) &&
    (minShould === null || minShould.conditions.filter(fits).length >= minShould.minCount)
  );
}

function comparesIntegers(test: FieldTest): boolean {
  return (
    (test.kind === "any" || test.kind === "except") &&
    [...test.values].some((value) => typeof value === "bigint")
  );
}

function filterComparesIntegers(filter: Filter): boolean {
  const conditions = [
    ...(filter.must ?? []),
    ...(filter.mustNot ?? []),
    ...(filter.should ?? []),
    ...(filter.minShould?.conditions ?? []),
  ];
  return conditions.some((condition) => {
    if (condition.kind === "field") return comparesIntegers(condition.test);
    return (
      (condition.kind === "filter" || condition.kind === "nested") &&
      filterComparesIntegers(condition.filter)
    );
  });
}

/** What a test says where the path leads nowhere. */
function fitsNothing(test: FieldTest): boolean {
  if (test.kind === "is-empty") return test.wanted;
  if (test.kind === "is-null") return !test.wanted;
  return false;
}

function countOf(value: unknown): number {
  if (value === null) return 0;
  return Array.isArray(value) ? value.length : 1;
}

function fitsValue(value: unknown, test: FieldTest, key: string, reading: Reading): boolean {
  switch (test.kind) {
    case "values-count":
      return withinBounds(countOf(value), test.bounds);
    case "is-empty":
      return (countOf(value) === 0) === test.wanted;
    case "is-null": {
      const isNull = Array.isArray(value) ? value.includes(null) : value === null;
      return isNull === test.wanted;
    }
    default:
      return Array.isArray(value)
        ? value.some((element) => fitsScalar(element, test, key, reading))
        : fitsScalar(value, test, key, reading);
  }
}

function fitsScalar(value: unknown, test: FieldTest, key: string, reading: Reading): boolean {
  switch (test.kind) {
    case "any":
      return contains(test.values, value, reading.exact);
    case "except":
      return value !== null && !contains(test.values, value, reading.exact);
    case "range":
      return isNumber(value) && withinBounds(Number(value), test.bounds);
    case "datetime-range": {
      const instant = typeof value === "string" ? parseInstant(value) : null;
      return instant !== null && withinBounds(instant, test.bounds);
    }
    case "text":
    case "text-any":
    case "phrase":
      return (
        typeof value === "string" && fitsText(value, test.kind, test.text, reading.byWords(key))
      );
    default:
      return false;
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** A number of the fast reading fits every integer that it may have been; in the exact one it is a float and fits none. */
function contains(values: ReadonlySet<MatchValue>, value: unknown, exact: boolean): boolean {
  if (typeof value === "number") {
    if (!exact)
      for (const wanted of values)
        if (typeof wanted === "bigint" && Number(wanted) === value) return true;
    return false;
  }
  return typeof value !== "object" && values.has(value as MatchValue);
}

function fitsText(
  stored: string,
  kind: "text" | "text-any" | "phrase",
  wanted: string,
  byWords: boolean,
): boolean {
  if (byWords) {
    const there = new Set(tokens(stored));
    const asked = tokens(wanted);
    if (kind === "text-any") return asked.some((token) => there.has(token));
    return asked.length > 0 && asked.every((token) => there.has(token));
  }
  if (kind === "text-any")
    return wanted.split(/\s+/u).some((token) => token !== "" && stored.includes(token));
  return stored.includes(wanted);
}
