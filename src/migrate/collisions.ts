/** Ids that would meet in one point of the target: found by the same rule that names points, in bounded memory. */
import { uuidToBytes } from "../model/point-id.ts";
import type { SourceStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import { type CollectionPlan, pointOf } from "./collection-plan.ts";
import type { Scope } from "./request.ts";
import { Roll } from "./roll.ts";

const examplesMax = 5;

export interface Collisions {
  /** Points that several records want. */
  readonly points: number;
  /** The first of them; empty where no two records meet. */
  readonly examples: readonly {
    /** Its UUID, in hex without dashes. */
    readonly point: string;
    readonly records: readonly { readonly collection: string; readonly id: string }[];
  }[];
}

/** Lists the ids of collections that share a target collection, as far as they are in scope, and looks where they meet. */
export async function findCollisions(
  source: SourceStore,
  plans: readonly CollectionPlan[],
  { where, limit }: Pick<Scope, "where" | "limit">,
  signal: AbortSignal,
): Promise<Collisions> {
  const chosen = {
    ...(where === null ? {} : { where }),
    ...(limit === null ? {} : { limit }),
  };
  using roll = new Roll();
  for (const [index, plan] of plans.entries()) {
    for await (const ids of source.ids(plan.source, { ...chosen, signal })) {
      throwIfAborted(signal);
      roll.add(index, ids, (id) => uuidToBytes(pointOf(plan, id)));
    }
  }
  const { places, examples } = roll.met(examplesMax);
  const nameOf = (index: number): string => plans[index]?.source.name ?? "";
  return {
    points: places,
    examples: examples.map(({ place, wanting }) => ({
      point: place,
      records: wanting.map(({ party, name }) => ({ collection: nameOf(party), id: name })),
    })),
  };
}
