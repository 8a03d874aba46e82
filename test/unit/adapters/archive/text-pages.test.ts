import fc from "fast-check";
import type { SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { writeFlat } from "../../../../src/adapters/archive/parquet-writer.ts";
import { readTexts } from "../../../../src/adapters/archive/text-pages.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** The column chunk of these texts, or bytes. */
function chunkOf(values: readonly (string | Uint8Array | null)[], optional: boolean): Uint8Array {
  const schema: SchemaElement[] = [
    { name: "root", num_children: 1 },
    {
      name: "text",
      type: "BYTE_ARRAY",
      converted_type: "UTF8",
      repetition_type: optional ? "OPTIONAL" : "REQUIRED",
    },
  ];
  const writer = new ByteWriter();
  const bytes = values.map((value) => (typeof value === "string" ? Buffer.from(value) : value));
  writeFlat(writer, schema, "text", bytes);
  return writer.getBytes().slice();
}

describe("the column of texts", () => {
  it("gives back any text, also none, an empty one, marks of byte order and U+FFFD", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "\ufeff", "\ufeffx", "\ufffd", "nul\0", "🚢".repeat(200_000)),
    );
    const texts = fc.array(fc.option(text, { freq: 5 }), { maxLength: 60 });
    fc.assert(
      fc.property(texts, (values) => {
        expect(readTexts(chunkOf(values, true), values.length, true)).toEqual(values);
        const some = values.filter((one) => one !== null);
        expect(readTexts(chunkOf(some, false), some.length, false)).toEqual(some);
      }),
      { seed, numRuns: 50 },
    );
  });

  it("has as many pages as it takes", () => {
    const values = Array.from({ length: 40_000 }, (_, at) => (at % 7 === 0 ? null : `text ${at} `));
    const long = values.map((one) => one?.repeat(20) ?? null);
    expect(readTexts(chunkOf(long, true), long.length, true)).toEqual(long);
  });

  it("refuses what is no UTF-8, fewer or more rows, and a chunk that is cut", () => {
    const bad = [Uint8Array.of(0xff), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xf0, 0x9f)];
    for (const bytes of bad)
      expect(() => readTexts(chunkOf(["a", bytes], false), 2, false)).toThrow();
    const chunk = chunkOf(["a", null, "b"], true);
    expect(() => readTexts(chunk, 2, true)).toThrow();
    expect(() => readTexts(chunk, 4, true)).toThrow();
    expect(() => readTexts(chunk, 3, false)).toThrow();
    expect(() => readTexts(chunk.subarray(0, -1), 3, true)).toThrow();
  });

  it(`ends with an error, or as many rows, whatever byte is another (seed ${seed})`, () => {
    const next = seededRandom(seed);
    const chunk = chunkOf(["one", null, "two", "", "three", null], true);
    for (let round = 0; round < 2000; round += 1) {
      const bytes = chunk.slice();
      bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      let rows = 6;
      try {
        rows = readTexts(bytes, 6, true).length;
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(rows).toBe(6);
    }
  });
});
