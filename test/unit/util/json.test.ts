import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  floatText,
  parseJson,
  parseLossless,
  parsePlain,
  sliceArray,
  sliceObject,
  stringifyLossless,
  stringifyPlain,
} from "../../../src/util/json.ts";

describe("lossless JSON", () => {
  it("tells an integer from a float and keeps every digit", () => {
    expect(
      parseLossless('{"a":2,"b":2.0,"c":9007199254740993,"d":-9223372036854775808,"e":1e3}'),
    ).toEqual({
      a: 2n,
      b: 2,
      c: 9007199254740993n,
      d: -9223372036854775808n,
      e: 1000,
    });
  });

  it("writes a float as a float", () => {
    expect([2, -0, 1e21, 0.1, 1e-7].map(floatText)).toEqual([
      "2.0",
      "-0.0",
      "1e+21",
      "0.1",
      "1e-7",
    ]);
  });

  it("comes back as it went", () => {
    const text = '{"list":[1,2.0,"x",null,true],"nested":{"z":-0.0,"__proto__":1},"empty":{}}';
    expect(stringifyLossless(parseLossless(text))).toBe(text);
  });

  it("reads what JSON.parse reads, and refuses what it refuses", () => {
    // As slow as it is simple: each number's source, told to a reviver.
    type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
    const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
    const simply = (text: string) =>
      parse(text, (_key, value, { source }) =>
        typeof value === "number" && /^-?\d+$/.test(source) ? BigInt(source) : value,
      );
    const both = (text: string) => {
      let wanted: unknown;
      try {
        wanted = simply(text);
      } catch (error) {
        expect(() => parseLossless(text)).toThrow(error as SyntaxError);
        return;
      }
      expect(parseLossless(text)).toStrictEqual(wanted);
    };
    for (const text of [
      ...["-0", "0", "-12", "1e5", "1E-5", "-0.0", "2.50", "123456789012345", "1234567890123456"],
      ...['{"a":1,"a":2}', '{"__proto__":{"x":1}}', " [ ] ", '{ "\\u0061" : "\\"" }', "[1 ,2\n]"],
      ...["", "[", "[1,]", "{,}", "01", "1.", "+1", "'a'", '"a\nb"', "[1]]", "nul", "\u00a01"],
    ])
      both(text);
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), fc.nat(), fc.string({ maxLength: 2 }), (...drawn) => {
        const [value, spaces, at, piece] = drawn;
        const text = JSON.stringify(value, null, spaces);
        both(text);
        both(text.slice(0, at % (text.length + 1)) + piece + text.slice(at % (text.length + 1)));
      }),
    );
  });

  it("keeps every key, whatever keys were read before", () => {
    // JSON.parse of Node 24 takes "\\n" for the "\\\\" of an object before.
    const pieces = ["\\", "\n", '"', "\u001f", "a", "é"];
    const key = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 2 });
    const big = 2n ** 53n + 1n;
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(key, { maxLength: 3 }), { minLength: 8 }), (shapes) => {
        for (const keys of shapes) {
          const numbered = keys.map((name) => `${JSON.stringify(name)}:${big}`);
          const text = `[{${numbered.join(", ")}},-7,-0,1.5]`;
          const wanted = (one: unknown, seven: unknown, zero: unknown) => [
            Object.fromEntries(keys.map((name) => [name, one])),
            ...[seven, zero, 1.5],
          ];
          expect(parseLossless(text)).toStrictEqual(wanted(big, -7n, 0n));
          expect(parsePlain(text)).toStrictEqual(wanted(big, -7, -0));
          expect(parseJson(text)).toStrictEqual(wanted(Number(big), -7, -0));
          const small = `{${keys.map((name) => `${JSON.stringify(name)}:1`).join()}}`;
          expect(Object.keys(Object(parsePlain(small)))).toEqual(keys);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("keeps every key behind strings that have escapes, however it is spaced", () => {
    const text = fc.string({ unit: fc.constantFrom("\\", "\n", '"', ",", "{", "a"), maxLength: 3 });
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc
          .uniqueArray(fc.tuple(text, tie("tree")), { maxLength: 3, selector: ([key]) => key })
          .map((members) => Object.fromEntries(members)),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { minLength: 4 }), fc.nat(2), (values, spaces) => {
        expect(parsePlain(JSON.stringify(values, null, spaces))).toStrictEqual(values);
      }),
      { numRuns: 300 },
    );
  });

  it("gives an application every digit of an integer, wherever it stands", () => {
    type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
    const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
    const simply = (text: string) =>
      parse(text, (_key, value, { source }) =>
        typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
          ? BigInt(source)
          : value,
      );
    const number = fc
      .tuple(
        fc.constantFrom("", "-"),
        fc.oneof(fc.bigInt(10n ** 15n, 10n ** 16n), fc.bigInt(0n, 10n ** 40n)),
        fc.constantFrom("", "", ".1234567890123456789", "e3"),
      )
      .map((parts) => parts.join(""));
    const space = fc.constantFrom("", "", " ", "\n\t\r ");
    const piece = fc.tuple(space, fc.oneof(number, fc.constant('": 1234567890123456789"')), space);
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), (pieces) => {
        const texts = pieces.map((parts) => parts.join(""));
        for (const text of [
          texts[0] ?? "",
          `[${texts.join(",")}]`,
          `{${texts.map((text, at) => `"${at}":${text}`).join(",")}}`,
        ])
          expect(parsePlain(text)).toStrictEqual(simply(text));
      }),
      { numRuns: 500 },
    );
    for (const before of Array.from({ length: 40 }, (_, length) => "x".repeat(length)))
      expect(parsePlain(`["${before}",9007199254740993]`)).toEqual([before, 9007199254740993n]);
  });

  it("reads a long list of numbers in a few times of JSON.parse", () => {
    const text = JSON.stringify(Array.from({ length: 70_000 }, (_, at) => at));
    const spent = (read: (json: string) => unknown) => {
      const before = process.cpuUsage();
      for (let round = 0; round < 5; round += 1) read(text);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    spent(parseLossless);
    // A reviver takes some eighty times.
    expect(spent(parseLossless)).toBeLessThan(spent((json) => JSON.parse(json)) * 30);
  });

  it("takes an application's numbers as they look", () => {
    expect(stringifyPlain({ whole: 2, big: 9007199254740993n, half: 0.5 })).toBe(
      '{"whole":2,"big":9007199254740993,"half":0.5}',
    );
  });
});

