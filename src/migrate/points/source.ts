/** Where points come from that go as they are: an archive of a Qdrant, or a Qdrant. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { CallOptions, StoreIdentity, TargetStore } from "../../store/port.ts";
import { wholePoints, withoutNote } from "../backup/rows.ts";

/** Points as they are: each payload whole, all of it in `rest`. */
export interface PointSource {
  readonly identity: StoreIdentity;
  /** What sentences call it. */
  readonly word: "archive" | "source";
  /** Whether others may write to it while it is read. */
  readonly live: boolean;
  collections(options?: CallOptions): Promise<CollectionInfo[]>;
  count(collection: CollectionInfo, options?: CallOptions): Promise<number>;
  /** Every point once. */
  points(
    collection: CollectionInfo,
    options: CallOptions & { readonly batchSize?: number },
  ): AsyncIterable<PointBatch>;
  /** Those of these points that it does not have. */
  absent(
    collection: CollectionInfo,
    points: readonly string[],
    options: CallOptions,
  ): Promise<string[]>;
}

/** The points of an archive of a Qdrant. */
export function archivedPoints(archive: ArchiveReader): PointSource {
  return {
    identity: archive.identity,
    word: "archive",
    live: false,
    collections: (options) => archive.collections(options),
    count: (collection, options) => archive.count(collection, options),
    async *points(collection, options) {
      for await (const batch of archive.batches(collection, options))
        yield wholePoints(assertPoints(batch), collection);
    },
    absent: async (collection, points, options) =>
      (await archive.read(collection, points, { ...options, vectors: false })).absent,
  };
}

/** The points that stand in a Qdrant. */
export function standingPoints(store: TargetStore): PointSource {
  return {
    identity: store.identity,
    word: "source",
    live: store.capabilities.live,
    collections: (options) => store.collections(options),
    count: (collection, options) => store.count(collection, options),
    points: (collection, options) => store.scan(withoutNote(collection), options),
    absent: async (collection, points, options) =>
      (await store.read(withoutNote(collection), points, { ...options, vectors: false })).absent,
  };
}

/** @throws E_INTERNAL for records */
function assertPoints(batch: RecordBatch | PointBatch): PointBatch {
  if ("placement" in batch) return batch;
  throw new VectorError("E_INTERNAL", "The archive holds records where points were expected.");
}
