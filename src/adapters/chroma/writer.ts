/** Writes collections of our own into a Chroma: made by name and mark, filled by upserts, dropped by name. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { defaultVector, type RecordBatch } from "../../model/record.ts";
import type { CallOptions, StoreIdentity } from "../../store/port.ts";
import type { MadeCollection, NewCollection, RecordWriter } from "../../store/writer.ts";
import { parseJson } from "../../util/json.ts";
import { decode } from "./answer.ts";
import { CollectionCalls } from "./calls.ts";
import { listCollections } from "./catalog.ts";
import type { Served } from "./chroma-store.ts";
import type { ChromaClient } from "./client.ts";
import { CollectionDrops } from "./collection-drops.ts";
import { ListSupport } from "./list-support.ts";
import { assertHeld, hasLists } from "./record-check.ts";
import { RecordWrites } from "./record-writes.ts";
import type { Routes, Scope } from "./routes.ts";
import type { Takes } from "./takes.ts";

const madeAnswer = z.object({ id: z.string().min(1), metadata: z.unknown() });
const markAnswer = z.record(z.string(), z.unknown());

export class ChromaWriter implements RecordWriter {
  readonly identity: StoreIdentity;
  readonly lists: boolean;
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #takes: Takes;
  readonly #writes: RecordWrites;
  readonly #lists: ListSupport;
  readonly #drops: CollectionDrops;

  constructor(client: ChromaClient, routes: Routes, scope: Scope, served: Served) {
    const { kind, version, quotas, takes } = served;
    this.#client = client;
    this.#routes = routes;
    this.#takes = takes;
    this.#writes = new RecordWrites(client, routes, quotas.recordsMax);
    this.#lists = new ListSupport(client, routes, takes);
    const calls = new CollectionCalls(client, routes);
    this.#drops = new CollectionDrops(calls, this.#writes, this.#lists, routes, served);
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
    const answer = await this.#writes.send("POST", this.#routes.collection(null), body, options);
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
    assertHeld(batch, {
      takes: this.#takes,
      lists: hasLists(batch) && (await this.#lists.taken(collection.key, options)),
      dimension: vectors.dimension,
      ownKeys: 0,
      mixedNumbers: false,
      keyOf: (row) => batch.ids[row] ?? "",
    });
    const { documents, uris, metadata } = batch.payload;
    const rows = { ids: batch.ids, vectors, documents, uris, metadata };
    await this.#writes.write(collection.key, rows, "upsert", options);
  }

  async drop(name: string, options: CallOptions = {}): Promise<void> {
    const listed = await listCollections(this.#client, this.#routes, options.signal);
    const there = listed.find((one) => one.name === name);
    if (there !== undefined) await this.#drops.drop(there, options);
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
}
