import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorAt, scanNumber, scanUsual } from "../../../src/util/number-bytes.ts";

const seed = randomInt(2 ** 31);
const grammar = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;

/** Scans from the middle of a buffer: what was found, and how many bytes it took. */
function scan(text: string): { value: number; length: number } {
  const cursor = cursorAt(Buffer.from(`[1,${text}`), 3);
  return { value: scanNumber(cursor), length: cursor.at - 3 };
}

/** At the end of the bytes, before another number, and before the end of an array with more behind it. */
const behinds = ["", ",2]", "]", "],[0.123456789012,0.1]", " ,0.1234567890123", ",0.1234567890123"];

function assertExact(text: string): void {
  for (const behind of behinds) {
    const { value, length } = scan(text + behind);
    if (!Object.is(value, Number(text)) || length !== text.length)
      throw new Error(`${text} before ${behind}: ${value} in ${length} bytes`);
    const target = Float32Array.of(7, 7, 7);
    const cursor = cursorAt(Buffer.from(`[1,${text}${behind}`), 3);
    const taken = scanUsual(cursor, target.subarray(0, 2), 1) === 2;
    const wanted = taken ? [7, Math.fround(Number(text)), 7] : [7, 7, 7];
    if (!wanted.every((component, at) => Object.is(target[at], component)))
      throw new Error(`${text} before ${behind}: ${target}`);
    expect(cursor.at).toBe(taken ? 3 + text.length + 1 : 3);
  }
}

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength, maxLength });
const whole = fc
  .tuple(fc.constantFrom(..."123456789"), digits(0, 24))
  .map(([first, rest]) => first + rest);
const anyNumber = fc
  .record({
    sign: fc.constantFrom("", "-"),
    whole: fc.oneof(fc.constant("0"), whole),
    zeros: fc.oneof(
      fc.constant(""),
      digits(0, 30).map(({ length }) => "0".repeat(length)),
    ),
    fraction: fc.oneof(fc.constant(""), digits(1, 24)),
    exponent: fc.oneof(
      fc.constant(""),
      fc
        .tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), digits(1, 3))
        .map((parts) => parts.join("")),
    ),
  })
  .map(({ sign, whole, zeros, fraction, exponent }) => {
    const places = zeros + fraction === "" ? "" : `.${zeros}${fraction}`;
    return sign + whole + places + exponent;
  });

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);
/** Every float32, NaN and infinities aside, with denormals as likely as the rest. */
const float32 = fc
  .integer({ min: 0, max: 0xffffffff })
  .map((pattern) => {
    bits[0] = pattern;
    return floats[0] ?? 0;
  })
  .filter(Number.isFinite);

/** The shortest text that makes this float32 again: what Chroma 1.x prints. */
function shortestText(value: number): string {
  for (let precision = 1; precision < 9; precision += 1) {
    const text = value.toPrecision(precision);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toPrecision(9);
}

describe("scanUsual", () => {
  it(`takes numbers of 8 to 11 digits behind the point until another comes (seed ${seed})`, () => {
    const usual = fc
      .tuple(fc.constantFrom("", "-"), digits(8, 11))
      .map(([sign, text]) => `${sign}0.${text}`);
    const other = fc.constantFrom(
      "1.12345678",
      "0.1234567",
      "0.123456789012",
      "0.12345678e1",
      " 0.12345678",
      "null",
      "0.1234567x",
      "[0.12345678",
      "0.12345678]",
      "",
    );
    const property = fc.property(fc.array(usual, { maxLength: 9 }), other, (texts, end) => {
      const text = [...texts, end, "0.12345678", "0.12345678"].join(",");
      const target = new Float32Array(20);
      const cursor = cursorAt(Buffer.from(text), 0);
      expect(scanUsual(cursor, target, 0)).toBe(texts.length);
      expect(text.slice(cursor.at).startsWith(end)).toBe(true);
      expect(cursor.at).toBe(texts.join(",").length + (texts.length === 0 ? 0 : 1));
      expect([...target.subarray(0, texts.length)]).toEqual(
        texts.map((each) => Math.fround(Number(each))),
      );
    });
    fc.assert(property, { seed, numRuns: 3000 });
  });

  it("takes no more than there is room for", () => {
    const target = new Float32Array(3);
    const cursor = cursorAt(Buffer.from("0.12345678,".repeat(9)), 0);
    expect(scanUsual(cursor, target, 1)).toBe(3);
    expect([target[0], target[1], target[2]]).toEqual([
      0,
      Math.fround(0.12345678),
      Math.fround(0.12345678),
    ]);
    expect(cursor.at).toBe(22);
  });
});

describe("scanNumber", () => {
  it.each([
    ["texts of all shapes", anyNumber],
    ["doubles of up to 17 digits", fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)],
    ["float32 as doubles, as 0.x prints them", float32.map(String)],
    ["float32 in their shortest text, as 1.x prints them", float32.map(shortestText)],
    ["integers around 2^53", fc.bigInt({ min: 2n ** 53n - 50n, max: 2n ** 53n + 50n }).map(String)],
    [
      "the same with a point somewhere",
      fc
        .tuple(
          fc.bigInt({ min: 2n ** 53n - 50n, max: 2n ** 53n + 50n }),
          fc.integer({ min: 1, max: 15 }),
        )
        .map(([value, at]) => `${value}`.replace(new RegExp(`^.{${at}}`), "$&.")),
    ],
  ])(`makes of %s exactly what Number does (seed ${seed})`, (_what, texts) => {
    fc.assert(fc.property(texts, assertExact), { seed, numRuns: 5000 });
  });

  it.each([
    "0",
    "-0",
    "0.0",
    "-0.0",
    "-0.00000000",
    "-0.00000000000",
    "0.99999999999",
    "0.00000000001",
    "-0e5",
    "0e-999999999999",
    "5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "-1e309",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "900719925474099.3",
    "1e22",
    "1e23",
    "9e22",
    "123456789012345e22",
    "123456789012345e-22",
    "1e-22",
    "1e-23",
    "0.000000000000000000000001",
    "1.000000059604644775390625",
    "1.00000005960464477539062501",
    "3.4028234663852886e38",
    "3.4028235677973366e38",
    "3.40282356779733661e38",
    "1e-45",
    "7.006492321624085e-46",
    "1e0000000000000000000005",
    `1${"0".repeat(400)}`,
    `0.${"0".repeat(400)}1`,
    `1${"0".repeat(400)}e-400`,
    `0.${"0".repeat(400)}1e401`,
    "999999999.999999999",
  ])("makes of %s exactly what Number does", assertExact);

  it(`takes as much as JSON's grammar allows, and nothing else (seed ${seed})`, () => {
    const text = fc.string({ unit: fc.constantFrom(..."0019.-+eE,] x"), maxLength: 12 });
    fc.assert(
      fc.property(text, (text) => {
        const expected = grammar.exec(text)?.[0];
        // A point or an exponent that goes nowhere, and a zero before a digit, are no end of a number.
        const broken = /^(?:-?0\d|-?\d+\.(?!\d)|-?\d+(?:\.\d+)?[eE](?![+-]?\d))/.test(text);
        if (expected === undefined || broken) expect(() => scan(text)).toThrow(SyntaxError);
        else expect(scan(text)).toEqual({ value: Number(expected), length: expected.length });
      }),
      { seed, numRuns: 5000 },
    );
  });
});
