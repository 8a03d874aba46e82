/**
 * The port: everything that holds vectors is a Store. Ten methods; a source is typed as the read-only half.
 * Every call takes a signal and throws VectorError; an abort throws E_ABORTED.
 */
import type { CollectionInfo, CollectionSpec } from "../model/collection.ts";
import type { MetadataMatch } from "../model/filter.ts";
import type { PointBatch, RecordBatch, RecordFailure } from "../model/record.ts";

export const storeKinds = [
  "chroma",
  "chroma-cloud",
  "chroma-folder",
  "qdrant",
  "embedded",
  "faiss",
  "archive",
] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Who a store is, without any secret: the same store always gives the same words. */
export interface StoreIdentity {
  readonly kind: StoreKind;
  /** Canonical address: lower-case host, explicit port, absolute path. */
  readonly address: string;
  /** null = the address names none (a folder: everything in it). */
  readonly tenant: string | null;
  readonly database: string | null;
  /** What the store says of its version; null where it says nothing true. Not part of the identity's key. */
  readonly version: string | null;
}

/** What a store can do, as data. */
export interface Capabilities {
  /** Rows a call takes at most; null = no bound of its own. */
  readonly batchSizeMax: number | null;
  /** Bytes a request body may have; null = no bound. */
  readonly bodyBytesMax: number | null;
  /** Calls in flight that the store bears well. */
  readonly concurrency: number;
  /** Whether others may write while we read: the id list is then repeated at the end. */
  readonly live: boolean;
  /** Whether `ids` takes Chroma's where. */
  readonly where: boolean;
  /** Whether a vector may differ from what was written (Chroma under cosine: 2 ulp). */
  readonly vectorUlps: 0 | 2;
  /** Whether the collection's own metadata can be kept there. */
  readonly notes: boolean;
  /** Searches in flight at most; 0 = files alone, which nobody serves: a search reads all of them. Absent: any number. */
  readonly searchesMax?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface IdsOptions extends CallOptions {
  /** Chroma's `where`, already checked (model/filter.ts). */
  readonly where?: unknown;
  readonly limit?: number;
  /** Ids a chunk at most; the store may give fewer. */
  readonly chunk?: number;
  /**
   * Told, before each chunk is given, a number for each of its ids: every write to a record gives it a greater one (Chroma's
   * `seq_id`). Never called by a store that does not keep such numbers.
   */
  readonly onVersions?: (versions: readonly number[]) => void;
}

export interface EnsureOptions extends CallOptions {
  /**
   * true = a collection that this call makes builds no index over its vectors, nor does one that is held so already, until a
   * call without this. Nothing is held where the store cannot note it. Default false.
   */
  readonly holdIndexing?: boolean;
  /** true = points are written next: what the first write would have to find out is found out here. Default false. */
  readonly pointsFollow?: boolean;
  /**
   * Names that are to lead to the collection, made where nothing has them. E_SCHEMA_CONFLICT where one leads elsewhere: then none
   * is made.
   */
  readonly aliases?: readonly string[];
}

export interface ReadOptions extends CallOptions {
  /** false = leave the vectors out (the batch's map is empty). Default true. */
  readonly vectors?: boolean;
}

export interface ScanOptions extends ReadOptions {
  /** Only the points whose UUID is at or after this one. Default: all, numbers too. */
  readonly from?: string;
  /** Only the points whose UUID is at or before this one. */
  readonly to?: string;
}

/** What a verify needs of points; all columns have `points.length` rows. */
export interface PointDigests {
  readonly points: string[];
  /** Of the marks; null where there is none. */
  readonly runs: (string | null)[];
  readonly collections: (string | null)[];
  /** What stands for all that each point holds: 16 bytes a row (model/digest.ts). */
  readonly digests: Uint8Array;
}

/** The answer to a read by key. Every asked key is in exactly one of the three. */
export interface ReadResult<Batch extends RecordBatch = RecordBatch> {
  readonly batch: Batch;
  /** Keys that the store does not have (any more). */
  readonly absent: string[];
  /** Records that are there and cannot be read, each with its reason. */
  readonly failures: RecordFailure[];
}

export interface SearchOptions extends CallOptions {
  readonly limit: number;
  /** Only this tenant's records. */
  readonly tenant?: string;
  /** Only records whose mark names this source collection: where a point store holds several in one. */
  readonly collection?: string;
  /** Only records whose metadata has every one of these values. */
  readonly filter?: readonly MetadataMatch[];
  /** true = compare with every record, whatever index there is, where the store can be told so. Default: as it is configured. */
  readonly exact?: boolean;
  /** false = leave the documents out: they are null in every hit. Default true. */
  readonly documents?: boolean;
}

export interface CountOptions extends CallOptions {
  /** Only this tenant's points; null = only those that have none. Default: all. */
  readonly tenant?: string | null;
  /** Only points that bear this mark. */
  readonly mark?: { readonly run: string; readonly collection?: string };
}

export interface Hit {
  /** The record's own id. */
  readonly id: string;
  /** A point store only: the id of its point. */
  readonly point?: string;
  /** In Chroma's terms, whatever the store: smaller is nearer. */
  readonly distance: number;
  readonly document: string | null;
}

/** The read-only half. Nothing in it changes the store: not even a get-or-create. */
export interface SourceStore<Batch extends RecordBatch = RecordBatch> extends AsyncDisposable {
  readonly identity: StoreIdentity;
  readonly capabilities: Capabilities;
  /** Every collection in the scope of the address, ordered by tenant, database, name. */
  collections(options?: CallOptions): Promise<CollectionInfo[]>;
  /** Number of records. @throws E_COLLECTION_NOT_FOUND */
  count(collection: CollectionInfo, options?: CallOptions): Promise<number>;
  /** The keys of all records (Chroma: ids; a point store: point ids), in chunks, each once, in the order that reads fastest. */
  ids(collection: CollectionInfo, options?: IdsOptions): AsyncIterable<string[]>;
  /**
   * Records by key. The batch's order is the store's own; bad rows are named, never shifted onto a neighbour. Its vectors are the
   * caller's alone: their memory may be used for others.
   */
  read(
    collection: CollectionInfo,
    keys: readonly string[],
    options?: ReadOptions,
  ): Promise<ReadResult<Batch>>;
  /** The nearest records to `vector`, nearest first. */
  search(collection: CollectionInfo, vector: Float32Array, options: SearchOptions): Promise<Hit[]>;
  /**
   * About how many bytes a record takes beside its vector, in the mean. Only where the store knows without reading records: whoever
   * asks reads some of them where this is not there.
   */
  recordBytes?(collection: CollectionInfo, options?: CallOptions): Promise<number>;
}

/** Which points `remove` takes away: these, all that bear this mark, or the whole collection. */
export type RemoveSelector =
  | { readonly points: readonly string[] }
  | { readonly run: string; readonly collection?: string }
  | { readonly everything: true };

/** The writing half, for point stores. */
export interface TargetStore extends SourceStore<PointBatch> {
  /** Number of points. @throws E_COLLECTION_NOT_FOUND */
  count(collection: CollectionInfo, options?: CountOptions): Promise<number>;
  /** Every point once, in the order of point ids, in bounded batches that are the caller's own: what verify reads. */
  scan(
    collection: CollectionInfo,
    options?: ScanOptions & { batchSize?: number },
  ): AsyncIterable<PointBatch>;
  /**
   * The digests of what `scan` gives, in its order. Only where the store makes them quicker than from batches: whoever asks
   * takes `scan` where this is not there.
   */
  digests?(
    collection: CollectionInfo,
    options?: CallOptions & Pick<ScanOptions, "from" | "to">,
  ): AsyncIterable<PointDigests>;
  /** Makes the collection and its indexes, or finds them fitting and adds the indexes and notes that lack. @throws E_SCHEMA_CONFLICT, E_NAME */
  ensure(spec: CollectionSpec, options?: EnsureOptions): Promise<{ created: boolean }>;
  /**
   * Writes all rows over what stands at their points; returns when the store has acknowledged them as done, and has no part of the
   * batch any more: its memory may be used for others. @throws E_REJECTED when the store refuses for good
   */
  write(spec: CollectionSpec, batch: PointBatch, options?: CallOptions): Promise<void>;
  /** Takes points away; never others than the selector names. */
  remove(
    collection: CollectionInfo,
    selector: RemoveSelector,
    options?: CallOptions,
  ): Promise<void>;
}
