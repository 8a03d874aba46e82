/** What a filter asks of a field's values. Source: qdrant 1.18.2, lib/segment/src/types.rs (FieldCondition, Match, RangeInterface). */
import { malformed } from "../errors.ts";
import { named } from "../input-words.ts";
import { asStruct, type Fields, fields } from "../struct-list.ts";
import type { Bounds } from "./bounds.ts";
import {
  type GeoArea,
  type GeoPoint,
  inBox,
  inCircle,
  inPolygon,
  isOnGlobe,
  placeOf,
} from "./geo.ts";
import { parseInstant } from "./instant.ts";
import type { TextMatch } from "./text/text-index.ts";

export type MatchValue = string | bigint | boolean;

export type FieldTest =
  | { readonly kind: "any" | "except"; readonly values: ReadonlySet<MatchValue> }
  | { readonly kind: TextMatch; readonly text: string }
  | { readonly kind: "range" | "datetime-range" | "values-count"; readonly bounds: Bounds }
  | { readonly kind: "geo"; readonly area: GeoArea }
  | { readonly kind: "is-empty" | "is-null"; readonly wanted: boolean };

type Members = Readonly<Record<string, unknown>>;

/**
 * The tests of a field's condition, in the order in which Qdrant asks them; none where it has none. `of`: how long lists may be
 * in it. @throws E_INPUT
 */
export function parseTests(condition: Members, of: TestFields): FieldTest[] {
  const { match, range, values_count } = condition;
  const tests: FieldTest[] = [];
  if (isGiven(match)) tests.push(parseMatch(match));
  if (isGiven(range)) tests.push(parseRange(range));
  for (const [name, read] of areas) {
    const value = condition[name];
    if (isGiven(value)) tests.push({ kind: "geo", area: read(members(value, name, of[name]), of) });
  }
  if (isGiven(values_count)) {
    const counts = members(values_count, "ValuesCount", of.values_count);
    tests.push({ kind: "values-count", bounds: parseCounts(counts) });
  }
  for (const [name, kind] of flags) {
    const wanted = condition[name];
    if (!isGiven(wanted)) continue;
    if (typeof wanted !== "boolean") throw malformed(`Invalid type ${name}. Expected a boolean`);
    tests.push({ kind, wanted });
  }
  return tests;
}

const flags = [
  ["is_empty", "is-empty"],
  ["is_null", "is-null"],
] as const;

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function members(value: unknown, name: string, of: Fields): Members {
  const found = asStruct(value, of);
  if (found === null) throw malformed(`Invalid type of ${name}. Expected an object`);
  return found;
}

function noMatch() {
  return malformed("data did not match any variant of untagged enum MatchInterface");
}

function parseMatch(match: unknown): FieldTest {
  // Each kind is a struct of one field: of a list, each kind has its one element.
  const [only] = Array.isArray(match) && match.length === 1 ? match : [];
  const kinds = Array.isArray(match)
    ? { value: only, text: only, text_any: only, phrase: only, any: only, except: only }
    : asStruct(match, sideFields);
  const { value, text, text_any, phrase, any, except } = kinds ?? {};
  const one = toMatchValue(value);
  if (one !== null) return { kind: "any", values: new Set([one]) };
  if (typeof text === "string") return { kind: "text", text };
  if (typeof text_any === "string") return { kind: "text-any", text: text_any };
  if (typeof phrase === "string") return { kind: "phrase", text: phrase };
  const some = toMatchValues(any);
  if (some !== null) return { kind: "any", values: some };
  const others = toMatchValues(except);
  if (others !== null) return { kind: "except", values: others };
  throw noMatch();
}

function toMatchValue(value: unknown): MatchValue | null {
  if (typeof value === "string" || typeof value === "boolean") return value;
  return typeof value === "bigint" && BigInt.asIntN(64, value) === value ? value : null;
}

/** A list of strings, or of integers, not of both; null for anything else. */
function toMatchValues(value: unknown): Set<MatchValue> | null {
  if (!Array.isArray(value)) return null;
  const values = new Set<MatchValue>();
  for (const member of value) {
    const one = toMatchValue(member);
    if (one === null || typeof one === "boolean") return null;
    values.add(one);
  }
  return new Set([...values].map((one) => typeof one)).size > 1 ? null : values;
}

const sides = ["lt", "gt", "lte", "gte"] as const;
const sideFields = fields("lt gt gte lte");

/** The fields of the structs in a condition; `surplus`: what a list of them may have beyond. */
const testFields = (surplus: " *" | "") => ({
  geo_radius: fields(`center radius${surplus}`),
  geo_bounding_box: fields(`top_left bottom_right${surplus}`),
  geo_polygon: fields(`exterior interiors${surplus}`),
  ring: fields(`points${surplus}`),
  place: fields(`lon lat${surplus}`),
  values_count: fields(`lt gt gte lte${surplus}`),
});
type TestFields = ReturnType<typeof testFields>;

