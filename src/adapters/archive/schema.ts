/**
 * The columns of an archive's Parquet files.
 *
 *   id            string, required          the record's own id
 *   vector        list<float>, optional     null where the record has none
 *   document      string, optional
 *   uri           string, optional
 *   metadata      string, optional          JSON text of an object, numbers as the source wrote them
 *
 * and, where the rows are points:
 *
 *   point         string, required          canonical UUID, or a decimal unsigned integer
 *   tenant        string, optional
 *   norm          double, optional          of the source's vector, where the point's was normalized
 *   run           string, optional          16 hex digits
 *   collection    string, optional
 *   rest          string, optional          JSON text of an object
 *   shard         string, optional          only where points are put into shards by hand: the shard's key, as JSON
 *
 * Points that have other vectors than one dense one without a name have, in place of `vector`, a column for each: `vector` for the one
 * without a name, `vector:NAME` for the others, by their kind
 *
 *   dense         list<float>, optional
 *   sparse        struct<indices: list<uint32>, values: list<float>>, optional
 *   multi         list<list<float>>, optional
 *
 * Texts are UTF-8 in pages that zstd packs; vectors stand unpacked (`vector-column.ts`, `nested-column.ts`).
 */
import type { SchemaElement } from "hyparquet";
import type { VectorShape } from "../../model/collection.ts";
import { defaultVector } from "../../model/record.ts";
import type { ArchivedHead } from "../../store/archive.ts";

const recordColumns = ["id", "document", "uri", "metadata"] as const;
const pointColumns = ["point", "tenant", "norm", "run", "collection", "rest"] as const;

/** A column of one value a row: all but the vectors'. */
export type FlatColumn = (typeof recordColumns)[number] | (typeof pointColumns)[number] | "shard";

/** The flat columns of these rows, as they stand in the file. */
export function flatColumns({ rows, info }: ArchivedHead): readonly FlatColumn[] {
  if (rows === "records") return recordColumns;
  const shard = info.shardKeys === undefined ? [] : (["shard"] as const);
  return [...recordColumns, ...pointColumns, ...shard];
}

/** What of a collection's vectors decides their columns. */
export type ArchivedVector = Pick<VectorShape, "name" | "kind" | "dimension">;

/** The vectors of a collection. */
export function archivedVectors({ info }: Pick<ArchivedHead, "info">): readonly ArchivedVector[] {
  return info.vectors ?? [{ name: defaultVector, kind: "dense", dimension: info.dimension }];
}

/** The name of a vector's column. */
function vectorColumnName(name: string): string {
  return name === defaultVector ? "vector" : `vector:${name}`;
}

/** The paths of the leaves of a vector's column: one, or of sparse vectors those of indices and of values. */
export function vectorPaths({ name, kind }: ArchivedVector): string[][] {
  const column = vectorColumnName(name);
  if (kind === "dense") return [[column, "list", "element"]];
  if (kind === "multi") return [[column, "list", "element", "list", "element"]];
  return ["indices", "values"].map((part) => [column, part, "list", "element"]);
}

/** The whole schema, depth first. */
export function schemaOf(head: ArchivedHead): SchemaElement[] {
  const [first, ...others] = flatColumns(head).map(elementOf);
  const vectors = archivedVectors(head);
  const root = { name: "root", num_children: others.length + 1 + vectors.length };
  return first === undefined
    ? [root]
    : [root, first, ...vectors.flatMap(vectorElements), ...others];
}

function elementOf(name: FlatColumn): SchemaElement {
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

function vectorElements({ name, kind }: ArchivedVector): SchemaElement[] {
  const column = vectorColumnName(name);
  const float: SchemaElement = { name: "element", repetition_type: "REQUIRED", type: "FLOAT" };
  if (kind === "dense") return listOf(column, "OPTIONAL", [float]);
  if (kind === "multi") return listOf(column, "OPTIONAL", listOf("element", "REQUIRED", [float]));
  // Without a logical type: the library writes an integer's in a form that other readers refuse.
  const index: SchemaElement = {
    name: "element",
    repetition_type: "REQUIRED",
    type: "INT32",
    converted_type: "UINT_32",
  };
  return [
    { name: column, repetition_type: "OPTIONAL", num_children: 2 },
    ...listOf("indices", "REQUIRED", [index]),
    ...listOf("values", "REQUIRED", [float]),
  ];
}

function listOf(
  name: string,
  repetition_type: "OPTIONAL" | "REQUIRED",
  element: SchemaElement[],
): SchemaElement[] {
  return [
    {
      name,
      repetition_type,
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ...element,
  ];
}
