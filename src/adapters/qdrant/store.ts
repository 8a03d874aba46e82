/** Qdrant as a store: a server, a cluster, Qdrant Cloud, or the embedded engine. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec } from "../../model/collection.ts";
import { assertCollectionName } from "../../model/collection-name.ts";
import type { Where } from "../../model/filter.ts";
import { tenantKey } from "../../model/layout.ts";
import { joinPoints } from "../../model/parts.ts";
import type { PointBatch } from "../../model/record.ts";
import type {
  CollectionsOptions,
  DocumentCollection,
  DocumentCountOptions,
  DocumentHit,
  DocumentScanOptions,
  DocumentSearchOptions,
  DocumentSelector,
  DocumentStore,
  DocumentWriteOptions,
  TenantCount,
} from "../../store/documents.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import type {
  CallOptions,
  Capabilities,
  EnsureOptions,
  IdsOptions,
  PointDigests,
  ReadOptions,
  ReadResult,
  ScanOptions,
  StoreIdentity,
} from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { CollectionState, PointFilter, QdrantApi, ReadColumns } from "./api.ts";
import { toBatch, toColumns } from "./convert.ts";
import { digestPages } from "./digest-pages.ts";
import { connectEmbedded } from "./embedded.ts";
import { ensureCollection, findCollection } from "./ensure.ts";
import { factsOf } from "./facts.ts";
import { markFilter, type Scope, scopeFilter } from "./filter.ts";
import { infoOf } from "./info.ts";
import { writeInMode } from "./modes.ts";
import { countPages, type ScanOptions as PageOptions, retrieveAll, scanPages } from "./paging.ts";
import type { QdrantOptions } from "./rest-client.ts";
import { connectServer, type ServerAddress } from "./road.ts";
import { findNearest } from "./search.ts";
import { wantedVectors } from "./shapes.ts";
import { byShard } from "./shards.ts";

/** Ids a chunk, and points a request to delete. */
const idsChunk = 10_000;
const scanRows = 5_000;
const deleteRows = 5_000;

/**
 * Opens the Qdrant at `url` (`http(s)://host:port`): by REST, and points by gRPC where its port is shown to be the same server's.
 * @throws E_UNREACHABLE, E_TIMEOUT, E_NOT_QDRANT, E_NOT_SUPPORTED (older than 1.10), E_AUTH, E_CONFIG (CA file, a gRPC port that
 * was named and is not this server's); where a gRPC port was named, every call for points may find so
 */
export async function openQdrant(
  address: ServerAddress,
  options: QdrantOptions = {},
): Promise<DocumentStore> {
  return new QdrantStore(await connectServer(address, options));
}

