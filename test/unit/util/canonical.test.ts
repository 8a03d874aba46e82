import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { type JsonValue, parseLossless, stringifyLossless } from "../../../src/util/json.ts";

/** The same by decoding the whole. */
function decoded(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(decoded).join(",")}]`;
  if (value === null || typeof value !== "object") return stringifyLossless(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${decoded(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

describe("canonical JSON", () => {
  it("is one text for one value, whatever the spelling", () => {
    expect(canonicalJson('{ "b": 1.50, "a": [1, "\\u0041"] }')).toBe('{"a":[1,"A"],"b":1.5}');
    expect(canonicalJson('{"a":2}')).not.toBe(canonicalJson('{"a":2.0}'));
    expect(canonicalJson("[-0, -0.0, 1e2, 1E400, 0.1, 12345678901234567890]")).toBe(
      decoded(parseLossless("[-0, -0.0, 1e2, 1E400, 0.1, 12345678901234567890]")),
    );
  });

  it("sorts by the keys themselves, not by their texts, and takes the last of two equal ones", () => {
    expect(canonicalJson('{"a b":1,"a":2,"a!":3,"\\"":4,"é":5}')).toBe(
      '{"\\"":4,"a":2,"a b":1,"a!":3,"é":5}',
    );
    expect(canonicalJson('{"a":1,"\\u0061":2}')).toBe('{"a":2}');
    expect(canonicalJson('{"b":0,"a":1,"a":2}')).toBe('{"a":2,"b":0}');
  });

  it("keeps a lone surrogate apart from every other", () => {
    expect(canonicalJson('"\ud800"')).toBe('"\\ud800"');
    expect(canonicalJson('"\ud83d\ude00"')).toBe('"\ud83d\ude00"');
  });

  it("agrees with decoding, for any value in any spelling", () => {
    const value = fc.jsonValue({ depthSize: "medium", stringUnit: "binary" });
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1), (json, indent) => {
        const text = JSON.stringify(json, null, indent);
        expect(canonicalJson(text)).toBe(decoded(parseLossless(text)));
      }),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const texts = [
      "",
      "{",
      "[1,",
      '{"a"}',
      '{"a":}',
      "{a:1}",
      "[1 2]",
      "01",
      "+1",
      "1.",
      ".5",
      "-",
    ];
    const more = [
      "tru",
      "nul",
      "NaN",
      '"a',
      '"\n"',
      '"\\x"',
      '{"a":1,}',
      "[,]",
      "1 1",
      "[1]]",
      '{"a":1 "b":2}',
    ];
    for (const text of [...texts, ...more]) {
      expect(() => JSON.parse(text), text).toThrow(SyntaxError);
      expect(() => canonicalJson(text), text).toThrow(SyntaxError);
    }
  });
});
