/** Writes collections of our own into a Chroma: made by name and mark, filled by upserts, dropped by name. */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import { type DenseColumn, defaultVector, type RecordBatch } from "../../model/record.ts";
import type { CallOptions, StoreIdentity } from "../../store/port.ts";
import type { MadeCollection, NewCollection, RecordWriter } from "../../store/writer.ts";
import { floatText, parseJson } from "../../util/json.ts";
import { decode } from "./answer.ts";
import { listCollections } from "./catalog.ts";
import type { Served } from "./chroma-store.ts";
import type { ChromaClient } from "./client.ts";
import type { Routes, Scope } from "./routes.ts";

const madeAnswer = z.object({ id: z.string().min(1), metadata: z.unknown() });
const markAnswer = z.record(z.string(), z.unknown());

export class ChromaWriter implements RecordWriter {
  readonly identity: StoreIdentity;
  readonly lists: boolean;
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #rowsMax: number;

  constructor(client: ChromaClient, routes: Routes, scope: Scope, served: Served) {
    const { kind, version, quotas } = served;
    this.#client = client;
    this.#routes = routes;
    this.#rowsMax = quotas.recordsMax;
    this.identity = { kind, address: client.url, ...scope, version };
    // The servers before 1.0 take lists over HTTP and keep nothing of them; those before 1.5 refuse them.
    this.lists = !(version?.startsWith("0.") ?? false);
  }

  async make(collection: NewCollection, options: CallOptions = {}): Promise<MadeCollection> {
    const { name, distance } = collection;
    const listed = await listCollections(this.#client, this.#routes, options.signal);
    const there = listed.find((one) => one.name === name);
    if (there !== undefined) {
      this.#assertOurs(collection, parseJson(there.metadata ?? "null"));
      return { key: there.key, name };
    }
    // Every version looks for the distance there. Of one that was made although its answer was lost, a second try tells.
    const metadata = { "hnsw:space": distance, ...collection.metadata };
    const body = JSON.stringify({ name, metadata, get_or_create: true });
    const answer = await this.#write("POST", this.#routes.collection(null), body, options);
    const made = decode(answer, (value) => madeAnswer.parse(value));
    this.#assertOurs(collection, made.metadata);
    return { key: made.id, name };
  }

  async write(
    collection: MadeCollection,
    batch: RecordBatch,
    options: CallOptions = {},
  ): Promise<void> {
    const vectors = batch.vectors.get(defaultVector);
    if (vectors === undefined) throw new VectorError("E_INTERNAL", "Records without vectors.");
    const path = this.#routes.records(collection.key, "upsert");
    for (let start = 0; start < batch.ids.length; start += this.#rowsMax) {
      const end = Math.min(batch.ids.length, start + this.#rowsMax);
      await this.#write("POST", path, upsertBody(batch, vectors, start, end), options);
    }
  }

  async drop(name: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#write("DELETE", this.#routes.collection(name), undefined, options);
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  /** @throws E_SCHEMA_CONFLICT where the metadata of what stands there has not our marks */
  #assertOurs({ name, metadata }: NewCollection, there: unknown): void {
    const found = markAnswer.safeParse(there).data ?? {};
    if (Object.entries(metadata).every(([mark, text]) => found[mark] === text)) return;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `${this.#client.url} has another collection ${JSON.stringify(name)} already.`,
      { details: { collection: name } },
    );
  }

  async #write(
    method: "POST" | "DELETE",
    path: string,
    body: string | undefined,
    { signal }: CallOptions,
  ): Promise<unknown> {
    try {
      return await this.#client.write(method, path, body, { signal });
    } catch (error) {
      if (!isVectorError(error, "E_SERVER") || error.retryable) throw error;
      throw new VectorError("E_REJECTED", error.message, {
        cause: error,
        details: error.details,
        next: "This Chroma refuses to be written to so; its own words are in the message.",
      });
    }
  }
}

/** Numbers of the metadata go out as they are written; components as the shortest digits of their float32. */
function upsertBody(batch: RecordBatch, vectors: DenseColumn, start: number, end: number): string {
  const { documents, uris, metadata } = batch.payload;
  const rows = (column: readonly unknown[]): string => JSON.stringify(column.slice(start, end));
  const embeddings: string[] = [];
  for (let row = start; row < end; row += 1) {
    const { data, dimension } = vectors;
    const vector = data.subarray(row * dimension, (row + 1) * dimension);
    embeddings.push(`[${Array.from(vector, (component) => floatText(component)).join(",")}]`);
  }
  const metadatas = metadata.slice(start, end).map((text) => text ?? "null");
  return (
    `{"ids":${rows(batch.ids)},"embeddings":[${embeddings.join(",")}],"documents":${rows(documents)},` +
    `"uris":${rows(uris)},"metadatas":[${metadatas.join(",")}]}`
  );
}
