/**
 * Columns of sparse vectors and of multivectors. Parquet as any other, in pages of whole rows of about 1 MiB, UNCOMPRESSED:
 *
 *   sparse   two chunks with the same levels, indices (uint32) and values (float32)
 *            repetition   0 begins a row, 1 goes on with it
 *            definition   0 = no vector, 1 = one without components, 2 = a component
 *   multi    one chunk of float32
 *            repetition   0 begins a row, 1 a vector of it, 2 goes on with that
 *            definition   0 = no multivector, 1 = one without vectors, 3 = a component
 *
 * Format: https://github.com/apache/parquet-format (Encodings.md, parquet.thrift).
 */
import type { ColumnChunk } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import type { MultiColumn, SparseColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { LevelRuns, readLevels } from "./levels.ts";

const pageValues = 1 << 18;
const valueBytes = 4;

type Values = Float32Array | Uint32Array;

/** A leaf of the schema, and its values in the order of the rows. */
interface Leaf {
  readonly path: string[];
  readonly type: "FLOAT" | "INT32";
  readonly values: Values;
}

/** Rows of a page: their levels, and where their values stand. */
interface Page {
  readonly rows: number;
  readonly levels: number;
  readonly nulls: number;
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Writes a chunk for each of the paths, behind what `writer` holds; of sparse vectors those are of indices and of values. */
export function writeNested(
  writer: ByteWriter,
  paths: readonly string[][],
  column: SparseColumn | MultiColumn,
): ColumnChunk[] {
  const [first = [], second = []] = paths;
  const leaves: Leaf[] =
    column.kind === "sparse"
      ? [
          { path: first, type: "INT32", values: column.indices },
          { path: second, type: "FLOAT", values: column.values },
        ]
      : [{ path: first, type: "FLOAT", values: column.data }];
  return leaves.map((leaf) => writeLeaf(writer, leaf, pagesOf(column)));
}

function writeLeaf(
  writer: ByteWriter,
  { path, type, values }: Leaf,
  pages: Iterable<Page>,
): ColumnChunk {
  const start = writer.offset;
  let count = 0;
  for (const page of pages) {
    const own = values.subarray(page.start, page.end);
    const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    const parts = [page.repetition, page.definition, bytes];
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    writePageHeader(writer, {
      type: "DATA_PAGE_V2",
      uncompressed_page_size: size,
      compressed_page_size: size,
      data_page_header_v2: {
        num_values: page.levels,
        num_nulls: page.nulls,
        num_rows: page.rows,
        encoding: "PLAIN",
        definition_levels_byte_length: page.definition.length,
        repetition_levels_byte_length: page.repetition.length,
        is_compressed: false,
      },
    });
    for (const part of parts) writer.appendBytes(part);
    count += page.levels;
  }
  const size = BigInt(writer.offset - start);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type,
      encodings: ["RLE", "PLAIN"],
      path_in_schema: path,
      codec: "UNCOMPRESSED",
      num_values: BigInt(count),
      total_uncompressed_size: size,
      total_compressed_size: size,
      data_page_offset: BigInt(start),
    },
  };
}

function* pagesOf(column: SparseColumn | MultiColumn): Generator<Page> {
  const { offsets } = column;
  const rows = offsets.length - 1;
  const each = column.kind === "sparse" ? 1 : column.dimension;
  for (let first = 0; first < rows; ) {
    const repetition = new LevelRuns();
    const definition = new LevelRuns();
    const start = (offsets[first] ?? 0) * each;
    let [row, nulls] = [first, 0];
    for (
      ;
      row < rows && (row === first || (offsets[row] ?? 0) * each - start < pageValues);
      row += 1
    ) {
      const items = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
      repetition.add(0, 1);
      if (items === 0) {
        definition.add(isPresent(column, row) ? 1 : 0, 1);
        nulls += 1;
        continue;
      }
      if (column.kind === "sparse") repetition.add(1, items - 1);
      else
        for (let item = 0; item < items; item += 1) {
          if (item > 0) repetition.add(1, 1);
          repetition.add(2, each - 1);
        }
      definition.add(column.kind === "sparse" ? 2 : 3, items * each);
    }
    const end = (offsets[row] ?? 0) * each;
    yield {
      rows: row - first,
      levels: end - start + nulls,
      nulls,
      repetition: repetition.bytes(),
      definition: definition.bytes(),
      start,
      end,
    };
    first = row;
  }
}

