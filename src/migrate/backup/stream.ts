/**
 * A collection that nobody writes to and of which the archive holds nothing yet: its records are read as they are listed, and
 * no list of them is kept. What cannot be read is entered in the journal all the same, with its reason.
 */
import type { ArchiveCollectionWriter } from "../../store/archive.ts";
import { runWorkers } from "../../util/workers.ts";
import { pointOf } from "../collection-plan.ts";
import type { Flight } from "../flight.ts";
import type { CollectionScope } from "../journal/journal.ts";
import { emptyTotals, type OnProgress, type Totals } from "../transfer.ts";
import {
  addVanished,
  type Course,
  fewer,
  noneVanished,
  type Shape,
  sampleRows,
  shapeOf,
  takeRows,
  type Vanished,
} from "./collection.ts";

/** Ids of which some are read, to see what records are like. */
const firstIds = 10_000;

function idsOf(
  { source, info }: Course,
  { where, limit }: CollectionScope,
  chunk: number,
  signal: AbortSignal,
): AsyncIterator<string[]> {
  const scope = { ...(where === null ? {} : { where }), ...(limit === null ? {} : { limit }) };
  return source.ids(info, { signal, chunk, ...scope })[Symbol.asyncIterator]();
}

/** The shape of a collection's records, told from the first of them, and how many there are. */
export async function shapeOfAll(
  course: Course,
  scope: CollectionScope,
  wanted: number | null,
  signal: AbortSignal,
): Promise<Shape & { readonly rows: number }> {
  const counted = await course.source.count(course.info, { signal });
  const rows = Math.min(counted, scope.limit ?? counted);
  const ids = idsOf(course, scope, firstIds, signal);
  try {
    const { value } = await ids.next();
    const first: readonly string[] = value ?? [];
    const step = Math.max(1, first.length / sampleRows);
    const some = Array.from(
      { length: Math.min(sampleRows, first.length) },
      (_, place) => first[Math.floor(place * step)] ?? "",
    );
    return { ...(await shapeOf(course, some, wanted, signal)), rows };
  } finally {
    await ids.return?.();
  }
}

export interface Streamed {
  readonly totals: Totals;
  readonly vanished: Vanished;
  /** Records of which the archive has nothing. */
  readonly lost: number;
}

/** Takes every record into the archive. */
export async function streamRows(
  course: Course,
  writer: ArchiveCollectionWriter,
  flight: Flight,
  scope: CollectionScope,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Streamed> {
  const { ledger, plan } = course;
  const totals = emptyTotals();
  const vanished = noneVanished();
  let lost = 0;
  let rowsMax = flight.batchSize;
  const ids = idsOf(course, scope, flight.batchSize, signal);
  try {
    await runWorkers(flight.workers, signal, async (signal) => {
      for (let next = await ids.next(); next.done !== true; next = await ids.next()) {
        for (let at = 0; at < next.value.length; ) {
          const some = next.value.slice(at, at + rowsMax);
          const { keys, failures, gone, bytes } = await takeRows(
            course,
            writer,
            some,
            totals,
            signal,
          );
          if (failures.length > 0)
            ledger.backedUp.enterFailed(
              failures.map((one) => ({ ...one, point: pointOf(plan, one.id) })),
            );
          const held = new Set(failures.length === 0 ? [] : keys);
          lost += failures.filter(({ id }) => !held.has(id)).length;
          addVanished(vanished, gone);
          rowsMax = fewer(flight, bytes / some.length);
          at += some.length;
        }
        onProgress(totals.written + lost, totals.bytes, totals.failed);
      }
    });
  } finally {
    await ids.return?.();
  }
  return { totals, vanished, lost };
}
