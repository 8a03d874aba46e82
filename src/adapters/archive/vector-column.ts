/**
 * The column of vectors, from and to one block of floats; no other way keeps every bit, and lists of numbers cost 40 times as much.
 * It is Parquet as any other:
 *
 *   column chunk   pages of whole rows, about 1 MiB each, UNCOMPRESSED
 *   page           header (Thrift, DATA_PAGE_V2): values, nulls, rows, PLAIN, bytes of both levels
 *                  repetition levels   RLE, 1 bit: 0 begins a row, 1 goes on with it
 *                  definition levels   RLE, 2 bits: 2 = a component, 0 = the row has no vector
 *                  components          float32, little-endian, as they were, NaN's bits too
 *   run of a level varint(count << 1), the level in one byte
 *
 * Format: https://github.com/apache/parquet-format (Encodings.md, parquet.thrift).
 */
import type { ColumnChunk } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import type { DenseColumn } from "../../model/record.ts";
import { vectorPath } from "./schema.ts";

const pageBytes = 1 << 20;
const componentBytes = 4;
/** The definition level of a component. */
const defined = 2;

/** Vectors in the making: `present` has one byte a row, `data` the components of the rows that have a vector. */
export interface PackedVectors {
  readonly dimension: number;
  readonly data: Float32Array;
  readonly present: Uint8Array;
}

/** Writes the column chunk behind what `writer` holds. */
export function writeVectors(writer: ByteWriter, vectors: PackedVectors): ColumnChunk {
  const { dimension, present } = vectors;
  const start = writer.offset;
  const rows = Math.max(1, Math.floor(pageBytes / (componentBytes * Math.max(1, dimension))));
  let values = 0;
  let stored = 0;
  for (let row = 0; row < present.length; row += rows) {
    const page = present.subarray(row, row + rows);
    const vectorsOfPage = page.reduce((sum, one) => sum + one, 0);
    values += writePage(writer, page, vectorsOfPage, {
      ...vectors,
      data: vectors.data.subarray(stored * dimension, (stored + vectorsOfPage) * dimension),
    });
    stored += vectorsOfPage;
  }
  const size = BigInt(writer.offset - start);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: "FLOAT",
      encodings: ["RLE", "PLAIN"],
      path_in_schema: vectorPath,
      codec: "UNCOMPRESSED",
      num_values: BigInt(values),
      total_uncompressed_size: size,
      total_compressed_size: size,
      data_page_offset: BigInt(start),
    },
  };
}

function writePage(
  writer: ByteWriter,
  present: Uint8Array,
  vectors: number,
  { dimension, data }: PackedVectors,
): number {
  const repetition = new LevelRuns();
  const definition = new LevelRuns();
  for (const one of present) {
    repetition.add(0, 1);
    if (one === 1) repetition.add(1, dimension - 1);
    definition.add(one === 1 ? defined : 0, one === 1 ? dimension : 1);
  }
  const [repetitionBytes, definitionBytes] = [repetition.bytes(), definition.bytes()];
  const floats = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = repetitionBytes.length + definitionBytes.length + floats.length;
  const nulls = present.length - vectors;
  const values = data.length + nulls;
  writePageHeader(writer, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: size,
    compressed_page_size: size,
    data_page_header_v2: {
      num_values: values,
      num_nulls: nulls,
      num_rows: present.length,
      encoding: "PLAIN",
      definition_levels_byte_length: definitionBytes.length,
      repetition_levels_byte_length: repetitionBytes.length,
      is_compressed: false,
    },
  });
  for (const part of [repetitionBytes, definitionBytes, floats]) writer.appendBytes(part);
  return values;
}

/** Levels as runs of equal ones. */
class LevelRuns {
  readonly #writer = new ByteWriter();
  #level = 0;
  #count = 0;

  add(level: number, count: number): void {
    if (level !== this.#level) this.#flush();
    this.#level = level;
    this.#count += count;
  }

  bytes(): Uint8Array {
    this.#flush();
    return this.#writer.getBytes();
  }

  #flush(): void {
    if (this.#count === 0) return;
    this.#writer.appendVarInt(this.#count << 1);
    this.#writer.appendUint8(this.#level);
    this.#count = 0;
  }
}

/** Reads the column chunk in `bytes`. @throws Error where it is not of this form, or has not these rows of this dimension */
export function readVectors(bytes: Uint8Array, rows: number, dimension: number): DenseColumn {
  const data = new Float32Array(rows * dimension);
  const target = new Uint8Array(data.buffer);
  const present = new Uint8Array(rows);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  let row = 0;
  while (reader.offset < bytes.length) {
    const { type, data_page_header_v2: page, compressed_page_size } = parquetHeader(reader);
    if (type !== "DATA_PAGE_V2" || page === undefined) throw new Error("no page of version 2");
    if (page.encoding !== "PLAIN" || page.is_compressed !== false) throw new Error("not plain");
    const end = reader.offset + compressed_page_size;
    const { num_values, num_nulls, num_rows } = page;
    if (num_rows > rows - row) throw new Error("more rows than are told");
    const repetition = levels(reader, num_values, 1, page.repetition_levels_byte_length);
    const definition = levels(reader, num_values, 2, page.definition_levels_byte_length);
    if (end - reader.offset !== (num_values - num_nulls) * componentBytes || end > bytes.length)
      throw new Error("a page of another size");
    const shape = present.subarray(row, row + num_rows);
    markRows(shape, repetition, definition, dimension);
    for (const one of shape) {
      if (one === 1) {
        const next = reader.offset + dimension * componentBytes;
        target.set(bytes.subarray(reader.offset, next), row * dimension * componentBytes);
        reader.offset = next;
      }
      row += 1;
    }
    if (reader.offset !== end) throw new Error("a page with more or fewer components");
  }
  if (row !== rows) throw new Error("fewer rows than are told");
  const complete = !present.includes(0);
  return { kind: "dense", dimension, data, present: complete ? null : present };
}

function levels(
  reader: { view: DataView; offset: number },
  count: number,
  width: number,
  bytes: number,
): Uint8Array {
  const found = new Uint8Array(count);
  readRleBitPackedHybrid(reader, width, found, bytes);
  return found;
}

/** Sets a 1 for each row that has a vector. Every row is one null, or exactly `dimension` components. */
function markRows(
  present: Uint8Array,
  repetition: Uint8Array,
  definition: Uint8Array,
  dimension: number,
): void {
  let at = 0;
  for (let row = 0; row < present.length; row += 1) {
    const has = definition[at] === defined;
    const end = at + (has ? dimension : 1);
    if (repetition[at] !== 0 || (!has && definition[at] !== 0)) throw new Error("no row begins");
    for (at += 1; at < end; at += 1) {
      if (repetition[at] !== 1 || definition[at] !== defined)
        throw new Error("a row of another length");
    }
    present[row] = has ? 1 : 0;
  }
  if (at !== repetition.length) throw new Error("a row of another length");
}
