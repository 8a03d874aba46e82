/**
 * What an application needs of a store beyond what a migration does: records of one tenant, found by their metadata. A store
 * that is used so is a target with these options; the repository takes no other.
 */
import type { CollectionInfo, CollectionSpec } from "../model/collection.ts";
import type { Where } from "../model/filter.ts";
import type { PointBatch } from "../model/record.ts";
import type { PlainObject } from "../util/json.ts";
import type {
  CallOptions,
  CountOptions,
  Hit,
  ReadOptions,
  RemoveSelector,
  SearchOptions,
  TargetStore,
} from "./port.ts";

/** Which records are meant: all of these at once. */
export interface DocumentFilter {
  /** Only this tenant's. */
  readonly tenant?: string;
  /** Only those whose metadata meets this, as `model/filter.ts` says; a key is one of the metadata, wherever the layout puts it. */
  readonly where?: Where;
}

export interface CollectionsOptions extends CallOptions {
  /** Only these, where they are there. Default: all. */
  readonly names?: readonly string[];
  /** true = `memoryBytes` is asked for, where the store can tell. */
  readonly memory?: boolean;
}

/** A collection as an application asks for it. */
export interface DocumentCollection extends CollectionInfo {
  /** Bytes in memory as the store itself tells them; absent = it does not. */
  readonly memoryBytes?: number;
}

/** How an approximate search is made better than the index alone would. */
export interface Rescoring {
  /** Times the wanted number that are taken from the quantized index and compared by their full vectors. At least 1. */
  readonly oversampling: number;
}

export interface DocumentSearchOptions extends SearchOptions, DocumentFilter {
  /** true = each hit has its metadata and what the repository notes. Default false. */
  readonly metadata?: boolean;
  /** true = each hit has its vector. Default false. */
  readonly vectors?: boolean;
  /** Default: as the collection is configured. A store that has no index, or no quantized one, has nothing to do for it. */
  readonly rescoring?: Rescoring;
}

export interface DocumentHit extends Hit {
  /** Null where it has none, or was not asked for. */
  readonly tenant: string | null;
  /** As an application reads it: 2 and 2.0 are one, an integer that no number holds exactly is a bigint. Null = none, or not asked for. */
  readonly metadata: PlainObject | null;
  /** ISO 8601; null = not kept (a migrated record), or not asked for. */
  readonly createdAt: string | null;
  /** Null where it has none, or was not asked for. */
  readonly vector: Float32Array | null;
  /** Norm (float64) that the vector had before it was normalized; NaN = none kept, or not asked for (it comes with `metadata`). */
  readonly norm: number;
}

export interface DocumentCountOptions extends CountOptions {
  readonly where?: Where;
}

export interface DocumentScanOptions extends ReadOptions, DocumentFilter {
  /** Rows a batch at most. */
  readonly batchSize?: number;
}

/** What `write` does where a point stands, and where none does. */
export type WriteMode = "upsert" | "insert" | "update";

export interface DocumentWriteOptions extends CallOptions {
  /**
   * "insert" leaves alone what stands there, "update" writes only over what stands there. Default "upsert". A row that is
   * left out is no error here: who must know asks by `read` before.
   */
  readonly mode?: WriteMode;
}

/** Which points `remove` takes away. With a filter: those of this tenant alone. */
export type DocumentSelector =
  | RemoveSelector
  | { readonly tenant: string; readonly where: Where | null };

export interface TenantCount {
  readonly tenant: string;
  /** Number of records; approximate where the store counts so. */
  readonly count: number;
}

/** The largest tenants first, of equal ones by name; `limit` of them. */
export function largestFirst(tenants: readonly TenantCount[], limit: number): TenantCount[] {
  return tenants
    .toSorted((one, other) => other.count - one.count || (one.tenant < other.tenant ? -1 : 1))
    .slice(0, limit);
}

/** A store whose records are documents of tenants. Ten methods, with those of a target. */
export interface DocumentStore extends TargetStore {
  collections(options?: CollectionsOptions): Promise<DocumentCollection[]>;
  /** Exact. @throws E_COLLECTION_NOT_FOUND */
  count(collection: CollectionInfo, options?: DocumentCountOptions): Promise<number>;
  /** The points that are meant, each once, in the order of point ids. */
  scan(collection: CollectionInfo, options?: DocumentScanOptions): AsyncIterable<PointBatch>;
  /** The nearest of the records that are meant, nearest first. @throws E_REJECTED for a vector of another dimension */
  search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: DocumentSearchOptions,
  ): Promise<DocumentHit[]>;
  write(spec: CollectionSpec, batch: PointBatch, options?: DocumentWriteOptions): Promise<void>;
  remove(
    collection: CollectionInfo,
    selector: DocumentSelector,
    options?: CallOptions,
  ): Promise<void>;
  /** Who has records here, the greatest first; found in the data, not in a list. */
  tenants(
    collection: CollectionInfo,
    options: CallOptions & { readonly limit: number },
  ): Promise<TenantCount[]>;
}
