/** Writes one Parquet file: under a temporary name, summed up while it is written, and named when it is whole and on the disk. */
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { constants, zstdCompressSync } from "node:zlib";
import type { ColumnChunk, RowGroup } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeColumn } from "hyparquet-writer/src/column.js";
import { encodeNestedValues } from "hyparquet-writer/src/dremel.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { schemaPathResolver } from "hyparquet-writer/src/schema.js";
import type { ArchivedRows } from "../../store/archive.ts";
import { packageVersion } from "../../util/version.ts";
import type { RowBuffer } from "./row-buffer.ts";
import { flatColumns, schemaOf } from "./schema.ts";
import { writeVectors } from "./vector-column.ts";

/** "PAR1". */
const magic = 0x31524150;
const pageBytes = 1 << 20;
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compressors = { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes, level) };

export class PartWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #rows: ArchivedRows;
  readonly #hash = createHash("sha256");
  /** Its `offset` is the place in the file, its `index` that in what is not written yet. */
  readonly #bytes = new ByteWriter();
  readonly #groups: RowGroup[] = [];
  #count = 0;

  private constructor(path: string, file: FileHandle, rows: ArchivedRows) {
    this.#path = path;
    this.#file = file;
    this.#rows = rows;
    this.#bytes.appendUint32(magic);
  }

  static async create(path: string, rows: ArchivedRows): Promise<PartWriter> {
    return new PartWriter(path, await open(`${path}.tmp`, "w", 0o600), rows);
  }

  /** Rows written. */
  get rows(): number {
    return this.#count;
  }

  get size(): number {
    return this.#bytes.offset;
  }

  /** Writes the buffer's rows as one row group. */
  async add(buffer: RowBuffer): Promise<void> {
    const start = this.#bytes.offset;
    const [id, ...others] = flatColumns(this.#rows).map((name) =>
      writeFlat(this.#bytes, this.#rows, name, buffer.column(name)),
    );
    const vectors = writeVectors(this.#bytes, buffer.vectors());
    const columns = id === undefined ? [vectors] : [id, vectors, ...others];
    const plain = columns.reduce(
      (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
      0n,
    );
    this.#groups.push({
      columns,
      num_rows: BigInt(buffer.rows),
      total_byte_size: plain,
      total_compressed_size: BigInt(this.#bytes.offset - start),
    });
    this.#count += buffer.rows;
    await this.#flush();
  }

  /** Ends the file and gives it its name. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    writeMetadata(this.#bytes, {
      version: 2,
      created_by: `vecferry ${packageVersion}`,
      schema: schemaOf(this.#rows),
      num_rows: BigInt(this.#count),
      row_groups: this.#groups,
      metadata_length: 0,
    });
    this.#bytes.appendUint32(magic);
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.tmp`, this.#path);
    return { bytes: this.#bytes.offset, sha256: this.#hash.digest("hex") };
  }

  /** Ends it without a trace. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(`${this.#path}.tmp`, { force: true });
  }

  async #flush(): Promise<void> {
    const bytes = this.#bytes.getBytes();
    this.#hash.update(bytes);
    await this.#file.writeFile(bytes);
    this.#bytes.index = 0;
  }
}

function writeFlat(
  writer: ByteWriter,
  rows: ArchivedRows,
  name: string,
  values: readonly unknown[],
): ColumnChunk {
  const path = schemaPathResolver(schemaOf(rows))([name]);
  const schemaPath = path.map(({ element }) => element);
  const [, element] = schemaPath;
  if (element === undefined) throw new Error(`no column ${name}`);
  const { chunk } = writeColumn({
    writer,
    column: {
      columnName: name,
      element,
      schemaPath,
      codec: "ZSTD",
      compressors,
      stats: false,
      pageSize: pageBytes,
      columnIndex: false,
      offsetIndex: false,
      encoding: "PLAIN",
    },
    pageData: encodeNestedValues(path, [...values]),
  });
  return chunk;
}
