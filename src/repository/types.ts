/** What applications give and take. Shapes only; the names are those that the guides for such repositories use. */
import type { DocumentMetadata, MetadataFilter } from "./metadata.ts";

/** One document of one tenant. `M` is the metadata's shape. */
export interface VectorDocument<M extends object = DocumentMetadata> {
  /** Unique within the tenant. */
  readonly id: string;
  /** The text; null = it has none. */
  readonly content: string | null;
  /** As many float32 as the collection's dimension. Read: null where it was not asked for. */
  readonly embedding: readonly number[] | Float32Array | null;
  readonly metadata: M;
  /** ISO 8601. Written: default now. Read: null for a migrated record, which keeps none. */
  readonly createdAt: string | null;
  readonly collectionName: string;
  readonly tenantId: string;
}

/** A document as it is given: what can be left out has its default. */
export interface NewDocument<M extends object = DocumentMetadata> {
  readonly id: string;
  readonly content?: string | null;
  readonly embedding: readonly number[] | Float32Array;
  readonly metadata?: M;
  readonly createdAt?: string | Date | null;
  /** Must be the collection of the operation, where it is given. */
  readonly collectionName?: string;
  /** Must be the tenant of the operation, where it is given. */
  readonly tenantId?: string;
}

/**
 * Many documents of one tenant, written or deleted in one call. The list and each document's members are taken when the call is
 * made; an embedding's numbers and what is in a metadata must stay as they are until it has ended.
 */
export interface BulkVectorOperation<M extends object = DocumentMetadata> {
  /** insert: only ids that are not there; update: only ids that are there; upsert: both; delete: takes them away (`id` alone counts). */
  readonly operationType: "insert" | "upsert" | "update" | "delete";
  readonly documents: readonly (
    | NewDocument<M>
    | { readonly id: string; readonly tenantId?: string }
  )[];
  readonly tenantId: string;
}

/** What became of a bulk operation. Every document was processed, or is named here. */
export interface BulkResult {
  /** Documents that the store has acknowledged. */
  readonly totalProcessed: number;
  readonly failed: readonly FailedDocument[];
}

export interface FailedDocument {
  readonly id: string;
  /** A code of `errorCodes`. */
  readonly code: string;
  readonly reason: string;
}

/** How results are put in another order than the search gave. */
export type Rerank<M extends object = DocumentMetadata> =
  /** Compared by their full vectors, out of more than were asked for. */
  | true
  /** Diversified by maximal marginal relevance: 0 = relevance alone, 1 = diversity alone. */
  | { readonly mmr: { readonly diversity: number; readonly candidates?: number } }
  /** The caller's own order (a cross-encoder): gets the results, gives them back in another order, or fewer of them. */
  | ((
      results: readonly SearchResult<M>[],
      options: { readonly signal?: AbortSignal },
    ) => readonly SearchResult<M>[] | Promise<readonly SearchResult<M>[]>);

/** One search in one tenant's documents. */
export interface VectorSearchRequest<M extends object = DocumentMetadata> {
  readonly queryEmbedding: readonly number[] | Float32Array;
  readonly collectionName: string;
  /** Default 10. */
  readonly nResults?: number;
  readonly metadataFilter?: MetadataFilter<M>;
  readonly tenantId: string;
  /** Default false. */
  readonly includeEmbeddings?: boolean;
  readonly rerank?: Rerank<M> | false;
  /** Only results whose `similarityScore` is at least this. */
  readonly similarityThreshold?: number;
}

export interface SearchResult<M extends object = DocumentMetadata> {
  readonly document: VectorDocument<M>;
  /** Larger is more similar: cosine and dot product as Qdrant gives them, euclid 1 / (1 + distance). */
  readonly similarityScore: number;
}

export type QdrantDistance = "cosine" | "euclid" | "dot";

export interface QuantizationConfig {
  readonly type: "scalar" | "product" | "binary" | "turbo";
  readonly quantile?: number;
  readonly alwaysRam?: boolean;
  /** product: x4 to x64. */
  readonly compression?: string;
  /** turbo, binary: see `Quantization`. */
  readonly bits?: string;
}

export interface HnswConfig {
  readonly m?: number;
  readonly payloadM?: number;
  readonly efConstruct?: number;
  readonly fullScanThreshold?: number;
  readonly maxIndexingThreads?: number;
  readonly onDisk?: boolean;
}

/** Ready sets of settings; what each costs and gives stands in docs/repository.md. */
export type CollectionProfile = "latency" | "memory" | "balanced";

