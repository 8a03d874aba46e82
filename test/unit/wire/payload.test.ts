import { RetrievedPointSchema } from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { type JsonValue, parseLossless, stringifyLossless } from "../../../src/util/json.ts";
import { PayloadReader } from "../../../src/wire/payload-reader.ts";
import { NotCarriedError, PayloadWriter } from "../../../src/wire/payload-writer.ts";
import { Reader, Writer } from "../../../src/wire/protobuf.ts";
import { bytesOf, fieldsOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";
import { payloads } from "../../support/random-points.ts";

/** The frame of a point with this payload and nothing else. */
function written(json: string, strict = true): Buffer {
  const writer = new Writer();
  new PayloadWriter(writer, strict).write(json, 2);
  return writer.finish();
}

function read(message: Uint8Array): { text: string; doubtful: boolean } {
  const reader = new Reader(message);
  const payload = new PayloadReader();
  payload.begin();
  while (reader.more()) {
    if (reader.tag() !== 18) throw new Error("not a payload");
    payload.entry(reader);
  }
  payload.end(reader);
  return { text: payload.all()[0] ?? "", doubtful: payload.doubtful };
}

const judged = (json: string): { [key: string]: JsonValue } =>
  payloadOf(messageOf(RetrievedPointSchema, written(json)).payload);

function refusal(json: string): unknown {
  try {
    return written(json);
  } catch (error) {
    return error instanceof NotCarriedError ? error.reason : error;
  }
}

describe("payload to bytes", () => {
  it("is what the generated classes read, whatever stands in it", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const text = stringifyLossless(payload);
        expect(canonicalJson(stringifyLossless(judged(text)))).toBe(canonicalJson(text));
      }),
    );
  });

  it("tells integers from floats by how they are written", () => {
    const text =
      '{"a":2,"b":2.0,"c":-0.0,"d":1e300,"e":9007199254740993,"f":-9223372036854775808,"g":9223372036854775807,"h":-1,"i":1E2,"j":0,"k":999999999999999,"l":1000000000000000}';
    expect(judged(text)).toEqual({
      a: 2n,
      b: 2,
      c: -0,
      d: 1e300,
      e: 9007199254740993n,
      f: -(2n ** 63n),
      g: 2n ** 63n - 1n,
      h: -1n,
      i: 100,
      j: 0n,
      k: 999999999999999n,
      l: 1000000000000000n,
    });
  });

  it("reads every escape, and white space wherever JSON has it", () => {
    const text = String.raw` { "a\n\"\\" : "\/\b\f\r\t\u0000\u00e9\u20ac\ud83d\ude00\uD83D\uDE00" ,
      "b" : [ 1 , "\u0041" , [ ] , { } ] , "" : { "c" : null } } `;
    expect(judged(text)).toEqual(parseLossless(text));
  });

  it.each([126, 127, 128, 129, 16383, 16384, 16385, 2 ** 21])(
    "gives a text of %d bytes the right lengths, with escapes and without",
    (length) => {
      const plain = "x".repeat(length);
      const shrinking = "\n".repeat(length);
      const value = { plain, shrinking, list: [plain], nested: { shrinking } };
      expect(judged(JSON.stringify(value))).toEqual(value);
    },
  );

  it("names what gRPC cannot say", () => {
    const deep = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    const cases: [string, string][] = [
      ['{"a":9223372036854775808}', "integer"],
      ['{"a":[-9223372036854775809]}', "integer"],
      ['{"a":18446744073709551615}', "integer"],
      ['{"a":{"b":1e400}}', "number"],
      [String.raw`{"a":"\ud800"}`, "surrogate"],
      [String.raw`{"a":"\ude00\ud83d"}`, "surrogate"],
      [String.raw`{"\ud83dx":1}`, "surrogate"],
      [String.raw`{"a":"\ud83dA"}`, "surrogate"],
      [String.raw`{"a":"\ud83d\ud83d"}`, "surrogate"],
      [String.raw`{"a":"\ud83d\n"}`, "surrogate"],
      [deep(125), "depth"],
    ];
    expect(cases.map(([json]) => refusal(json))).toEqual(cases.map(([, reason]) => reason));
    expect(refusal(deep(124))).toBeInstanceOf(Buffer);
  });

  it.each([
    "",
    "[]",
    "1",
    "{",
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}x',
    "{'a':1}",
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":+1}',
    '{"a":-}',
    '{"a":tru}',
    '{"a":nulL}',
    '{"a":"\n"}',
    '{"a":"',
    '{"a":"\\',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\\u12g4"}',
    '{"a" 1}',
    '{"a":[1 2]}',
    '{"a":1}{"b":2}',
    "\u0000",
    '{"a":1}\u0000{',
  ])("refuses %j, which is no JSON object", (json) => {
    // What stood in the writer before must not end the text.
    const writer = new Writer();
    const payloadWriter = new PayloadWriter(writer, true);
    payloadWriter.write(`{"a":"${'"}'.replace('"', "\\u0022").repeat(40)}","b":"x"}`, 2);
    expect(() => payloadWriter.write(json, 2)).toThrow(NotCarriedError);
    expect(refusal(json)).toBe("not-json");
  });

  it("says in an answer what a server says for what int64 cannot hold", () => {
    const frame = written(String.raw`{"a":18446744073709551615,"b":"\ud800"}`, false);
    const { payload } = messageOf(RetrievedPointSchema, frame);
    expect(payloadOf(payload)).toEqual({ a: 18446744073709552000, b: "\ufffd" });
  });
});