/** A server reads a condition that is a list by another decoder, which takes no list that is too long. */
export const testsOfObject = testFields(" *");
export const testsOfList = testFields("");

function parseRange(given: unknown): FieldTest {
  const noRange = malformed(
    "data did not match any variant of untagged enum RangeInterfaceUntagged",
  );
  const value = asStruct(given, sideFields);
  if (value === null) throw noRange;
  if (sides.some((side) => typeof value[side] === "string"))
    return { kind: "datetime-range", bounds: parseBounds(value, toInstant) };
  return {
    kind: "range",
    bounds: parseBounds(value, (bound) => {
      const number = toNumber(bound);
      if (number === null) throw noRange;
      return number;
    }),
  };
}

function parseBounds(value: Members, read: (bound: unknown) => number): Bounds {
  const bound = (side: (typeof sides)[number]): number | null =>
    isGiven(value[side]) ? read(value[side]) : null;
  return { lt: bound("lt"), gt: bound("gt"), lte: bound("lte"), gte: bound("gte") };
}

function toNumber(value: unknown): number | null {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : null;
}

function toInstant(value: unknown): number {
  const instant = typeof value === "string" ? parseInstant(value) : null;
  if (instant !== null) return instant;
  throw malformed(
    `'${typeof value === "string" ? value.slice(0, 60) : named(value)}' does not match accepted datetime format (RFC3339). Example: 2014-01-01T00:00:00Z`,
  );
}

function parseCounts(value: Members): Bounds {
  return parseBounds(value, (bound) => {
    if (typeof bound !== "bigint" || bound < 0n || bound >= countsEnd)
      throw malformed(`Invalid value ${named(bound)}. Expected usize`);
    return Number(bound);
  });
}

const countsEnd = 2n ** 64n;

const areas = [
  ["geo_radius", parseCircle],
  ["geo_bounding_box", parseBox],
  ["geo_polygon", parsePolygon],
] as const;

function parseCircle(value: Members, of: TestFields): GeoArea {
  const center = parsePlace(value["center"], "center", of);
  const radius = toNumber(need(value["radius"], "radius"));
  if (radius === null) throw malformed("Invalid type of radius. Expected f64");
  return inCircle(center, radius);
}

function parseBox(value: Members, of: TestFields): GeoArea {
  return inBox(
    parsePlace(value["top_left"], "top_left", of),
    parsePlace(value["bottom_right"], "bottom_right", of),
  );
}

function parsePolygon(value: Members, of: TestFields): GeoArea {
  const { exterior, interiors } = value;
  const outer = parseRing(need(exterior, "exterior"), of);
  if (isGiven(interiors) && !Array.isArray(interiors))
    throw malformed("Invalid type of interiors. Expected a sequence");
  const holes = Array.isArray(interiors) ? interiors : [];
  return inPolygon(
    outer,
    holes.map((hole) => parseRing(hole, of)),
  );
}

function parseRing(value: unknown, of: TestFields): GeoPoint[] {
  const points = need(members(value, "GeoLineString", of.ring)["points"], "points");
  if (!Array.isArray(points)) throw malformed("Invalid type of points. Expected a sequence");
  const ring = points.map((point) => parsePlace(point, "points", of));
  if (ring.length <= 3) {
    throw malformed(
      `Validation failed: polygon invalid, the size must be at least 4, got ${ring.length}`,
    );
  }
  const [first] = ring;
  const last = ring.at(-1);
  const apart = (one = 0, other = 0): boolean => Math.abs(one - other) > Number.EPSILON;
  if (apart(first?.lat, last?.lat) || apart(first?.lon, last?.lon)) {
    throw malformed(
      "Validation failed: polygon invalid, the first and the last points should be the same to form a closed line",
    );
  }
  return ring;
}

function need(value: unknown, name: string): unknown {
  if (!isGiven(value)) throw malformed(`Missing field ${name}`);
  return value;
}

function parsePlace(value: unknown, name: string, of: TestFields): GeoPoint {
  const place = members(need(value, name), name, of.place);
  need(place["lon"], "lon");
  need(place["lat"], "lat");
  const point = placeOf(place);
  if (point === null) throw malformed(`Invalid type of ${name}. Expected f64`);
  if (!isOnGlobe(point)) {
    throw malformed(
      `Wrong format of GeoPoint payload: expected \`lat\` = ${point.lat} within [-90;90] and \`lon\` = ${point.lon} within [-180;180]`,
    );
  }
  return point;
}
