/** Reads every carried record of a source anew and compares it with what was written. Resumable. */
import type { SourceStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { runWorkers } from "../../util/workers.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import { DigestedRows } from "../journal/digested-rows.ts";
import type { Progress } from "../journal/progress.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import type { Lane } from "../lane.ts";
import { prepare } from "../prepare.ts";
import { listIds, planFlight, settleUnseen } from "../transfer.ts";
import type { Course } from "./lane.ts";
import { settle } from "./settle.ts";

/** Records of a sample, and rows a request of them. */
export const sampleSize = 1000;
const sampleRows = 100;
/** Progress is kept so often at most. */
const saveEveryMs = 2000;

/** Lists the source's ids again: what is new is pending then, what is gone is marked so. */
export async function listAnew(
  { lane, entered }: Course,
  source: SourceStore,
  signal: AbortSignal,
): Promise<void> {
  const whole = { ...lane, source };
  const listing = await listIds(whole, entered.scope, signal, () => undefined);
  if (entered.scope.limit === null) await settleUnseen(whole, listing, signal);
}

/**
 * Reads every record of a source into a journal that was made for this: the digest of each as it would be carried, as if it
 * had been. What cannot be carried is noted as a copy would have noted it.
 */
export async function readSource(
  course: Course,
  source: SourceStore,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<void> {
  const { lane, tally } = course;
  const { pending } = recordStates;
  const flight = await planFlight({ ...lane, source }, pending, null, signal);
  let after = -1;
  await runWorkers(flight.workers, signal, async (stop) => {
    for (;;) {
      throwIfAborted(stop);
      const rows = lane.ledger.page(pending, after, flight.batchSize);
      const last = rows.at(-1)?.ordinal;
      if (last === undefined) return;
      after = last;
      await readRows(course, source, rows, stop);
      tally.readAgain += rows.length;
      onRows(tally.readAgain);
    }
  });
}

/** Reads these records and enters their digests as if they had been carried. */
export async function readRows(
  { lane }: Course,
  source: SourceStore,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<void> {
  const ordinals = new Map(rows.map(({ id, ordinal }) => [id, ordinal]));
  const place = <Row extends { id: string }>(one: Row) => {
    const ordinal = ordinals.get(one.id);
    return ordinal === undefined ? [] : [{ ...one, ordinal }];
  };
  const ids = [...ordinals.keys()];
  const read = await lane.reads.run(() => source.read(lane.plan.source, ids, { signal }), signal);
  const { batch, failures } = prepare(read.batch, lane.plan, lane.run, { takeVectors: true });
  const digests = digestsOf(batch);
  const all = Array.from(batch.ids.keys());
  lane.ledger.checkpoint({
    written: DigestedRows.of(all, (row) => ordinals.get(batch.ids[row] ?? ""), digests),
    failures: [...read.failures, ...failures].flatMap(place),
    gone: read.absent.flatMap((id) => ordinals.get(id) ?? []),
  });
}

/** Reads all carried records of a collection, several requests in flight; those that differ are looked at again. */
export async function rereadSource(
  course: Course,
  source: SourceStore,
  progress: Progress,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<void> {
  const { lane, tally } = course;
  const flight = await planFlight({ ...lane, source }, recordStates.written, null, signal);
  let after = Number(progress.get() ?? -1);
  let savedMs = Date.now();
  /** Where each page in flight begins: before the lowest of them all is done. */
  const begun = new Set<number>();
  await runWorkers(flight.workers, signal, async (stop) => {
    for (;;) {
      throwIfAborted(stop);
      const rows = lane.ledger.page(recordStates.written, after, flight.batchSize);
      const last = rows.at(-1)?.ordinal;
      if (last === undefined) return;
      const start = after;
      begun.add(start);
      after = last;
      await settle(course, await differing(course, source, rows, stop), stop);
      begun.delete(start);
      tally.readAgain += rows.length;
      onRows(tally.readAgain);
      if (Date.now() - savedMs < saveEveryMs) continue;
      savedMs = Date.now();
      progress.set(String(Math.min(after, ...begun)));
    }
  });
  progress.set(String(after));
}

/** Whether the source gives any of a thousand carried records otherwise than it was written; all are read where they are not more. */
export async function sampleDiffers(lane: Lane, signal: AbortSignal): Promise<boolean> {
  const { ledger, source } = lane;
  const { written } = recordStates;
  const all = ledger.counts().written <= sampleSize;
  const rows = all ? ledger.page(written, -1, sampleSize) : ledger.sample(written, sampleSize);
  const pageRows = Math.min(sampleRows, source.capabilities.batchSizeMax ?? sampleRows);
  for (let at = 0; at < rows.length; at += pageRows) {
    const page = rows.slice(at, at + pageRows);
    if ((await differing({ lane }, source, page, signal)).length > 0) return true;
  }
  return false;
}

/** The records among `rows` that the source does not give as they were written. */
async function differing(
  { lane }: Pick<Course, "lane">,
  source: SourceStore,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<LedgerRow[]> {
  const ids = rows.map(({ id }) => id);
  const read = await lane.reads.run(() => source.read(lane.plan.source, ids, { signal }), signal);
  const { batch } = prepare(read.batch, lane.plan, lane.run);
  const digests = digestsOf(batch);
  const places = new Map(batch.ids.map((id, row) => [id, row]));
  return rows.filter(({ id, digest }) => {
    const place = places.get(id);
    return place === undefined || !sameDigest(digest, digestAt(digests, place));
  });
}
