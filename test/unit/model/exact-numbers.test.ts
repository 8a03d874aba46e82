import { describe, expect, it } from "vitest";
import { findInexact, restoreExact } from "../../../src/model/exact-numbers.ts";

/** A decimal as serde_json reads it without `float_roundtrip`: the digits rounded to a double, then divided by a power of ten. */
function readTwiceRounded(text: string): number {
  const [whole = "", fraction = ""] = text.split(".");
  return Number(BigInt(whole + fraction)) / Number(`1e${fraction.length}`);
}

describe("findInexact", () => {
  it.each([
    "2",
    "2.0",
    "-0.0",
    "0.1",
    "12345678901234.5",
    "0.000001234",
    "1e14",
    "1.5e-7",
    "9007199254740993",
    "-9223372036854775808",
    "18446744073709551615",
  ])("leaves %s without a note: every reader gets it right", (text) => {
    expect(findInexact(`{"a":${text}}`)).toBeNull();
  });

  it.each([
    "0.30000000000000004",
    "94.52706955539223",
    "1234567890123456.0",
    "1.7976931348623157e308",
    "5e-324",
    "1.5e300",
    "18446744073709551616",
    "-9223372036854775809",
  ])("notes %s", (text) => {
    expect(findInexact(`{"a":[1,{"b/c~":${text}}]}`)).toEqual(new Map([["/a/1/b~1c~0", text]]));
  });

  it("notes a number wherever it stands in a long text, and however short it is", () => {
    for (let before = 0; before < 40; before += 1) {
      const text = "x".repeat(before);
      for (const number of ["0.30000000000000004", "94.52706955539223", "5e-324", "1e+300"]) {
        const noted = findInexact(`{"t":"${text}","a":${number}}`);
        expect(noted, `${number} behind ${before}`).toEqual(new Map([["/a", number]]));
      }
    }
  });

  it("notes every float of a thousand that such a reader misses", () => {
    let missed = 0;
    for (let index = 1; index <= 1000; index += 1) {
      const text = String(((index * 0.6180339887498949) % 1) + 1);
      if (readTwiceRounded(text) === Number(text)) continue;
      missed += 1;
      expect(findInexact(`{"a":${text}}`)?.get("/a"), text).toBe(text);
    }
    expect(missed).toBeGreaterThan(20);
  });

  it("is not led astray by digits in strings and keys", () => {
    expect(findInexact('{"12345678901234567890.5":"0.30000000000000004"}')).toBeNull();
  });
});

describe("restoreExact", () => {
  const noted = new Map([["/a", "94.52706955539223"]]);

  it("puts the number back where its neighbour stands", () => {
    for (const found of ["94.52706955539225", "94.52706955539223"]) {
      const { json, unused } = restoreExact(`{"a":${found},"b":"94.52706955539225"}`, noted);
      expect(json).toBe('{"a":94.52706955539223,"b":"94.52706955539225"}');
      expect(unused.size).toBe(0);
    }
  });

  it.each([
    '{"a":94.5270695553}',
    '{"a":"94.52706955539225"}',
    '{"b":94.52706955539225}',
    '{"a":[94.52706955539225]}',
  ])("leaves %s as it is and says so", (json) => {
    expect(restoreExact(json, noted)).toEqual({ json, unused: noted });
  });

  it("takes no note that is not a number", () => {
    const words = new Map([["/a", '1,"x":1']]);
    expect(restoreExact('{"a":1}', words)).toEqual({ json: '{"a":1}', unused: words });
  });
});
