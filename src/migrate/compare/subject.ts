/** One collection to be compared: where its records are at both ends, and how each is asked for them. */
import type { CollectionInfo } from "../../model/collection.ts";
import { parseNote } from "../../model/collection.ts";
import type { SearchOptions, SourceStore, TargetStore } from "../../store/port.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { targetInfo } from "../target-spec.ts";
import type { VerifyLane } from "../verify/lane.ts";
import type { Reading } from "./draw.ts";

export interface Subject {
  readonly plan: CollectionPlan;
  readonly reading: Reading;
  readonly records: number;
  readonly target: TargetStore;
  readonly targetInfo: CollectionInfo;
  /** What the target's search is confined to: the records of this collection. */
  readonly confines: Pick<SearchOptions, "tenant" | "collection">;
  /** Whether the source is asked too: it is a server, and all its records are meant. */
  readonly asksSource: boolean;
}

/** The lanes' collections that are still there and hold records. */
export async function subjectsOf(
  lanes: readonly VerifyLane[],
  source: SourceStore,
  target: TargetStore,
  signal: AbortSignal,
): Promise<Subject[]> {
  const there = new Map((await source.collections({ signal })).map((info) => [info.key, info]));
  const standing = new Map((await target.collections({ signal })).map((info) => [info.name, info]));
  const subjects: Subject[] = [];
  for (const { entered, lane } of lanes) {
    const info = there.get(lane.plan.source.key);
    if (info === undefined) continue;
    const { where, limit } = entered.scope;
    const all = await source.count(info, { signal });
    const records = limit === null ? all : Math.min(all, limit);
    if (records === 0) continue;
    const { plan } = lane;
    const note = standing.get(plan.target)?.note ?? null;
    subjects.push({
      plan,
      reading: { source, info: { ...info, dimension: plan.dimension }, where, limit, signal },
      records,
      target,
      targetInfo: targetInfo(lane.spec),
      confines: confinesOf(plan, note),
      asksSource: source.capabilities.searchesMax !== 0 && where === null && limit === null,
    });
  }
  return subjects;
}

/** A tenant's records, and of those one collection's where several are merged. */
function confinesOf(plan: CollectionPlan, note: string | null): Subject["confines"] {
  if (plan.tenant === null) return {};
  const sources = parseNote(plan.target, note)?.sources ?? [];
  const sharing = sources.filter(({ mappedTenant }) => mappedTenant === plan.tenant);
  const tenant = { tenant: plan.tenant };
  return plan.merged && sharing.length > 1 ? { ...tenant, collection: plan.source.name } : tenant;
}
