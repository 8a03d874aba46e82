/** What the target collections are to be: made from the plans, and held against what stands there. */
import { errorCodes, VectorError } from "../errors.ts";
import {
  type CollectionInfo,
  type CollectionSpec,
  parseNote,
  type SourceNote,
} from "../model/collection.ts";
import { indexPath } from "../model/layout.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import type { MigrateRequest } from "./request.ts";

/** A target collection by its spec: what reading it needs to know. */
export function targetInfo(spec: CollectionSpec): CollectionInfo {
  const { name, dimension, distance, layout, tenanted, sources, vectors, shardKeys } = spec;
  return {
    key: name,
    name,
    tenant: null,
    database: null,
    dimension,
    distance,
    distanceFrom: "plan",
    count: null,
    metadata: null,
    configuration: null,
    schema: null,
    status: null,
    note: JSON.stringify({ format: 1, layout, tenanted, sources }),
    ...(vectors === undefined ? {} : { vectors }),
    ...(shardKeys === undefined ? {} : { shardKeys }),
  };
}

/** The spec of a collection's target. */
export function specOf(specs: readonly CollectionSpec[], plan: CollectionPlan): CollectionSpec {
  const spec = specs.find(({ name }) => name === plan.target);
  if (spec === undefined)
    throw new VectorError(
      "E_INTERNAL",
      `No spec was made for target collection ${JSON.stringify(plan.target)}.`,
    );
  return spec;
}

/** The target collections of these plans, one for each name. @throws E_SCHEMA_CONFLICT where two cannot share one, or what stands there does not fit */
export function specsOf(
  plans: readonly CollectionPlan[],
  request: MigrateRequest,
  run: string,
  standing: ReadonlyMap<string, CollectionInfo>,
): CollectionSpec[] {
  const targets = Map.groupBy(plans, ({ target }) => target);
  return [...targets].map(([name, group]) => {
    const [first] = group;
    if (first === undefined)
      throw new VectorError("E_INTERNAL", "A target collection has no source.");
    for (const other of group) assertAlike(first, other);
    const { dimension, distance, layout, tenanted } = first;
    const there = standing.get(name);
    assertFits(name, first, there);
    const { indexes, ...settings } = request.settings;
    return {
      name,
      dimension,
      distance,
      layout,
      tenanted,
      indexes: indexes.map((index) => ({ ...index, key: indexPath(layout, index.key) })),
      ...settings,
      sources: group.map((plan) => sourceNote(plan, run)),
      // What others put beside a record's vector is read with it: the point is then another than was written.
      ...(there?.vectors === undefined ? {} : { vectors: there.vectors }),
    };
  });
}

export function sourceNote(plan: CollectionPlan, run: string): SourceNote {
  const { key, name, tenant, database, metadata, configuration, schema } = plan.source;
  return {
    run,
    key,
    name,
    tenant,
    database,
    mappedTenant: plan.tenant,
    idPrefix: plan.idPrefix,
    distance: plan.distance,
    metadata,
    configuration,
    schema,
  };
}

function assertAlike(one: CollectionPlan, other: CollectionPlan): void {
  for (const field of ["dimension", "distance", "layout"] as const) {
    if (one[field] === other[field]) continue;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `Collections ${JSON.stringify(one.source.name)} and ${JSON.stringify(other.source.name)} cannot share target collection ${JSON.stringify(one.target)}: ${field} is ${one[field]} in the first and ${other[field]} in the second.`,
      { next: "Carry one of them with another --target-collection, or both without it." },
    );
  }
}

/** A collection that stands at the target must be what the plan would make. */
function assertFits(name: string, plan: CollectionPlan, info: CollectionInfo | undefined): void {
  if (info === undefined) return;
  const note = parseNote(name, info.note);
  const wanted = {
    dimension: plan.dimension,
    distance: plan.distance,
    layout: plan.layout,
    tenanted: plan.tenanted,
  };
  const there = {
    dimension: info.dimension,
    distance: info.distance,
    layout: note?.layout ?? plan.layout,
    tenanted: note?.tenanted ?? plan.tenanted,
  };
  for (const field of ["dimension", "distance", "layout", "tenanted"] as const) {
    if (wanted[field] === there[field]) continue;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `Target collection ${JSON.stringify(name)} is already there with ${field} ${there[field]}; the plan needs ${wanted[field]}.`,
      {
        next: wayAround(field, there),
        details: { collection: name, field, there: there[field], wanted: wanted[field] },
      },
    );
  }
}

/** What else may be done about a target collection that stands in the way: a layout and tenants can be had as they are there. */
function wayAround(
  field: "dimension" | "distance" | "layout" | "tenanted",
  there: { readonly layout: string; readonly tenanted: boolean },
): string {
  const { next } = errorCodes.E_SCHEMA_CONFLICT;
  if (field === "layout") return `Give --layout ${there.layout}. Or: ${next}`;
  if (field !== "tenanted") return next;
  return there.tenanted
    ? `Give each collection its tenant: --tenant-mapping or --default-tenant. Or: ${next}`
    : `Leave --tenant-mapping and --default-tenant away. Or: ${next}`;
}
