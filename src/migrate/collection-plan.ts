/** The plan of one collection: what is carried, where to, and what decides the result. */
import { hash } from "node:crypto";
import { z } from "zod";
import { distancePlaces, layouts } from "../model/collection.ts";
import { distances } from "../model/distance.ts";
import { plainPointId, tenantPointId } from "../model/point-id.ts";

const text = z.string().nullable();

export const collectionPlanSchema = z.object({
  source: z.object({
    key: z.string(),
    name: z.string(),
    tenant: text,
    database: text,
    dimension: z.number().nullable(),
    distance: z.enum(distances).nullable(),
    distanceFrom: z.enum(distancePlaces).nullable(),
    count: z.number().nullable(),
    metadata: text,
    configuration: text,
    schema: text,
    status: text,
    note: text,
  }),
  /** Name of the target collection. */
  target: z.string(),
  /** The tenant whose records these are; null in a plain target. */
  tenant: text,
  tenanted: z.boolean(),
  /** Whether points carry the source collection's name, because others share or may share the target. */
  merged: z.boolean(),
  layout: z.enum(layouts),
  idPrefix: text,
  dimension: z.number(),
  distance: z.enum(distances),
  /** Of an export, what was asked of it (migrate/export/shape.ts) as JSON text. */
  exported: z.string().optional(),
});

export type CollectionPlan = Readonly<z.infer<typeof collectionPlanSchema>>;

/** Hash of what decides the result, and of nothing else. */
export function planHash(plan: CollectionPlan): string {
  const { target, tenant, tenanted, merged, layout, idPrefix, dimension, distance } = plan;
  return hash(
    "sha256",
    JSON.stringify([target, tenant, tenanted, merged, layout, idPrefix, dimension, distance]),
    "hex",
  );
}

/** The point of a record under this plan. */
export function pointOf(plan: CollectionPlan, id: string): string {
  const name = (plan.idPrefix ?? "") + id;
  return plan.tenant === null ? plainPointId(name) : tenantPointId(plan.tenant, name);
}
