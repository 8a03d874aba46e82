/**
 * Archives: a folder that keeps collections as they were, as Parquet files under a manifest with the SHA-256 of each. Written once, by one
 * writer, under a temporary name; read as a source.
 */
import type { CollectionInfo } from "../model/collection.ts";
import type { PointBatch, RecordBatch } from "../model/record.ts";
import type { CallOptions, ReadOptions, SourceStore, StoreIdentity } from "./port.ts";

/** What a collection's rows are: records of a source, or points with their places (`PointBatch`). */
export type ArchivedRows = "records" | "points";

/** A collection as it is to be written. */
export interface ArchivedHead {
  readonly rows: ArchivedRows;
  /** As the source lists it: with `configuration`, `schema` and `note`, enough to make a point store's again. What stands in `count` and `status` is not kept. */
  readonly info: CollectionInfo;
  /** Which of its records; absent = all of them. */
  readonly scope?: ArchivedScope;
}

/** A part of a collection's records. */
export interface ArchivedScope {
  /** JSON text of Chroma's where; null = none. */
  readonly where: string | null;
  /** At most so many records; null = all. */
  readonly limit: number | null;
}

/** A collection as the manifest has it. */
export interface ArchivedCollection extends ArchivedHead {
  /** `count` is the number of rows in the archive. */
  readonly info: CollectionInfo;
  /** Rows whose vector is null. */
  readonly missingVectors: number;
  /** Records that the source has and that could not be read from it. */
  readonly failed: number;
  readonly parts: readonly ArchivedPart[];
}

/** One Parquet file. */
export interface ArchivedPart {
  /** Relative to the archive's folder, with `/`. */
  readonly file: string;
  readonly rows: number;
  readonly missingVectors: number;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

export interface ArchiveManifest {
  /** Number of the format. */
  readonly format: number;
  /** The version of vecferry that wrote it. */
  readonly tool: string;
  /** When the writing began: ISO 8601, UTC. */
  readonly created: string;
  /** The store that the rows are from. */
  readonly source: StoreIdentity;
  readonly collections: readonly ArchivedCollection[];
}

export interface ArchiveWriterOptions extends CallOptions {
  /** The store that is kept. A half-written archive of another one is not gone on with. */
  readonly source: StoreIdentity;
}

/**
 * Writes an archive under a temporary name beside its own; `finish` gives it its name. Disposing without it makes durable what was
 * appended, and leaves it under the temporary name, where the next writer finds it. One writer at a time.
 */
export interface ArchiveWriter extends AsyncDisposable {
  /** Absolute path that the archive will have. */
  readonly path: string;
  /** Whether finished parts of an earlier, interrupted writing were found. */
  readonly resumed: boolean;
  /**
   * Begins a collection, or goes on with it behind what is held of it already, also where an earlier writing finished it. One
   * collection is open at a time.
   * @throws E_PLAN_CHANGED where what is held is of another dimension, distance, kind of rows or scope; E_DISK_FULL, E_CONFIG
   */
  collection(head: ArchivedHead, options?: CallOptions): Promise<ArchiveCollectionWriter>;
  /**
   * Writes the manifest and gives the archive its name: the last step. Every collection begun must be finished; those that an earlier
   * writing held and this one did not begin are left out. @throws E_DISK_FULL, E_CONFIG where something stands there now
   */
  finish(options?: CallOptions): Promise<ArchiveManifest>;
}

export interface ArchiveCollectionWriter {
  /** Rows in finished parts: they are on the disk, and there after any end of the process. */
  readonly durable: number;
  /** Rows in the archive, those not yet durable too. */
  readonly rows: number;
  /** The keys (record ids; of points the point ids) of the durable rows, in the order in which they were appended. */
  heldKeys(options?: CallOptions): AsyncIterable<string[]>;
  /**
   * Takes a batch behind the ones before; it may be changed once this has returned. Memory is bounded whatever is appended. Calls are
   * taken one after the other, in the order in which they come. A `PointBatch` where the rows are points. @throws E_INPUT
   * for a batch that cannot be kept whole, of which nothing is taken; E_DISK_FULL, E_CONFIG: then nothing is taken any more
   */
  append(batch: RecordBatch | PointBatch, options?: CallOptions): Promise<void>;
  /** Makes all rows durable and ends the collection. `failed`: records that the source has and that could not be read. */
  finish(options?: CallOptions & { readonly failed?: number }): Promise<ArchivedCollection>;
}

export interface BatchesOptions extends ReadOptions {
  /** Rows a batch at most. The archive may give fewer. */
  readonly batchSize?: number;
  /** Rows to leave out at the beginning. Default 0. */
  readonly skip?: number;
}

/**
 * An archive as a source. Opening it read every byte of it once and found the manifest's sizes and sums. Keys are record ids; of points
 * the point ids, and what is read of those are `PointBatch`es.
 */
export interface ArchiveReader extends SourceStore<RecordBatch | PointBatch> {
  readonly manifest: ArchiveManifest;
  /** Every row once, in the order in which it was appended. */
  batches(
    collection: CollectionInfo,
    options?: BatchesOptions,
  ): AsyncIterable<RecordBatch | PointBatch>;
}
