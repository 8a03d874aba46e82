/** The repository over any store that can hold documents of tenants. */
import { z } from "zod";
import { VectorError } from "../errors.ts";
import { tenantPointId } from "../model/point-id.ts";
import type { DocumentStore } from "../store/documents.ts";
import { orAborted, throwIfAborted } from "../util/abort.ts";
import { BulkRun, parseOperation } from "./bulk.ts";
import { Catalog, type TenantedCollection } from "./catalog.ts";
import { assertModel, distanceNames, toSpec } from "./creation.ts";
import { indexedKeys } from "./indexed-keys.ts";
import { badField, parseIds, parseInput } from "./input.ts";
import type { DocumentMetadata } from "./metadata.ts";
import { toWhere } from "./metadata-filter.ts";
import { rowDocument } from "./outgoing.ts";
import { parseSearch, searchDocuments } from "./search.ts";
import { QueryTimesByCollection, statisticsOf } from "./statistics.ts";
import { assertTenant } from "./tenant.ts";
import type {
  BulkResult,
  BulkVectorOperation,
  CollectionDescriptor,
  CollectionStatistics,
  QdrantCollectionConfig,
  RepositoryCallOptions,
  SearchResult,
  TenantScope,
  VectorDocument,
  VectorRepository,
  VectorSearchRequest,
} from "./types.ts";

/** How a repository comes to its store: at its first call, and once. */
export interface RepositoryStore {
  readonly kind: VectorRepository["kind"];
  /** Where it is, without any secret. */
  readonly address: string;
  /** Asked again at the next call, where it failed. Its signal is that of the repository's end. */
  readonly open: (options: { readonly signal: AbortSignal }) => Promise<DocumentStore>;
}

const readRows = 1000;
const timedCollections = 1000;
/** Codes of failures after which a collection may be another than it was known to be. */
const saysOtherwise: ReadonlySet<string> = new Set([
  "E_COLLECTION_NOT_FOUND",
  "E_DIMENSION",
  "E_REJECTED",
]);

interface Opened {
  readonly store: DocumentStore;
  readonly catalog: Catalog;
}

/** See `VectorRepository` for what each call promises. */
export class StoreRepository implements VectorRepository {
  readonly kind: VectorRepository["kind"];
  readonly address: string;
  readonly #open: RepositoryStore["open"];
  readonly #times = new QueryTimesByCollection(timedCollections);
  readonly #end = new AbortController();
  #opening: Promise<Opened> | null = null;
  /** What was opened. */
  #standing: Opened | null = null;

  constructor({ kind, address, open }: RepositoryStore) {
    this.kind = kind;
    this.address = address;
    this.#open = open;
  }

  /** A repository over a store that is open, and that it closes. */
  static over(store: DocumentStore): StoreRepository {
    const { kind, address } = store.identity;
    return new StoreRepository({ kind: kindOf(kind), address, open: async () => store });
  }

  async createCollectionOptimized(
    config: QdrantCollectionConfig,
    options: RepositoryCallOptions = {},
  ): Promise<{ created: boolean }> {
    const wanted = toSpec(config);
    const { store, catalog } = await this.#begin(options);
    const standing = await catalog.find(wanted.name, options);
    catalog.forget(wanted.name);
    if (standing === null) return await store.ensure(wanted, options);
    const { note } = await catalog.get(wanted.name, options);
    assertModel(wanted.name, note.model, wanted.model);
    // A migrated collection keeps its layout; what lacks is added.
    await store.ensure({ ...wanted, layout: note.layout }, options);
    catalog.forget(wanted.name);
    return { created: false };
  }

  async deleteCollection(collection: string, options: RepositoryCallOptions = {}): Promise<void> {
    const { store, catalog } = await this.#begin(options);
    catalog.forget(collection);
    if ((await catalog.find(collection, options)) === null) return;
    const { info } = await catalog.get(collection, options);
    catalog.forget(collection);
    this.#times.forget(collection);
    await store.remove(info, { everything: true }, options);
  }

