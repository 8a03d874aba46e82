import { describe, expect, it } from "vitest";
import {
  keyRemover,
  payloadMerger,
  payloadReader,
} from "../../../../src/engine/collection/payload.ts";
import { parsePath, valuesAt } from "../../../../src/engine/filter/json-path.ts";
import { VectorError } from "../../../../src/errors.ts";

const text = '{"a":{"b":[{"c":1,"d":2.0},{"c":3}],"e":9007199254740993},"f":null,"g h":"x"}';

describe("parsePath", () => {
  it("reads keys, quoted keys, indexes and wildcards", () => {
    expect(parsePath('foo[1][50].bar-baz[]."qux[.]quux"')).toEqual([
      "foo",
      1,
      50,
      "bar-baz",
      null,
      "qux[.]quux",
    ]);
    expect(parsePath('"a b"')).toEqual(["a b"]);
    expect(parsePath("größe.日本")).toEqual(["größe", "日本"]);
  });

  it("refuses what is no path", () => {
    for (const bad of ["", "a b", "a.", "a[", "a[x]", ".a", "a..b"])
      expect(() => parsePath(bad)).toThrow(VectorError);
  });
});

describe("valuesAt", () => {
  it("follows objects, indexes and wildcards, and nothing that is inherited", () => {
    const value: unknown = JSON.parse(text);
    expect(valuesAt(value, parsePath("a.b[].c"))).toEqual([1, 3]);
    expect(valuesAt(value, parsePath("a.b[1].c"))).toEqual([3]);
    expect(valuesAt(value, parsePath("a.b.c"))).toEqual([]);
    expect(valuesAt(value, parsePath('"g h"'))).toEqual(["x"]);
    expect(valuesAt(value, parsePath("constructor"))).toEqual([]);
  });
});

describe("payloadReader", () => {
  const choose = (selector: Parameters<typeof payloadReader>[0]): string | undefined =>
    payloadReader(selector)?.(text);

  it("gives all of it as it stands, or nothing", () => {
    expect(choose(true)).toBe(text);
    expect(payloadReader(false)).toBeNull();
  });

  it("gives the paths that are asked for, numbers as they were", () => {
    expect(choose(["a.b[].d", "f"])).toBe('{"a":{"b":[{"d":2.0},{}]},"f":null}');
    expect(choose({ include: ["a.e"] })).toBe('{"a":{"e":9007199254740993}}');
  });

  it("leaves out the paths that are excluded", () => {
    expect(choose({ exclude: ["a.b", "f"] })).toBe('{"a":{"e":9007199254740993},"g h":"x"}');
    expect(choose({ exclude: ["a.b[].c"] })).toBe(
      '{"a":{"b":[{"d":2.0},{}],"e":9007199254740993},"f":null,"g h":"x"}',
    );
  });
});

describe("changing payloads", () => {
  const merged = (old: string | null, patch: string, key?: string) =>
    payloadMerger(patch, key)(old);

  it("merges keys, takes away what is null, and keeps number types", () => {
    expect(merged('{"a":1,"b":2.0}', '{"a":null,"c":3.0}')).toBe('{"b":2.0,"c":3.0}');
    expect(merged(null, '{"a":null}')).toBe('{"a":null}');
    expect(merged(null, '{"a":null}', "b")).toBe('{"b":{}}');
  });

  it("merges below a path, making objects on the way", () => {
    expect(merged('{"o":{"k":1}}', '{"z":1}', "o")).toBe('{"o":{"k":1,"z":1}}');
    expect(merged('{"o":5}', '{"z":1}', "o.x.y")).toBe('{"o":{"x":{"y":{"z":1}}}}');
    expect(merged('{"l":[{},{"a":1}]}', '{"z":1}', "l[].q")).toBe(
      '{"l":[{"q":{"z":1}},{"a":1,"q":{"z":1}}]}',
    );
    expect(merged('{"l":[3,{"a":1}],"m":1}', '{"z":1}', "l[1]")).toBe(
      '{"l":[3,{"a":1,"z":1}],"m":1}',
    );
    expect(merged('{"l":5}', '{"z":1}', "l[]")).toBe('{"l":[]}');
  });

  it("takes keys away by path", () => {
    const removed = (...keys: string[]) => keyRemover(keys)(text);
    expect(removed("a.b[].c", "f", "nope.x")).toBe(
      '{"a":{"b":[{"d":2.0},{}],"e":9007199254740993},"g h":"x"}',
    );
    expect(removed("a.b[]", "f")).toBe('{"a":{"b":[],"e":9007199254740993},"g h":"x"}');
    expect(removed("a.b[1].c", "a.b[0]")).toBe(
      '{"a":{"b":[{"c":1,"d":2.0},{}],"e":9007199254740993},"f":null,"g h":"x"}',
    );
  });

  it("is not led astray by __proto__, by spaces and by quoted brackets", () => {
    expect(merged("{}", '{"__proto__":{"x":1}}')).toBe('{"__proto__":{"x":1}}');
    expect(({} as { x?: number }).x).toBeUndefined();
    expect(merged(' { "]\\"" : [ 1 , 2 ] , "a" : "}" } ', ' { "b" : null , "c" : 1 } ')).toBe(
      '{"]\\"":[ 1 , 2 ],"a":"}","c":1}',
    );
  });

  it("refuses a payload that is none, and a key that is none", () => {
    for (const bad of ["[]", "1", "null", "{", "", '{"a":01}'])
      expect(() => payloadMerger(bad, undefined)).toThrow(VectorError);
    expect(() => payloadMerger("{}", "a[")).toThrow(VectorError);
    expect(() => keyRemover(["a["])).toThrow(VectorError);
  });
});
