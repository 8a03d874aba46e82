import type { CollectionPlan } from "../../src/migrate/collection-plan.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import type { Distance } from "../../src/model/distance.ts";

/** A collection on its own into one of its name, but for what `change` says. */
export function planFor(
  source: CollectionInfo & { readonly dimension: number; readonly distance: Distance },
  change: Partial<CollectionPlan> = {},
): CollectionPlan {
  return {
    source,
    target: source.name,
    tenant: null,
    tenanted: false,
    merged: false,
    layout: "vecferry",
    idPrefix: null,
    dimension: source.dimension,
    distance: source.distance,
    ...change,
  };
}
