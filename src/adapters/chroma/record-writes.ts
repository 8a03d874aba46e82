/**
 * Writes records into a collection of a Chroma, each as a whole. No version has a call for that: an upsert keeps the keys of the
 * metadata that it does not name, and the document and the uri that it does not give. So what stands there is looked at; a key
 * that is to go is sent as null, and a record that is to lose its document or uri is taken away and written anew: sent as null
 * they are kept from 1.0 on, and end the server's writer when they are named in the metadata.
 */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { DenseColumn } from "../../model/record.ts";
import type { WriteMode } from "../../store/documents.ts";
import type { CallOptions } from "../../store/port.ts";
import { floatText, sliceObject } from "../../util/json.ts";
import { notChroma } from "./answer.ts";
import type { Served } from "./chroma-store.ts";
import type { ChromaClient } from "./client.ts";
import { type FloatReads, spelledMetadata } from "./float-spelling.ts";
import { parseMetadata } from "./page.ts";
import type { Routes } from "./routes.ts";

/** Records as they will stand in a Chroma. All columns have `ids.length` rows. */
export interface WrittenRows {
  readonly ids: readonly string[];
  readonly vectors: DenseColumn;
  readonly documents: readonly (string | null)[];
  readonly uris: readonly (string | null)[];
  /** JSON texts of objects; null = none. */
  readonly metadata: readonly (string | null)[];
}

/** Servers from 1.0 on take bodies of up to 40 MiB (413 beyond); smaller ones travel as fast. */
const bodyChars = 8 * 1024 * 1024;

const textColumns = z.object({
  documents: z.array(z.string().nullable()).nullish(),
  uris: z.array(z.string().nullable()).nullish(),
});

/** What must be known of a record that is written over. */
interface Standing {
  readonly keys: readonly string[];
  readonly document: boolean;
  readonly uri: boolean;
}

/** A row on its way, with the JSON texts that it adds to a body. */
interface Row {
  readonly at: number;
  readonly metadata: string;
}

export class RecordWrites {
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #rowsMax: number;
  readonly #floatReads: FloatReads;

  constructor(client: ChromaClient, routes: Routes, served: Pick<Served, "quotas" | "takes">) {
    this.#client = client;
    this.#routes = routes;
    this.#rowsMax = served.quotas.recordsMax;
    this.#floatReads = served.takes.floatReads;
  }

  /** Writes all rows; of two with one id the last counts. @throws E_COLLECTION_NOT_FOUND; E_REJECTED where the server refuses them for good */
  async write(
    key: string,
    rows: WrittenRows,
    mode: WriteMode,
    options: CallOptions,
  ): Promise<void> {
    const last = new Map(rows.ids.map((id, at) => [id, at]));
    const places = [...last.values()];
    for (let start = 0; start < places.length; start += this.#rowsMax) {
      await this.#writePage(key, rows, places.slice(start, start + this.#rowsMax), mode, options);
    }
  }

