/** The rows of one row group in memory, and batches made of them. */
import { joinColumns, sliceColumn } from "../../model/column-rows.ts";
import type { PointBatch, RecordBatch, VectorColumn } from "../../model/record.ts";
import { copyColumn } from "../../model/vector-column.ts";
import type { ArchivedRows } from "../../store/archive.ts";
import type { FlatColumn } from "./schema.ts";

export class GroupRows {
  readonly count: number;
  /** Null where they were not read. */
  readonly vectors: ReadonlyMap<string, VectorColumn> | null;
  readonly #flat: ReadonlyMap<FlatColumn, readonly unknown[]>;

  /** `flat`: the columns that were asked for, each of `count` values. */
  constructor(
    count: number,
    flat: ReadonlyMap<FlatColumn, readonly unknown[]>,
    vectors: ReadonlyMap<string, VectorColumn> | null,
  ) {
    this.count = count;
    this.vectors = vectors;
    this.#flat = flat;
  }

  /** The same rows with these vectors. */
  withVectors(vectors: GroupRows["vectors"]): GroupRows {
    return new GroupRows(this.count, this.#flat, vectors);
  }

  /** A column that has a text in every row. @throws Error where it has not */
  texts(name: FlatColumn): string[] {
    return this.#column(name).map((value) => {
      if (typeof value !== "string") throw new Error(`${name} has a row without a text`);
      return value;
    });
  }

  /** These rows, in the order given, in columns that are the caller's own. */
  batch(kind: ArchivedRows, rows: readonly number[]): RecordBatch | PointBatch {
    const texts = (name: FlatColumn): (string | null)[] => {
      const column = this.#column(name);
      return rows.map((row) => {
        const value = column[row] ?? null;
        if (value !== null && typeof value !== "string") throw new Error(`${name} is no text`);
        return value;
      });
    };
    const keys = (name: FlatColumn): string[] => texts(name).map((value) => value ?? "");
    const records: RecordBatch = {
      ids: keys("id"),
      vectors: new Map(
        Array.from(this.vectors ?? [], ([name, column]) => [name, pickVectors(column, rows)]),
      ),
      payload: { documents: texts("document"), uris: texts("uri"), metadata: texts("metadata") },
    };
    if (kind === "records") return records;
    const norms = this.#column("norm");
    return {
      ...records,
      placement: {
        points: keys("point"),
        tenants: texts("tenant"),
        norms: Float64Array.from(rows, (row) => Number(norms[row] ?? Number.NaN)),
        runs: texts("run"),
        collections: texts("collection"),
        rest: texts("rest"),
        ...(this.#flat.has("shard") ? { shards: texts("shard") } : {}),
      },
    };
  }

  #column(name: FlatColumn): readonly unknown[] {
    const column = this.#flat.get(name);
    if (column === undefined) throw new Error(`column ${name} was not read`);
    return column;
  }
}

/** These rows of a column, as many at once as stand side by side. */
function pickVectors(column: VectorColumn, rows: readonly number[]): VectorColumn {
  const runs: [number, VectorColumn][] = [];
  for (let place = 0; place < rows.length; ) {
    const first = rows[place] ?? 0;
    let end = place + 1;
    while (rows[end] === first + end - place) end += 1;
    runs.push([end - place, sliceColumn(column, first, first + end - place)]);
    place = end;
  }
  const [first, ...others] = runs;
  if (first === undefined) return joinColumns([[0, sliceColumn(column, 0, 0)]]);
  // Neither filled with zeros before, nor looked through for rows without a vector.
  return others.length === 0 && column.present === null ? copyColumn(first[1]) : joinColumns(runs);
}