/** A collection to be made for many tenants. */
export interface QdrantCollectionConfig {
  readonly name: string;
  readonly vectorSize: number;
  /** Default "cosine". */
  readonly distance?: QdrantDistance;
  /** Settings that are not named here are the profile's, else the server's own; a graph is built with an `efConstruct` of 128. */
  readonly profile?: CollectionProfile;
  readonly quantizationConfig?: QuantizationConfig | null;
  readonly hnswConfig?: HnswConfig;
  /** "many" (default): a graph for each tenant; "few": one graph for all, for a handful of large tenants. The tenants are kept apart in both. */
  readonly tenancy?: "many" | "few";
  readonly shards?: number;
  readonly replicas?: number;
  /** Metadata keys that are filtered by, with their type: each gets a payload index. */
  readonly indexes?: Readonly<
    Record<string, "keyword" | "integer" | "float" | "bool" | "datetime" | "text">
  >;
  /** The model whose embeddings it will hold. */
  readonly model?: string;
}

export interface CollectionStatistics {
  readonly collectionName: string;
  readonly tenantId: string | null;
  readonly documentCount: number;
  readonly memoryUsageMb: number;
  /** Whether the server told the memory, or it was computed from the formula in docs/plan.md. */
  readonly memoryFrom: "server" | "formula";
  /** Of this repository's own searches; null = none yet. */
  readonly avgQueryTimeMs: number | null;
  toJSON(): Record<string, unknown>;
}

export interface RepositoryCallOptions {
  readonly signal?: AbortSignal;
}

/** Which documents of a tenant: all, those with these ids, or those whose metadata meets the filter. */
export interface TenantScope<M extends object = DocumentMetadata> {
  readonly tenantId: string;
  readonly ids?: readonly string[];
  readonly metadataFilter?: MetadataFilter<M>;
}

/**
 * Documents of many tenants in collections of one store. No call can be made without a tenant, except those that only administrators
 * need and that are named so. Errors: VectorError by code (E_INPUT, E_TENANT, E_DIMENSION, E_COLLECTION_NOT_FOUND, E_NOT_TENANTED,
 * and the store's own).
 */
export interface VectorRepository extends AsyncDisposable {
  readonly kind: "qdrant" | "embedded" | "chroma" | "faiss";
  /** Where it is, without any secret. */
  readonly address: string;

  createCollectionOptimized(
    config: QdrantCollectionConfig,
    options?: RepositoryCallOptions,
  ): Promise<{ created: boolean }>;
  /** Takes the collection with the documents of all its tenants away; nothing happens where there is none. */
  deleteCollection(collection: string, options?: RepositoryCallOptions): Promise<void>;
  listCollections(options?: RepositoryCallOptions): Promise<string[]>;
  /** How the collection is made: what a service must know of it. @throws E_COLLECTION_NOT_FOUND, E_NOT_TENANTED */
  describeCollection(
    collection: string,
    options?: RepositoryCallOptions,
  ): Promise<CollectionDescriptor>;

  bulkUpsertDocuments<M extends object = DocumentMetadata>(
    collection: string,
    operation: BulkVectorOperation<M>,
    options?: RepositoryCallOptions,
  ): Promise<BulkResult>;
  semanticSearchAdvanced<M extends object = DocumentMetadata>(
    request: VectorSearchRequest<M>,
    options?: RepositoryCallOptions,
  ): Promise<SearchResult<M>[]>;
  /** In the order of `ids`; an id that is not there is left out. */
  getDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: {
      readonly tenantId: string;
      readonly ids: readonly string[];
      readonly includeEmbeddings?: boolean;
    },
    options?: RepositoryCallOptions,
  ): Promise<VectorDocument<M>[]>;
  /** Either `ids` or `metadataFilter` must be given. */
  deleteDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: TenantScope<M>,
    options?: RepositoryCallOptions,
  ): Promise<void>;
  countDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: { readonly tenantId: string; readonly metadataFilter?: MetadataFilter<M> },
    options?: RepositoryCallOptions,
  ): Promise<number>;
  /** Every document of the tenant once, in bounded batches beneath. */
  scanDocuments<M extends object = DocumentMetadata>(
    collection: string,
    which: {
      readonly tenantId: string;
      readonly metadataFilter?: MetadataFilter<M>;
      readonly includeEmbeddings?: boolean;
    },
    options?: RepositoryCallOptions,
  ): AsyncIterable<VectorDocument<M>>;
  getCollectionStatistics(
    collection: string,
    tenantId?: string,
    options?: RepositoryCallOptions,
  ): Promise<CollectionStatistics>;
  /** For administrators: who has documents, the greatest first, found in the data. */
  discoverTenants(
    collection: string,
    limit: number,
    options?: RepositoryCallOptions,
  ): Promise<{ tenantId: string; documentCount: number }[]>;
}

export interface CollectionDescriptor {
  readonly name: string;
  readonly vectorSize: number;
  readonly distance: QdrantDistance;
  readonly model: string | null;
  readonly indexes: readonly string[];
}
