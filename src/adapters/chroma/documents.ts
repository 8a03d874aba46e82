import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec } from "../../model/collection.ts";
import { type Metadata, parseWhere, toWhere, type Where } from "../../model/filter.ts";
import { tenantKey } from "../../model/layout.ts";
import type { PointBatch, RecordFailure } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { denseVector } from "../../model/vector-column.ts";
import {
  type CollectionsOptions,
  type DocumentCollection,
  type DocumentCountOptions,
  type DocumentHit,
  type DocumentScanOptions,
  type DocumentSearchOptions,
  type DocumentSelector,
  type DocumentStore,
  type DocumentWriteOptions,
  largestFirst,
  type TenantCount,
} from "../../store/documents.ts";
import type {
  CallOptions,
  Capabilities,
  IdsOptions,
  ReadOptions,
  ReadResult,
  ScanOptions,
  StoreIdentity,
} from "../../store/port.ts";
import { CollectionCalls, missing } from "./calls.ts";
import { listCollections } from "./catalog.ts";
import { capabilitiesOf, countAll, type Served } from "./chroma-store.ts";
import type { ChromaClient } from "./client.ts";
import { CollectionDrops } from "./collection-drops.ts";
import { describeCollection } from "./describe.ts";
import { searchDocuments } from "./document-search.ts";
import { type Asked, askFor, type Wanted } from "./document-where.ts";
import { assertChromaName, changedMetadata, firstMetadata } from "./ensure.ts";
import { encodeFlat, isMarked, isTenanted, keyOf, ownKeys, placed } from "./flat.ts";
import { listIds } from "./ids.ts";
import { ListSupport } from "./list-support.ts";
import { PageSize, type Quotas } from "./quotas.ts";
import { readRecords } from "./reader.ts";
import { assertHeld, hasLists } from "./record-check.ts";
import { RecordSize } from "./record-size.ts";
import { RecordWrites } from "./record-writes.ts";
import type { Routes, Scope } from "./routes.ts";
import { metadataOf, type Reach, selectedIds, sortedIds } from "./selection.ts";
import type { Takes } from "./takes.ts";

/** Records of a batch that `scan` gives, unless told otherwise. */
const scanRows = 1000;

/**
 * One tenant and database of a Chroma, with the documents of applications in it. A point's id is the id under which its record
 * stands there: in a plain collection the record's own. Payload indexes, quantization, shards and replicas are no settings of a
 * Chroma: `ensure` takes them and has nothing to do for them.
 */
export class ChromaDocuments implements DocumentStore {
  readonly identity: StoreIdentity;
  readonly capabilities: Capabilities;
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #scope: Scope;
  readonly #calls: CollectionCalls;
  readonly #quotas: Quotas;
  readonly #takes: Takes;
  readonly #size: RecordSize;
  readonly #writes: RecordWrites;
  readonly #lists: ListSupport;
  readonly #drops: CollectionDrops;
  /** Uuids of collections by name, believed until the server denies one. */
  readonly #keys = new Map<string, string>();

  constructor(client: ChromaClient, routes: Routes, scope: Scope, served: Served) {
    const { kind, version, quotas, takes } = served;
    this.identity = { kind, address: client.url, ...scope, version };
    this.capabilities = capabilitiesOf(quotas, { notes: true });
    this.#client = client;
    this.#routes = routes;
    this.#scope = scope;
    this.#calls = new CollectionCalls(client, routes);
    this.#quotas = quotas;
    this.#takes = takes;
    this.#size = new RecordSize(new PageSize(quotas.recordsMax, quotas.enforced));
    this.#writes = new RecordWrites(client, routes, served);
    this.#lists = new ListSupport(client, routes, takes);
    this.#drops = new CollectionDrops(this.#calls, this.#writes, this.#lists, routes, served);
  }

