import { describe, expect, it } from "vitest";
import { chooseFilters, fitOf } from "../../../../src/migrate/compare/filters.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const choose = (metadata: (string | null)[], layout: "vecferry" | "flat" = "vecferry") =>
  chooseFilters(metadata, layout, seededRandom(1)).sort((a, b) => (a.key < b.key ? -1 : 1));

describe("filters", () => {
  it("are the most frequent value of a key that several records have, type and all", () => {
    const rows = ["a", "a", "b", "a", "b"].map(
      (kind, index) =>
        `{"kind":"${kind}","odd":${index % 2 === 1},"n":${index % 2},"own":${index}}`,
    );
    expect(choose(rows)).toEqual([
      { key: "kind", value: "a" },
      { key: "n", value: 0n },
      { key: "odd", value: false },
    ]);
  });

  it("leave out what all have, floats, lists, nulls, empty and long texts, and keys without a path", () => {
    const row = `{"all":1,"float":1.0,"list":[1],"null":null,"empty":"","long":"${"x".repeat(300)}","a\\"b":1,"$or":1,"#x":1,"big":99999999999999999999}`;
    expect(choose(Array.from({ length: 20 }, () => row))).toEqual([]);
    const some = Array.from({ length: 20 }, (_, index) => (index < 10 ? row : null));
    expect(choose(some)).toEqual([{ key: "all", value: 1n }]);
  });

  it("are five at most, of other keys for another seed", () => {
    const row = `{${Array.from({ length: 12 }, (_, index) => `"k${index}":1`).join(",")}}`;
    const rows = Array.from({ length: 10 }, (_, index) => (index < 5 ? row : "{}"));
    const keys = (seed: number) =>
      chooseFilters(rows, "flat", seededRandom(seed)).map(({ key }) => key);
    expect(keys(1)).toHaveLength(5);
    expect(keys(1)).toEqual(keys(1));
    expect(keys(2)).not.toEqual(keys(1));
  });

  it("fit a value of the same type, and are unsure where stores differ", () => {
    const two = { key: "n", value: 2n };
    expect(fitOf(two, '{"n":2}')).toBe("fits");
    expect(fitOf(two, '{"n":3}')).toBe("differs");
    expect(fitOf(two, '{"n":"2"}')).toBe("differs");
    expect(fitOf(two, '{"m":2}')).toBe("differs");
    expect(fitOf(two, null)).toBe("differs");
    expect(fitOf(two, '{"n":2.0}')).toBe("unsure");
    expect(fitOf(two, '{"n":[2]}')).toBe("unsure");
    expect(fitOf({ key: "n", value: 9007199254740993n }, '{"n":9007199254740992}')).toBe("differs");
  });
});
