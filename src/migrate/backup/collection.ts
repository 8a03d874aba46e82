/** One collection on its way into an archive: its ids in the journal, its rows behind those that the archive has already. */
import { batchTargetBytes, inFlightBytesMax, optimalBatchSize } from "../../model/batch-size.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch, RecordBatch, RecordFailure } from "../../model/record.ts";
import { vectorBytes } from "../../model/vector-column.ts";
import type { ArchiveCollectionWriter } from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { passStop } from "../../util/stops.ts";
import { runWorkers } from "../../util/workers.ts";
import { type CollectionPlan, pointOf } from "../collection-plan.ts";
import type { Flight } from "../flight.ts";
import { DigestedRows } from "../journal/digested-rows.ts";
import type { JournalCollection } from "../journal/journal.ts";
import type { Ledger } from "../journal/ledger.ts";
import type { ListingResult } from "../journal/listing.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import { emptyTotals, meanPayload, type OnProgress, type Totals } from "../transfer.ts";
import { type AnyStore, readRows } from "./rows.ts";

/** A collection that is backed up, and where its records stand in the journal. */
export interface Course {
  readonly source: AnyStore;
  readonly info: CollectionInfo;
  readonly plan: CollectionPlan;
  readonly entered: JournalCollection;
  readonly ledger: Ledger;
}

/** Records that were found and then were gone: how many, and some of their ids. */
export interface Vanished {
  count: number;
  readonly ids: string[];
}

const pageRows = 1000;
export const sampleRows = 100;
/** Ids that a sentence names at most. */
const namedMax = 20;
/** Bytes of a row beside its vector and its texts: its id, and its part of what frames it. */
const frameBytes = 48;
/** Texts take about half of their bytes in an archive, vectors all of them. */
const textShare = 0.5;

/**
 * The place of a collection's records in the journal: no two records meet in one, whatever their ids. Nothing of it decides
 * how a record comes out.
 */
export function placePlan(info: CollectionInfo): CollectionPlan {
  return {
    source: info,
    target: info.name,
    tenant: "",
    tenanted: true,
    merged: false,
    layout: "vecferry",
    idPrefix: null,
    dimension: info.dimension ?? 0,
    distance: info.distance ?? "l2",
  };
}

/** What a collection's rows are like, told from some of them: how they travel, and the bytes of the disk that one takes. */
export interface Shape {
  readonly flight: Flight;
  readonly rowBytes: number;
}

/** The shape of the pending records. */
export function shapeOfPending(
  course: Course,
  wanted: number | null,
  signal: AbortSignal,
): Promise<Shape> {
  const ids = course.ledger.sample(recordStates.pending, sampleRows).map(({ id }) => id);
  return shapeOf(course, ids, wanted, signal);
}

/** The shape of records like these. `wanted`: rows a batch; null = by the formula in model/batch-size.ts. */
export async function shapeOf(
  { source, info }: Course,
  ids: readonly string[],
  wanted: number | null,
  signal: AbortSignal,
): Promise<Shape> {
  const { batchSizeMax, concurrency } = source.capabilities;
  // Of vectors that are not one dense one, nothing but they themselves tells how long they are.
  const vectors = info.vectors !== undefined;
  const sampled =
    ids.length === 0 ? null : (await source.read(info, ids, { signal, vectors })).batch;
  const vectorMean =
    vectors && sampled !== null ? vectorBytes(sampled) / Math.max(1, sampled.ids.length) : 0;
  const payloadBytes = sampled === null ? 0 : meanPayload(sampled) + restBytes(sampled);
  const dimension = vectors ? Math.ceil(vectorMean / 4) : (info.dimension ?? 0);
  const rowsMax = [batchSizeMax];
  const batchSize =
    wanted === null
      ? optimalBatchSize({ targetBytes: batchTargetBytes, dimension, payloadBytes, rowsMax })
      : Math.min(wanted, batchSizeMax ?? wanted);
  const room = Math.floor(inFlightBytesMax / (batchSize * (4 * dimension + payloadBytes + 1)));
  const workers = Math.max(1, Math.min(room, concurrency + 1));
  const rowBytes = 4 * dimension + textShare * payloadBytes + frameBytes;
  return { flight: { batchSize, workers }, rowBytes };
}

/** Mean bytes of what a point has beside a record. */
function restBytes(batch: RecordBatch | PointBatch): number {
  if (!("placement" in batch)) return 0;
  const { rest } = batch.placement;
  const bytes = rest.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return batch.ids.length === 0 ? 0 : Math.ceil(bytes / batch.ids.length);
}

/**
 * Brings the journal up to what this generation of the archive holds for good: those records are done, all others are not. Gives those
 * that it holds and the source has no more.
 */
export async function takeUp(
  { source, info, plan, ledger }: Course,
  writer: ArchiveCollectionWriter,
  signal: AbortSignal,
): Promise<Vanished> {
  ledger.backedUp.reopen();
  const vanished = noneVanished();
  for await (const keys of writer.heldKeys({ signal })) {
    throwIfAborted(signal);
    const known = ledger.backedUp.find(keys.map((key) => pointOf(plan, key)));
    ledger.backedUp.hold(known.map(({ ordinal }) => ordinal));
    if (known.length === keys.length) continue;
    const listed = new Set(known.map(({ id }) => id));
    const unlisted = keys.filter((key) => !listed.has(key));
    const { absent } = await source.read(info, unlisted, { signal, vectors: false });
    addVanished(vanished, absent);
  }
  ledger.backedUp.retry();
  return vanished;
}

