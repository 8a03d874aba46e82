import { CountPointsSchema, DeletePointsSchema } from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFilter } from "../../../src/engine/filter/filter.ts";
import { parseLossless, stringifyPlain } from "../../../src/util/json.ts";
import type { PointCondition, PointFilter } from "../../../src/wire/columns.ts";
import { decodeCount, encodeCount } from "../../../src/wire/count.ts";
import { decodeDelete } from "../../../src/wire/delete.ts";
import { filter, filterJson, named, numbered, uuid } from "../../support/qdrant-messages.ts";
import { bytesOf } from "../../support/qdrant-proto.ts";

const decoded = (init: typeof filter) =>
  decodeCount(bytesOf(CountPointsSchema, { filter: init })).filter ?? "";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const condition = (conditionOneOf: object) => ({ must: [{ conditionOneOf }] }) as typeof filter;
const test = (init: object) => condition({ case: "field", value: { key: "k", ...init } });

describe("a filter", () => {
  it("becomes the JSON that REST takes, with every condition", () => {
    expect(parseLossless(decoded(filter))).toEqual(filterJson);
  });

  it("is understood by the engine", () => {
    const parsed = parseFilter(parseLossless(decoded(filter)));
    expect(parsed.must).toHaveLength(6);
    expect(parsed.should).toHaveLength(4);
    expect(parsed.mustNot).toHaveLength(6);
    expect(parsed.minShould).toMatchObject({ minCount: 2 });
    expect(parsed.minShould?.conditions).toHaveLength(6);
  });

  it("that says nothing fits every point", () => {
    expect(decoded({})).toBe("{}");
    expect(decodeCount(bytesOf(CountPointsSchema, {})).filter).toBeUndefined();
  });

  it.each([
    ["2023-11-14T22:13:20.000000Z", 1700000000n, 0],
    ["1969-12-31T23:59:59.999999Z", -1n, 999_999_999],
    ["0001-01-01T00:00:00.000000Z", -62135596800n, 0],
  ])("has the date %s", (text, seconds, nanos) => {
    expect(parseLossless(decoded(test({ datetimeRange: { lt: { seconds, nanos } } })))).toEqual({
      must: [{ key: "k", range: { lt: text } }],
    });
  });

  it.each([
    ["geoRadius", test({ geoRadius: { radius: 1 } }), "E_NOT_SUPPORTED"],
    ["geoBoundingBox", test({ geoBoundingBox: {} }), "E_NOT_SUPPORTED"],
    ["geoPolygon", test({ geoPolygon: {} }), "E_NOT_SUPPORTED"],
    ["a condition that says nothing", { must: [{}] }, "E_INPUT"],
    ["a match that says nothing", test({ match: {} }), "E_INPUT"],
    ["a nested condition without filter", condition({ case: "nested", value: {} }), "E_INPUT"],
    ["a bound that is no number", test({ range: { lt: Number.NaN } }), "E_INPUT"],
    [
      "a date beyond the calendar",
      test({ datetimeRange: { lt: { seconds: 2n ** 60n } } }),
      "E_INPUT",
    ],
    ["an id that says nothing", condition({ case: "hasId", value: { hasId: [{}] } }), "E_INPUT"],
  ])("with %s is refused", (_, init, code) => {
    expect(() => decoded(init)).toThrow(expect.objectContaining({ code }));
  });

  it("nested without end is refused", () => {
    let nested: typeof filter = {};
    for (let depth = 0; depth < 63; depth += 1)
      nested = condition({ case: "filter", value: nested });
    expect(decoded(nested)).toContain('{"must":[{}]}');
    for (let depth = 0; depth < 4; depth += 1)
      nested = condition({ case: "filter", value: nested });
    expect(() => decoded(nested)).toThrow(SyntaxError);
  });
});

describe("a filter that goes out", () => {
  it("is the one that REST takes, whatever it asks", () => {
    const key = fc.constantFrom("metadata.k", 'metadata."a b"[]', "é");
    const text = fc.string({ unit: "grapheme" });
    const bound = fc.double({ noNaN: true, noDefaultInfinity: true });
    const leaf = fc.oneof(
      fc.record({ key, match: fc.record({ value: fc.oneof(text, fc.boolean(), int64) }) }),
      fc.record({ key, match: fc.record({ any: fc.array(text, { minLength: 1 }) }) }),
      fc.record({
        key,
        range: fc.record({ lt: bound, gt: bound, gte: bound, lte: bound }, { requiredKeys: [] }),
      }),
      fc.record({ is_empty: fc.record({ key }) }),
      fc.record({ has_id: fc.constantFrom<readonly string[]>([], [uuid]) }),
    );
    const { node } = fc.letrec<{ node: PointFilter; one: PointCondition }>((tie) => ({
      one: fc.oneof({ maxDepth: 3 }, leaf, tie("node")),
      node: fc.record(
        {
          must: fc.array(tie("one"), { minLength: 1, maxLength: 3 }),
          should: fc.array(tie("one"), { minLength: 1, maxLength: 3 }),
          must_not: fc.array(tie("one"), { minLength: 1, maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
    }));
    fc.assert(
      fc.property(node, (asked) => {
        const text = decodeCount(encodeCount("c", asked).subarray(5)).filter ?? "";
        expect(parseLossless(text)).toEqual(parseLossless(stringifyPlain(asked)));
      }),
    );
  });

  it("is not there where all points are meant", () => {
    expect(decodeCount(encodeCount("c").subarray(5)).filter).toBeUndefined();
  });
});

describe("delete", () => {
  it("names points by id", () => {
    const ids = [numbered(0n), numbered(2n ** 64n - 1n), named(uuid)];
    const message = bytesOf(DeletePointsSchema, {
      collectionName: "a/é",
      wait: true,
      points: { pointsSelectorOneOf: { case: "points", value: { ids } } },
    });
    expect(decodeDelete(message)).toEqual({
      collection: "a/é",
      wait: true,
      selector: { ids: ["0", "18446744073709551615", uuid] },
    });
  });

  it("names points by what their payload must have", () => {
    const value = test({ match: { matchValue: { case: "keyword", value: 'é"\\' } } });
    const message = bytesOf(DeletePointsSchema, {
      points: { pointsSelectorOneOf: { case: "filter", value } },
    });
    const { selector } = decodeDelete(message);
    expect(selector !== null && "filter" in selector && parseLossless(selector.filter)).toEqual({
      must: [{ key: "k", match: { value: 'é"\\' } }],
    });
  });

  it("may say neither", () => {
    expect(decodeDelete(bytesOf(DeletePointsSchema, { points: {} })).selector).toBeNull();
    expect(decodeDelete(bytesOf(DeletePointsSchema, {}))).toEqual({
      collection: "",
      wait: false,
      selector: null,
    });
  });
});
