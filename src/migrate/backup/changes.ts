/**
 * The generation before, row by row beside the source: what is as it was stays where it stands, what was changed is taken anew, and what
 * has gone is left out. Nothing but rows in flight is in memory, and nothing of it need survive a kill: the same call compares again.
 */
import { pickRecords } from "../../model/parts.ts";
import type { PointBatch, RecordBatch, RecordFailure } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import type { ArchiveCollectionWriter, BaseBatch } from "../../store/archive.ts";
import { passStop } from "../../util/stops.ts";
import { runWorkers } from "../../util/workers.ts";
import { pointOf } from "../collection-plan.ts";
import type { Flight } from "../flight.ts";
import { DigestedRows } from "../journal/digested-rows.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import { emptyTotals, type OnProgress, type Totals } from "../transfer.ts";
import { bytesOfRows, type Course } from "./collection.ts";
import { compareRows, keysOf } from "./compared.ts";
import { readRows } from "./rows.ts";

/** Brings the generation that is written up to the source, as far as the one before has its records. Others are pending after it. */
export async function takeChanges(
  course: Course,
  writer: ArchiveCollectionWriter,
  { batchSize, workers }: Flight,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Totals> {
  const totals = emptyTotals();
  const batches = writer.baseBatches({ signal, batchSize })[Symbol.asyncIterator]();
  let done = 0;
  try {
    await runWorkers(workers, signal, async (signal) => {
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        await takeBatch(course, writer, next.value, totals, signal);
        done += next.value.batch.ids.length;
        onProgress(done, totals.bytes, totals.failed);
      }
    });
  } finally {
    await batches.return?.();
  }
  return totals;
}

async function takeBatch(
  course: Course,
  writer: ArchiveCollectionWriter,
  { batch, drop }: BaseBatch,
  totals: Totals,
  signal: AbortSignal,
): Promise<void> {
  const { source, info, plan, ledger } = course;
  const keys = keysOf(batch);
  const points = keys.map((key) => pointOf(plan, key));
  const known = new Map(ledger.backedUp.find(points).map((row) => [row.id, row]));
  const isAsked = (key: string) => known.get(key)?.state === recordStates.pending;
  // A row that this generation has anew already is no loss; one that the source does not list any more is gone.
  drop(rowsWhere(keys, (key) => !isAsked(key)));
  totals.gone += keys.filter((key) => !known.has(key)).length;
  const asked = rowsWhere(keys, isAsked);
  if (asked.length === 0) return;
  const held = asked.length === keys.length ? batch : pick(batch, asked);
  const sight = await readRows(source, info, keysOf(held), signal);
  // What cannot be read whole now stays as it was when it could.
  const failures = sight.failures.map((failure) => keptAsItWas(failure));
  const failed = new Set(failures.map(({ id }) => id));
  const rows = compareRows(course, held, sight).filter(({ key }) => !failed.has(key));
  const gone = rows.filter(({ standing }) => standing === "absent");
  const there = rows.flatMap((one) => (one.standing === "other" ? [one] : []));
  if (there.length > 0) {
    const taken = pick(
      sight.batch,
      there.map((one) => one.there),
    );
    await writer.append(taken, { signal });
    totals.bytes += bytesOfRows(taken);
  }
  passStop("after-append");
  drop([...gone, ...there].map(({ row }) => asked[row] ?? 0));
  totals.written += there.length;
  totals.changed += there.length;
  totals.gone += gone.length;
  totals.failed += failures.length;
  totals.unchanged += rows.length - gone.length - there.length;
  settle(course, known, { rows, gone, failures });
}

/** Notes in the journal what became of the rows of a batch. */
function settle(
  { ledger }: Course,
  known: ReadonlyMap<string, LedgerRow>,
  found: {
    readonly rows: readonly { readonly key: string }[];
    readonly gone: readonly { readonly key: string }[];
    readonly failures: readonly RecordFailure[];
  },
): void {
  const ordinalsOf = (keys: readonly { readonly key: string }[]) =>
    keys.flatMap(({ key }) => known.get(key)?.ordinal ?? []);
  ledger.setState(ordinalsOf(found.rows), recordStates.written);
  ledger.checkpoint({
    written: new DigestedRows(),
    failures: found.failures.flatMap(({ id, reason, detail }) =>
      ordinalsOf([{ key: id }]).map((ordinal) => ({ ordinal, reason, detail })),
    ),
    gone: ordinalsOf(found.gone),
  });
}

function keptAsItWas(failure: RecordFailure): RecordFailure {
  const { detail } = failure;
  return {
    ...failure,
    detail: `${detail} The archive keeps it as it was in the generation before.`,
  };
}

function rowsWhere(keys: readonly string[], wanted: (key: string) => boolean): number[] {
  return keys.flatMap((key, row) => (wanted(key) ? [row] : []));
}

function pick(batch: RecordBatch | PointBatch, rows: readonly number[]): RecordBatch | PointBatch {
  return "placement" in batch ? pickRows(batch, rows) : pickRecords(batch, rows);
}
