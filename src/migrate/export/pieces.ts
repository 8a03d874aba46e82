/** What the source holds, piece by piece, each with where it goes. */
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import { joinPoints } from "../../model/parts.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { markedRecords } from "../../model/whole-payload.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { LanePlan } from "./lane.ts";
import { placed } from "./lane.ts";
import type { ExportBase, ExportSource } from "./request.ts";
import type { Router } from "./route.ts";

/** Rows of one collection that go to one lane. */
export interface Piece {
  readonly plan: LanePlan;
  readonly batch: PointBatch;
}

export interface PieceOptions {
  readonly vectors: boolean;
  /** Rows a piece, about. */
  readonly batchSize: number;
  readonly base: ExportBase | null;
  /** Told of rows that the base leaves out. */
  readonly onUnchanged?: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** So many pieces' rows wait at most for others of their lane, where one collection goes to several. */
const waitingPieces = 8;

/** Every row of a collection once. */
export async function* piecesOf(
  source: ExportSource,
  router: Router,
  options: PieceOptions,
): AsyncGenerator<Piece> {
  const { batchSize, signal } = options;
  const waiting = new Map<LanePlan, PointBatch[]>();
  const take = (plan: LanePlan): Piece => {
    const batches = waiting.get(plan) ?? [];
    waiting.delete(plan);
    return { plan, batch: joinPoints(batches) };
  };
  const sizeOf = (plan: LanePlan) => rowsIn(waiting.get(plan) ?? []);
  for await (const batch of scanned(source, router.info, options)) {
    throwIfAborted(signal);
    const rows = Map.groupBy(batch.ids.keys(), (row) => router.planOf(batch, row));
    for (const [plan, own] of rows) {
      waiting.set(plan, [...(waiting.get(plan) ?? []), pickRows(batch, own)]);
      if (sizeOf(plan) >= batchSize) yield take(plan);
    }
    while (rowsIn([...waiting.values()].flat()) > waitingPieces * batchSize) {
      const [fullest] = [...waiting.keys()].sort((one, other) => sizeOf(other) - sizeOf(one));
      if (fullest !== undefined) yield take(fullest);
    }
  }
  for (const plan of [...waiting.keys()]) yield take(plan);
}

/** These points again, as they are now, with where they go. */
export async function readAgain(
  source: ExportSource,
  router: Router,
  points: readonly string[],
  signal: AbortSignal,
): Promise<PointBatch> {
  const { batch } = await source.read(router.info, points, { signal });
  return asPoints(batch, router.info);
}

async function* scanned(
  source: ExportSource,
  info: CollectionInfo,
  { vectors, batchSize, base, onUnchanged, signal }: PieceOptions,
): AsyncGenerator<PointBatch> {
  // Whether a point is as it was cannot be told without its vector.
  const options = { signal, vectors: vectors || base !== null, batchSize };
  const batches = "scan" in source ? source.scan(info, options) : source.batches(info, options);
  for await (const read of batches) {
    const batch = asPoints(read, info);
    const unchanged = base?.unchanged(info, batch);
    if (unchanged === undefined || unchanged.size === 0) {
      yield batch;
      continue;
    }
    onUnchanged?.(unchanged.size);
    yield pickRows(
      batch,
      [...batch.ids.keys()].filter((row) => !unchanged.has(row)),
    );
  }
}

/** How the payloads of a collection without a note are read: the marks in them tell which are a migration's. */
const layoutWithoutNote = "vecferry";

/** Records of an archive as points of which nothing else is known: each is named by its id. */
function asPoints(batch: RecordBatch | PointBatch, { name, note }: CollectionInfo): PointBatch {
  if ("placement" in batch)
    return markedRecords(batch, parseNote(name, note)?.layout ?? layoutWithoutNote);
  const points = placed(batch);
  return { ...points, placement: { ...points.placement, points: batch.ids } };
}

function rowsIn(batches: readonly PointBatch[]): number {
  return batches.reduce((sum, { ids }) => sum + ids.length, 0);
}
