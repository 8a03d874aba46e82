/** Answers of `get`: one text, cut into its columns; only what must be looked into is decoded. All to be called within `decode`. */
import { z } from "zod";
import { sliceArray, sliceObject } from "../../util/json.ts";
import { notChroma } from "./answer.ts";

/** Records as one answer has them. Its columns need not be of equal length: see `isAligned`. */
export interface RecordPage {
  readonly ids: string[];
  /** A row should be an array of numbers, with null where a component is not finite; null = not asked for. */
  readonly embeddings: readonly unknown[] | null;
  readonly documents: (string | null)[];
  readonly uris: (string | null)[];
  /** Each row's JSON text as the server wrote it. */
  readonly metadata: (string | null)[];
}

const idColumn = z.array(z.string());
const textColumn = z.array(z.string().nullable());
const rowColumn = z.array(z.unknown());

/** The ids alone. */
export function parseIds(text: string): string[] {
  return idColumn.parse(JSON.parse(column(sliceObject(text), "ids")));
}

/** Records with documents, uris and metadata, and embeddings where they were asked for. */
export function parsePage(text: string, vectors: boolean): RecordPage {
  const columns = sliceObject(text);
  const texts = (name: string): (string | null)[] =>
    textColumn.parse(JSON.parse(column(columns, name)));
  return {
    ids: idColumn.parse(JSON.parse(column(columns, "ids"))),
    embeddings: vectors ? rowColumn.parse(JSON.parse(column(columns, "embeddings"))) : null,
    documents: texts("documents"),
    uris: texts("uris"),
    metadata: metadataColumn(column(columns, "metadatas")),
  };
}

/** Whether every column has one row an id. Servers before 1.0 leave out the embeddings that they lack, and shift the rest. */
export function isAligned(page: RecordPage): boolean {
  const rows = page.ids.length;
  return [page.embeddings ?? page.ids, page.documents, page.uris, page.metadata].every(
    (each) => each.length === rows,
  );
}

function column(columns: ReadonlyMap<string, string>, name: string): string {
  const text = columns.get(name);
  if (text === undefined) throw notChroma(`no ${name}`);
  return text;
}

function metadataColumn(text: string): (string | null)[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw notChroma("metadatas is not an array");
  // A copy: slices would keep the whole answer, embeddings included, in memory.
  const texts = sliceArray(Buffer.from(text).toString());
  return rows.map((row: unknown, at) => {
    if (row === null) return null;
    if (typeof row !== "object" || Array.isArray(row))
      throw notChroma("a metadata is not an object");
    return texts[at] ?? null;
  });
}
