/**
 * What a source has changed since it was read. A source that numbers its writes says so in its listing: a record whose number
 * is not the one under which it was read is read again. Of any other source every record is read again, and the digests tell.
 */
import { throwIfAborted } from "../util/abort.ts";
import { digestAt, digestsOf, sameDigest } from "./digests.ts";
import type { ListingResult } from "./journal/listing.ts";
import { type LedgerRow, recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { prepare } from "./prepare.ts";
import type { Run, RunLane } from "./running.ts";
import { targetInfo } from "./target-spec.ts";
import { note } from "./telling.ts";
import { normalizedUlps, sameButForUlps } from "./verify/describe.ts";
import { sampleDiffers } from "./verify/reread.ts";

/** Records whose numbers are put to the test: so many of those that were written last, and as many from all over. */
const testedRows = 500;
const pageRows = 100;

/**
 * Settles after a listing which of the carried records this run reads again. What is not read again stays as it was carried,
 * so in doubt it is all of them.
 */
export async function lookForChanges(
  { context, report, journal }: Run,
  { entered, lane }: RunLane,
  { versioned, backwards }: ListingResult,
): Promise<void> {
  const { pending, written } = lane.ledger.counts();
  if (written === 0) return;
  if (!versioned) {
    // Since an interruption, however long, others may have written even to what nobody can write to while a run reads it.
    const whole = entered.copied || pending === 0;
    if (whole || (await sampleDiffers(lane, context.signal))) journal.setRefresh(entered, true);
    return;
  }
  journal.setRefresh(entered, false);
  lane.ledger.stale.addUnacknowledged();
  if (backwards === 0 && !(await numbersLie(lane, context.signal))) return;
  const name = JSON.stringify(lane.plan.source.name);
  const how =
    backwards > 0
      ? `Of ${name}, ${backwards} records bear lower numbers of writes than when they were read`
      : `Records of ${name} are not as they were read, under the same numbers of writes`;
  const text = `${how}: it is another source, or an older state that was written to anew. All of its records are read again.`;
  note(context, report, text);
  lane.ledger.stale.addAll();
}

/** Whether any of some records that were not written to since, as their numbers tell, is not what was carried. */
async function numbersLie(lane: Lane, signal: AbortSignal): Promise<boolean> {
  const { ledger } = lane;
  const { stale } = ledger;
  const spread = ledger.sample(recordStates.written, testedRows);
  const rows = [
    ...stale.newestOthers(testedRows),
    ...spread.filter(({ ordinal }) => !stale.has(ordinal)),
  ];
  for (let at = 0; at < rows.length; at += pageRows) {
    throwIfAborted(signal);
    if (await anyDiffers(lane, rows.slice(at, at + pageRows), signal)) return true;
  }
  return false;
}

async function anyDiffers(
  lane: Lane,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<boolean> {
  const { source, target, plan, run, spec } = lane;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const read = await source.read(plan.source, [...byId.keys()], { signal });
  const { batch } = prepare(read.batch, plan, run, {
    pointFor: (id) => byId.get(id)?.point ?? "",
  });
  const digests = digestsOf(batch);
  const places = batch.ids.flatMap((id, place) =>
    sameDigest(byId.get(id)?.digest, digestAt(digests, place)) ? [] : [place],
  );
  if (places.length === 0) return false;
  const { vectorUlps } = source.capabilities;
  if (vectorUlps === 0 || plan.distance !== "cosine") return true;
  const points = places.map((place) => batch.placement.points[place] ?? "");
  const standing = (await target.read(targetInfo(spec), points, { signal })).batch;
  const ulps = normalizedUlps(vectorUlps);
  return places.some((place) => {
    const row = standing.placement.points.indexOf(batch.placement.points[place] ?? "");
    return row < 0 || !sameButForUlps({ batch, row: place }, { batch: standing, row }, ulps);
  });
}

/** Tells what a pass over a collection that was copied before has found. */
export function tellDelta({ context, report }: Run, { entered, lane }: RunLane): void {
  const { added, changed, deleted } = report.delta(entered);
  const collection = lane.plan.source.name;
  const text = `delta of ${JSON.stringify(collection)}: ${added} added, ${changed} changed, ${deleted} deleted`;
  context.onEvent({ type: "delta", collection, added, changed, deleted, text });
}
