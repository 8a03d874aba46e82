/** Points that bear a run's mark and that the journal does not know: has the source their record? */
import type { SourceStore } from "../store/port.ts";
import type { Slots } from "../util/slots.ts";
import { type CollectionPlan, pointOf } from "./collection-plan.ts";

/**
 * The points among `points` whose records the source has: a scope (a limit, a filter) leaves them out, and they are nobody's
 * to delete. A point that is not the one its record would have is not among them. Without a source, none is.
 */
export async function pointsAtSource(
  lane: {
    readonly source: SourceStore | null;
    readonly plan: CollectionPlan;
    readonly reads: Slots;
  },
  points: readonly { readonly point: string; readonly id: string }[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const { source, plan, reads } = lane;
  const own = points.filter(({ point, id }) => pointOf(plan, id) === point);
  if (source === null || own.length === 0) return new Set();
  const ids = own.map(({ id }) => id);
  const read = () => source.read(plan.source, ids, { signal, vectors: false });
  const absent = new Set((await reads.run(read, signal)).absent);
  return new Set(own.filter(({ id }) => !absent.has(id)).map(({ point }) => point));
}
