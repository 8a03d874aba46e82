/** What goes into a tenant's service and comes out of it. Shapes only. */
import type { DocumentMetadata, MetadataFilter } from "./metadata.ts";
import type {
  BulkResult,
  NewDocument,
  RepositoryCallOptions,
  SearchResult,
  VectorDocument,
  VectorSearchRequest,
} from "./types.ts";

/** A document as a service takes it: without an embedding where an `embed` makes one from its content. */
export type ServiceDocument<M extends object = DocumentMetadata> = Omit<
  NewDocument<M>,
  "embedding" | "collectionName" | "tenantId"
> & { readonly embedding?: NewDocument<M>["embedding"] };

export interface AddOptions extends RepositoryCallOptions {
  /** insert: only ids that are not there; update: only ids that are there; upsert (default): both. */
  readonly mode?: "upsert" | "insert" | "update";
}

/** A search by an embedding, or by a text that `embed` makes into one. */
export type ServiceSearchRequest<M extends object = DocumentMetadata> = Omit<
  VectorSearchRequest<M>,
  "queryEmbedding" | "collectionName" | "tenantId"
> &
  (
    | { readonly queryEmbedding: VectorSearchRequest["queryEmbedding"]; readonly query?: never }
    | { readonly query: string; readonly queryEmbedding?: never }
  );

/** Which of the tenant's documents: these, or those whose metadata meets the filter. */
export type ServiceSelector<M extends object = DocumentMetadata> =
  | { readonly ids: readonly string[]; readonly metadataFilter?: never }
  | { readonly metadataFilter: MetadataFilter<M>; readonly ids?: never };

export interface ScanServiceOptions<M extends object = DocumentMetadata>
  extends RepositoryCallOptions {
  readonly metadataFilter?: MetadataFilter<M>;
  /** Default false. */
  readonly includeEmbeddings?: boolean;
}

/** The documents of one tenant in one collection: no call names a tenant, and none can be about another's. */
export interface TenantDocuments<M extends object = DocumentMetadata> extends AsyncDisposable {
  readonly tenantId: string;
  readonly collection: string;
  addDocuments(documents: readonly ServiceDocument<M>[], options?: AddOptions): Promise<BulkResult>;
  semanticSearch(
    request: ServiceSearchRequest<M>,
    options?: RepositoryCallOptions,
  ): Promise<SearchResult<M>[]>;
  get(
    ids: readonly string[],
    options?: RepositoryCallOptions & { readonly includeEmbeddings?: boolean },
  ): Promise<VectorDocument<M>[]>;
  delete(which: ServiceSelector<M>, options?: RepositoryCallOptions): Promise<void>;
  count(
    options?: RepositoryCallOptions & { readonly metadataFilter?: MetadataFilter<M> },
  ): Promise<number>;
  scan(options?: ScanServiceOptions<M>): AsyncIterable<VectorDocument<M>>;
}
