/**
 * The columns of an archive's Parquet files.
 *
 *   id          string, required          the record's own id
 *   vector      list<float>, optional     null where the record has none
 *   document    string, optional
 *   uri         string, optional
 *   metadata    string, optional          JSON text of an object, numbers as the source wrote them
 *
 * and, where the rows are points:
 *
 *   point       string, required          canonical UUID, or a decimal unsigned integer
 *   tenant      string, optional
 *   norm        double, optional          of the source's vector, where the point's was normalized
 *   run         string, optional          16 hex digits
 *   collection  string, optional
 *   rest        string, optional          JSON text of an object
 *
 * Texts are UTF-8 in pages that zstd packs; vectors stand unpacked (see `vector-column.ts`).
 */
import type { SchemaElement } from "hyparquet";
import type { ArchivedRows } from "../../store/archive.ts";

export const vectorColumn = "vector";
export const vectorPath = [vectorColumn, "list", "element"];

const recordColumns = ["id", "document", "uri", "metadata"] as const;
const pointColumns = ["point", "tenant", "norm", "run", "collection", "rest"] as const;

/** A column of one value a row: all but the vectors'. */
export type FlatColumn = (typeof recordColumns)[number] | (typeof pointColumns)[number];

/** The flat columns of these rows, as they stand in the file. */
export function flatColumns(rows: ArchivedRows): readonly FlatColumn[] {
  return rows === "points" ? [...recordColumns, ...pointColumns] : recordColumns;
}

export function elementOf(name: FlatColumn): SchemaElement {
  const repetition_type = name === "id" || name === "point" ? "REQUIRED" : "OPTIONAL";
  if (name === "norm") return { name, type: "DOUBLE", repetition_type };
  return {
    name,
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type,
  };
}

/** The whole schema, depth first. */
export function schemaOf(rows: ArchivedRows): SchemaElement[] {
  const [first, ...others] = flatColumns(rows).map(elementOf);
  const vector: SchemaElement[] = [
    {
      name: vectorColumn,
      repetition_type: "OPTIONAL",
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", type: "FLOAT" },
  ];
  const flat = others.length + 1;
  const root = { name: "root", num_children: flat + 1 };
  return first === undefined ? [root] : [root, first, ...vector, ...others];
}
