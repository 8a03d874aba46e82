/**
 * Reads a column of texts: an array of bytes and a decoder's call for each value would cost three times as much.
 *
 *   column chunk   pages of whole rows, about 1 MiB each
 *   page           header (Thrift, DATA_PAGE_V2): values, nulls, rows, PLAIN, bytes of the levels
 *                  definition levels   RLE, 1 bit, of an optional column: 1 = a text, 0 = the row has none
 *                  texts               packed with zstd; each its length in four bytes, little-endian, and its UTF-8
 *
 * Format: https://github.com/apache/parquet-format (Encodings.md, parquet.thrift).
 */
import { zstdDecompressSync } from "node:zlib";
import type { PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";

const lengthBytes = 4;
/** What stands in the place of bytes that are no UTF-8, and may stand in a text. */
const replacement = "\ufffd";

/** What a page says of its size is not believed before it is unpacked. */
const pieceBytesMax = 4 * 1024 * 1024;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The texts of the column chunk in `bytes`. @throws Error where it is not of this form, has no UTF-8, or not these rows */
export function readTexts(bytes: Uint8Array, rows: number, optional: boolean): (string | null)[] {
  const texts: (string | null)[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  while (reader.offset < bytes.length) {
    const header = parquetHeader(reader);
    const page = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size);
    const count = header.data_page_header_v2?.num_values ?? 0;
    if (page.length !== header.compressed_page_size || texts.length + count > rows)
      throw new Error("a page too large");
    readPage(header, page, optional, texts);
    reader.offset += page.length;
  }
  if (texts.length !== rows) throw new Error(`${texts.length} texts of ${rows}`);
  return texts;
}

/** Puts the page's texts behind those in `texts`. */
function readPage(
  { data_page_header_v2: header, uncompressed_page_size: size }: PageHeader,
  page: Uint8Array,
  optional: boolean,
  texts: (string | null)[],
): void {
  const levels = header?.definition_levels_byte_length ?? 0;
  if (header?.encoding !== "PLAIN" || header.repetition_levels_byte_length !== 0)
    throw new Error("a page of another kind");
  const { num_values: values, num_nulls: nulls } = header;
  const present = optional
    ? presenceOf(page.subarray(0, levels), values)
    : new Uint8Array(values).fill(1);
  const packed = page.subarray(levels);
  const plain = header.is_compressed === false ? packed : unpacked(packed, size - levels);
  if (plain.length !== size - levels) throw new Error("a page of another size");
  const bytes = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  const read = putTexts(bytes, present, texts);
  if (read !== bytes.length || rowsWithout(present) !== nulls)
    throw new Error("a page with more or fewer texts");
}

function rowsWithout(present: Uint8Array): number {
  let count = 0;
  for (let row = 0; row < present.length; row += 1) if (present[row] !== 1) count += 1;
  return count;
}

/** Puts the text of each row that has one, and null for the others. Gives how many bytes they have. */
function putTexts(bytes: Buffer, present: Uint8Array, texts: (string | null)[]): number {
  let at = 0;
  for (let row = 0; row < present.length; row += 1) {
    if (present[row] !== 1) {
      texts.push(null);
      continue;
    }
    const start = at + lengthBytes;
    at = start + bytes.readUInt32LE(at);
    texts.push(textOf(bytes, start, at));
  }
  return at;
}

/** What zstd packed. @throws RangeError where it has more than `length` bytes */
export function unpacked(bytes: Uint8Array, length: number): Uint8Array {
  // In one piece, as long as a page has the size that pages have; with room behind it, or zlib asks for a second.
  const chunkSize = Math.min(Math.max(64, length + 1), pieceBytesMax);
  return zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length), chunkSize });
}

/** A 1 for each row that has a text. */
function presenceOf(levels: Uint8Array, rows: number): Uint8Array {
  const present = new Uint8Array(rows);
  const view = new DataView(levels.buffer, levels.byteOffset, levels.byteLength);
  readRleBitPackedHybrid({ view, offset: 0 }, 1, present, levels.length);
  return present;
}

/** @throws TypeError where it is no UTF-8 */
function textOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start, end);
  return text.includes(replacement) ? strict.decode(bytes.subarray(start, end)) : text;
}
