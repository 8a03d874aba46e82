/**
 * A column of dense vectors, from and to one block of floats; no other way keeps every bit, and lists of numbers cost 40 times as much.
 * It is Parquet as any other:
 *
 *   column chunk   pages of whole rows, about 1 MiB each, UNCOMPRESSED
 *   page           header (Thrift, DATA_PAGE_V2): values, nulls, rows, PLAIN, bytes of both levels
 *                  repetition levels   RLE, 1 bit: 0 begins a row, 1 goes on with it
 *                  definition levels   RLE, 2 bits: 2 = a component, 0 = the row has no vector
 *                  components          float32, little-endian, as they were, NaN's bits too
 *
 * Format: https://github.com/apache/parquet-format (Encodings.md, parquet.thrift).
 */
import type { ColumnChunk, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import type { DenseColumn } from "../../model/record.ts";
import { LevelRuns, runsIn } from "./levels.ts";

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
export function writeVectors(
  writer: ByteWriter,
  path: string[],
  vectors: PackedVectors,
): ColumnChunk {
  const { dimension, present } = vectors;
  const start = writer.offset;
  const rows = Math.max(1, Math.floor(pageBytes / (componentBytes * Math.max(1, dimension))));
  const encoder = new LevelEncoder(dimension);
  let values = 0;
  let stored = 0;
  for (let row = 0; row < present.length; row += rows) {
    const page = present.subarray(row, row + rows);
    const vectorsOfPage = page.reduce((sum, one) => sum + one, 0);
    const next = stored + vectorsOfPage;
    const floats = vectors.data.subarray(stored * dimension, next * dimension);
    values += writePage(writer, encoder.levels(page), page.length - vectorsOfPage, floats);
    stored = next;
  }
  const size = BigInt(writer.offset - start);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: "FLOAT",
      encodings: ["RLE", "PLAIN"],
      path_in_schema: path,
      codec: "UNCOMPRESSED",
      num_values: BigInt(values),
      total_uncompressed_size: size,
      total_compressed_size: size,
      data_page_offset: BigInt(start),
    },
  };
}

/** Gives how many values the page has, its rows without a vector with them. */
function writePage(
  writer: ByteWriter,
  { repetition, definition, rows }: PageLevels,
  nulls: number,
  data: Float32Array,
): number {
  const floats = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = repetition.length + definition.length + floats.length;
  const values = data.length + nulls;
  writePageHeader(writer, {
    type: "DATA_PAGE_V2",
    uncompressed_page_size: size,
    compressed_page_size: size,
    data_page_header_v2: {
      num_values: values,
      num_nulls: nulls,
      num_rows: rows,
      encoding: "PLAIN",
      definition_levels_byte_length: definition.length,
      repetition_levels_byte_length: repetition.length,
      is_compressed: false,
    },
  });
  for (const part of [repetition, definition, floats]) writer.appendBytes(part);
  return values;
}

interface PageLevels {
  readonly rows: number;
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
}

/** Encodes the levels of a column chunk's pages. Those of a page in which every row has a vector are kept: the next page mostly has the same. */
class LevelEncoder {
  readonly dimension: number;
  #whole: PageLevels | null = null;

  constructor(dimension: number) {
    this.dimension = dimension;
  }

  /** The levels of a page's rows, as bytes. */
  levels(present: Uint8Array): PageLevels {
    if (present.includes(0)) return this.#encode(present);
    if (this.#whole?.rows !== present.length) this.#whole = this.#encode(present);
    return this.#whole;
  }

  #encode(present: Uint8Array): PageLevels {
    const repetition = new LevelRuns();
    const definition = new LevelRuns();
    for (const one of present) {
      repetition.add(0, 1);
      if (one === 1) repetition.add(1, this.dimension - 1);
      definition.add(one === 1 ? defined : 0, one === 1 ? this.dimension : 1);
    }
    return {
      rows: present.length,
      repetition: repetition.bytes(),
      definition: definition.bytes(),
    };
  }
}

/**
 * Reads the column chunk in `bytes`, which have a buffer to themselves and are not to be read again: where every row has a vector,
 * the components are put together in their memory, since memory that is new each time costs more than to fill it.
 * @throws Error where it is not of this form, or has not these rows of this dimension
 */
export function readVectors(bytes: Uint8Array, rows: number, dimension: number): DenseColumn {
  // Where none is missing, a row never moves behind the place where it stood.
  const room = hasNulls(bytes) ? new ArrayBuffer(rows * dimension * componentBytes) : bytes.buffer;
  const data = new Float32Array(room, 0, rows * dimension);
  const present = new Uint8Array(rows);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  const encoder = new LevelEncoder(dimension);
  let row = 0;
  while (reader.offset < bytes.length) {
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    const page = bytes.subarray(reader.offset, end);
    const last = row + (header.data_page_header_v2?.num_rows ?? 0);
    if (page.length !== header.compressed_page_size || last > rows)
      throw new Error("a page too large");
    const floats = new Uint8Array(data.buffer, row * dimension * componentBytes);
    readPage(header, page, present.subarray(row, last), floats, encoder);
    reader.offset = end;
    row = last;
  }
  if (row !== rows) throw new Error("fewer rows than are told");
  return { kind: "dense", dimension, data, present: present.includes(0) ? present : null };
}

/** Whether a page says that it has a row without a vector, or says nonsense. */
function hasNulls(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  while (reader.offset < bytes.length) {
    const { compressed_page_size: size, data_page_header_v2: header } = parquetHeader(reader);
    if (header?.num_nulls !== 0 || size < 0) return true;
    reader.offset += size;
  }
  return false;
}

/** Fills `present` and `floats`, which begin with the page's first row. */
function readPage(
  { data_page_header_v2: header }: PageHeader,
  page: Uint8Array,
  present: Uint8Array,
  floats: Uint8Array,
  encoder: LevelEncoder,
): void {
  const { dimension } = encoder;
  if (header?.encoding !== "PLAIN" || header.is_compressed !== false)
    throw new Error("a page of another kind");
  const repetitionEnd = header.repetition_levels_byte_length;
  const definitionEnd = repetitionEnd + header.definition_levels_byte_length;
  const definition = page.subarray(repetitionEnd, definitionEnd);
  markRows(present, definition, dimension);
  // Whatever rows were marked: these levels, and no others, stand for them.
  const levels = encoder.levels(present);
  const same =
    Buffer.compare(levels.definition, definition) === 0 &&
    Buffer.compare(levels.repetition, page.subarray(0, repetitionEnd)) === 0;
  if (!same) throw new Error("a row of another length");
  const rowBytes = dimension * componentBytes;
  let at = definitionEnd;
  let nulls = 0;
  for (let row = 0; row < present.length; ) {
    let end = row;
    while (present[end] === 1) end += 1;
    const next = at + (end - row) * rowBytes;
    floats.set(page.subarray(at, next), row * rowBytes);
    at = next;
    if (end < present.length) nulls += 1;
    row = end + 1;
  }
  if (at !== page.length || nulls !== header.num_nulls)
    throw new Error("a page with more or fewer components");
}

/** Sets a 1 for each row that has a vector, as the runs of definition levels say. */
function markRows(present: Uint8Array, definition: Uint8Array, dimension: number): void {
  let row = 0;
  for (const { count, level } of runsIn(definition)) {
    const has = level === defined;
    const end = row + (has ? count / dimension : count);
    if (has) present.fill(1, row, end);
    row = end;
  }
}
