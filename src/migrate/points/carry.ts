/** Writes the points that the target does not have as they are. */
import { BucketSums } from "../../model/digest.ts";
import type { PointBatch } from "../../model/record.ts";
import { bytesOf, pickRows } from "../../model/rows.ts";
import { passStop } from "../../util/stops.ts";
import { runWorkers } from "../../util/workers.ts";
import { emptyTotals, type OnProgress, type Totals } from "../transfer.ts";
import type { Course } from "./course.ts";
import { equalRows } from "./equal.ts";
import type { Held } from "./look.ts";
import { addPoints, bucketAt } from "./sums.ts";

/** What `carryPoints` must know of what stands at the target. */
export type Ground = Pick<Held, "stands" | "open" | "ours" | "expected">;

export interface Carried {
  readonly totals: Totals;
  /** Of every point of the source, as it was read. */
  readonly sums: BucketSums;
}

/** Batches in flight beside the one that is read. */
export function workersOf({ target }: Course): number {
  return target.capabilities.concurrency + 1;
}

/**
 * Reads every point of the source, and writes those in the open buckets of `held` that do not stand there; `expected` is kept up. What stands there otherwise
 * is written over where nobody else has written it since, or where `overwrite` is said; else it is kept as it is.
 */
export async function carryPoints(
  course: Course,
  held: Ground,
  overwrite: boolean,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Carried> {
  const { source, target, info, spec, batchSize } = course;
  const totals = emptyTotals();
  const sums = new BucketSums();
  const batches = source.points(info, { signal, batchSize })[Symbol.asyncIterator]();
  try {
    await runWorkers(workersOf(course), signal, async (signal) => {
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        const batch = next.value;
        addPoints(sums, batch);
        const sent = await toSend(course, batch, held, overwrite, totals, signal);
        const rows = sent.ids.length;
        if (rows > 0) await target.write(spec, sent, { signal });
        passStop("after-acknowledge");
        addPoints(held.expected, sent);
        totals.written += rows;
        totals.bytes += bytesOf(sent);
        onProgress(totals.written + totals.unchanged + totals.kept, totals.bytes);
      }
    });
  } finally {
    await batches.return?.();
  }
  return { totals, sums };
}

/** The rows of a batch that are to be written. What becomes of the others is entered in `totals`. */
async function toSend(
  course: Course,
  batch: PointBatch,
  { stands, open, ours, expected }: Ground,
  overwrite: boolean,
  totals: Totals,
  signal: AbortSignal,
): Promise<PointBatch> {
  if (!stands) return batch;
  const { points } = batch.placement;
  const wanted = points.flatMap((point, row) => (open.has(bucketAt(point)) ? [row] : []));
  totals.unchanged += points.length - wanted.length;
  if (wanted.length === 0) return pickRows(batch, []);
  const some = pickRows(batch, wanted);
  const { rows: equal, others } = await equalRows(course, some, signal);
  totals.unchanged += equal.size;
  const rows: number[] = [];
  some.placement.points.forEach((point, row) => {
    if (equal.has(row)) return;
    const other = others.get(row);
    const bucket = bucketAt(point);
    if (other !== undefined && !overwrite && !ours.has(bucket)) {
      totals.kept += 1;
      return;
    }
    rows.push(row);
    if (other === undefined) return;
    totals.changed += 1;
    expected.subtract(bucket, other.digest);
  });
  return pickRows(some, rows);
}