/** Opens an embedded Qdrant: a folder (made where it is not there), or ':memory:'. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED */
export async function openEmbedded(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<DocumentStore> {
  return new QdrantStore(await connectEmbedded(path, withSignal(options.signal)));
}

class QdrantStore implements DocumentStore {
  readonly identity: StoreIdentity;
  readonly capabilities: Capabilities;
  readonly #api: QdrantApi;
  /** What strict mode lets through, by collection; read once, when a collection is first ensured or written. */
  readonly #upsertRows = new Map<string, number>();
  #closed = false;

  constructor(api: QdrantApi) {
    const { kind, address, version, notes, bodyBytesMax, concurrency } = api;
    this.#api = api;
    this.identity = { kind, address, tenant: null, database: null, version };
    this.capabilities = {
      batchSizeMax: null,
      bodyBytesMax,
      concurrency,
      live: kind === "qdrant",
      where: false,
      vectorUlps: 0,
      notes,
    };
  }

  async collections(options: CollectionsOptions = {}): Promise<DocumentCollection[]> {
    const { names, memory = false, signal } = options;
    this.#begin(signal);
    const call = withSignal(signal);
    const infos: DocumentCollection[] = [];
    // Who names the collections knows them, and asks often.
    const aliases = names === undefined ? await this.#api.aliases(call) : null;
    for (const name of names ?? (await this.#api.list(call))) {
      const state = await findCollection(this.#api, name, call);
      if (state === null) continue;
      const bytes = memory ? await this.#api.memory(name, call) : null;
      const own = (aliases ?? []).flatMap(({ alias, collection }) =>
        collection === name ? [alias] : [],
      );
      const info = infoOf(state, {
        ...(own.length === 0 ? {} : { aliases: own.sort() }),
        ...(state.sharded ? { shardKeys: await this.#api.shardKeys(name, call) } : {}),
      });
      infos.push({ ...info, ...(bytes === null ? {} : { memoryBytes: bytes }) });
    }
    return infos;
  }

  async count(collection: CollectionInfo, options: DocumentCountOptions = {}): Promise<number> {
    this.#begin(options.signal);
    const { name } = collection;
    const filter = filterOf(collection, options);
    const call = withSignal(options.signal);
    try {
      return await this.#named(name, this.#api.count(name, { filter, ...call }));
    } catch (error) {
      const refused = isVectorError(error, "E_REJECTED");
      if (!refused || (await this.#state(name, call)).countsExactly) throw error;
    }
    const scan = await this.#scanOptions(collection, idsChunk, options.signal);
    let count = 0;
    for (const shard of shardsOf(collection))
      count += await countPages(this.#api, name, { ...scan, filter, shard });
    return count;
  }

  async *ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    const { where, limit = Number.POSITIVE_INFINITY, chunk = idsChunk, signal } = options;
    this.#begin(signal);
    if (where !== undefined)
      throw new VectorError("E_NOT_SUPPORTED", "Qdrant does not take Chroma's where.");
    const scan = await this.#scanOptions(collection, Math.min(chunk, idsChunk), signal);
    let left = limit;
    if (left <= 0) return;
    for (const shard of shardsOf(collection)) {
      const asked = { ...scan, payload: false, vectors: [], shard };
      for await (const { points } of scanPages(this.#api, collection.name, asked)) {
        yield points.slice(0, left);
        left -= points.length;
        if (left <= 0) return;
      }
    }
  }

  async read(
    collection: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult<PointBatch>> {
    const { vectors = true, signal } = options;
    this.#begin(signal);
    const { name } = collection;
    const wanted = readColumns(collection, vectors, signal);
    const { layout } = factsOf(collection);
    const batches: PointBatch[] = [];
    for (const shard of shardsOf(collection)) {
      const asked = retrieveAll(this.#api, name, keys, { ...wanted, shard });
      batches.push(toBatch(await this.#named(name, asked), layout, shard));
    }
    const batch = joinPoints(batches);
    const found = new Set(batch.placement.points);
    return {
      batch,
      absent: keys.filter((key) => !found.has(key)),
      failures: [],
    };
  }

  async *scan(
    collection: CollectionInfo,
    options: ScanOptions & DocumentScanOptions = {},
  ): AsyncGenerator<PointBatch> {
    const { vectors = true, batchSize = scanRows, signal, from, to } = options;
    this.#begin(signal);
    const { layout } = factsOf(collection);
    const start = from === undefined ? {} : { from };
    const filter = filterOf(collection, options);
    const pages = await this.#scanOptions(collection, batchSize, signal);
    const scan = { ...pages, ...readColumns(collection, vectors, signal), filter, ...start, to };
    for (const shard of shardsOf(collection)) {
      for await (const columns of scanPages(this.#api, collection.name, { ...scan, shard }))
        yield toBatch(columns, layout, shard);
    }
  }

  async *digests(
    collection: CollectionInfo,
    options: CallOptions & Pick<ScanOptions, "from" | "to"> = {},
  ): AsyncGenerator<PointDigests> {
    const { signal, from, to } = options;
    this.#begin(signal);
    const pages = await this.#scanOptions(collection, scanRows, signal);
    const scan = { ...pages, ...(from === undefined ? {} : { from }), to };
    yield* digestPages(this.#api, collection, scan, shardsOf(collection));
  }

  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: DocumentSearchOptions,
  ): Promise<DocumentHit[]> {
    this.#begin(options.signal);
    const { name } = collection;
    return findNearest(collection, vector, options, (query) =>
      this.#named(name, this.#api.query(name, query)),
    );
  }

  async ensure(spec: CollectionSpec, options: EnsureOptions = {}): Promise<{ created: boolean }> {
    this.#begin(options.signal);
    assertCollectionName(spec.name);
    const made = await ensureCollection(this.#api, spec, options);
    if (options.pointsFollow) await this.#api.beforeWrites?.(spec.name, withSignal(options.signal));
    return made;
  }

  async write(
    spec: CollectionSpec,
    batch: PointBatch,
    options: DocumentWriteOptions = {},
  ): Promise<void> {
    const { mode, signal } = options;
    this.#begin(signal);
    const call = withSignal(signal);
    const { name, layout } = spec;
    const rows = await this.#upsertRowsMax(name, call);
    for (const [shard, part] of byShard(batch)) {
      for (let start = 0; start < part.ids.length; start += rows) {
        const end = Math.min(part.ids.length, start + rows);
        const columns = toColumns(part, start, end, layout);
        await this.#named(name, writeInMode(this.#api, name, columns, { ...call, mode, shard }));
      }
    }
  }

  async remove(
    collection: CollectionInfo,
    selector: DocumentSelector,
    options: CallOptions = {},
  ): Promise<void> {
    this.#begin(options.signal);
    const { name } = collection;
    if ("points" in selector) return this.#removePoints(name, selector.points, options);
    if ("everything" in selector) {
      await this.#state(name, options);
      this.#upsertRows.delete(name);
      return this.#api.drop(name, options);
    }
    if ("run" in selector) return this.#removeMarked(collection, selector, options);
    return this.#removeOf(collection, selector, options);
  }

  async tenants(
    collection: CollectionInfo,
    options: CallOptions & { readonly limit: number },
  ): Promise<TenantCount[]> {
    this.#begin(options.signal);
    const { name } = collection;
    return this.#named(name, this.#api.facet(name, tenantKey, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#api[Symbol.asyncDispose]();
  }

  async #removePoints(
    name: string,
    points: readonly string[],
    options: CallOptions,
  ): Promise<void> {
    for (let start = 0; start < points.length; start += deleteRows) {
      const some = points.slice(start, start + deleteRows);
      await this.#named(name, this.#api.delete(name, { points: some }, options));
    }
  }

  async #removeMarked(
    collection: CollectionInfo,
    mark: { readonly run: string; readonly collection?: string },
    options: CallOptions,
  ): Promise<void> {
    const { name } = collection;
    const { deletesUnindexed } = await this.#state(name, options);
    if (deletesUnindexed) return this.#api.delete(name, { filter: markFilter(mark) }, options);
    for await (const { placement } of this.scan(collection, { ...options, vectors: false })) {
      const { points, runs, collections } = placement;
      const marked = points.filter(
        (_, row) =>
          runs[row] === mark.run &&
          (mark.collection === undefined || collections[row] === mark.collection),
      );
      await this.#removePoints(name, marked, options);
    }
  }

  async #removeOf(
    collection: CollectionInfo,
    { tenant, where }: { readonly tenant: string; readonly where: Where | null },
    options: CallOptions,
  ): Promise<void> {
    const { name } = collection;
    const scope = where === null ? { tenant } : { tenant, where };
    const filter = filterOf(collection, scope);
    const { deletesUnindexed } = await this.#state(name, options);
    if (filter !== undefined && (deletesUnindexed || where === null))
      return this.#api.delete(name, { filter }, options);
    for await (const { placement } of this.scan(collection, {
      ...scope,
      ...options,
      vectors: false,
    }))
      await this.#removePoints(name, placement.points, options);
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new VectorError("E_CLOSED", `${this.identity.address} is closed.`);
    throwIfAborted(signal);
  }

  /** @throws E_COLLECTION_NOT_FOUND with the names that exist */
  async #state(name: string, options: CallOptions): Promise<CollectionState> {
    return this.#named(name, this.#api.get(name, options));
  }

  /** The call's result; where the collection is not there, an error with the names that are. */
  async #named<Result>(name: string, call: Promise<Result>): Promise<Result> {
    try {
      return await call;
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
      throw missingCollection(this.identity.address, name, await this.#api.list(), error);
    }
  }

  async #scanOptions(
    collection: CollectionInfo,
    rowsMax: number,
    signal: AbortSignal | undefined,
  ): Promise<PageOptions> {
    const { pageRowsMax } = await this.#state(collection.name, withSignal(signal));
    const rows = Math.max(1, Math.min(rowsMax, pageRowsMax ?? rowsMax));
    return { ...readColumns(collection, true, signal), rowsMax: rows };
  }

  async #upsertRowsMax(name: string, options: CallOptions): Promise<number> {
    const known = this.#upsertRows.get(name);
    if (known !== undefined) return known;
    const { upsertRowsMax } = await this.#state(name, options);
    const rows = upsertRowsMax ?? Number.MAX_SAFE_INTEGER;
    this.#upsertRows.set(name, rows);
    return rows;
  }
}

function filterOf(collection: CollectionInfo, scope: Scope): PointFilter | undefined {
  return scopeFilter(scope, factsOf(collection).asking);
}

function withSignal(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal };
}

function readColumns(
  collection: CollectionInfo,
  vectors: boolean,
  signal: AbortSignal | undefined,
): ReadColumns {
  return {
    payload: true,
    vectors: vectors ? wantedVectors(collection) : [],
    ...withSignal(signal),
  };
}

/** Shards that are read one after the other, for a point may stand in several; undefined = all as one. */
function shardsOf({ shardKeys }: CollectionInfo): readonly (string | undefined)[] {
  return shardKeys?.map(({ key }) => key) ?? [undefined];
}
