/** Reads one Parquet file of an archive, a row group and a column at a time. Throws plain errors: whoever asks knows what the file is. */
import { type FileHandle, open } from "node:fs/promises";
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { release } from "../../util/release.ts";
import { readTexts, unpacked } from "./text-pages.ts";

/** What a file ends with: the length of its footer in four bytes, and "PAR1". */
const tailBytes = 8;
/** Fits the footers of our parts at once. */
const footerBytes = 64 << 10;

const compressors = { ZSTD: unpacked };

export class ParquetFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #metadata: FileMetaData;

  private constructor(file: FileHandle, metadata: FileMetaData) {
    this.#file = file;
    this.#metadata = metadata;
  }

  /** `bytes`: of the whole file. @throws Error where its columns are others than `schema` says, or its rows another number */
  static async open(
    path: string,
    bytes: number,
    schema: readonly SchemaElement[],
    rows: number,
  ): Promise<ParquetFile> {
    const file = await open(path, "r");
    try {
      const metadata = await readFooter(file, bytes);
      assertShape(metadata, schema, rows);
      return new ParquetFile(file, metadata);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Number of row groups. */
  get groups(): number {
    return this.#metadata.row_groups.length;
  }

  /** Rows of a row group. */
  rows(group: number): number {
    return Number(this.#metadata.row_groups[group]?.num_rows);
  }

  /** Bytes of a column of one value a row in all row groups, unpacked. */
  plainBytes(name: string): number {
    return this.#metadata.row_groups.reduce(
      (sum, _, group) => sum + Number(this.#column(group, [name]).total_uncompressed_size),
      0,
    );
  }

  /** The values of a column of one value a row. */
  async flat(group: number, name: string): Promise<readonly unknown[]> {
    const column = this.#column(group, [name]);
    const bytes = await this.#bytes(column);
    const rows = this.rows(group);
    const schemaPath = getTreePath(parquetSchema(this.#metadata), [name]);
    const element = schemaPath.at(-1)?.element;
    if (element === undefined) throw new Error(`no column ${name}`);
    if (element.type === "BYTE_ARRAY") {
      const texts = readTexts(bytes, rows, element.repetition_type === "OPTIONAL");
      release(bytes);
      return texts;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { data } = readColumn(
      { view, offset: 0 },
      { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows },
      {
        ...column,
        pathInSchema: [name],
        element,
        schemaPath,
        parsers: DEFAULT_PARSERS,
        compressors,
      },
    );
    const values: unknown[] =
      data.length === 1 ? Array.from(data[0] ?? []) : data.flatMap((page) => Array.from(page));
    if (values.length !== rows) throw new Error(`${name} has ${values.length} values of ${rows}`);
    return values;
  }

  /** The bytes of a column's chunk, in `room` where it is large enough. */
  async chunk(group: number, path: readonly string[], room?: ArrayBuffer): Promise<Uint8Array> {
    return this.#bytes(this.#column(group, path), room);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #column(group: number, path: readonly string[]): ColumnMetaData {
    const wanted = JSON.stringify(path);
    const found = this.#metadata.row_groups[group]?.columns.find(
      ({ meta_data }) => JSON.stringify(meta_data?.path_in_schema) === wanted,
    );
    if (found?.meta_data === undefined) throw new Error(`no column ${wanted}`);
    return found.meta_data;
  }

  #bytes(column: ColumnMetaData, room?: ArrayBuffer): Promise<Uint8Array> {
    const at = Number(column.data_page_offset);
    return readBytes(this.#file, at, Number(column.total_compressed_size), room);
  }
}

async function readFooter(file: FileHandle, size: number): Promise<FileMetaData> {
  const first = await readBytes(file, Math.max(0, size - footerBytes), Math.min(size, footerBytes));
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const whole = view.getUint32(first.length - tailBytes, true) + tailBytes;
  if (whole <= first.length) return parquetMetadata(first);
  if (whole > size) throw new Error("a footer longer than the file");
  return parquetMetadata(await readBytes(file, size - whole, whole));
}

async function readBytes(
  file: FileHandle,
  at: number,
  length: number,
  room?: ArrayBuffer,
): Promise<Uint8Array> {
  // Not filled with zeros before it is filled with the file's bytes.
  const fits = room !== undefined && room.byteLength >= length;
  const bytes = new Uint8Array(fits ? room : Buffer.allocUnsafeSlow(length).buffer, 0, length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}

function assertShape(metadata: FileMetaData, schema: readonly SchemaElement[], rows: number): void {
  const shape = (elements: readonly SchemaElement[]): string =>
    elements
      .slice(1)
      .map(({ name, type, repetition_type }) => `${name} ${type} ${repetition_type}`)
      .join();
  if (shape(metadata.schema) !== shape(schema)) throw new Error("its columns are others");
  const found = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (found !== rows) throw new Error(`it has ${found} rows, not ${rows}`);
}
