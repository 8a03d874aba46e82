/** Carries deletions: takes points away whose records the source has deleted, where they are still as we wrote them. */
import { throwIfAborted } from "../util/abort.ts";
import { digestAt, digestsOf } from "./digests.ts";
import { recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { isAsWritten, isOwn } from "./standing.ts";
import { targetInfo } from "./target-spec.ts";

const pageRows = 1000;

export interface Propagated {
  /** Points taken away, or gone already. */
  readonly removed: number;
  /** Points that were changed at the target since, and stay. */
  readonly kept: number;
}

/** Removes the points of all records of the collection that the journal has as deleted at the source. */
export async function propagateDeletes(lane: Lane, signal: AbortSignal): Promise<Propagated> {
  const info = targetInfo(lane.spec);
  let removed = 0;
  let kept = 0;
  let after = -1;
  for (let rows = lane.ledger.page(recordStates.deleted, after, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    const byPoint = new Map(rows.map((row) => [row.point, row]));
    const { batch } = await lane.target.read(info, [...byPoint.keys()], { signal });
    const digests = digestsOf(batch);
    const changed = new Set(
      batch.placement.points.filter((point, row) => {
        const known = byPoint.get(point);
        const own = isOwn(lane, batch, row, known?.id);
        return !own || !isAsWritten(lane, known, digestAt(digests, row));
      }),
    );
    const points = batch.placement.points.filter((point) => !changed.has(point));
    if (points.length > 0) await lane.target.remove(info, { points }, { signal });
    const settled = rows.filter(({ point }) => !changed.has(point)).map(({ ordinal }) => ordinal);
    lane.ledger.setState(settled, recordStates.left);
    removed += settled.length;
    kept += changed.size;
    after = rows.at(-1)?.ordinal ?? after;
    rows = lane.ledger.page(recordStates.deleted, after, pageRows);
  }
  return { removed, kept };
}