  async collections(options: CollectionsOptions = {}): Promise<DocumentCollection[]> {
    const { names, signal } = options;
    const infos: CollectionInfo[] = [];
    for (const listed of await listCollections(this.#client, this.#routes, signal)) {
      if (names !== undefined && !names.includes(listed.name)) continue;
      const asked = { ...(signal && { signal }) };
      infos.push(await describeCollection(this.#calls, this.#scope, listed, this.#size, asked));
    }
    return infos;
  }

  async count(collection: CollectionInfo, options: DocumentCountOptions = {}): Promise<number> {
    const { mark, signal, tenant, where } = options;
    if (tenant === undefined && mark === undefined && where === undefined)
      return countAll(this.#calls, collection, signal);
    const isMeant = mark === undefined ? undefined : (one: Metadata) => isMarked(one, mark);
    let count = 0;
    for await (const ids of this.#select(collection, { tenant, where, mark: isMeant }, signal))
      count += ids.length;
    return count;
  }

  ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    return listIds(this.#calls, collection, options, this.#quotas);
  }

  async read(
    collection: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult<PointBatch>> {
    const tenanted = isTenanted(collection);
    const found = await readRecords(this.#calls, collection, keys, options, this.#size);
    return { ...found, batch: placed(found.batch, tenanted) };
  }

  /** Gathers the ids first, on disk where there are many. @throws E_SERVER for a record that the server cannot answer */
  async *scan(
    collection: CollectionInfo,
    options: DocumentScanOptions & ScanOptions = {},
  ): AsyncGenerator<PointBatch> {
    const { batchSize = scanRows, from, signal, tenant, to, vectors = true, where } = options;
    const found = this.#select(collection, { tenant, where }, signal);
    for await (const keys of sortedIds(found, batchSize, { from, to })) {
      const reading = { vectors, ...(signal && { signal }) };
      const { batch, failures } = await this.read(collection, keys, reading);
      const [failure] = failures;
      if (failure !== undefined) throw unreadable(collection, failure);
      const rows = inOrder(batch, keys, tenant);
      if (rows.ids.length > 0) yield rows;
    }
  }

  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: DocumentSearchOptions,
  ): Promise<DocumentHit[]> {
    const { collection: source, filter = [], signal, tenant, where } = options;
    const { dimension } = collection;
    if (dimension === null) return [];
    if (vector.length !== dimension) {
      throw new VectorError(
        "E_REJECTED",
        `The query has ${vector.length} components, the vectors of collection ${JSON.stringify(collection.name)} have ${dimension}.`,
        { details: { found: vector.length, wanted: dimension } },
      );
    }
    const matches = toWhere(filter);
    const every = [where, matches && parseWhere(matches)].filter((one) => one !== undefined);
    const wanted = {
      tenant,
      where: every.length < 2 ? every[0] : { every },
      mark:
        source === undefined ? undefined : (one: Metadata) => isMarked(one, { collection: source }),
    };
    const asked = await this.#ask(collection, wanted, signal);
    if (asked === null) return [];
    return searchDocuments(this.#reach(collection, signal), {
      vector,
      options,
      asked,
      tenanted: isTenanted(collection),
      resultsMax: this.#takes.resultsMax,
      size: this.#size,
    });
  }

  async ensure(spec: CollectionSpec, options: CallOptions = {}): Promise<{ created: boolean }> {
    assertChromaName(spec.name, this.#takes.nameMax);
    const { signal } = options;
    const [there] = await this.collections({ ...options, names: [spec.name] });
    if (there !== undefined) {
      await this.#change(spec, there, options);
      return { created: false };
    }
    // Of one that was made although its answer was lost, a second try tells the same.
    const body = `{"name":${JSON.stringify(spec.name)},"metadata":${firstMetadata(spec)},"get_or_create":true}`;
    await this.#writes.send("POST", this.#routes.collection(null), body, {
      ...(signal && { signal }),
    });
    this.#keys.delete(spec.name);
    return { created: true };
  }

  async write(
    spec: CollectionSpec,
    batch: PointBatch,
    options: DocumentWriteOptions = {},
  ): Promise<void> {
    const { mode = "upsert", signal } = options;
    if (batch.ids.length === 0) return;
    const { dimension, tenanted } = spec;
    const keyOfRow = (row: number): string => keyOf(batch, row, tenanted);
    await this.#inCollection(spec.name, signal, async (key) => {
      assertHeld(batch, {
        takes: this.#takes,
        lists: hasLists(batch) && (await this.#lists.taken(key, { ...(signal && { signal }) })),
        dimension,
        ownKeys: tenanted ? ownKeys.length : 0,
        mixedNumbers: tenanted,
        exactNumbers: false,
        keyOf: keyOfRow,
      });
      const vectors = denseVector(batch);
      if (vectors === undefined) return;
      const { documents, uris } = batch.payload;
      const ids = batch.ids.map((_, row) => keyOfRow(row));
      const metadata = ids.map((_, row) => encodeFlat(batch, row, tenanted));
      const rows = { ids, vectors, documents, uris, metadata };
      await this.#writes.write(key, rows, mode, { ...(signal && { signal }) });
    });
  }

  async remove(
    collection: CollectionInfo,
    selector: DocumentSelector,
    options: CallOptions = {},
  ): Promise<void> {
    const { signal } = options;
    if ("everything" in selector) {
      this.#keys.delete(collection.name);
      return this.#drops.drop(collection, options);
    }
    if ("points" in selector) return this.#writes.remove(collection.key, selector.points, options);
    const wanted =
      "run" in selector ? { mark: (one: Metadata) => isMarked(one, selector) } : selector;
    // All ids first: what is taken away shifts the pages of a listing.
    const ids: AsyncIterable<string[]> = this.#select(collection, wanted, signal);
    for await (const some of sortedIds(ids, this.#quotas.recordsMax, {}))
      await this.#writes.remove(collection.key, some, options);
  }

  async tenants(
    collection: CollectionInfo,
    { limit, signal }: CallOptions & { readonly limit: number },
  ): Promise<TenantCount[]> {
    const counts = new Map<string, number>();
    if (!isTenanted(collection)) return [];
    for await (const rows of metadataOf(this.#reach(collection, signal), undefined)) {
      for (const [, metadata] of rows) {
        const tenant = metadata[tenantKey];
        if (typeof tenant === "string") counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
      }
    }
    const tenants = Array.from(counts, ([tenant, count]) => ({ tenant, count }));
    return largestFirst(tenants, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  #reach(collection: CollectionInfo, signal: AbortSignal | undefined): Reach {
    return { calls: this.#calls, collection, quotas: this.#quotas, signal };
  }

  /** How the server is asked for the records that are meant; null = none can be. */
  async #ask(
    collection: CollectionInfo,
    wanted: Omit<Wanted, "tenanted">,
    signal: AbortSignal | undefined,
  ): Promise<Asked | null> {
    const asksLists = wanted.where ? namesLists(wanted.where) : false;
    const lists =
      asksLists && (await this.#lists.taken(collection.key, { ...(signal && { signal }) }));
    return askFor({ ...wanted, tenanted: isTenanted(collection) }, this.#takes, lists);
  }

  async *#select(
    collection: CollectionInfo,
    wanted: Omit<Wanted, "tenanted">,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string[]> {
    const asked = await this.#ask(collection, wanted, signal);
    if (asked !== null) yield* selectedIds(this.#reach(collection, signal), asked);
  }

  async #change(spec: CollectionSpec, info: CollectionInfo, options: CallOptions): Promise<void> {
    const metadata = changedMetadata(spec, info);
    if (metadata === null) return;
    const body = `{"new_metadata":${metadata}}`;
    await this.#writes.send("PUT", this.#routes.change(info.key), body, options);
  }

  /** `work` with the uuid of the collection; once more with its new one where it was made anew meanwhile. @throws E_COLLECTION_NOT_FOUND */
  async #inCollection(
    name: string,
    signal: AbortSignal | undefined,
    work: (key: string) => Promise<void>,
  ): Promise<void> {
    const known = this.#keys.get(name);
    try {
      return await work(known ?? (await this.#find(name, signal)));
    } catch (error) {
      this.#keys.delete(name);
      if (known === undefined || !isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
    }
    return work(await this.#find(name, signal));
  }

  async #find(name: string, signal: AbortSignal | undefined): Promise<string> {
    const listed = await listCollections(this.#client, this.#routes, signal);
    const there = listed.find((one) => one.name === name);
    if (there === undefined) throw missing(name, listed);
    this.#keys.set(name, there.key);
    return there.key;
  }
}

function namesLists(where: Where): boolean {
  if ("every" in where) return where.every.some(namesLists);
  if ("some" in where) return where.some.some(namesLists);
  return where.operator === "$contains" || where.operator === "$not_contains";
}

function unreadable({ name }: CollectionInfo, { id, reason, detail }: RecordFailure): VectorError {
  return new VectorError(
    "E_SERVER",
    `Collection ${JSON.stringify(name)} has a record that cannot be read, ${JSON.stringify(id)}: ${detail}`,
    { retryable: false, details: { collection: name, id, reason } },
  );
}

/** The rows in the order of their keys; those alone that are the tenant's, where one is named. */
function inOrder(
  batch: PointBatch,
  keys: readonly string[],
  tenant: string | undefined,
): PointBatch {
  const { points, tenants } = batch.placement;
  const rows = new Map(points.map((point, row) => [point, row]));
  const wanted = keys.flatMap((key) => rows.get(key) ?? []);
  return pickRows(
    batch,
    tenant === undefined ? wanted : wanted.filter((row) => tenants[row] === tenant),
  );
}
