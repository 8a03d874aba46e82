import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementsOf, skipValue, walkObject } from "../../../src/util/json-bytes.ts";

const seed = randomInt(2 ** 31);
const runs = { seed, numRuns: 2000 };

/** JSON text of anything, with white space of all kinds, strings of all kinds, and escapes where none are needed. */
const jsonText = fc
  .tuple(fc.jsonValue({ stringUnit: "binary" }), fc.constantFrom("", " ", "\t", "\n"), fc.boolean())
  .map(([value, indent, escaped]) => {
    const text = JSON.stringify(value, null, indent);
    return escaped
      ? text.replace(/[^ -~]/g, (character) =>
          /\s/.test(character)
            ? character
            : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
        )
      : text;
  });

function members(text: string): Map<string, string> {
  const bytes = Buffer.from(text);
  const found = new Map<string, string>();
  walkObject(bytes, (key, start) => {
    const end = skipValue(bytes, start);
    found.set(key, bytes.toString("utf8", start, end));
    return end;
  });
  return found;
}

function elements(text: string): string[] {
  const bytes = Buffer.from(text);
  const places = elementsOf(bytes, 0);
  return Array.from({ length: places.length / 2 }, (_, at) =>
    bytes.toString("utf8", places[2 * at], places[2 * at + 1]),
  );
}

describe("JSON as bytes", () => {
  it(`finds every member of an object and every element of an array, as it was written (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), jsonText)), (pairs) => {
        const text = pairs
          .map(([key, value]) => `${JSON.stringify(key)}\t:\r\n${value}`)
          .join(" , ");
        const decoded = new Map(
          pairs.map(([key, value]) => [String(JSON.parse(JSON.stringify(key))), value]),
        );
        expect(members(` {${text} }\n`)).toEqual(decoded);
        const values = pairs.map(([, value]) => value);
        expect(elements(`[ ${values.join("\n,")} ]`)).toEqual(values);
      }),
      runs,
    );
  });

  it("is not led astray by brackets, commas, quotes and backslashes in strings", () => {
    const awkward = [
      '"]}"',
      '"\\""',
      '"\\\\"',
      '"\\\\\\"],["',
      '{"}":"\\"}"}',
      '[["]"],{"a":[]}]',
      '"é"',
      '"\\u0022"',
    ];
    expect(elements(`[${awkward.join(",")}]`)).toEqual(awkward);
    expect(elements("[]")).toEqual([]);
    expect(members("{}")).toEqual(new Map());
    expect(members('{"a":1,"\\u0061":2}')).toEqual(new Map([["a", "2"]]));
  });

  it("refuses what ends anywhere too soon", () => {
    const text = '{"a":[1,{"b":"\\"]"}],"c":"d\\\\","e":null,"f":-1.5}';
    for (let end = 0; end < text.length; end += 1)
      expect(() => members(text.slice(0, end)), text.slice(0, end)).toThrow(SyntaxError);
    const column = '["a\\\\",[{"b":1}],null]';
    for (let end = 0; end < column.length; end += 1)
      expect(() => elements(column.slice(0, end)), column.slice(0, end)).toThrow(SyntaxError);
  });

  it.each([
    "",
    "null",
    "[]",
    "{,}",
    '{"a":1,}',
    "{a:1}",
    '{"a" 1}',
    '{"a":}',
    '{"a":1} x',
    '{"a":1 "b":2}',
    '{"\\x":1}',
  ])("refuses %j", (text) => {
    expect(() => members(text)).toThrow(SyntaxError);
  });

  it.each(["[,]", "[1,]", "[1 2]", "[1", "{}"])("refuses %j as an array", (text) => {
    expect(() => elements(text)).toThrow(SyntaxError);
  });
});
