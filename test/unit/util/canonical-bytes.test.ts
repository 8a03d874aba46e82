import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { isPlainText, MemberPlaces } from "../../../src/util/canonical-bytes.ts";

const members = new MemberPlaces();

/** The members in the order that was found, with commas between them; null = not told. Among other bytes, as in the memory of a digest. */
function ordered(object: string): { text: string; inOrder: boolean } | null {
  const bytes = Buffer.from(`[1,${object}\0"}1`);
  if (!members.read(bytes, 3, bytes.length - 4)) return null;
  const texts: string[] = [];
  for (let place = 0; place < members.end; place += 2)
    texts.push(bytes.toString("utf8", members.places[place], members.places[place + 1]));
  return { text: `{${texts.join(",")}}`, inOrder: members.inOrder };
}

function isCanonical(text: string): boolean {
  return ordered(`{"a":${text}}`)?.inOrder === true;
}

function isTheCanonical(text: string): boolean {
  try {
    return canonicalJson(text) === text;
  } catch {
    return false;
  }
}

const value = fc.jsonValue({ depthSize: "medium", stringUnit: "binary" });
const marks = [...'{}[]",:\\ \n0123456789.-+eEabfnrtu/éü漢\ue000\uffff\ud800\u{1f600}\ufffd\u0001'];

describe("canonical JSON as bytes", () => {
  it.each([
    "{}",
    "[]",
    '{"a":{},"b":[{"c":null,"d":[true,false]}]}',
    '{"":1,"a":2,"a b":3,"a!":4,"ab":5,"é":6,"漢":7,"😀":8}',
    "[0,-1,12345678901234567890,0.0,-0.0,2.0,0.1,-1.5,1e+300,5e-324,0.30000000000000004,1e-7]",
    String.raw`"\"\\\b\f\n\r\t é漢，😀"`,
  ])("is seen in %s", (text) => {
    expect(canonicalJson(text)).toBe(text);
    expect(isCanonical(text)).toBe(true);
  });

  it.each([
    "",
    " {}",
    "{} ",
    '{"b":1,"a":2}',
    '{"a":1,"a":2}',
    '{"ab":1,"a":2}',
    '{"a!":1,"a":2}',
    '{"\\n":1,"\\t":2}',
    '{"\ue000":1,"\u{1f600}":2}',
    '{"a": 1}',
    '{"a":1,}',
    "[1,]",
    "[-0]",
    "[01]",
    "[-]",
    "[1.]",
    "[1.50]",
    "[0.10]",
    "[1e2]",
    "[1E400]",
    "[0.0000001]",
    "[100000000000000000000000.0]",
    "[0.1000000000000000055]",
    "[1.0.0]",
    String.raw`"\/"`,
    String.raw`"\u0041"`,
    String.raw`"\ud83d\ude00"`,
    '"\ud800"',
    '"\n"',
    '"a',
    "tru",
    "nulls",
    '{"a":1}{"b":2}',
    "1}",
  ])("is not seen in %j", (text) => {
    expect(isTheCanonical(text)).toBe(false);
    expect(isCanonical(text)).toBe(false);
  });

  it("is seen in whatever was made canonical, but for rare characters", () => {
    const ascii = fc.jsonValue({ depthSize: "medium", stringUnit: "grapheme-ascii" });
    fc.assert(
      fc.property(ascii, (json) => {
        const text = canonicalJson(JSON.stringify(json).replace(/\\./g, "-"));
        expect(isCanonical(text)).toBe(true);
      }),
    );
  });

  it("is never seen where it is not, in any spelling and with any character changed", () => {
    const change = fc.record({ at: fc.nat(), cut: fc.nat(2), put: fc.constantFrom("", ...marks) });
    fc.assert(
      fc.property(value, fc.boolean(), fc.option(change), (json, asItIs, changed) => {
        const given = JSON.stringify(json);
        const base = asItIs ? given : canonicalJson(given);
        const { at = 0, cut = 0, put = "" } = changed ?? {};
        const place = at % (base.length + 1);
        const text = base.slice(0, place) + put + base.slice(place + cut);
        if (isCanonical(text)) expect(canonicalJson(text)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['{"a":1,"b":2.5,"c":[]}', true],
    ['{"c":[{"y":1,"z":null}],"b":"x","a":true}', false],
    ['{"b":1,"d":2,"a":3,"c":4}', false],
    ['{"ab":1,"a b":2,"a":3,"":4,"é":5}', false],
  ])("has the members of %s in another order, or in this", (text, inOrder) => {
    expect(ordered(text)).toEqual({ text: canonicalJson(text), inOrder });
  });

  it.each([
    '{"b":1,"a":2,"b":3}',
    '{"b":{"d":1,"c":2},"a":0}',
    '{"b":1,"a": 2}',
    '{"b":1,"a":2',
    '{"b":1 "a":2}',
    '{"\\u0062":1,"a":2}',
    "[]",
    "2",
    "",
  ])("is not told to be that of %j with members in another order", (text) => {
    expect(ordered(text)).toBeNull();
  });

  it("with members in another order is what canonical JSON makes of them", () => {
    const member = fc.oneof(fc.jsonValue({ maxDepth: 1, stringUnit: "binary" }), fc.double());
    const object = fc.dictionary(fc.string({ unit: "binary", maxLength: 4 }), member);
    fc.assert(
      fc.property(object, fc.boolean(), (json, plain) => {
        const texts = Object.entries(json).map(
          ([key, member]) => `${JSON.stringify(key)}:${canonicalJson(JSON.stringify(member))}`,
        );
        const text = `{${plain ? texts.join(",").replace(/\\./g, "-") : texts.join(",")}}`;
        const found = ordered(text);
        if (found !== null) expect(found.text).toBe(canonicalJson(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("with very many members in another order is left to canonical JSON", () => {
    const texts = Array.from({ length: 200 }, (_, place) => `"${999 - place}":0`);
    expect(ordered(`{${texts.join(",")}}`)).toBeNull();
    expect(ordered(`{${texts.toReversed().join(",")}}`)?.inOrder).toBe(true);
  });

  it("of numbers is that of the texts", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789.-e+"), maxLength: 20 });
    const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
    fc.assert(
      fc.property(fc.oneof(digits, float), (text) => {
        expect(isCanonical(text)).toBe(isTheCanonical(text));
      }),
      { numRuns: 5000 },
    );
  });

  it("of a text without escapes is the text between quotes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = Buffer.from(`"${text}"`);
        const same = JSON.stringify(text) === bytes.toString();
        if (isPlainText(bytes, 1, bytes.length - 1)) expect(same).toBe(true);
        else expect(same && !text.includes("\ufffd")).toBe(false);
      }),
    );
    for (const text of ["\ud800", '"', "\\", "\u001f"]) {
      const bytes = Buffer.from(`"${text}"`);
      expect(isPlainText(bytes, 1, bytes.length - 1)).toBe(false);
    }
  });
});
