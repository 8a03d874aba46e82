/** Whether a decoded payload fits a condition. Source: qdrant 1.18.2, lib/segment/src/payload_storage (condition_checker.rs, query_checker.rs). */
import { isObject } from "../../util/json.ts";
import { withinBounds } from "./bounds.ts";
import type { FieldTest, MatchValue } from "./field-tests.ts";
import type { Condition, FieldCondition, Filter } from "./filter.ts";
import { type GeoArea, placeOf } from "./geo.ts";
import { parseInstant } from "./instant.ts";
import { type PathStep, pathText, valuesAt } from "./json-path.ts";
import type { PayloadView } from "./payload-view.ts";
import { fitsText, type TextIndex, type TextMatch } from "./text/text-index.ts";

/** How text is judged at a path: as an index there does it; null = as a piece of the text. */
export type TextsAt = (path: string) => TextIndex | null;

type ValueTest = (value: unknown) => boolean;

/** A condition on payloads. Integers are told from floats only where the fast reading leaves it open. */
export function payloadTest(
  condition: Condition,
  textsAt: TextsAt,
): (payload: PayloadView) => boolean {
  if (!comparesIntegers(condition)) {
    const fits = conditionTest(condition, { exact: false, textsAt, path: [] });
    return (payload) => fits(payload.plain);
  }
  const fits = conditionTest(condition, { exact: true, textsAt, path: [] });
  if (!isOneMatch(condition)) return (payload) => fits(payload.exact);
  // What does not fit with every number taken for an integer does not fit at all.
  const mayFit = conditionTest(condition, { exact: false, textsAt, path: [] });
  return (payload) => mayFit(payload.plain) && fits(payload.exact);
}

function isOneMatch(condition: Condition): boolean {
  if (condition.kind !== "field" || condition.tests.length !== 1) return false;
  return condition.tests[0]?.kind === "any";
}

function comparesIntegers(condition: Condition): boolean {
  if (condition.kind === "field") {
    return condition.tests.some(
      (test) =>
        (test.kind === "any" || test.kind === "except") &&
        [...test.values].some((value) => typeof value === "bigint"),
    );
  }
  if (condition.kind !== "nested" && condition.kind !== "filter") return false;
  const { must, should, mustNot, minShould } = condition.filter;
  return [must, should, mustNot, minShould?.conditions].some((list) =>
    list?.some(comparesIntegers),
  );
}

/** How a payload was decoded, and where in it an object stands. */
interface Reading {
  /** Integers are bigints: a number is a float for certain. */
  readonly exact: boolean;
  readonly textsAt: TextsAt;
  readonly path: readonly PathStep[];
}

/** A condition within one object; ids and vectors are not known in there. */
function conditionTest(condition: Condition, reading: Reading): ValueTest {
  switch (condition.kind) {
    case "filter":
      return filterTest(condition.filter, reading);
    case "is-empty":
      return (root) => valuesAt(root, condition.path).every((value) => countOf(value) === 0);
    case "is-null":
      return (root) => valuesAt(root, condition.path).includes(null);
    case "nested": {
      const path = [...reading.path, ...condition.path];
      const fits = filterTest(condition.filter, { ...reading, path });
      return (root) =>
        valuesAt(root, condition.path).some((element) => isObject(element) && fits(element));
    }
    case "field":
      return fieldTest(condition, reading);
    default:
      return () => false;
  }
}

function filterTest(filter: Filter, reading: Reading): ValueTest {
  const all = (conditions: readonly Condition[] | null): ValueTest[] | null =>
    conditions?.map((condition) => conditionTest(condition, reading)) ?? null;
  const must = all(filter.must) ?? [];
  const mustNot = all(filter.mustNot) ?? [];
  const should = all(filter.should);
  const minShould = all(filter.minShould?.conditions ?? null);
  const minCount = filter.minShould?.minCount ?? 0;
  return (root) =>
    must.every((fits) => fits(root)) &&
    !mustNot.some((fits) => fits(root)) &&
    (should === null || should.some((fits) => fits(root))) &&
    (minShould === null || minShould.filter((fits) => fits(root)).length >= minCount);
}

function fieldTest({ path, tests }: FieldCondition, reading: Reading): ValueTest {
  const texts = reading.textsAt(pathText([...reading.path, ...path]));
  const scalarTests = tests.flatMap((test) => scalarTest(test, reading.exact, texts) ?? []);
  const fitsScalar: ValueTest = (value) => scalarTests.some((fits) => fits(value));
  const fits = wholeTest(tests) ?? ((value) => someElement(value, fitsScalar));
  const absent = fitsAbsence(tests);
  return (root) => {
    const values = valuesAt(root, path);
    return values.length === 0 ? absent : values.some(fits);
  };
}

function someElement(value: unknown, fits: ValueTest): boolean {
  return Array.isArray(value) ? value.some(fits) : fits(value);
}

/** What tests say where the path leads nowhere. */
function fitsAbsence(tests: readonly FieldTest[]): boolean {
  for (const test of tests) {
    if (test.kind === "is-empty") return test.wanted;
    if (test.kind === "is-null") return !test.wanted;
  }
  return false;
}

/** The test that asks an array as a whole; null where there is none. Only the first one counts, and no other beside it. */
function wholeTest(tests: readonly FieldTest[]): ValueTest | null {
  for (const test of tests) {
    if (test.kind === "values-count") return (value) => withinBounds(countOf(value), test.bounds);
    if (test.kind === "is-empty") return (value) => (countOf(value) === 0) === test.wanted;
    if (test.kind === "is-null") {
      return (value) =>
        (Array.isArray(value) ? value.includes(null) : value === null) === test.wanted;
    }
  }
  return null;
}

function countOf(value: unknown): number {
  if (value === null) return 0;
  return Array.isArray(value) ? value.length : 1;
}

/** What asks a single value; null where the test asks arrays as a whole. */
function scalarTest(test: FieldTest, exact: boolean, texts: TextIndex | null): ValueTest | null {
  switch (test.kind) {
    case "any":
      return memberOf(test.values, exact);
    case "except": {
      const unwanted = memberOf(test.values, exact);
      return (value) => value !== null && !unwanted(value);
    }
    case "range":
      return (value) => isNumber(value) && withinBounds(Number(value), test.bounds);
    case "datetime-range":
      return (value) => {
        const instant = typeof value === "string" ? parseInstant(value) : null;
        return instant !== null && withinBounds(instant, test.bounds);
      };
    case "geo":
      return (value) => liesIn(value, test.area);
    case "text":
    case "text-any":
    case "phrase":
      return (value) => typeof value === "string" && fitsWords(texts, test.kind, value, test.text);
    default:
      return null;
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** In the fast reading, a number fits every integer that it may have been; in the exact one, a number is a float and fits none. */
function memberOf(values: ReadonlySet<MatchValue>, exact: boolean): ValueTest {
  const known = new Set<unknown>(values);
  if (exact) return (value) => typeof value !== "number" && known.has(value);
  for (const value of values) if (typeof value === "bigint") known.add(Number(value));
  return (value) => known.has(value);
}

function liesIn(value: unknown, area: GeoArea): boolean {
  const place = placeOf(value);
  return place !== null && area(place.lon, place.lat);
}

function fitsWords(
  texts: TextIndex | null,
  kind: TextMatch,
  stored: string,
  wanted: string,
): boolean {
  if (texts !== null) return fitsText(texts, kind, stored, wanted);
  if (kind !== "text-any") return stored.includes(wanted);
  return wanted.split(/\p{White_Space}+/u).some((word) => word !== "" && stored.includes(word));
}
