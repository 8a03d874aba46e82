/** Reads one part of an archive, a row group at a time. */
import { join } from "node:path";
import { isVectorError, type VectorError } from "../../errors.ts";
import type { VectorColumn } from "../../model/record.ts";
import { arraysOf } from "../../model/vector-column.ts";
import type { ArchivedHead, ArchivedPart } from "../../store/archive.ts";
import { release } from "../../util/release.ts";
import { GroupRows } from "./group-rows.ts";
import { damaged } from "./manifest.ts";
import { readMulti, readSparse } from "./nested-column.ts";
import { ParquetFile } from "./parquet-file.ts";
import {
  type ArchivedVector,
  archivedVectors,
  type FlatColumn,
  schemaOf,
  vectorPaths,
} from "./schema.ts";
import { readVectors } from "./vector-column.ts";

export interface Wanted {
  readonly columns: readonly FlatColumn[];
  readonly vectors: boolean;
}

export class PartFile implements AsyncDisposable {
  readonly #root: string;
  readonly #part: ArchivedPart;
  readonly #head: ArchivedHead;
  readonly #file: ParquetFile;

  private constructor(root: string, part: ArchivedPart, head: ArchivedHead, file: ParquetFile) {
    this.#root = root;
    this.#part = part;
    this.#head = head;
    this.#file = file;
  }

  /** @throws E_ARCHIVE_DAMAGED */
  static async open(root: string, part: ArchivedPart, head: ArchivedHead): Promise<PartFile> {
    try {
      const path = join(root, part.file);
      const file = await ParquetFile.open(path, part.bytes, schemaOf(head), part.rows);
      return new PartFile(root, part, head, file);
    } catch (error) {
      throw damaged(root, `${part.file} is not as vecferry writes it.`, {}, error);
    }
  }

  /** Number of row groups. */
  get groups(): number {
    return this.#file.groups;
  }

  /** The number that the first row of a row group has in the part. */
  start(group: number): number {
    let start = 0;
    for (let before = 0; before < group; before += 1) start += this.#file.rows(before);
    return start;
  }

  /** Bytes of a column of one value a row, unpacked: its values, four for the length of each text, and what heads its pages. */
  plainBytes(column: FlatColumn): number {
    return this.#file.plainBytes(column);
  }

  /** @throws E_ARCHIVE_DAMAGED */
  async read(group: number, { columns, vectors }: Wanted, room?: ArrayBuffer): Promise<GroupRows> {
    try {
      const flat = new Map<FlatColumn, readonly unknown[]>();
      for (const name of columns) flat.set(name, await this.#file.flat(group, name));
      const rows = this.#file.rows(group);
      return new GroupRows(rows, flat, vectors ? await this.vectors(group, room) : null);
    } catch (error) {
      throw this.#unreadable(group, error);
    }
  }

  /**
   * The vectors of a row group by their names; none where they have no components. `room`: memory for those of the first name.
   * @throws E_ARCHIVE_DAMAGED
   */
  async vectors(group: number, room?: ArrayBuffer): Promise<ReadonlyMap<string, VectorColumn>> {
    try {
      const found = new Map<string, VectorColumn>();
      for (const vector of archivedVectors(this.#head)) {
        if (vector.kind !== "sparse" && (vector.dimension ?? 0) === 0) continue;
        const own = found.size === 0 ? room : undefined;
        found.set(vector.name, await this.#vector(group, vector, own));
      }
      return found;
    } catch (error) {
      throw this.#unreadable(group, error);
    }
  }

  async #vector(
    group: number,
    vector: ArchivedVector,
    room: ArrayBuffer | undefined,
  ): Promise<VectorColumn> {
    const rows = this.#file.rows(group);
    const chunks: Uint8Array[] = [];
    for (const path of vectorPaths(vector))
      chunks.push(await this.#file.chunk(group, path, chunks.length === 0 ? room : undefined));
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = chunks;
    const read = (): VectorColumn => {
      if (vector.kind === "sparse") return readSparse(first, second, rows);
      return vector.kind === "multi"
        ? readMulti(first, rows, vector.dimension ?? 0)
        : readVectors(first, rows, vector.dimension ?? 0);
    };
    const column = read();
    const kept = new Set(arraysOf(column).map(({ buffer }) => buffer));
    for (const chunk of chunks) if (!kept.has(chunk.buffer)) release(chunk);
    return column;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }

  #unreadable(group: number, cause: unknown): VectorError {
    if (isVectorError(cause)) return cause;
    const what = `row group ${group} of ${this.#part.file} cannot be read.`;
    return damaged(this.#root, what, {}, cause);
  }
}
