/** What an archive takes of a store: every record that it can hold, also those that could not be carried anywhere else. */
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import { joinRecords, pickRecords } from "../../model/parts.ts";
import type { PointBatch, RecordBatch, RecordFailure } from "../../model/record.ts";
import { asPoints, asRecords } from "../../model/whole-payload.ts";
import type { ArchivedRows } from "../../store/archive.ts";
import type { ReadResult, SourceStore, TargetStore } from "../../store/port.ts";

/** A store that a backup reads. */
export type AnyStore = SourceStore | TargetStore;

export type ReadRows = ReadResult<RecordBatch | PointBatch>;

/** What a store's collections hold: points, where it writes them too. */
export function rowsOf(store: AnyStore): ArchivedRows {
  return isPointStore(store) ? "points" : "records";
}

function isPointStore(store: AnyStore): store is TargetStore {
  return "scan" in store;
}

/**
 * Rows by key, as an archive keeps them. A record whose vector cannot be read is a row without one; it stands among the
 * failures too, unless it never had one. Points come as records where they are the same again when they are written.
 */
export async function readRows(
  store: AnyStore,
  info: CollectionInfo,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadRows> {
  if (!isPointStore(store)) return withoutTorn(await readRecords(store, info, keys, signal));
  const read = await store.read(withoutNote(info), keys, { signal });
  const layout = parseNote(info.name, info.note)?.layout;
  return layout === undefined ? read : { ...read, batch: asRecords(read.batch, layout) };
}

/** Half a surrogate pair has no UTF-8, which is what Parquet keeps: such a record is named, and costs no other its place. */
function withoutTorn(read: ReadResult): ReadResult {
  const { ids, payload } = read.batch;
  const columns = { id: ids, ...payload };
  const failures: RecordFailure[] = [];
  const whole: number[] = [];
  ids.forEach((id, row) => {
    const torn = Object.entries(columns).find(([, texts]) => texts[row]?.isWellFormed() === false);
    if (torn === undefined) whole.push(row);
    else
      failures.push({
        id,
        reason: "rejected",
        detail: `Its ${torn[0]} has half of a surrogate pair, which is no Unicode text and cannot stand in an archive.`,
      });
  });
  if (failures.length === 0) return read;
  return {
    ...read,
    batch: pickRecords(read.batch, whole),
    failures: [...read.failures, ...failures],
  };
}

/** Points of an archive with their whole payloads, as `withoutNote` has them read. */
export function wholePoints(batch: PointBatch, info: CollectionInfo): PointBatch {
  return asPoints(batch, parseNote(info.name, info.note)?.layout ?? "vecferry");
}

/** A point store's collection whose payloads are read as they are. */
export function withoutNote(info: CollectionInfo): CollectionInfo {
  return { ...info, note: null };
}

async function readRecords(
  store: SourceStore,
  info: CollectionInfo,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadRows> {
  const read = await store.read(info, keys, { signal });
  if (read.failures.length === 0) return read;
  const failed = read.failures.map(({ id }) => id);
  const bare = await store.read(info, failed, { signal, vectors: false });
  const held = new Set(bare.batch.ids);
  return {
    batch: joinRecords([read.batch, bare.batch]),
    absent: [...read.absent, ...bare.absent],
    failures: [
      ...bare.failures,
      ...read.failures.flatMap((failure) =>
        held.has(failure.id) && failure.reason !== "no-vector" ? [failure] : [],
      ),
    ],
  };
}