/** Takes every pending record into the archive. */
export async function copyRows(
  course: Course,
  writer: ArchiveCollectionWriter,
  { batchSize, workers }: Flight,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<{ readonly totals: Totals; readonly vanished: Vanished }> {
  const totals = emptyTotals();
  const vanished = noneVanished();
  let after = -1;
  let rowsMax = batchSize;
  let done = 0;
  const next = (): LedgerRow[] => {
    const rows = course.ledger.page(recordStates.pending, after, rowsMax);
    after = rows.at(-1)?.ordinal ?? after;
    return rows;
  };
  await runWorkers(workers, signal, async (signal) => {
    for (let rows = next(); rows.length > 0; rows = next()) {
      const { bytes, gone } = await copyBatch(course, writer, rows, totals, signal);
      addVanished(vanished, gone);
      done += rows.length;
      rowsMax = fewer({ batchSize, workers }, bytes / rows.length);
      onProgress(done, totals.bytes, totals.failed);
    }
  });
  return { totals, vanished };
}

/** The next batch's rows: fewer where the records of the last one were larger than the sample promised. */
export function fewer({ batchSize, workers }: Flight, rowBytes: number): number {
  const room = Math.floor(inFlightBytesMax / workers / Math.max(1, rowBytes));
  return Math.max(1, Math.min(batchSize, room));
}

async function copyBatch(
  course: Course,
  writer: ArchiveCollectionWriter,
  rows: readonly LedgerRow[],
  totals: Totals,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly gone: readonly string[] }> {
  const { ledger } = course;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const taken = await takeRows(course, writer, [...byId.keys()], totals, signal);
  const ordinalsOf = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id)?.ordinal ?? []);
  ledger.setState(ordinalsOf(taken.keys), recordStates.written);
  ledger.checkpoint({
    written: new DigestedRows(),
    failures: taken.failures.flatMap(({ id, reason, detail }) =>
      ordinalsOf([id]).map((ordinal) => ({ ordinal, reason, detail })),
    ),
    gone: ordinalsOf(taken.gone),
  });
  return taken;
}

/** What became of some records that were asked for. */
export interface Taken {
  /** Those that the archive has. */
  readonly keys: readonly string[];
  /** Those that could not be read whole; some of them the archive has all the same. */
  readonly failures: readonly RecordFailure[];
  readonly gone: readonly string[];
  /** Bytes of vectors and texts. */
  readonly bytes: number;
}

/** Reads these records and hands them to the archive. */
export async function takeRows(
  { source, info }: Course,
  writer: ArchiveCollectionWriter,
  ids: readonly string[],
  totals: Totals,
  signal: AbortSignal,
): Promise<Taken> {
  const { batch, absent, failures: found } = await readRows(source, info, ids, signal);
  const keys = "placement" in batch ? batch.placement.points : batch.ids;
  if (keys.length > 0) await writer.append(batch, { signal });
  passStop("after-append");
  const bytes = bytesOfRows(batch);
  const held = new Set(found.length === 0 ? [] : keys);
  const failures = found.map((one) => (held.has(one.id) ? withoutVector(one) : one));
  totals.written += keys.length;
  totals.failed += failures.length;
  totals.gone += absent.length;
  totals.bytes += bytes;
  return { keys, failures, gone: absent, bytes };
}

function withoutVector(failure: RecordFailure): RecordFailure {
  return { ...failure, detail: `${failure.detail} The archive has the record without its vector.` };
}

/** Bytes of vectors and texts. */
export function bytesOfRows(batch: RecordBatch | PointBatch): number {
  const { documents, metadata, uris } = batch.payload;
  const rest = "placement" in batch ? batch.placement.rest : [];
  let bytes = vectorBytes(batch);
  for (const column of [documents, metadata, uris, rest])
    for (const text of column) bytes += text?.length ?? 0;
  return bytes;
}

/** The archived records that a listing did not name and that the source no longer has. */
export async function goneSince(
  { source, info, ledger }: Course,
  listing: ListingResult,
  signal: AbortSignal,
): Promise<Vanished> {
  const vanished = noneVanished();
  if (listing.unseen === 0) return vanished;
  for (let rows = ledger.unseen(-1, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    const ids = rows.map(({ id }) => id);
    const { absent } = await source.read(info, ids, { signal, vectors: false });
    addVanished(vanished, absent);
    rows = ledger.unseen(rows.at(-1)?.ordinal ?? 0, pageRows);
  }
  return vanished;
}

export function noneVanished(): Vanished {
  return { count: 0, ids: [] };
}

/** `3 records ("a", "b" and 1 more)`. */
export function vanishedText({ count, ids }: Vanished): string {
  const named = ids.map((id) => JSON.stringify(id)).join(", ");
  const more = count > ids.length ? ` and ${count - ids.length} more` : "";
  return `${count} ${count === 1 ? "record" : "records"} (${named}${more})`;
}

/** Adds records that have gone. */
export function addVanished(vanished: Vanished, ids: readonly string[]): void {
  vanished.count += ids.length;
  vanished.ids.push(...ids.slice(0, namedMax - vanished.ids.length));
}
