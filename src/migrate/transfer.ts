/** The transfer of one collection: list its ids, carry the records, list again. Killed anywhere, it goes on from the journal. */
import { setImmediate } from "node:timers/promises";
import { VectorError } from "../errors.ts";
import {
  batchTargetBytes,
  inFlightBytesMax,
  jsonBytesPerComponent,
  optimalBatchSize,
} from "../model/batch-size.ts";
import { conflicts } from "../model/layout.ts";
import type { RecordBatch } from "../model/record.ts";
import { throwIfAborted } from "../util/abort.ts";
import { runWorkers } from "../util/workers.ts";
import { type Carried, type CarryOptions, carry } from "./carry.ts";
import { pointOf } from "./collection-plan.ts";
import { type Flight, firstRows } from "./flight.ts";
import type { CollectionScope } from "./journal/journal.ts";
import type { ListingResult } from "./journal/listing.ts";
import { type LedgerRow, recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";

/** Totals of a pass over a collection. */
export interface Totals {
  written: number;
  /** Those of the written that were carried before, and changed at the source since. */
  changed: number;
  unchanged: number;
  failed: number;
  gone: number;
  bytes: number;
  /** Changed at the target since we wrote them, so left as they are. */
  kept: number;
  /** At points that are others': never written over. */
  taken: number;
}

export type OnProgress = (done: number, bytes: number, quarantined?: number) => void;

const listChunk = 10_000;
const pageRows = 1000;
const sampleRows = 100;
/**
 * Batches that are made ready while as many are read and written as the stores bear: what a server has to do comes in pieces of
 * other sizes than a batch, and it waits for nothing as long as one is at hand.
 */
const batchesAhead = 4;
const layoutsWithKeysOnTop: readonly string[] = ["flat", "llamaindex"];

/** Lists the source's ids into the journal, whole or not at all. @throws E_ID_COLLISION */
export async function listIds(
  lane: Pick<Lane, "source" | "plan" | "ledger">,
  scope: CollectionScope,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<ListingResult> {
  using listing = lane.ledger.list();
  const { where, limit } = scope;
  const options = {
    signal,
    chunk: listChunk,
    ...(where === null ? {} : { where }),
    ...(limit === null ? {} : { limit }),
    onVersions: (numbers: readonly number[]) => {
      versions = numbers;
    },
  };
  let versions: readonly number[] | null = null;
  let listed = 0;
  for await (const ids of lane.source.ids(lane.plan.source, options)) {
    throwIfAborted(signal);
    listing.add(ids, (id) => pointOf(lane.plan, id), versions);
    versions = null;
    listed += ids.length;
    onProgress(listed, 0);
    await setImmediate();
  }
  return await listing.finish(signal);
}

/**
 * Asks the source about carried records that a listing did not name: those it no longer has are marked deleted, the
 * others are only out of this run's scope. Returns how many are deleted.
 */
export async function settleUnseen(
  lane: Lane,
  listing: ListingResult,
  signal: AbortSignal,
): Promise<number> {
  if (listing.unseen === 0) return 0;
  let deleted = 0;
  for (let rows = lane.ledger.unseen(-1, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    const { absent } = await lane.source.read(
      lane.plan.source,
      rows.map(({ id }) => id),
      { signal, vectors: false },
    );
    const gone = new Set(absent);
    const ordinals = rows.filter(({ id }) => gone.has(id)).map(({ ordinal }) => ordinal);
    lane.ledger.markGone(ordinals);
    deleted += ordinals.length;
    rows = lane.ledger.unseen(rows.at(-1)?.ordinal ?? 0, pageRows);
  }
  return deleted;
}

/**
 * Looks for metadata keys that meet a name which the layout keeps for itself. Reads the metadata of every pending record,
 * and only for layouts that put metadata at the top. @throws E_RESERVED_KEY
 */
export async function assertKeysFit(lane: Lane, signal: AbortSignal): Promise<void> {
  if (!layoutsWithKeysOnTop.includes(lane.plan.layout)) return;
  for (let rows = lane.ledger.page(recordStates.pending, -1, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    const { batch } = await lane.source.read(
      lane.plan.source,
      rows.map(({ id }) => id),
      { signal, vectors: false },
    );
    batch.payload.metadata.forEach((metadata, row) => {
      const [key] = conflicts(metadata, lane.plan.layout);
      if (key === undefined) return;
      throw new VectorError(
        "E_RESERVED_KEY",
        `Record ${JSON.stringify(batch.ids[row])} of collection ${JSON.stringify(lane.plan.source.name)} has the metadata key ${JSON.stringify(key)}, which layout ${lane.plan.layout} keeps for itself.`,
        { details: { collection: lane.plan.source.name, key } },
      );
    });
    rows = lane.ledger.page(recordStates.pending, rows.at(-1)?.ordinal ?? 0, pageRows);
  }
}

/**
 * Batch size by the formula in model/batch-size.ts, with the mean payload as the source tells it, else that of 100 records from all
 * over the collection, and as many batches as stay under 64 MiB in flight. A wanted size is taken as far as both ends bear it.
 */
export async function planFlight(
  lane: Lane,
  state: number,
  wanted: number | null,
  signal: AbortSignal,
): Promise<Flight> {
  const { source, plan } = lane;
  const ids = lane.ledger.sample(state, sampleRows).map(({ id }) => id);
  if (ids.length === 0) return flightOf(lane, wanted, 0);
  const told = await source.recordBytes?.(plan.source, { signal });
  if (told !== undefined) return flightOf(lane, wanted, told);
  const { batch } = await source.read(plan.source, ids, { signal, vectors: false });
  return flightOf(lane, wanted, meanPayload(batch));
}

function flightOf(
  { source, target, plan }: Lane,
  wanted: number | null,
  payloadBytes: number,
): Flight {
  const { bodyBytesMax } = target.capabilities;
  const rowsMax = [source.capabilities.batchSizeMax, target.capabilities.batchSizeMax];
  const batchSize =
    wanted === null
      ? optimalBatchSize({
          targetBytes: batchTargetBytes,
          dimension: plan.dimension,
          payloadBytes,
          bodyBytesMax,
          rowsMax,
        })
      : Math.min(wanted, ...rowsMax.filter((bound) => bound !== null));
  const componentBytes = bodyBytesMax === null ? 4 : jsonBytesPerComponent;
  const room = Math.floor(
    inFlightBytesMax / (batchSize * (componentBytes * plan.dimension + payloadBytes)),
  );
  const useful = source.capabilities.concurrency + target.capabilities.concurrency + batchesAhead;
  return { batchSize, workers: Math.max(1, Math.min(room, useful)) };
}

/** Mean bytes of a record beside its vector. */
export function meanPayload({ ids, payload }: RecordBatch): number {
  const texts = [payload.documents, payload.metadata, payload.uris, ids].flat();
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0);
  return ids.length === 0 ? 0 : Math.ceil(bytes / ids.length);
}

/** The next records behind an ordinal, ascending. */
export type Page = (after: number, limit: number) => LedgerRow[];

/** Carries every record of the collection that `page` gives. */
export async function carryAll(
  lane: Lane,
  page: Page,
  flight: Flight,
  options: CarryOptions,
  onProgress: OnProgress,
): Promise<Totals> {
  const totals = emptyTotals();
  let done = 0;
  let after = -1;
  let batchSize = flight.batchSize;
  // The first batches are small: the target has something to do sooner, and a fault of its is known sooner.
  let most = firstRows;
  const next = (): LedgerRow[] => {
    const rows = page(after, Math.min(most, batchSize));
    most *= 2;
    after = rows.at(-1)?.ordinal ?? after;
    return rows;
  };
  await runWorkers(flight.workers, options.signal, async (signal) => {
    for (let rows = next(); rows.length > 0; rows = next()) {
      const carried = await carry(lane, rows, { ...options, signal });
      addTo(totals, carried);
      batchSize = resized(flight, carried, rows.length);
      done += rows.length;
      onProgress(done, totals.bytes, totals.failed);
    }
  });
  return totals;
}

/** The next batch's rows: fewer where the records of the last one were larger than the sample promised. */
function resized({ batchSize, workers }: Flight, { readBytes }: Carried, rows: number): number {
  const room = Math.floor(inFlightBytesMax / workers / Math.max(1, readBytes / rows));
  return Math.max(1, Math.min(batchSize, room));
}

/** Totals of nothing. */
export function emptyTotals(): Totals {
  return {
    written: 0,
    changed: 0,
    unchanged: 0,
    failed: 0,
    gone: 0,
    bytes: 0,
    kept: 0,
    taken: 0,
  };
}

/** Adds what became of a batch. */
export function addTo(totals: Totals, carried: Carried): void {
  totals.written += carried.written;
  totals.changed += carried.changed;
  totals.unchanged += carried.unchanged;
  totals.failed += carried.failures.length;
  totals.gone += carried.gone.length;
  totals.bytes += carried.bytes;
  totals.kept += carried.kept.length;
  totals.taken += carried.taken.length;
}
