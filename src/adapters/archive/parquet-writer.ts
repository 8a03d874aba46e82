/** Writes one Parquet file: under a temporary name, summed up while it is written, and named when it is whole and on the disk. */
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { constants, zstdCompressSync } from "node:zlib";
import type { ColumnChunk, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writeColumn } from "hyparquet-writer/src/column.js";
import { encodeNestedValues } from "hyparquet-writer/src/dremel.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { schemaPathResolver } from "hyparquet-writer/src/schema.js";
import { packageVersion } from "../../util/version.ts";

/** "PAR1". */
const magic = 0x31524150;
const pageBytes = 1 << 20;
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compressors = { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes, level) };

export class ParquetWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #schema: SchemaElement[];
  readonly #hash = createHash("sha256");
  /** Its `offset` is the place in the file, its `index` that in what is not written yet. */
  readonly #bytes = new ByteWriter();
  readonly #groups: RowGroup[] = [];
  #count = 0;

  private constructor(path: string, file: FileHandle, schema: SchemaElement[]) {
    this.#path = path;
    this.#file = file;
    this.#schema = schema;
    this.#bytes.appendUint32(magic);
  }

  static async create(path: string, schema: SchemaElement[]): Promise<ParquetWriter> {
    return new ParquetWriter(path, await open(`${path}.tmp`, "w", 0o600), schema);
  }

  /** Rows written. */
  get rows(): number {
    return this.#count;
  }

  get size(): number {
    return this.#bytes.offset;
  }

  /** Writes a row group: `write` puts its columns behind what the bytes hold, in the order of the schema's leaves as it gives them. */
  async add(rows: number, write: (bytes: ByteWriter) => ColumnChunk[]): Promise<void> {
    const start = this.#bytes.offset;
    const columns = write(this.#bytes);
    const plain = columns.reduce(
      (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
      0n,
    );
    this.#groups.push({
      columns,
      num_rows: BigInt(rows),
      total_byte_size: plain,
      total_compressed_size: BigInt(this.#bytes.offset - start),
    });
    this.#count += rows;
    await this.#flush();
  }

  /** Ends the file and gives it its name. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    writeMetadata(this.#bytes, {
      version: 2,
      created_by: `vecferry ${packageVersion}`,
      schema: this.#schema,
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

/** Writes a column of one value a row behind what `writer` holds. */
export function writeFlat(
  writer: ByteWriter,
  schema: SchemaElement[],
  name: string,
  values: readonly unknown[],
): ColumnChunk {
  const path = schemaPathResolver(schema)([name]);
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
