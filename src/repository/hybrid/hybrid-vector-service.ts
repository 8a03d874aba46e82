/** Two repositories as one: reads fall back, writes reach both, and neither is lost sight of. */
import process from "node:process";
import { VectorError } from "../../errors.ts";
import { parseIds } from "../input.ts";
import type { DocumentMetadata } from "../metadata.ts";
import { type MetricsRegistry, vectorMetrics } from "../metrics.ts";
import { reordered } from "../search.ts";
import { createVectorService, type VectorService, type VectorServiceOptions } from "../service.ts";
import { assertTenant } from "../tenant.ts";
import type {
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
} from "../types.ts";
import { CatchUpLoop } from "./catch-up-loop.ts";
import { CircuitBreaker, type CircuitState } from "./circuit-breaker.ts";
import { deleteByFilter } from "./delete-by-filter.ts";
import { DoubleWrites } from "./double-writes.ts";
import { beginScan, FallbackReads } from "./fallback-reads.ts";
import { GuardedStore, type StoreName } from "./guarded-store.ts";
import { type HybridMetrics, hybridMetrics } from "./hybrid-metrics.ts";
import { checkHybridOptions, type HybridOptions, usesQdrant } from "./options.ts";
import { type QueueCounts, type RefusedEntry, WriteQueue } from "./queue.ts";
import { Shadow } from "./shadow.ts";
import { type HybridBulkResult, WriteReport } from "./write-report.ts";

/** How one of the two stores is doing. */
export interface HybridStoreStatus extends QueueCounts {
  readonly circuit: CircuitState;
}

export interface HybridStatus {
  /** Which store reads go to. */
  readonly first: StoreName;
  readonly stores: Readonly<Record<StoreName, HybridStoreStatus>>;
}

const nothingWaits: QueueCounts = { waiting: 0, refused: 0, oldestMs: null };

/**
 * A repository over two: `qdrant`, and `other` beside it. Reads go to the first of them (`useQdrant`), and to the second where the
 * first cannot answer, is left alone by its circuit breaker, or has still to be told of writes to the tenant's collection. A write is
 * decided by a store that is up to date, and the other one is told: at once where it answers, else from a queue on disk, which
 * outlives the process and is told in the background. One process owns a queue.
 *
 * @example
 * await using hybrid = await HybridVectorService.open({ qdrant, other: chroma, queue: "./vecferry_queue" });
 * await using notes = hybrid.tenant("acme", { collection: "notes" });
 *
 * Disposing it closes the queue and both repositories. What waits then is told when the queue is opened again.
 */
export class HybridVectorService implements VectorRepository {
  readonly kind: VectorRepository["kind"];
  readonly address: string;
  readonly #first: GuardedStore;
  readonly #second: GuardedStore;
  readonly #reads: FallbackReads;
  readonly #shadow: Shadow;
  readonly #queue: WriteQueue | null;
  readonly #writes: DoubleWrites | null;
  readonly #loop: CatchUpLoop | null;
  readonly #metrics: HybridMetrics | null;
  readonly #registry: MetricsRegistry | null;
  readonly #writeTimeoutMs: number;

  /**
   * Opens the queue, and begins to tell what waits in it.
   * @throws {VectorError} E_CONFIG for options that are none, all of its own; E_LOCKED where another process has the queue; E_STORAGE
   */
  static async open(options: HybridOptions): Promise<HybridVectorService> {
    const { writes, queue, queueMax } = checkHybridOptions(options);
    const opened =
      writes === "both" && queue !== undefined ? await WriteQueue.open(queue, queueMax) : null;
    return new HybridVectorService(options, opened);
  }