describe("bytes to payload", () => {
  it("are those of the generated classes, whatever stands in them", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const bytes = bytesOf(RetrievedPointSchema, { payload: fieldsOf(payload) });
        expect(canonicalJson(read(bytes).text)).toBe(canonicalJson(stringifyLossless(payload)));
      }),
    );
  });

  it("come back as the text that was written", () => {
    const text =
      '{"__proto__":{"a":1},"a":2,"b":2.0,"c":-0.0,"d":1e+300,"e":9007199254740993,"f":-9223372036854775808,"g":["",null,true,false,{},[],0.1],"h":{"\\"":"\\\\\\n\\u0001\\u001f é漢😀"}}';
    expect(read(written(text).subarray(5)).text).toBe(text);
    expect(read(written("{}").subarray(5)).text).toBe("{}");
  });

  it("come with their keys sorted, the later of two equal ones alone", () => {
    const text = '{"b":{"z":1,"y":{"b":[{"n":1,"m":2}],"a":1}},"aa":2,"a!":3,"a":4,"":5,"é":6}';
    const sorted = '{"":5,"a":4,"a!":3,"aa":2,"b":{"y":{"a":1,"b":[{"m":2,"n":1}]},"z":1},"é":6}';
    expect(read(written(text).subarray(5)).text).toBe(sorted);
    const twice = Buffer.concat([
      written('{"b":0,"a":1}').subarray(5),
      written('{"a":2}').subarray(5),
    ]);
    expect(read(twice).text).toBe('{"a":2,"b":0}');
  });

  it("come sorted where there are thousands of keys in any order", () => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `k${(at * 7919) % 20_000}`);
    const members = (from: number) => keys.map((key, at) => `"${key}":${from + at}`).join();
    const twice = `{"in":{${members(0)},${members(1)}}}`;
    // Each put in its place by moving the others, they take longer than a test may.
    const { text } = read(written(twice).subarray(5));
    const last = new Map(keys.map((key, at) => [key, 1 + at]));
    const sorted = [...last].sort(([one], [other]) => (one < other ? -1 : 1));
    expect(text).toBe(`{"in":{${sorted.map(([key, at]) => `"${key}":${at}`).join()}}}`);
  });

  it("stay apart, however many there are and whatever characters they have", () => {
    const units = ["x", "é", "\n", "漢", "y"];
    const texts = Array.from({ length: 300 }, (_, row) =>
      row % 11 === 0 ? "{}" : JSON.stringify({ row, text: units[row % 5]?.repeat(row * 7) }),
    );
    const payload = new PayloadReader();
    for (const text of texts) {
      const reader = new Reader(written(text).subarray(5));
      payload.begin();
      for (; reader.more(); payload.entry(reader)) reader.tag();
      payload.end(reader);
    }
    expect(payload.all()).toEqual(texts);
  });

  it.each(["\u0001", '"', "\n", "x", "漢"])("hold a text of many %j", (unit) => {
    const text = JSON.stringify({ a: unit.repeat(20_000) });
    expect(read(written(text).subarray(5)).text).toBe(text);
  });

  it("nest as deep as a server keeps them", () => {
    const text = `{"a":${'{"b":['.repeat(60)}1${"]}".repeat(60)}}`;
    expect(read(written(text).subarray(5)).text).toBe(text);
  });

  it("count as doubtful where a double may be an integer beyond int64", () => {
    const doubtful = (value: JsonValue) =>
      read(bytesOf(RetrievedPointSchema, { payload: fieldsOf({ a: [value] }) })).doubtful;
    expect([2 ** 63, 1.8e19, 2 ** 64].map(doubtful)).toEqual([true, true, true]);
    expect([2 ** 64 + 4096, -(2 ** 63), 9.2e18, 2n ** 63n - 1n].map(doubtful)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("take entries in any order, without parts, and the last of several kinds", () => {
    const entry = (...bytes: number[]) => read(Uint8Array.from([18, bytes.length, ...bytes])).text;
    expect(entry(0x12, 2, 0x18, 5, 0x0a, 1, 0x61)).toBe('{"a":5}');
    expect(entry(0x12, 2, 0x18, 5)).toBe('{"":5}');
    expect(entry(0x0a, 1, 0x61)).toBe('{"a":null}');
    expect(entry(0x0a, 1, 0x61, 0x12, 0)).toBe('{"a":null}');
    expect(entry(0x0a, 1, 0x61, 0x12, 4, 0x18, 5, 0x28, 1)).toBe('{"a":true}');
    expect(entry(0x0a, 1, 0x61, 0x12, 4, 0x18, 5, 0x40, 1)).toBe('{"a":5}');
    expect(entry(0x0a, 1, 0x61, 0x12, 2, 0x18, 5, 0x12, 2, 0x18, 6)).toBe('{"a":6}');
  });

  it("are refused where a text is not UTF-8, or a number none that JSON has", () => {
    expect(() => read(Uint8Array.from([18, 3, 0x0a, 1, 0xff]))).toThrow(SyntaxError);
    const infinite = bytesOf(RetrievedPointSchema, { payload: fieldsOf({ a: Number.NaN }) });
    expect(() => read(infinite)).toThrow(expect.objectContaining({ code: "E_INPUT" }));
  });

  it("are refused where they nest without end", () => {
    let value = Buffer.from([0x18, 1]);
    const around = (tag: number, inner: Buffer) => {
      const writer = new Writer();
      writer.varint(tag);
      writer.varint(inner.length);
      return Buffer.concat([writer.finish().subarray(5), inner]);
    };
    for (let depth = 0; depth < 1200; depth += 1) value = around(0x3a, around(0x0a, value));
    const message = around(0x12, Buffer.concat([Buffer.from([0x0a, 0]), around(0x12, value)]));
    expect(() => read(message)).toThrow(SyntaxError);
  });
});
