/** Stores that take records as they are, a Chroma: what export, restore and the quick test write to. */
import type { CollectionInfo } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import type { RecordBatch, RecordFailure } from "../model/record.ts";
import type { CallOptions, SourceStore } from "./port.ts";

/** A collection as it is to stand in a store of records. */
export interface RecordCollectionSpec {
  readonly name: string;
  readonly distance: Distance;
  /** null = what the first record has. */
  readonly dimension: number | null;
  /** Its own metadata, as a source listed it: JSON text of an object; null = none. */
  readonly metadata: string | null;
  /** Its configuration, as a source listed it; null = the target's own. What the target has no word for is left out. */
  readonly configuration: string | null;
}

/** What `ensure` made or found. */
export interface EnsuredCollection {
  readonly created: boolean;
  /** As it stands there; `dimension` is the wanted one where nothing was written yet. */
  readonly collection: CollectionInfo;
}

/** The writing half for records. Everything is idempotent: the same call again leaves the same. */
export interface RecordTarget extends SourceStore<RecordBatch> {
  /** Asks nothing of the store. @throws E_NAME where this store takes no collection of that name */
  assertName(name: string): void;
  /**
   * Makes the collection, or finds it fitting. One that stands there is left as it is: whether its metadata is another is for the
   * caller to see.
   * @throws E_NAME; E_SCHEMA_CONFLICT where it has another distance or dimension; E_REJECTED where the store takes no writes
   */
  ensure(spec: RecordCollectionSpec, options?: CallOptions): Promise<EnsuredCollection>;
  /**
   * The rows that this store would refuse, or would keep otherwise than they are, each with its reason, in the batch's order. `collection`
   * is one that `ensure` gave: a store may have to be asked what it takes, by a request that writes nothing.
   */
  faults(
    collection: CollectionInfo,
    batch: RecordBatch,
    options?: CallOptions,
  ): Promise<RecordFailure[]>;
  /** The batch with the nearest number that this store keeps for each float in its metadata that it cannot hold. Asks nothing of the store. */
  nearest(batch: RecordBatch): RecordBatch;
  /**
   * Writes all rows whole: of what stood under their ids nothing is left. Sent in as many requests as the store's limits ask for; returns
   * when all are acknowledged. Of two rows with one id the last counts.
   * @throws E_REJECTED for what the store refuses for good: rows that `faults` would name stand in `details.failures`, and then none was written;
   * E_COLLECTION_NOT_FOUND
   */
  write(collection: CollectionInfo, batch: RecordBatch, options?: CallOptions): Promise<void>;
  /** Takes records away; those that are not there are no error. @throws E_COLLECTION_NOT_FOUND */
  remove(collection: CollectionInfo, ids: readonly string[], options?: CallOptions): Promise<void>;
  /** Takes a collection away with all that is in it; nothing happens where there is none. */
  drop(name: string, options?: CallOptions): Promise<void>;
}
