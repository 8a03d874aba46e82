/**
 * Archives: a folder that keeps collections as they were, as Parquet files under manifests with the SHA-256 of each. It holds one
 * generation or more: what the source held at a time. A generation is written once, by one writer, under a temporary name; it shares
 * the parts of the one before, and leaves rows of them out. Any generation is read as a source.
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
  /** Which rows of the parts are left out; null = none. */
  readonly dropped: ArchivedFile | null;
}

/** A file of an archive, as it must be. */
export interface ArchivedFile {
  /** Relative to the archive's folder, with `/`. */
  readonly file: string;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** One Parquet file of rows. */
export interface ArchivedPart extends ArchivedFile {
  readonly rows: number;
  readonly missingVectors: number;
  /** How many of its rows the generation leaves out. */
  readonly dropped: number;
}

/** What an archive holds of its source at one time. */
export interface ArchiveManifest {
  /** Number of the format. */
  readonly format: number;
  /** From 1 on; a newer one has a higher number. */
  readonly generation: number;
  /** The version of vecferry that wrote it. */
  readonly tool: string;
  /** When the writing began: ISO 8601, UTC. */
  readonly created: string;
  /** The store that the rows are from. */
  readonly source: StoreIdentity;
  readonly collections: readonly ArchivedCollection[];
}

/** Which generations stay: the union of both. */
export interface KeepPolicy {
  /** The newest ones, so many. */
  readonly last: number | null;
  /** The newest one of each day (UTC) that has any, for so many days. */
  readonly daily: number | null;
}

/** What became of the generations of an archive. */
export interface KeptGenerations {
  readonly kept: readonly number[];
  readonly dropped: readonly number[];
  /** Bytes of the files that went. */
  readonly freedBytes: number;
}

export interface ArchiveWriterOptions extends CallOptions {
  /** The store that is kept. Neither an archive of another one nor a half-written one is gone on with. */
  readonly source: StoreIdentity;
}

/**
 * Writes a generation of an archive under a temporary name; `finish` gives it its name. Disposing without it makes durable what was
 * appended, and leaves it under the temporary name, where the next writer finds it. One writer at a time.
 */
export interface ArchiveWriter extends AsyncDisposable {
  /** Absolute path of the archive. */
  readonly path: string;
  /** The number that this generation will have. */
  readonly generation: number;
  /** The generation before, whose parts are shared; null = the archive is new. */
  readonly base: ArchiveManifest | null;
  /** Whether finished parts of an earlier, interrupted writing of this generation were found. */
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
  /** Rows appended to this generation that stand in finished parts: on the disk, and there after any end of the process. */
  readonly durable: number;
  /** Rows appended to this generation, those not yet durable too. */
  readonly rows: number;
  /** Rows that the generation before has of it. */
  readonly baseRows: number;
  /** The keys (record ids; of points the point ids) of the durable rows, in the order in which they were appended. */
  heldKeys(options?: CallOptions): AsyncIterable<string[]>;
  /** The rows of the generation before. This one has them too, but for those that are dropped. */
  baseBatches(options?: BatchesOptions): AsyncIterable<BaseBatch>;
  /**
   * Takes a batch behind the ones before; it may be changed once this has returned. Memory is bounded whatever is appended. Calls are
   * taken one after the other, in the order in which they come. A `PointBatch` where the rows are points. @throws E_INPUT
   * for a batch that cannot be kept whole, of which nothing is taken; E_DISK_FULL, E_CONFIG: then nothing is taken any more
   */
  append(batch: RecordBatch | PointBatch, options?: CallOptions): Promise<void>;
  /** Makes all rows durable and ends the collection. `failed`: records that the source has and that could not be read. */
  finish(options?: CallOptions & { readonly failed?: number }): Promise<ArchivedCollection>;
}

/** Rows of the generation before. */
export interface BaseBatch {
  readonly batch: RecordBatch | PointBatch;
  /** Leaves these rows of the batch out of the generation that is written. */
  drop(rows: readonly number[]): void;
}

export interface BatchesOptions extends ReadOptions {
  /** Rows a batch at most. The archive may give fewer. */
  readonly batchSize?: number;
  /** Rows to leave out at the beginning. Default 0. */
  readonly skip?: number;
}

/** Which of an archive's files a check reads; of the others the size is looked at. */
export type CheckSubset =
  /** About this part of all bytes, above 0 and up to 1, drawn by chance. */
  | { readonly share: number }
  /** The slice with this number, from 1 on, of so many: together they are all files. */
  | { readonly slice: number; readonly of: number };

export interface ArchiveCheckOptions extends CallOptions {
  readonly subset: CheckSubset;
  /** Told how many bytes are read, and how many will be. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/** What a check has found. */
export interface ArchiveCheck {
  readonly path: string;
  readonly generations: readonly CheckedGeneration[];
  /** Files of these generations; each once. */
  readonly files: number;
  readonly bytes: number;
  /** Those whose bytes were read and held against their sums, and whose rows were decoded. */
  readonly filesRead: number;
  readonly bytesRead: number;
  readonly faults: readonly ArchiveFault[];
  /** The folder of a generation that is being written, or was not finished; null = none. */
  readonly unfinished: string | null;
}

export interface CheckedGeneration {
  readonly generation: number;
  readonly created: string;
  readonly collections: number;
  readonly rows: number;
}

export interface ArchiveFault {
  /** Relative to the archive's folder. */
  readonly file: string;
  /** One sentence that names it. */
  readonly fault: string;
}

/** The folder in which generation `number` has its manifest, its own parts and what else is its own. */
export function generationFolder(path: string, generation: number): string {
  return generation === 1 ? path : `${path}/${generationName(generation)}`;
}

/** The name of the folder of a generation behind the first. */
export function generationName(generation: number): string {
  return `generation-${String(generation).padStart(4, "0")}`;
}

/**
 * A generation of an archive as a source. Opening it read every byte of it once and found the manifest's sizes and sums. Keys are record ids; of points
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
