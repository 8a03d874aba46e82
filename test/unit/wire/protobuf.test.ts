import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Reader, Writer } from "../../../src/wire/protobuf.ts";

const message = (writer: Writer) => writer.finish().subarray(5);
const readerOf = (...bytes: number[]) => new Reader(Uint8Array.from(bytes));

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat({ max: 63 }).map((bits) => 2n ** BigInt(bits)),
  fc.nat({ max: 64 }).map((bits) => 2n ** BigInt(bits) - 1n),
);

describe("primitives", () => {
  it("write numbers as the generated classes do", () => {
    fc.assert(
      fc.property(uint64, fc.double(), fc.string({ unit: "grapheme" }), (value, double, text) => {
        const writer = new Writer(0);
        writer.varint64(value);
        writer.double(2, double);
        writer.string(300, text);
        const judge = new BinaryWriter().uint64(value).tag(2, 1).double(double).tag(300, 2);
        const wellFormed = Buffer.from(text);
        expect([...message(writer)]).toEqual([...judge.bytes(wellFormed).finish()]);
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) return;
        const small = new Writer(0);
        small.varint(Number(value));
        expect(new BinaryReader(message(small)).uint64()).toEqual(
          new BinaryReader(new BinaryWriter().uint64(value).finish()).uint64(),
        );
        expect(message(small)).toHaveLength(new BinaryWriter().uint64(value).finish().length);
      }),
    );
  });

  it("read numbers that the generated classes wrote", () => {
    fc.assert(
      fc.property(uint64, fc.float(), fc.boolean(), (value, float, flag) => {
        const signed = BigInt.asIntN(64, value);
        const bytes = new BinaryWriter()
          .uint64(value)
          .uint64(value)
          .int64(signed)
          .float(float)
          .bool(flag)
          .finish();
        const reader = new Reader(bytes);
        expect(reader.uint64Text()).toBe(String(value));
        expect(reader.varint()).toBe(Number(value));
        expect(reader.int64Text()).toBe(String(signed));
        expect(reader.float()).toBe(float);
        expect(reader.flag()).toBe(flag);
        expect(reader.more()).toBe(false);
      }),
    );
  });

  it.each([0, 1, 127, 128, 129, 16383, 16384, 2097151, 2097152])(
    "put the length of %d bytes before them, however many bytes it was thought to take",
    (length) => {
      for (const width of [1, 2, 3, 4]) {
        const writer = new Writer(0);
        const start = writer.open(7, width);
        writer.copy(Buffer.alloc(length, 1), 0, length);
        writer.close(start, width);
        const judge = new BinaryWriter().tag(7, 2).bytes(Buffer.alloc(length, 1)).finish();
        expect(Buffer.compare(message(writer), judge)).toBe(0);
      }
    },
  );

  it("begin a frame with gRPC's five bytes", () => {
    const writer = new Writer(0);
    writer.string(1, "x".repeat(300));
    const frame = writer.finish();
    expect(frame[0]).toBe(0);
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  });

  it("pass over fields of every wire type but groups", () => {
    const reader = readerOf(8, 0x80, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 10, 2, 7, 7, 13, 1, 2, 3, 4);
    for (let field = 0; field < 4; field += 1) reader.skip(reader.tag());
    expect(reader.more()).toBe(false);
    expect(() => readerOf(11).skip(11)).toThrow(SyntaxError);
    expect(() => readerOf(14).skip(14)).toThrow(SyntaxError);
  });

  it.each([
    ["a varint that is cut", [0x80], (reader: Reader) => reader.varint()],
    ["a long varint that is cut", Array(9).fill(0xff), (reader: Reader) => reader.uint64Text()],
    ["a varint of eleven bytes", [...Array(10).fill(0x80), 1], (reader: Reader) => reader.varint()],
    ["more than 64 bits", [...Array(9).fill(0xff), 2], (reader: Reader) => reader.varint()],
    ["a field without number", [0], (reader: Reader) => reader.tag()],
    [
      "a field number beyond 29 bits",
      Array(5).fill(0xff).concat(1),
      (reader: Reader) => reader.tag(),
    ],
    ["a float that is cut", [1, 2, 3], (reader: Reader) => reader.float()],
    ["a double that is cut", [1, 2, 3, 4, 5, 6, 7], (reader: Reader) => reader.double()],
    ["a text that is cut", [3, 65, 65], (reader: Reader) => reader.string()],
    ["a text of 2^60 bytes", [...Array(8).fill(0x80), 16], (reader: Reader) => reader.string()],
    ["a text that is not UTF-8", [2, 0xc3, 0x28], (reader: Reader) => reader.string()],
    ["a message that is cut", [3, 8, 1], (reader: Reader) => reader.open()],
    ["nothing", [], (reader: Reader) => reader.varint()],
  ])("name %s", (_, bytes: number[], read) => {
    expect(() => read(readerOf(...bytes))).toThrow(SyntaxError);
  });

  it("stay within the message that is open", () => {
    const reader = readerOf(10, 2, 8, 0x80, 1, 16, 1);
    expect(reader.tag()).toBe(10);
    reader.open();
    expect(reader.tag()).toBe(8);
    expect(() => reader.varint()).toThrow(SyntaxError);
  });

  it("let no message be longer than the one around it", () => {
    const reader = readerOf(10, 2, 10, 3, 8, 1, 8, 1);
    reader.tag();
    reader.open();
    reader.tag();
    expect(() => reader.open()).toThrow(SyntaxError);
  });

  it("leave a message at its end, whatever of it was read", () => {
    const reader = readerOf(10, 3, 8, 1, 9, 16, 1);
    reader.tag();
    const outer = reader.open();
    reader.tag();
    reader.close(outer);
    expect(reader.tag()).toBe(16);
  });
});
