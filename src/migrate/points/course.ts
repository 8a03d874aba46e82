/** One collection on its way out of an archive, as points. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec } from "../../model/collection.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { TargetStore } from "../../store/port.ts";
import type { JournalCollection } from "../journal/journal.ts";

export interface Course {
  readonly archive: ArchiveReader;
  readonly target: TargetStore;
  /** As the archive has it. */
  readonly info: CollectionInfo;
  readonly spec: CollectionSpec;
  /** As the target's is read: payloads as they are. */
  readonly there: CollectionInfo;
  readonly entered: JournalCollection;
  /** Rows a batch. */
  readonly batchSize: number;
}

/** What of an archive's collection stood at the target before. */
export interface Held {
  /** Points that are equal to the archive's. */
  readonly points: number;
}

/** @throws E_INTERNAL for records */
export function assertPoints(batch: RecordBatch | PointBatch): PointBatch {
  if ("placement" in batch) return batch;
  throw new VectorError("E_INTERNAL", "The archive holds records where points were expected.");
}
