/** Writes one part of an archive: a row group from each buffer that is full. */
import type { ArchivedHead } from "../../store/archive.ts";
import { ParquetWriter, writeFlat } from "./parquet-writer.ts";
import type { RowBuffer } from "./row-buffer.ts";
import { flatColumns, schemaOf } from "./schema.ts";

export class PartWriter {
  readonly #file: ParquetWriter;
  readonly #head: ArchivedHead;

  private constructor(file: ParquetWriter, head: ArchivedHead) {
    this.#file = file;
    this.#head = head;
  }

  static async create(path: string, head: ArchivedHead): Promise<PartWriter> {
    return new PartWriter(await ParquetWriter.create(path, schemaOf(head)), head);
  }

  /** Rows written. */
  get rows(): number {
    return this.#file.rows;
  }

  get size(): number {
    return this.#file.size;
  }

  /** Writes the buffer's rows as one row group. */
  async add(buffer: RowBuffer): Promise<void> {
    const schema = schemaOf(this.#head);
    await this.#file.add(buffer.rows, (bytes) => {
      const [id, ...others] = flatColumns(this.#head).map((name) =>
        writeFlat(bytes, schema, name, buffer.column(name)),
      );
      const vectors = buffer.writeVectors(bytes);
      return id === undefined ? vectors : [id, ...vectors, ...others];
    });
  }

  /** Ends the file and gives it its name. */
  finish(): Promise<{ bytes: number; sha256: string }> {
    return this.#file.finish();
  }

  /** Ends it without a trace. */
  discard(): Promise<void> {
    return this.#file.discard();
  }
}