describe("slicing", () => {
  it("gives the raw text of each value", () => {
    const members = sliceObject(' { "a" : [1, {"x":"]}"}] , "b":2.0,"c":"q\\"\\\\" , "d":null } ');
    expect(Object.fromEntries(members)).toEqual({
      a: '[1, {"x":"]}"}]',
      b: "2.0",
      c: '"q\\"\\\\"',
      d: "null",
    });
    expect(sliceArray('[ 1, "a,b" ,[2,[3]],{"k":[]} ]')).toEqual([
      "1",
      '"a,b"',
      "[2,[3]]",
      '{"k":[]}',
    ]);
    expect(sliceArray("[]")).toEqual([]);
    expect(sliceObject("{}").size).toBe(0);
  });

  it("agrees with JSON.parse on any value", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        (object, array) => {
          const members = sliceObject(JSON.stringify(object, null, 1));
          expect([...members.keys()].sort()).toEqual(Object.keys(object).sort());
          for (const [key, text] of members)
            expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(object[key])));
          expect(sliceArray(JSON.stringify(array)).map((text) => JSON.parse(text))).toEqual(
            JSON.parse(JSON.stringify(array)),
          );
        },
      ),
    );
  });

  it("refuses an answer that was cut anywhere", () => {
    const whole = '{"ids":["a","b"],"n":[1,2],"m":{"k":"v"}}';
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => sliceObject(whole.slice(0, length)), whole.slice(0, length)).toThrow(
        SyntaxError,
      );
    }
  });
});
