/** Reads one Parquet file of an archive, a row group at a time. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { type ColumnMetaData, type FileMetaData, parquetMetadata, parquetSchema } from "hyparquet";
import { readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { isVectorError, type VectorError } from "../../errors.ts";
import type { DenseColumn } from "../../model/record.ts";
import type { ArchivedHead, ArchivedPart } from "../../store/archive.ts";
import { GroupRows } from "./group-rows.ts";
import { damaged } from "./manifest.ts";
import { type FlatColumn, schemaOf, vectorPath } from "./schema.ts";
import { readVectors } from "./vector-column.ts";

/** What a file ends with: the length of its footer in four bytes, and "PAR1". */
const tailBytes = 8;
/** Fits the footers of our parts at once. */
const footerBytes = 64 << 10;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const parsers = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes),
};
const compressors = {
  ZSTD: (bytes: Uint8Array, outputLength: number) =>
    zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, outputLength) }),
};

export interface Wanted {
  readonly columns: readonly FlatColumn[];
  readonly vectors: boolean;
}

export class PartFile implements AsyncDisposable {
  readonly #root: string;
  readonly #part: ArchivedPart;
  readonly #head: ArchivedHead;
  readonly #file: FileHandle;
  readonly #metadata: FileMetaData;

  private constructor(
    root: string,
    part: ArchivedPart,
    head: ArchivedHead,
    file: FileHandle,
    metadata: FileMetaData,
  ) {
    this.#root = root;
    this.#part = part;
    this.#head = head;
    this.#file = file;
    this.#metadata = metadata;
  }

  /** @throws E_ARCHIVE_DAMAGED */
  static async open(root: string, part: ArchivedPart, head: ArchivedHead): Promise<PartFile> {
    const file = await open(join(root, part.file), "r").catch((error: unknown) => {
      throw damaged(root, `${part.file} cannot be read.`, {}, error);
    });
    try {
      const metadata = await readFooter(file, part.bytes);
      assertLayout(metadata, part, head);
      return new PartFile(root, part, head, file, metadata);
    } catch (error) {
      await file.close();
      throw damaged(root, `${part.file} is not as vecferry writes it.`, {}, error);
    }
  }

  /** Number of row groups. */
  get groups(): number {
    return this.#metadata.row_groups.length;
  }

  /** @throws E_ARCHIVE_DAMAGED */
  async read(group: number, { columns, vectors }: Wanted): Promise<GroupRows> {
    try {
      const rows = Number(this.#metadata.row_groups[group]?.num_rows);
      const flat = new Map<FlatColumn, readonly unknown[]>();
      for (const name of columns) flat.set(name, await this.#flat(group, name, rows));
      return new GroupRows(rows, flat, vectors ? await this.vectors(group) : null);
    } catch (error) {
      throw this.#unreadable(group, error);
    }
  }

  /** The vectors of a row group; null where the collection has no dimension. @throws E_ARCHIVE_DAMAGED */
  async vectors(group: number): Promise<DenseColumn | null> {
    const { dimension } = this.#head.info;
    if (dimension === null || dimension === 0) return null;
    try {
      const rows = Number(this.#metadata.row_groups[group]?.num_rows);
      const bytes = await this.#chunk(this.#column(group, vectorPath));
      return readVectors(bytes, rows, dimension);
    } catch (error) {
      throw this.#unreadable(group, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #flat(group: number, name: FlatColumn, rows: number): Promise<readonly unknown[]> {
    const column = this.#column(group, [name]);
    const bytes = await this.#chunk(column);
    const schemaPath = getTreePath(parquetSchema(this.#metadata), [name]);
    const element = schemaPath.at(-1)?.element;
    if (element === undefined) throw new Error(`no column ${name}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { data } = readColumn(
      { view, offset: 0 },
      { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows },
      { ...column, pathInSchema: [name], element, schemaPath, parsers, compressors },
    );
    const values: unknown[] =
      data.length === 1 ? Array.from(data[0] ?? []) : data.flatMap((page) => Array.from(page));
    if (values.length !== rows) throw new Error(`${name} has ${values.length} values of ${rows}`);
    return values;
  }

  #column(group: number, path: readonly string[]): ColumnMetaData {
    const wanted = path.join(".");
    const found = this.#metadata.row_groups[group]?.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema.join(".") === wanted,
    );
    if (found?.meta_data === undefined) throw new Error(`no column ${wanted}`);
    return found.meta_data;
  }

  #unreadable(group: number, cause: unknown): VectorError {
    if (isVectorError(cause)) return cause;
    const what = `row group ${group} of ${this.#part.file} cannot be read.`;
    return damaged(this.#root, what, {}, cause);
  }

  async #chunk(column: ColumnMetaData): Promise<Uint8Array> {
    const at = Number(column.data_page_offset);
    return readBytes(this.#file, at, Number(column.total_compressed_size));
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

async function readBytes(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}

function assertLayout(metadata: FileMetaData, part: ArchivedPart, head: ArchivedHead): void {
  const shape = (elements: FileMetaData["schema"]): string =>
    elements.map(({ name, type, repetition_type }) => `${name} ${type} ${repetition_type}`).join();
  if (shape(metadata.schema.slice(1)) !== shape(schemaOf(head.rows).slice(1)))
    throw new Error("its columns are others");
  const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (rows !== part.rows) throw new Error(`it has ${rows} rows, not ${part.rows}`);
}