/** What a chunk holds: levels and values of all its pages. */
interface Chunk {
  readonly repetition: Uint8Array;
  readonly definition: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Reads the two chunks of sparse vectors. @throws Error where they are not of this form, or have not these rows */
export function readSparse(indices: Uint8Array, values: Uint8Array, rows: number): SparseColumn {
  const [one, other] = [readChunk(indices), readChunk(values)];
  if (
    Buffer.compare(one.repetition, other.repetition) !== 0 ||
    Buffer.compare(one.definition, other.definition) !== 0
  )
    throw new Error("indices and values of other rows");
  const { offsets, present } = shapeOf(one, rows, 1, 2);
  return {
    kind: "sparse",
    offsets,
    indices: new Uint32Array(new Uint8Array(one.bytes).buffer),
    values: new Float32Array(new Uint8Array(other.bytes).buffer),
    present,
  };
}

/** Reads the chunk of multivectors. @throws Error where it is not of this form, or has not these rows of this dimension */
export function readMulti(bytes: Uint8Array, rows: number, dimension: number): MultiColumn {
  const chunk = readChunk(bytes);
  const { offsets, present } = shapeOf(chunk, rows, dimension, 3);
  return {
    kind: "multi",
    dimension,
    offsets,
    data: new Float32Array(new Uint8Array(chunk.bytes).buffer),
    present,
  };
}

function readChunk(bytes: Uint8Array): Chunk {
  const pages: Chunk[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  while (reader.offset < bytes.length) {
    const { compressed_page_size: size, data_page_header_v2: header } = parquetHeader(reader);
    if (header?.encoding !== "PLAIN" || header.is_compressed !== false)
      throw new Error("a page of another kind");
    const page = bytes.subarray(reader.offset, reader.offset + size);
    if (page.length !== size) throw new Error("a page too large");
    const repetitionEnd = header.repetition_levels_byte_length;
    const definitionEnd = repetitionEnd + header.definition_levels_byte_length;
    pages.push({
      repetition: readLevels(page.subarray(0, repetitionEnd), header.num_values),
      definition: readLevels(page.subarray(repetitionEnd, definitionEnd), header.num_values),
      bytes: page.subarray(definitionEnd),
    });
    reader.offset += size;
  }
  const of = (part: keyof Chunk): Uint8Array => Buffer.concat(pages.map((page) => page[part]));
  return { repetition: of("repetition"), definition: of("definition"), bytes: of("bytes") };
}

/** How many items each row has: components of a sparse vector, or vectors of so many components. `defined`: the level of a component. */
function shapeOf(
  { repetition, definition, bytes }: Chunk,
  rows: number,
  dimension: number,
  defined: number,
): { readonly offsets: Uint32Array; readonly present: Uint8Array | null } {
  const offsets = new Uint32Array(rows + 1);
  const present = new Uint8Array(rows).fill(1);
  let row = -1;
  let values = 0;
  for (let at = 0; at < repetition.length; at += 1) {
    const level = repetition[at] ?? 0;
    if (level === 0) {
      row += 1;
      if (definition[at] === 0) present[row] = 0;
    }
    if (definition[at] === defined) {
      // Where a vector begins, the one before is whole.
      if (dimension > 1 && level < 2 !== (values % dimension === 0))
        throw new Error("a vector of another length");
      values += 1;
    }
    offsets[row + 1] = Math.ceil(values / dimension);
  }
  if (row + 1 !== rows) throw new Error("other rows than are told");
  if (values * valueBytes !== bytes.length || values % dimension !== 0)
    throw new Error("more or fewer components than are told");
  return { offsets, present: present.includes(0) ? present : null };
}
