/** Answers of `get`: one text, cut into its columns; only what must be looked into is decoded. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { sliceArray, sliceObject } from "../../util/json.ts";

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

/** The ids alone. @throws E_BAD_RESPONSE */
export function parseIds(text: string): string[] {
  return decode(() => idColumn.parse(JSON.parse(column(sliceObject(text), "ids"))));
}

/** Records with documents, uris and metadata, and embeddings where they were asked for. @throws E_BAD_RESPONSE */
export function parsePage(text: string, vectors: boolean): RecordPage {
  return decode(() => {
    const columns = sliceObject(text);
    const ids = idColumn.parse(JSON.parse(column(columns, "ids")));
    const texts = (name: string): (string | null)[] =>
      textColumn.parse(JSON.parse(column(columns, name)));
    return {
      ids,
      embeddings: vectors ? rowColumn.parse(JSON.parse(column(columns, "embeddings"))) : null,
      documents: texts("documents"),
      // Servers before 0.4.15 know no uris.
      uris: (columns.get("uris") ?? "null") === "null" ? ids.map(() => null) : texts("uris"),
      metadata: metadataColumn(column(columns, "metadatas")),
    };
  });
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

/** Runs `parse` and names what it finds wrong: places and types, never a record's contents. @throws E_BAD_RESPONSE */
export function decode<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxError) throw notChroma("malformed JSON");
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      throw notChroma(`${issue?.code ?? ""} at /${issue?.path.join("/") ?? ""}`);
    }
    throw error;
  }
}

/** What comes from the address is an answer, but not one of Chroma's. */
export function notChroma(what: string): VectorError {
  return new VectorError(
    "E_BAD_RESPONSE",
    `The server's answer is not what Chroma answers: ${what}.`,
  );
}
