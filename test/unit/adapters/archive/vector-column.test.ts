import { parquetHeader } from "hyparquet/src/column.js";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { describe, expect, it } from "vitest";
import { readVectors, writeVectors } from "../../../../src/adapters/archive/vector-column.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** The column chunk of rows of which `present` says who has a vector; the components count up. */
function chunkOf(present: Uint8Array, dimension: number): Uint8Array {
  const vectors = present.reduce((sum, one) => sum + one, 0);
  const data = Float32Array.from({ length: vectors * dimension }, (_, at) => at + 0.5);
  const writer = new ByteWriter();
  const { meta_data } = writeVectors(writer, ["vector", "list", "element"], {
    dimension,
    data,
    present,
  });
  expect(Number(meta_data?.total_compressed_size)).toBe(writer.offset);
  expect(Number(meta_data?.num_values)).toBe(data.length + present.length - vectors);
  return writer.getBytes().slice();
}

describe("the column of vectors", () => {
  it.each([
    [1, 1],
    [1, 500_000],
    [2, 7],
    [384, 2000],
    [300_000, 5],
  ])("gives back rows of %i components, %i of them, with gaps anywhere", (dimension, rows) => {
    const next = seededRandom(seed);
    for (const share of [0, 0.3, 1]) {
      const present = Uint8Array.from({ length: rows }, () => (next() < share ? 1 : 0));
      const read = readVectors(chunkOf(present, dimension), rows, dimension);
      expect(read.present ?? new Uint8Array(rows).fill(1)).toEqual(present);
      let component = 0;
      let wrong = 0;
      read.data.forEach((value, at) => {
        const has = present[Math.floor(at / dimension)] === 1;
        if (value !== (has ? component + 0.5 : 0)) wrong += 1;
        if (has) component += 1;
      });
      expect(wrong, `seed ${seed}`).toBe(0);
    }
  });

  it("puts the components together in the memory of the chunk where every row has a vector, and only there", () => {
    for (const present of [Uint8Array.of(1, 1, 1), Uint8Array.of(1, 0, 1)]) {
      const chunk = chunkOf(present, 4);
      const { data } = readVectors(chunk, 3, 4);
      expect(data.buffer === chunk.buffer).toBe(!present.includes(0));
    }
  });

  it("refuses levels of other rows, of another dimension, and fewer or more rows", () => {
    const chunk = chunkOf(Uint8Array.of(1, 0, 1, 1), 6);
    expect(() => readVectors(chunk, 4, 3)).toThrow();
    expect(() => readVectors(chunk, 4, 12)).toThrow();
    expect(() => readVectors(chunk, 3, 6)).toThrow();
    expect(() => readVectors(chunk, 5, 6)).toThrow();
    expect(() => readVectors(chunk.subarray(0, -4), 4, 6)).toThrow();
  });

  it("refuses a page that says a length below nothing, which would be read for ever", () => {
    const size = (bytes: number): Uint8Array => {
      const writer = new ByteWriter();
      writePageHeader(writer, {
        type: "DATA_PAGE_V2",
        uncompressed_page_size: bytes,
        compressed_page_size: bytes,
        data_page_header_v2: {
          num_values: 0,
          num_nulls: 0,
          num_rows: 0,
          encoding: "PLAIN",
          definition_levels_byte_length: 0,
          repetition_levels_byte_length: 0,
          is_compressed: false,
        },
      });
      return writer.getBytes().slice();
    };
    const [{ length }] = [size(-22)];
    expect(() => readVectors(size(-length), 1, 3)).toThrow("too large");
  });

  it("refuses a page that says it has none without a vector, and has", () => {
    const chunk = chunkOf(Uint8Array.of(1, 0, 1), 4);
    const view = new DataView(chunk.buffer);
    const { data_page_header_v2: header } = parquetHeader({ view, offset: 0 });
    expect(header?.num_nulls).toBe(1);
    const at = chunk.findIndex((_, byte) => {
      const other = chunk.slice();
      other[byte] = 0;
      try {
        const found = parquetHeader({ view: new DataView(other.buffer), offset: 0 });
        return (
          found.data_page_header_v2?.num_nulls === 0 && found.data_page_header_v2.num_rows === 3
        );
      } catch {
        return false;
      }
    });
    chunk[at] = 0;
    expect(() => readVectors(chunk, 3, 4)).toThrow();
  });

  it(`ends with an error, or as many rows, whatever byte is another (seed ${seed})`, () => {
    const next = seededRandom(seed);
    const chunks = [[1, 0, 1, 1, 0, 0], Array(6).fill(1)].map((present) =>
      chunkOf(Uint8Array.from(present), 3),
    );
    for (let round = 0; round < 4000; round += 1) {
      const bytes = (chunks[round % 2] ?? new Uint8Array(0)).slice();
      const at = Math.floor(next() * bytes.length);
      bytes[at] = Math.floor(next() * 256);
      try {
        expect(readVectors(bytes, 6, 3).data.length).toBe(18);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
