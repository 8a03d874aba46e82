/** Counts the points of each tenant of a collection, and finds tenants that no migration has named. */
import type { CollectionInfo, CollectionNote } from "../../model/collection.ts";
import { tenantKey } from "../../model/layout.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { TargetStore } from "../../store/port.ts";
import { parseJson } from "../../util/json.ts";
import { eachOf } from "./each.ts";
import { type Census, countedMax, lookedMax, type TenantIndex } from "./request.ts";

/** Vectors of records without a tenant that are kept. */
const strayMax = 8;
const lookBatch = 1000;

/** The census, and vectors of points that name no tenant: what every tenant might find by mistake. */
export interface Counted {
  readonly census: Census;
  readonly strays: readonly Float32Array[];
}

export async function takeCensus(
  target: TargetStore,
  info: CollectionInfo,
  note: CollectionNote,
  signal: AbortSignal,
): Promise<Counted> {
  let points = await target.count(info, { signal });
  const withoutTenant = await target.count(info, { signal, tenant: null });
  const named = note.sources.flatMap(({ mappedTenant }) => mappedTenant ?? []);
  const counts = await countEach(target, info, new Set(named), signal);
  const left = () => points - withoutTenant - sumOf(counts);
  const look =
    left() > 0 || withoutTenant > 0
      ? await lookThrough(target, info, new Set(counts.keys()), signal)
      : { tenants: new Set<string>(), strays: [], points: 0 };
  for (const [tenant, found] of await countEach(target, info, look.tenants, signal))
    counts.set(tenant, found);
  const tenants = [...counts]
    .map(([tenant, found]) => ({ tenant, points: found }))
    .sort((one, other) => (one.tenant < other.tenant ? -1 : 1));
  // Points that have come since are counted too.
  if (left() < 0) points = await target.count(info, { signal });
  const [others, several] = [Math.max(0, left()), Math.max(0, -left())];
  const census = { points, tenants, withoutTenant, several, others, lookedThrough: look.points };
  return { census, strays: look.strays };
}

async function countEach(
  target: TargetStore,
  info: CollectionInfo,
  tenants: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  await eachOf([...tenants].slice(0, countedMax), signal, async (tenant, _, either) => {
    counts.set(tenant, await target.count(info, { signal: either, tenant }));
  });
  return counts;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, points) => sum + points, 0);
}

interface Look {
  /** Tenants beside the known ones. */
  readonly tenants: Set<string>;
  readonly strays: Float32Array[];
  readonly points: number;
}

/** Reads the first points of the collection. */
async function lookThrough(
  target: TargetStore,
  info: CollectionInfo,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Look> {
  const tenants = new Set<string>();
  const strays: string[] = [];
  let points = 0;
  const scan = { signal, batchSize: lookBatch, vectors: false };
  for await (const { placement } of target.scan(info, scan)) {
    placement.tenants.forEach((tenant, row) => {
      if (tenant === null) {
        if (strays.length < strayMax) strays.push(placement.points[row] ?? "");
      } else if (!known.has(tenant) && known.size + tenants.size < countedMax) {
        tenants.add(tenant);
      }
    });
    points += placement.points.length;
    if (points >= lookedMax) break;
  }
  return { tenants, strays: await vectorsOf(target, info, strays, signal), points };
}

/** The vectors of those of the points that have one. */
export async function vectorsOf(
  target: TargetStore,
  info: CollectionInfo,
  points: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  if (points.length === 0) return [];
  const { batch } = await target.read(info, points, { signal });
  const column = denseVector(batch);
  if (column === undefined) return [];
  const { data, dimension, present } = column;
  return batch.ids.flatMap((_, row) =>
    present?.[row] === 0 ? [] : [data.slice(row * dimension, (row + 1) * dimension)],
  );
}

/** What the collection's description says of the index on the tenant. */
export function tenantIndex({ schema }: CollectionInfo): TenantIndex {
  if (schema === null) return null;
  const entry: unknown = Object(parseJson(schema))[tenantKey];
  if (entry === undefined) return "none";
  const { data_type: type, params } = Object(entry);
  return type === "keyword" && Object(params)["is_tenant"] === true ? "tenant" : "other";
}
