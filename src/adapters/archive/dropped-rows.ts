/**
 * Which rows of its parts a generation leaves out, because a later part has them as they are now, or because they have gone: a Parquet
 * file, in which the rows of one part stand together, ascending, a row group for each part that has any, in the order of the parts.
 *
 *   part    string, required    the part's file, from the archive's folder on
 *   row     int32, required     the row's number in the part, from 0 on
 */
import { join } from "node:path";
import type { SchemaElement } from "hyparquet";
import type { ArchivedCollection, ArchivedFile, ArchivedPart } from "../../store/archive.ts";
import { Scratch } from "../../util/scratch.ts";
import { damaged } from "./manifest.ts";
import { ParquetFile } from "./parquet-file.ts";
import { ParquetWriter, writeFlat } from "./parquet-writer.ts";

export const droppedRowsFile = "_dropped.parquet";

const schema: SchemaElement[] = [
  { name: "root", num_children: 2 },
  {
    name: "part",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type: "REQUIRED",
  },
  { name: "row", type: "INT32", repetition_type: "REQUIRED" },
];

/** The rows that a generation leaves out of each part. */
export class DroppedRows {
  readonly #root: string;
  readonly #collection: ArchivedCollection;
  #last: { readonly part: number; readonly rows: readonly number[] } | null = null;

  constructor(root: string, collection: ArchivedCollection) {
    this.#root = root;
    this.#collection = collection;
  }

  /** Ascending; of the part with this number. @throws E_ARCHIVE_DAMAGED */
  async of(part: number): Promise<readonly number[]> {
    if ((this.#collection.parts[part]?.dropped ?? 0) === 0) return [];
    if (this.#last?.part !== part) this.#last = { part, rows: await this.#read(part) };
    return this.#last.rows;
  }

  async #read(part: number): Promise<readonly number[]> {
    const { dropped: file, parts } = this.#collection;
    const before = parts.slice(0, part).filter(({ dropped }) => dropped > 0).length;
    const total = parts.reduce((sum, { dropped }) => sum + dropped, 0);
    const wanted = parts[part];
    if (file === null || wanted === undefined)
      throw damaged(this.#root, "Rows are left out that no file names.");
    try {
      const path = join(this.#root, file.file);
      await using table = await ParquetFile.open(path, file.bytes, schema, total);
      const rows = await table.flat(before, "row");
      const names = await table.flat(before, "part");
      assertRows(rows, names, wanted);
      return rows;
    } catch (error) {
      throw damaged(this.#root, `${file.file} is not as vecferry writes it.`, {}, error);
    }
  }
}

function assertRows(
  rows: readonly unknown[],
  names: readonly unknown[],
  { file, dropped, rows: count }: ArchivedPart,
): asserts rows is readonly number[] {
  if (rows.length !== dropped || names.some((name) => name !== file))
    throw new Error(`it has other rows of ${file}`);
  let last = -1;
  for (const row of rows) {
    if (typeof row !== "number" || row <= last || row >= count) throw new Error("no such row");
    last = row;
  }
}

/** What is left out of the parts of the generation before, beyond what that left out itself. Stands on the disk while it is collected. */
export class NewlyDropped implements Disposable {
  readonly #scratch = new Scratch(
    "create table dropped (part integer, row integer, primary key (part, row)) without rowid; begin",
  );
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  add(part: number, rows: readonly number[]): void {
    for (const row of rows)
      this.#scratch.query.run("insert or ignore into dropped values (?, ?)", part, row);
    this.#count += rows.length;
  }

  /** Ascending. */
  of(part: number): number[] {
    const rows = this.#scratch.query.all(
      "select row from dropped where part = ? order by row",
      part,
    );
    return rows.map(([row]) => Number(row));
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }
}

/**
 * The parts of the generation before that this one goes on with: without those of which no row is left. What is left out of them is
 * written to `path`; the file is null where nothing is.
 */
export async function writeDropped(
  path: string,
  base: { readonly root: string; readonly collection: ArchivedCollection },
  newly: NewlyDropped,
): Promise<{ readonly parts: ArchivedPart[]; readonly file: Omit<ArchivedFile, "file"> | null }> {
  const before = new DroppedRows(base.root, base.collection);
  const parts: ArchivedPart[] = [];
  let table: ParquetWriter | null = null;
  try {
    for (const [number, part] of base.collection.parts.entries()) {
      const rows = [...(await before.of(number)), ...newly.of(number)].sort((a, b) => a - b);
      if (rows.length === part.rows) continue;
      parts.push({ ...part, dropped: rows.length });
      if (rows.length === 0) continue;
      table ??= await ParquetWriter.create(path, schema);
      await table.add(rows.length, (bytes) => [
        writeFlat(bytes, schema, "part", Array(rows.length).fill(part.file)),
        writeFlat(bytes, schema, "row", rows),
      ]);
    }
    return { parts, file: table === null ? null : await table.finish() };
  } catch (error) {
    await table?.discard().catch(() => undefined);
    throw error;
  }
}
