/** Writes records into a Chroma as they are: the writing half of the store that reads them. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { RecordBatch, RecordFailure } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { CallOptions } from "../../store/port.ts";
import type {
  EnsuredCollection,
  RecordCollectionSpec,
  RecordTarget,
} from "../../store/record-target.ts";
import { CollectionCalls, isUnclear } from "./calls.ts";
import { listCollections } from "./catalog.ts";
import { ChromaStore, type Served } from "./chroma-store.ts";
import type { ChromaClient } from "./client.ts";
import { CollectionDrops } from "./collection-drops.ts";
import { describeCollection } from "./describe.ts";
import { assertChromaName } from "./ensure.ts";
import { nearestMetadata, spelledMetadata } from "./float-spelling.ts";
import { ListSupport } from "./list-support.ts";
import { PageSize } from "./quotas.ts";
import { assertHeld, type CheckOptions, hasLists, recordFaults } from "./record-check.ts";
import { assertFits, creationBodies } from "./record-creation.ts";
import { RecordSize } from "./record-size.ts";
import { RecordWrites } from "./record-writes.ts";
import type { Routes, Scope } from "./routes.ts";

export class ChromaRecordTarget extends ChromaStore implements RecordTarget {
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #scope: Scope;
  readonly #served: Served;
  readonly #calls: CollectionCalls;
  readonly #writes: RecordWrites;
  readonly #lists: ListSupport;
  readonly #drops: CollectionDrops;

  constructor(client: ChromaClient, routes: Routes, scope: Scope, served: Served) {
    super(client, routes, scope, served);
    this.#client = client;
    this.#routes = routes;
    this.#scope = scope;
    this.#served = served;
    this.#calls = new CollectionCalls(client, routes);
    this.#writes = new RecordWrites(client, routes, served);
    this.#lists = new ListSupport(client, routes, served.takes);
    this.#drops = new CollectionDrops(this.#calls, this.#writes, this.#lists, routes, served);
  }

  assertName(name: string): void {
    assertChromaName(name, this.#served.takes.nameMax);
  }

  async ensure(spec: RecordCollectionSpec, options: CallOptions = {}): Promise<EnsuredCollection> {
    this.assertName(spec.name);
    const there = await this.#find(spec.name, options);
    if (there !== null) return { created: false, collection: fitting(spec, there) };
    await this.#make(spec, options);
    const made = await this.#find(spec.name, options);
    if (made !== null) return { created: true, collection: fitting(spec, made) };
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `The Chroma at ${this.#client.url} does not list collection ${JSON.stringify(spec.name)}, which was just made there.`,
      { details: { collection: spec.name } },
    );
  }

  async faults(
    collection: CollectionInfo,
    batch: RecordBatch,
    options: CallOptions = {},
  ): Promise<RecordFailure[]> {
    return recordFaults(batch, await this.#check(collection, batch, options));
  }

  nearest(batch: RecordBatch): RecordBatch {
    const { floatReads } = this.#served.takes;
    const metadata = batch.payload.metadata.map((text) =>
      text === null ? null : nearestMetadata(text, floatReads),
    );
    return { ...batch, payload: { ...batch.payload, metadata } };
  }

  async write(
    collection: CollectionInfo,
    batch: RecordBatch,
    options: CallOptions = {},
  ): Promise<void> {
    if (batch.ids.length === 0) return;
    assertHeld(batch, await this.#check(collection, batch, options));
    const vectors = denseVector(batch);
    if (vectors === undefined) throw new VectorError("E_INTERNAL", "Records without vectors.");
    const { documents, uris, metadata } = batch.payload;
    const rows = { ids: batch.ids, vectors, documents, uris, metadata };
    await this.#clear(collection, options, () =>
      this.#writes.write(collection.key, rows, "upsert", options),
    );
  }

  remove(
    collection: CollectionInfo,
    ids: readonly string[],
    options: CallOptions = {},
  ): Promise<void> {
    return this.#clear(collection, options, () =>
      this.#writes.remove(collection.key, ids, options),
    );
  }

  async drop(name: string, options: CallOptions = {}): Promise<void> {
    const listed = await listCollections(this.#client, this.#routes, options.signal);
    const there = listed.find((one) => one.name === name);
    if (there !== undefined) await this.#drops.drop(there, options);
  }

  /** `work`; where its error does not say whether the collection is gone, it is asked. */
  async #clear(
    collection: CollectionInfo,
    { signal }: CallOptions,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isVectorError(error, "E_SERVER") && isUnclear(error))
        await this.#calls.settle(collection, signal);
      throw error;
    }
  }

  async #check(
    { dimension, key }: CollectionInfo,
    batch: RecordBatch,
    options: CallOptions,
  ): Promise<CheckOptions> {
    return {
      takes: this.#served.takes,
      lists: hasLists(batch) && (await this.#lists.taken(key, options)),
      dimension: dimension ?? denseVector(batch)?.dimension ?? 0,
      ownKeys: 0,
      mixedNumbers: false,
      exactNumbers: true,
      keyOf: (row) => batch.ids[row] ?? "",
    };
  }

  async #find(name: string, options: CallOptions): Promise<CollectionInfo | null> {
    const listed = await listCollections(this.#client, this.#routes, options.signal);
    const there = listed.find((one) => one.name === name);
    if (there === undefined) return null;
    const { recordsMax, enforced } = this.#served.quotas;
    const size = new RecordSize(new PageSize(recordsMax, enforced));
    return describeCollection(this.#calls, this.#scope, there, size, options);
  }

  async #make(spec: RecordCollectionSpec, options: CallOptions): Promise<void> {
    const { kind, takes } = this.#served;
    // The metadata of a collection goes through no queue.
    const reads = takes.floatReads === 0 ? 0 : 1;
    const metadata = spec.metadata === null ? null : spelledMetadata(spec.metadata, reads);
    const [first = "", ...simpler] = creationBodies(
      { ...spec, metadata },
      {
        configuration: takes.configuration,
        spann: kind === "chroma-cloud",
      },
    );
    try {
      await this.#post(first, options);
    } catch (error) {
      const [next] = simpler;
      if (next === undefined || !isVectorError(error, "E_REJECTED")) throw error;
      await this.#post(next, options);
    }
  }

  async #post(body: string, options: CallOptions): Promise<void> {
    await this.#writes.send("POST", this.#routes.collection(null), body, options);
  }
}

/** What stands there, with the dimension that is wanted where nothing was written yet. @throws E_SCHEMA_CONFLICT */
function fitting(spec: RecordCollectionSpec, there: CollectionInfo): CollectionInfo {
  assertFits(spec, there);
  return { ...there, dimension: there.dimension ?? spec.dimension };
}
