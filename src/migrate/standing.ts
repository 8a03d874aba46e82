/** What stands at the target where records are to be written: nothing, ours as we wrote it, ours but changed, or another's. */
import type { PointBatch } from "../model/record.ts";
import { digestAt, digestsOf, sameDigest } from "./digests.ts";
import type { LedgerRow } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import type { RowsById } from "./rows-by-id.ts";
import { targetInfo } from "./target-spec.ts";

export interface Standing {
  /** Ids whose points are ours and as they are to be written. */
  readonly same: ReadonlySet<string>;
  /** Ids whose points are ours and no longer as the journal says we wrote them. */
  readonly changed: ReadonlySet<string>;
  /** Ids whose points are another run's, another collection's, another record's, or no migration's at all. */
  readonly taken: ReadonlySet<string>;
}

/** Whether the point at `row` of what stands at the target is the one of this lane's record `id`. */
export function isOwn(
  lane: Pick<Lane, "plan" | "run">,
  batch: PointBatch,
  row: number,
  id: string | undefined,
): boolean {
  const collection = batch.placement.collections[row] ?? null;
  return (
    batch.placement.runs[row] === lane.run &&
    (collection === null || collection === lane.plan.source.name) &&
    batch.ids[row] === id
  );
}

/** Whether what stands at the point of a record is what was written there, also by a run that ended before its checkpoint. */
export function isAsWritten(
  { ledger }: Pick<Lane, "ledger">,
  known: Pick<LedgerRow, "ordinal" | "digest"> | undefined,
  stands: Uint8Array,
): boolean {
  if (known === undefined) return false;
  return sameDigest(known.digest, stands) || ledger.sending.has(known.ordinal, stands);
}

/** Reads the points of a batch at the target and compares them with the journal, and with what is to be written. */
export async function lookAtStanding(
  lane: Lane,
  known: Pick<RowsById, "get">,
  batch: PointBatch,
  signal: AbortSignal,
): Promise<Standing> {
  const same = new Set<string>();
  const changed = new Set<string>();
  const taken = new Set<string>();
  if (batch.ids.length === 0) return { same, changed, taken };
  const wanted = digestsOf(batch);
  const { points } = batch.placement;
  const places = new Map(points.map((point, place) => [point, place]));
  const standing = await lane.target.read(targetInfo(lane.spec), points, { signal });
  const digests = digestsOf(standing.batch);
  standing.batch.placement.points.forEach((point, row) => {
    const place = places.get(point);
    if (place === undefined) return;
    const id = batch.ids[place] ?? "";
    const stands = digestAt(digests, row);
    if (!isOwn(lane, standing.batch, row, id)) taken.add(id);
    else if (sameDigest(stands, digestAt(wanted, place))) same.add(id);
    else if (known.get(id)?.digest != null && !isAsWritten(lane, known.get(id), stands))
      changed.add(id);
  });
  return { same, changed, taken };
}