  async listCollections(options: RepositoryCallOptions = {}): Promise<string[]> {
    const { store } = await this.#begin(options);
    return (await store.collections(options)).map(({ name }) => name);
  }

  async describeCollection(
    collection: string,
    options: RepositoryCallOptions = {},
  ): Promise<CollectionDescriptor> {
    const { catalog } = await this.#begin(options);
    const { name, dimension, distance, note, info } = await catalog.get(collection, options);
    return {
      name,
      vectorSize: dimension,
      distance: distanceNames[distance],
      model: note.model ?? null,
      indexes: indexedKeys(info.schema, note.layout),
    };
  }

  async bulkUpsertDocuments<M extends object = DocumentMetadata>(
    collection: string,
    operation: BulkVectorOperation<M>,
    options: RepositoryCallOptions = {},
  ): Promise<BulkResult> {
    const checked = parseOperation(operation);
    const tenant = assertTenant(checked.tenantId);
    return await this.#in(collection, options, async (found, store, catalog) => {
      const to = { collection: found, tenant };
      const result = await new BulkRun(store, to, checked, options).run();
      if (result.failed.some(({ code }) => saysOtherwise.has(code))) catalog.forget(collection);
      return result;
    });
  }

  async semanticSearchAdvanced<M extends object = DocumentMetadata>(
    request: VectorSearchRequest<M>,
    options: RepositoryCallOptions = {},
  ): Promise<SearchResult<M>[]> {
    const checked = parseSearch(request);
    assertTenant(checked.tenantId);
    const name = checked.collectionName;
    const results = await this.#in(name, options, (found, store) =>
      searchDocuments(store, found, checked, options, (ms) => this.#times.add(name, ms)),
    );
    return results as SearchResult<M>[];
  }

  async getDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: {
      readonly tenantId: string;
      readonly ids: readonly string[];
      readonly includeEmbeddings?: boolean;
    },
    options: RepositoryCallOptions = {},
  ): Promise<VectorDocument<M>[]> {
    const tenant = assertTenant(which.tenantId);
    const ids = parseIds(which.ids);
    const vectors = which.includeEmbeddings === true;
    return await this.#in(collection, options, async (found, store) => {
      const documents = new Map<string, VectorDocument>();
      const points = ids.map((id) => tenantPointId(tenant, id));
      for (let start = 0; start < points.length; start += readRows) {
        const some = points.slice(start, start + readRows);
        const { batch, failures } = await store.read(found.info, some, { ...options, vectors });
        const [failure] = failures;
        if (failure !== undefined) throw new VectorError("E_BAD_RESPONSE", failure.detail);
        batch.placement.points.forEach((point, row) => {
          documents.set(point, rowDocument(found, tenant, batch, row));
        });
      }
      return points.flatMap((point) => documents.get(point) ?? []) as VectorDocument<M>[];
    });
  }

  async deleteDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: TenantScope<M>,
    options: RepositoryCallOptions = {},
  ): Promise<void> {
    const tenant = assertTenant(which.tenantId);
    if ((which.ids === undefined) === (which.metadataFilter === undefined))
      throw badField("ids or metadataFilter", "must be given, one of the two");
    const ids = which.ids === undefined ? null : parseIds(which.ids);
    const where = toWhere(which.metadataFilter);
    await this.#in(collection, options, async ({ info }, store) => {
      if (ids === null) return await store.remove(info, { tenant, where }, options);
      const points = ids.map((id) => tenantPointId(tenant, id));
      for (let start = 0; start < points.length; start += readRows) {
        const some = points.slice(start, start + readRows);
        await store.remove(info, { points: some }, options);
      }
    });
  }

  async countDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: Pick<TenantScope<M>, "tenantId" | "metadataFilter">,
    options: RepositoryCallOptions = {},
  ): Promise<number> {
    const tenant = assertTenant(which.tenantId);
    const where = toWhere(which.metadataFilter);
    return await this.#in(collection, options, ({ info }, store) =>
      store.count(info, { ...options, tenant, ...(where === null ? {} : { where }) }),
    );
  }

  async *scanDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: Pick<TenantScope<M>, "tenantId" | "metadataFilter"> & {
      readonly includeEmbeddings?: boolean;
    },
    options: RepositoryCallOptions = {},
  ): AsyncGenerator<VectorDocument<M>> {
    const tenant = assertTenant(which.tenantId);
    const where = toWhere(which.metadataFilter);
    const { store, catalog } = await this.#begin(options);
    const found = await catalog.get(collection, options);
    const batches = store.scan(found.info, {
      ...options,
      tenant,
      vectors: which.includeEmbeddings === true,
      ...(where === null ? {} : { where }),
    });
    for await (const batch of batches)
      for (const row of batch.ids.keys())
        yield rowDocument(found, tenant, batch, row) as VectorDocument<M>;
  }

  async getCollectionStatistics(
    collection: string,
    tenantId?: string,
    options: RepositoryCallOptions = {},
  ): Promise<CollectionStatistics> {
    const tenant = tenantId === undefined ? null : assertTenant(tenantId);
    return await this.#in(collection, options, async ({ info, name }, store, catalog) => {
      const total = await store.count(info, options);
      const documentCount =
        tenant === null ? total : await store.count(info, { ...options, tenant });
      const now = await catalog.find(name, { ...options, memory: true });
      return statisticsOf({
        info: now ?? info,
        kind: this.kind,
        tenantId: tenant,
        documentCount,
        total,
        memoryBytes: now?.memoryBytes,
        times: this.#times.of(name),
      });
    });
  }

  async discoverTenants(
    collection: string,
    limit: number,
    options: RepositoryCallOptions = {},
  ): Promise<{ tenantId: string; documentCount: number }[]> {
    parseInput(z.int().min(1), limit, "limit");
    const found = await this.#in(collection, options, ({ info }, store) =>
      store.tenants(info, { ...options, limit }),
    );
    return found.map(({ tenant, count }) => ({ tenantId: tenant, documentCount: count }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const opening = this.#opening;
    this.#opening = null;
    this.#standing = null;
    const opened = await opening?.catch(() => null);
    await opened?.store[Symbol.asyncDispose]();
  }

  /** At once where the store is open. */
  #begin(options: RepositoryCallOptions): Opened | Promise<Opened> {
    if (this.#end.signal.aborted) throw new VectorError("E_CLOSED", `${this.address} is closed.`);
    throwIfAborted(options.signal);
    if (this.#standing !== null) return this.#standing;
    this.#opening ??= this.#opened();
    return orAborted(this.#opening, options.signal);
  }

  /** Not by the first caller's signal: others may wait for the same store. */
  async #opened(): Promise<Opened> {
    try {
      const store = await this.#open({ signal: this.#end.signal });
      const opened = { store, catalog: new Catalog(store) };
      this.#standing = opened;
      return opened;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  /** `work` in a collection of tenants; what was known of it is read anew after a failure that says it may have changed. */
  async #in<Result>(
    name: string,
    options: RepositoryCallOptions,
    work: (
      collection: TenantedCollection,
      store: DocumentStore,
      catalog: Catalog,
    ) => Promise<Result>,
  ): Promise<Result> {
    const { store, catalog } = await this.#begin(options);
    const collection = await catalog.get(name, options);
    try {
      return await work(collection, store, catalog);
    } catch (error) {
      if (error instanceof VectorError && saysOtherwise.has(error.code)) catalog.forget(name);
      throw error;
    }
  }
}

function kindOf(kind: string): VectorRepository["kind"] {
  if (kind.startsWith("chroma")) return "chroma";
  return kind === "embedded" || kind === "faiss" ? kind : "qdrant";
}
