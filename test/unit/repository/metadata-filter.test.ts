import { describe, expect, it } from "vitest";
import { decodeMetadata, matches } from "../../../src/model/filter.ts";
import { toWhere } from "../../../src/repository/metadata-filter.ts";

const found = (filter: unknown, metadata: string): boolean => {
  const where = toWhere(filter);
  return where === null || matches(where, decodeMetadata(metadata));
};

describe("a metadata filter", () => {
  it("that is left out, or empty, asks for everything", () => {
    expect([toWhere(undefined), toWhere({})]).toEqual([null, null]);
  });

  it("of several keys asks for all of them, of a list for any", () => {
    expect(found({ a: 1, b: ["x", "y"] }, '{"a":1,"b":"y"}')).toBe(true);
    expect(found({ a: 1, b: ["x", "y"] }, '{"a":1,"b":"z"}')).toBe(false);
    expect(found({ a: 1, b: ["x", "y"] }, '{"a":2,"b":"y"}')).toBe(false);
  });

  it("takes all conditions of one key at once", () => {
    expect(found({ a: { $gt: 1, $lt: 3, $ne: 2 } }, '{"a":1.5}')).toBe(true);
    expect(found({ a: { $gt: 1, $lt: 3, $ne: 2 } }, '{"a":2}')).toBe(false);
  });

  it("compares numbers by their value", () => {
    for (const integer of [-3n, -2n, 0n, 2n, 3n])
      for (const bound of [-2.5, -0.5, 0.5, 2.5]) {
        const holds = (operator: string) => found({ a: { [operator]: bound } }, `{"a":${integer}}`);
        const value = Number(integer);
        expect([holds("$gt"), holds("$gte")]).toEqual([value > bound, value >= bound]);
        expect([holds("$lt"), holds("$lte")]).toEqual([value < bound, value <= bound]);
        expect([holds("$eq"), holds("$ne")]).toEqual([false, true]);
      }
    expect(found({ a: 2 }, '{"a":2.0}') && found({ a: 2.5 }, '{"a":2.5}')).toBe(true);
    expect(found({ a: 2n ** 60n }, '{"a":1152921504606846976}')).toBe(true);
  });

  it("names keys as they are, whatever they are called", () => {
    for (const key of ["tenant_id", "_vecferry", "metadata.tenant_id", "__proto__", "a.b"])
      expect(toWhere({ [key]: "x" })).toEqual({ key, operator: "$eq", operands: ["x"] });
  });

  it.each([
    [null, "metadataFilter"],
    [[], "metadataFilter"],
    ["text", "metadataFilter"],
    [new Map(), "metadataFilter"],
    [{ a: undefined }, "metadataFilter.a"],
    [{ a: null }, "metadataFilter.a"],
    [{ a: new Date() }, "metadataFilter.a"],
    [{ a: { gte: undefined } }, "metadataFilter.a.gte"],
    [{ a: { gte: "1" } }, "metadataFilter.a.$gte"],
    [{ a: { $regex: "x" } }, "metadataFilter.a.$regex"],
    [{ a: { b: 1 } }, "metadataFilter.a.b"],
    [{ a: Number.NaN }, "metadataFilter.a"],
    [{ a: [1, "x"] }, "metadataFilter.a.$in"],
    [{ a: [] }, "metadataFilter.a.$in"],
    [{ $or: [{}] }, "metadataFilter.$or[0]"],
    [{ $and: [{ a: 1 }, { $or: [{ b: { $x: 1 } }] }] }, "metadataFilter.$and[1].$or[0].b.$x"],
    [{ $must: [] }, "metadataFilter.$must"],
    [{ "#document": "x" }, "metadataFilter.#document"],
  ])("%o is refused with the place in it", (filter, field) => {
    let thrown: unknown = null;
    try {
      toWhere(filter);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "E_INPUT" });
    expect(JSON.stringify(thrown)).toContain(`"field":"${field}`);
  });

  it("that has no end is refused, not followed", () => {
    let filter: object = { a: 1 };
    for (let depth = 0; depth < 60; depth += 1) filter = { $and: [filter] };
    expect(() => toWhere(filter)).toThrow(expect.objectContaining({ code: "E_INPUT" }));
  });
});