  /** Takes records away; those that are not there are no error. */
  async remove(key: string, ids: readonly string[], options: CallOptions): Promise<void> {
    for (let start = 0; start < ids.length; start += this.#rowsMax) {
      const body = JSON.stringify({ ids: ids.slice(start, start + this.#rowsMax) });
      await this.send("POST", this.#routes.records(key, "delete"), body, options);
    }
  }

  /** The decoded answer to a request that changes something. @throws E_REJECTED where the server refuses it for good */
  async send(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body: string | undefined,
    { signal }: CallOptions,
  ): Promise<unknown> {
    try {
      return await this.#client.write(method, path, body, { signal });
    } catch (error) {
      if (!isVectorError(error, "E_SERVER") || error.retryable) throw error;
      const tooLarge = error.details["status"] === 413;
      throw new VectorError("E_REJECTED", error.message, {
        cause: error,
        details: { ...error.details, ...(tooLarge ? { tooLarge } : {}) },
        next: "This Chroma refuses to be written to so; its own words are in the message.",
      });
    }
  }

  async #writePage(
    key: string,
    rows: WrittenRows,
    places: readonly number[],
    mode: WriteMode,
    options: CallOptions,
  ): Promise<void> {
    if (mode === "insert") {
      const fresh = places.map((at) => ({ at, metadata: this.#metadata(rows, at) ?? "null" }));
      return this.#post(key, "add", rows, fresh, options);
    }
    const standing = await this.#standing(key, rows, places, options);
    const emptied: Row[] = [];
    const others: Row[] = [];
    for (const at of places) {
      const before = standing.get(rows.ids[at] ?? "");
      if (before === undefined && mode === "update") continue;
      const metadata = this.#metadata(rows, at);
      if (before !== undefined && losesText(rows, at, before))
        emptied.push({ at, metadata: metadata ?? "null" });
      else others.push({ at, metadata: withoutOld(metadata, before?.keys ?? []) });
    }
    await this.#post(key, mode, rows, others, options);
    if (emptied.length === 0) return;
    await this.remove(
      key,
      emptied.map(({ at }) => rows.ids[at] ?? ""),
      options,
    );
    await this.#post(key, "upsert", rows, emptied, options);
  }

  #metadata({ metadata }: WrittenRows, at: number): string | null {
    const text = metadata[at] ?? null;
    return text === null ? null : spelledMetadata(text, this.#floatReads);
  }

  async #standing(
    key: string,
    rows: WrittenRows,
    places: readonly number[],
    { signal }: CallOptions,
  ): Promise<ReadonlyMap<string, Standing>> {
    const documents = places.some((at) => (rows.documents[at] ?? null) === null);
    const uris = places.some((at) => (rows.uris[at] ?? null) === null);
    const include = ["metadatas", ...(documents ? ["documents"] : []), ...(uris ? ["uris"] : [])];
    const body = JSON.stringify({ ids: places.map((at) => rows.ids[at]), include });
    return this.#client.post(this.#routes.records(key, "get"), body, parseStanding, { signal });
  }

  /** A null in a column is not the same to every version: rows that have a document, or a uri, go apart from those that have none. */
  async #post(
    key: string,
    verb: "add" | "upsert" | "update",
    rows: WrittenRows,
    some: readonly Row[],
    options: CallOptions,
  ): Promise<void> {
    const path = this.#routes.records(key, verb);
    for (const document of [true, false]) {
      for (const uri of [true, false]) {
        const alike = some.filter(
          ({ at }) => hasText(rows.documents, at) === document && hasText(rows.uris, at) === uri,
        );
        for (const body of bodies(rows, alike, { document, uri }))
          await this.send("POST", path, body, options);
      }
    }
  }
}

function parseStanding(bytes: Buffer): ReadonlyMap<string, Standing> {
  const { ids, metadata } = parseMetadata(bytes);
  const { documents, uris } = textColumns.parse(JSON.parse(bytes.toString()));
  if (metadata.length !== ids.length) throw notChroma("columns of unequal length");
  return new Map(
    ids.map((id, at) => [
      id,
      {
        keys: [...sliceObject(metadata[at] ?? "{}").keys()],
        document: (documents?.[at] ?? null) !== null,
        uri: (uris?.[at] ?? null) !== null,
      },
    ]),
  );
}

function hasText(column: readonly (string | null)[], at: number): boolean {
  return (column[at] ?? null) !== null;
}

function losesText(rows: WrittenRows, at: number, before: Standing): boolean {
  return (
    (before.document && !hasText(rows.documents, at)) || (before.uri && !hasText(rows.uris, at))
  );
}

/** The metadata with null for each key that stood there and is to go. */
function withoutOld(metadata: string | null, standing: readonly string[]): string {
  if (standing.length === 0) return metadata ?? "null";
  const kept = sliceObject(metadata ?? "{}");
  const gone = standing.filter((key) => !kept.has(key));
  if (gone.length === 0) return metadata ?? "null";
  const inner = (metadata ?? "{}").trim().slice(1, -1).trim();
  const members = [
    ...(inner === "" ? [] : [inner]),
    ...gone.map((key) => `${JSON.stringify(key)}:null`),
  ];
  return `{${members.join(",")}}`;
}

/** Bodies of bounded size. Numbers of the metadata go out as they are written, but floats that the server would keep as others; components as the shortest digits of their float32. */
function* bodies(
  rows: WrittenRows,
  some: readonly Row[],
  has: { readonly document: boolean; readonly uri: boolean },
): Generator<string> {
  let part: Row[] = [];
  let vectors: string[] = [];
  let chars = 0;
  for (const row of some) {
    const vector = vectorText(rows.vectors, row.at);
    const size = vector.length + row.metadata.length + (rows.documents[row.at]?.length ?? 0);
    if (part.length > 0 && chars + size > bodyChars) {
      yield body(rows, part, vectors, has);
      part = [];
      vectors = [];
      chars = 0;
    }
    part.push(row);
    vectors.push(vector);
    chars += size;
  }
  if (part.length > 0) yield body(rows, part, vectors, has);
}

function body(
  rows: WrittenRows,
  part: readonly Row[],
  vectors: readonly string[],
  has: { readonly document: boolean; readonly uri: boolean },
): string {
  const column = (values: readonly (string | null)[]): string =>
    JSON.stringify(part.map(({ at }) => values[at] ?? null));
  return (
    `{"ids":${column(rows.ids)},"embeddings":[${vectors.join(",")}],` +
    (has.document ? `"documents":${column(rows.documents)},` : "") +
    (has.uri ? `"uris":${column(rows.uris)},` : "") +
    `"metadatas":[${part.map(({ metadata }) => metadata).join(",")}]}`
  );
}

function vectorText({ data, dimension }: DenseColumn, at: number): string {
  const vector = data.subarray(at * dimension, (at + 1) * dimension);
  return `[${Array.from(vector, (component) => floatText(component)).join(",")}]`;
}