  private constructor(given: HybridOptions, queue: WriteQueue | null) {
    const options = checkHybridOptions(given);
    const { metrics: registry = null } = given;
    this.#registry = registry;
    this.#metrics = registry === null ? null : hybridMetrics(registry);
    const guard = (name: StoreName): GuardedStore => {
      const breaker = new CircuitBreaker(given.breaker ?? {}, (state) =>
        this.#metrics?.circuit(name, state),
      );
      return new GuardedStore(name, options[name], breaker);
    };
    const [qdrant, other] = [guard("qdrant"), guard("other")];
    const useQdrant = options.useQdrant ?? usesQdrant(process.env["USE_QDRANT"]);
    const [first, second] = useQdrant ? [qdrant, other] : [other, qdrant];
    this.#first = first;
    this.#second = second;
    this.kind = first.repository.kind;
    this.address = first.repository.address;
    this.#queue = queue;
    this.#writeTimeoutMs = options.writeTimeoutMs;
    this.#reads = new FallbackReads(first, second, {
      timeoutMs: options.readTimeoutMs,
      metrics: this.#metrics,
    });
    this.#shadow = new Shadow(
      second,
      {
        share: options.shadow,
        inFlightMax: options.shadowInFlightMax,
        timeoutMs: options.readTimeoutMs,
      },
      this.#metrics,
    );
    this.#writes =
      queue === null
        ? null
        : new DoubleWrites(first, second, queue, { timeoutMs: options.writeTimeoutMs });
    this.#loop =
      this.#writes === null
        ? null
        : new CatchUpLoop([first, second], this.#writes, options.catchUpMs);
    if (queue !== null) this.#metrics?.addQueue(queue);
  }

  /** The documents of one tenant, read and written as this does. @throws {VectorError} as `createVectorService` */
  tenant<M extends object = DocumentMetadata>(
    tenantId: string,
    options: Omit<VectorServiceOptions, "tenantId" | "observer">,
  ): VectorService<M> {
    const observer =
      this.#registry === null ? {} : { observer: vectorMetrics(this.#registry).observer(this) };
    return createVectorService<M>(this, { ...options, tenantId, ...observer });
  }

  /** How the two stores are doing, as known here: nobody is asked. */
  status(): HybridStatus {
    const of = (store: GuardedStore): HybridStoreStatus => ({
      ...(this.#queue?.counts(store.name) ?? nothingWaits),
      circuit: store.breaker.state,
    });
    const [one, two] = [this.#first, this.#second];
    const [qdrant, other] = one.name === "qdrant" ? [one, two] : [two, one];
    return { first: one.name, stores: { qdrant: of(qdrant), other: of(other) } };
  }

  /** Up to 1000 of the documents that a store would not take from the queue, the oldest first. */
  refused(store: StoreName): RefusedEntry[] {
    return this.#queue?.refused(store, 1000) ?? [];
  }

  /** What was refused waits again: for when a collection was made, or a fault mended. */
  retryRefused(): void {
    this.#queue?.retryRefused();
  }

  /** Tells both stores what they have missed, until nothing waits or no store takes more. @throws {VectorError} E_ABORTED */
  async catchUp(options: RepositoryCallOptions = {}): Promise<HybridStatus> {
    await this.#loop?.pass(options);
    return this.status();
  }

  /** Where both are written to, in both. @throws what a store failed with, the other one having it perhaps: calling again makes it whole */
  async createCollectionOptimized(
    config: QdrantCollectionConfig,
    options: RepositoryCallOptions = {},
  ): Promise<{ created: boolean }> {
    let created = false;
    for (const store of this.#written) {
      const made = await store.call(
        (repository, call) => repository.createCollectionOptimized(config, call),
        this.#writeLimits(options),
      );
      created ||= made.created;
    }
    return { created };
  }

  async deleteCollection(collection: string, options: RepositoryCallOptions = {}): Promise<void> {
    for (const store of this.#written)
      await store.call(
        (repository, call) => repository.deleteCollection(collection, call),
        this.#writeLimits(options),
      );
    this.#queue?.forget(collection);
  }

  listCollections(options: RepositoryCallOptions = {}): Promise<string[]> {
    return this.#read((repository, call) => repository.listCollections(call), options);
  }

  describeCollection(
    collection: string,
    options: RepositoryCallOptions = {},
  ): Promise<CollectionDescriptor> {
    return this.#read(
      (repository, call) => repository.describeCollection(collection, call),
      options,
    );
  }

  /** See `HybridBulkResult`: what each store took, and what waits for it. @throws {VectorError} E_QUEUE_FULL too */
  async bulkUpsertDocuments<M extends object = DocumentMetadata>(
    collection: string,
    operation: BulkVectorOperation<M>,
    options: RepositoryCallOptions = {},
  ): Promise<HybridBulkResult> {
    const result =
      this.#writes === null
        ? await this.#writeOne(collection, operation as BulkVectorOperation, options)
        : await this.#writes.write(collection, operation as BulkVectorOperation, options);
    this.#metrics?.wrote(result);
    return result;
  }

  async semanticSearchAdvanced<M extends object = DocumentMetadata>(
    request: VectorSearchRequest<M>,
    options: RepositoryCallOptions = {},
  ): Promise<SearchResult<M>[]> {
    // The caller's own function runs once, and neither its time nor its faults are a store's.
    const { rerank, ...others } = request;
    const asked = typeof rerank === "function" ? others : request;
    const { result, by } = await this.#reads.read(
      (repository, call) => repository.semanticSearchAdvanced<M>(asked, call),
      options,
      this.#isBehind(request.collectionName, request.tenantId),
    );
    if (by === this.#first) this.#shadow.compare(asked, result);
    return typeof rerank === "function" ? await reordered(rerank, result, options) : result;
  }

  getDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: {
      readonly tenantId: string;
      readonly ids: readonly string[];
      readonly includeEmbeddings?: boolean;
    },
    options: RepositoryCallOptions = {},
  ): Promise<VectorDocument<M>[]> {
    return this.#read(
      (repository, call) => repository.getDocuments<M>(collection, which, call),
      options,
      () => this.#isBehind(collection, which.tenantId),
    );
  }

  async deleteDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: TenantScope<M>,
    options: RepositoryCallOptions = {},
  ): Promise<void> {
    if (this.#writes === null) {
      await this.#first.call(
        (repository, call) => repository.deleteDocuments<M>(collection, which, call),
        this.#writeLimits(options),
      );
      return;
    }
    const { tenantId, ids } = which;
    const remove = async (some: readonly string[]): Promise<void> => {
      const documents = [...new Set(some)].map((id) => ({ id }));
      const result = await this.bulkUpsertDocuments(
        collection,
        { operationType: "delete", documents, tenantId },
        options,
      );
      const [fault] = result.failed;
      if (fault === undefined) return;
      throw new VectorError(
        "E_UNREACHABLE",
        `${result.failed.length} documents were not deleted. ${fault.reason}`,
        {
          details: { failed: result.failed.length, code: fault.code },
        },
      );
    };
    if ((ids === undefined) === (which.metadataFilter === undefined))
      throw new VectorError("E_INPUT", "Either ids or metadataFilter must be given.");
    if (ids !== undefined) return await remove(parseIds(ids));
    const place = { collection, tenant: tenantId };
    await deleteByFilter([this.#first, this.#second], collection, which, {
      remove,
      isBehind: ({ name }) => this.#queue?.isBehind(name, place) === true,
      limits: this.#writeLimits(options),
    });
  }

  countDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: Pick<TenantScope<M>, "tenantId" | "metadataFilter">,
    options: RepositoryCallOptions = {},
  ): Promise<number> {
    return this.#read(
      (repository, call) => repository.countDocuments<M>(collection, which, call),
      options,
      () => this.#isBehind(collection, which.tenantId),
    );
  }

  /** Falls back until the first document has come; from then on a fault of the store ends the scan. */
  async *scanDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: Pick<TenantScope<M>, "tenantId" | "metadataFilter"> & {
      readonly includeEmbeddings?: boolean;
    },
    options: RepositoryCallOptions = {},
  ): AsyncIterable<VectorDocument<M>> {
    const { result: begun } = await this.#reads.read(
      (repository, { signal }) =>
        beginScan(repository.scanDocuments<M>(collection, which, options), signal),
      options,
      this.#isBehind(collection, which.tenantId),
    );
    const { iterator, first } = begun;
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }

  getCollectionStatistics(
    collection: string,
    tenantId?: string,
    options: RepositoryCallOptions = {},
  ): Promise<CollectionStatistics> {
    return this.#read(
      (repository, call) => repository.getCollectionStatistics(collection, tenantId, call),
      options,
    );
  }

  discoverTenants(
    collection: string,
    limit: number,
    options: RepositoryCallOptions = {},
  ): Promise<{ tenantId: string; documentCount: number }[]> {
    return this.#read(
      (repository, call) => repository.discoverTenants(collection, limit, call),
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shadow.close();
    await this.#loop?.close();
    if (this.#queue !== null) {
      this.#metrics?.removeQueue(this.#queue);
      await this.#writes?.idle();
      await this.#queue[Symbol.asyncDispose]();
    }
    await this.#first.repository[Symbol.asyncDispose]();
    await this.#second.repository[Symbol.asyncDispose]();
  }

  get #written(): readonly GuardedStore[] {
    return this.#writes === null ? [this.#first] : [this.#first, this.#second];
  }

  #writeLimits({ signal }: RepositoryCallOptions) {
    return { timeoutMs: this.#writeTimeoutMs, ...(signal === undefined ? {} : { signal }) };
  }

  /** Whether only the first store has still to be told of this tenant's writes. @throws {VectorError} E_TENANT */
  #isBehind(collection: string, tenant: string): boolean {
    const place = { collection: String(collection), tenant: assertTenant(tenant) };
    if (this.#queue?.isBehind(this.#first.name, place) !== true) return false;
    return !this.#queue.isBehind(this.#second.name, place);
  }

  async #read<Result>(
    work: (
      repository: VectorRepository,
      options: { readonly signal: AbortSignal },
    ) => Promise<Result>,
    options: RepositoryCallOptions,
    isBehind: () => boolean = () => false,
  ): Promise<Result> {
    return (await this.#reads.read(work, options, isBehind())).result;
  }

  async #writeOne(
    collection: string,
    operation: BulkVectorOperation,
    options: RepositoryCallOptions,
  ): Promise<HybridBulkResult> {
    const { totalProcessed, failed } = await this.#first.call(
      (repository, call) => repository.bulkUpsertDocuments(collection, operation, call),
      this.#writeLimits(options),
    );
    const report = new WriteReport();
    report.decided(this.#first.name, totalProcessed);
    report.failed(failed);
    return report.result();
  }
}
