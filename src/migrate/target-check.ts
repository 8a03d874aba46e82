/** Before the first write: what stands at the target must not be in the way, and must not be harmed. */
import { VectorError } from "../errors.ts";
import type { CollectionSpec } from "../model/collection.ts";
import type { PointBatch } from "../model/record.ts";
import type { TargetStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import { recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { isOwn } from "./standing.ts";
import { targetInfo } from "./target-spec.ts";

const pageRows = 1000;

/**
 * Refuses a target collection that holds a point no vecferry run wrote. Points of other runs are not in the way.
 * @throws E_FOREIGN_POINTS, naming the first one
 */
export async function assertNoForeignPoints(
  target: TargetStore,
  spec: CollectionSpec,
  signal: AbortSignal,
): Promise<void> {
  for await (const { placement } of target.scan(targetInfo(spec), { signal, vectors: false })) {
    throwIfAborted(signal);
    const row = placement.runs.indexOf(null);
    if (row === -1) continue;
    throw new VectorError(
      "E_FOREIGN_POINTS",
      `Target collection ${JSON.stringify(spec.name)} holds points that no migration wrote; point ${placement.points[row]} is the first.`,
      { details: { collection: spec.name, point: placement.points[row] } },
    );
  }
}

/**
 * Refuses a collection with a pending record whose point is taken: by another run, by another collection of this one, or
 * by a point that is not vecferry's. @throws E_POINT_TAKEN, naming both
 */
export async function assertPointsFree(lane: Lane, signal: AbortSignal): Promise<void> {
  const { ledger, plan, target } = lane;
  const info = targetInfo(lane.spec);
  for (let rows = ledger.page(recordStates.pending, -1, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    const byPoint = new Map(rows.map((row) => [row.point, row.id]));
    const { batch } = await target.read(info, [...byPoint.keys()], { signal, vectors: false });
    batch.placement.points.forEach((point, row) => {
      const run = batch.placement.runs[row] ?? null;
      const id = byPoint.get(point);
      if (isOwn(lane, batch, row, id)) return;
      throw new VectorError("E_POINT_TAKEN", takenText(plan, id ?? "", batch, row), {
        details: { collection: plan.source.name, point, run },
      });
    });
    rows = ledger.page(recordStates.pending, rows.at(-1)?.ordinal ?? 0, pageRows);
  }
}

/** Whose point stands, at `row` of what is there, where record `id` would be. */
export function takenText(
  { source, target }: CollectionPlan,
  id: string,
  { ids, placement }: PointBatch,
  row: number,
): string {
  const run = placement.runs[row] ?? null;
  const collection = placement.collections[row] ?? null;
  const of = collection === null ? "" : ` of collection ${JSON.stringify(collection)}`;
  const holder =
    run === null
      ? "a point that no migration wrote"
      : `record ${JSON.stringify(ids[row])}${of} of run ${run}`;
  return `Record ${JSON.stringify(id)} of collection ${JSON.stringify(source.name)} would be point ${placement.points[row]} of target collection ${JSON.stringify(target)}, where ${holder} stands.`;
}
