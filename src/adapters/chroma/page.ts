/**
 * Answers of `get`: bytes, cut into their columns. The embeddings are never text; of the metadata each row's text is kept as
 * the server wrote it. All to be called within `decode`.
 */
import { z } from "zod";
import { elementsOf, skipValue, walkObject } from "../../util/json-bytes.ts";
import { notChroma } from "./answer.ts";
import { type Embeddings, type EmbeddingsOptions, scanEmbeddings } from "./embeddings.ts";

/** Records as one answer has them. Its columns need not be of equal length: see `isAligned`. */
export interface RecordPage {
  readonly ids: string[];
  /** null = not asked for. */
  readonly embeddings: Embeddings | null;
  readonly documents: (string | null)[];
  readonly uris: (string | null)[];
  /** Each row's JSON text as the server wrote it. */
  readonly metadata: (string | null)[];
}

const idColumn = z.array(z.string());
const textColumn = z.array(z.string().nullable());

/** The ids alone. */
export function parseIds(bytes: Buffer): string[] {
  return idsOf(cut(bytes, null).texts);
}

/** The ids and each one's metadata as the server wrote it. */
export function parseMetadata(bytes: Buffer): Pick<RecordPage, "ids" | "metadata"> {
  const { texts } = cut(bytes, null);
  return { ids: idsOf(texts), metadata: metadataColumn(column(texts, "metadatas")) };
}

/** Records with documents, uris and metadata, and embeddings where `vectors` says how. */
export function parsePage(bytes: Buffer, vectors: EmbeddingsOptions | null): RecordPage {
  const { texts, embeddings } = cut(bytes, vectors);
  if (vectors !== null && embeddings === null) throw notChroma("no embeddings");
  return {
    ids: idsOf(texts),
    embeddings,
    documents: textsOf(texts, "documents"),
    uris: textsOf(texts, "uris"),
    metadata: metadataColumn(column(texts, "metadatas")),
  };
}

/** Whether every column has one row an id. Servers before 1.0 leave out the embeddings that they lack, and shift the rest. */
export function isAligned({ ids, embeddings, documents, uris, metadata }: RecordPage): boolean {
  const rows = ids.length;
  return (
    (embeddings?.rows ?? rows) === rows &&
    [documents, uris, metadata].every((each) => each.length === rows)
  );
}

interface Cut {
  /** The members' JSON by name, the last one where a name stands twice. */
  readonly texts: ReadonlyMap<string, Buffer>;
  readonly embeddings: Embeddings | null;
}

/** Members in any order. */
function cut(bytes: Buffer, vectors: EmbeddingsOptions | null): Cut {
  const texts = new Map<string, Buffer>();
  let embeddings: Embeddings | null = null;
  walkObject(bytes, (name, start) => {
    if (name === "embeddings" && vectors !== null) {
      const scanned = scanEmbeddings(bytes, start, vectors);
      embeddings = scanned.column;
      return scanned.end;
    }
    const end = skipValue(bytes, start);
    texts.set(name, bytes.subarray(start, end));
    return end;
  });
  return { texts, embeddings };
}

function column(texts: Cut["texts"], name: string): Buffer {
  const text = texts.get(name);
  if (text === undefined) throw notChroma(`no ${name}`);
  return text;
}

function idsOf(texts: Cut["texts"]): string[] {
  return idColumn.parse(JSON.parse(column(texts, "ids").toString()));
}

function textsOf(texts: Cut["texts"], name: string): (string | null)[] {
  return textColumn.parse(JSON.parse(column(texts, name).toString()));
}

/** Each row's JSON text in an array of objects and nulls. */
export function metadataColumn(bytes: Buffer): (string | null)[] {
  const rows: unknown = JSON.parse(bytes.toString());
  if (!Array.isArray(rows)) throw notChroma("metadatas is not an array");
  const places = elementsOf(bytes, 0);
  return rows.map((row: unknown, at) => {
    if (row === null) return null;
    if (typeof row !== "object" || Array.isArray(row))
      throw notChroma("a metadata is not an object");
    return bytes.toString("utf8", places[2 * at], places[2 * at + 1]);
  });
}
