/**
 * Proves that tenants are kept apart: searches as each of them, by vectors of its own, by vectors of others, whose nearest
 * record of all is another's, and by those of records without a tenant. The owner of whatever is found is read by its point,
 * not taken from the answer; and where the record's mark tells which source collection it is from, the migration's own note
 * says whose that is, whatever the payload claims.
 */
import type { CollectionInfo, CollectionNote } from "../../model/collection.ts";
import type { PointBatch } from "../../model/record.ts";
import type { TargetStore } from "../../store/port.ts";
import { seededRandom } from "../../util/seeded-random.ts";
import { type Counted, vectorsOf } from "./census.ts";
import { eachOf } from "./each.ts";
import {
  type Breach,
  examplesMax,
  type Isolation,
  searchedMax,
  type TenantCount,
} from "./request.ts";

const ownVectors = 3;
const foreignVectors = 12;
/** Hits of one search: the fewer tenants, the more; all searches together read the owners of some ten thousands of points. */
const hits = { least: 10, most: 100, all: 5000 } as const;
/** The vectors that are kept to search with: 64 MiB at most. */
const sampleBytesMax = 64 * 1024 * 1024;

/** Vectors of one tenant. */
interface Sampled {
  readonly tenant: string;
  readonly vectors: readonly Float32Array[];
}

interface Probe {
  readonly vector: Float32Array;
  /** Whose it is; null = nobody's. */
  readonly of: string | null;
}

/** What the searches of all tenants have found so far. */
interface Found {
  searches: number;
  points: number;
  breaches: number;
  readonly blind: string[];
  readonly examples: Breach[];
}

export async function proveIsolation(
  target: TargetStore,
  info: CollectionInfo,
  note: CollectionNote,
  { census, strays }: Counted,
  signal: AbortSignal,
): Promise<Isolation> {
  const searched = spread(census.tenants, searchedMax);
  const sampled = await sample(target, info, searched, signal);
  const share = Math.floor(hits.all / Math.max(1, sampled.length));
  const limit = Math.max(hits.least, Math.min(hits.most, share));
  const found: Found = { searches: 0, points: 0, breaches: 0, blind: [], examples: [] };
  const owners = new Map(
    note.sources.map(({ run, name, mappedTenant }) => [ownerKey(run, name), mappedTenant]),
  );
  await eachOf(sampled, signal, async (one, index, either) => {
    const probes = probesFor(one, index, sampled, strays);
    await searchAs(target, info, { tenant: one.tenant, probes, owners, limit }, found, either);
  });
  found.examples.sort((one, other) => (one.tenant < other.tenant ? -1 : 1));
  return { tenants: sampled.length, ...found };
}

/** At most so many of them, evenly spread. */
function spread(tenants: readonly TenantCount[], most: number): TenantCount[] {
  const there = tenants.filter(({ points }) => points > 0);
  const step = Math.max(1, there.length / most);
  return Array.from(
    { length: Math.min(there.length, most) },
    (_, at) => there[Math.floor(at * step)],
  ).filter((one) => one !== undefined);
}

/** Some vectors of each tenant, found by searching as it; they are few enough that all fit into memory. */
async function sample(
  target: TargetStore,
  info: CollectionInfo,
  tenants: readonly TenantCount[],
  signal: AbortSignal,
): Promise<Sampled[]> {
  const bytes = Math.max(1, tenants.length) * (info.dimension ?? 1) * 4;
  const each = Math.max(1, Math.min(ownVectors, Math.floor(sampleBytesMax / bytes)));
  const start = new Float32Array(info.dimension ?? 0).fill(1);
  const sampled: Sampled[] = tenants.map(({ tenant }) => ({ tenant, vectors: [] }));
  await eachOf(tenants, signal, async ({ tenant }, index, either) => {
    const options = { tenant, limit: each, documents: false, signal: either };
    const nearest = await target.search(info, start, options);
    const points = nearest.flatMap(({ point }) => point ?? []);
    sampled[index] = { tenant, vectors: await vectorsOf(target, info, points, either) };
  });
  return sampled;
}

/** Drawn from a seed that the tenant's place gives: the same collection is asked the same again. */
function probesFor(
  own: Sampled,
  index: number,
  all: readonly Sampled[],
  strays: readonly Float32Array[],
): Probe[] {
  const random = seededRandom(index);
  const others = all.filter((one) => one !== own && one.vectors.length > 0);
  const wanted = Math.min(foreignVectors, others.length * ownVectors);
  const drawn = Array.from({ length: wanted }, (_, at) => {
    // Few others: each of them in turn, with one vector after the other; else any.
    const few = others.length <= foreignVectors;
    const other = others[few ? at % others.length : Math.floor(random() * others.length)];
    const vectors = other?.vectors ?? [];
    const vector = vectors[few ? Math.floor(at / others.length) : at % vectors.length];
    return other === undefined || vector === undefined ? [] : [{ vector, of: other.tenant }];
  });
  return [
    ...own.vectors.map((vector) => ({ vector, of: own.tenant })),
    ...drawn.flat(),
    ...strays.map((vector) => ({ vector, of: null })),
  ];
}

interface Search {
  readonly tenant: string;
  readonly probes: readonly Probe[];
  /** Hits of each search. */
  readonly limit: number;
  /** Whose the records of each source collection are, by `ownerKey`. */
  readonly owners: ReadonlyMap<string, string | null>;
}

async function searchAs(
  target: TargetStore,
  info: CollectionInfo,
  { tenant, probes, limit, owners }: Search,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  /** By which probe each point was found first. */
  const seen = new Map<string, Probe>();
  for (const probe of probes) {
    const options = { tenant, limit, documents: false, signal };
    const nearest = await target.search(info, probe.vector, options);
    found.searches += 1;
    for (const { point } of nearest)
      if (point !== undefined && !seen.has(point)) seen.set(point, probe);
  }
  if (seen.size === 0) found.blind.push(tenant);
  if (seen.size === 0) return;
  const { batch } = await target.read(info, [...seen.keys()], { vectors: false, signal });
  found.points += batch.ids.length;
  for (const [row, point] of batch.placement.points.entries()) {
    const breach = breachOf(batch, row, tenant, owners);
    if (breach === null) continue;
    found.breaches += 1;
    if (found.examples.length === examplesMax) continue;
    const vectorOf = seen.get(point)?.of ?? null;
    found.examples.push({ tenant, vectorOf, id: batch.ids[row] ?? "", point, ...breach });
  }
}

/** What is wrong with it that `tenant` has found the point at `row`; null = nothing. */
function breachOf(
  { placement }: PointBatch,
  row: number,
  tenant: string,
  owners: Search["owners"],
): Pick<Breach, "owner" | "detail"> | null {
  const owner = placement.tenants[row] ?? null;
  if (owner === null) {
    return {
      owner,
      detail: "It names no tenant, or several, and a search as one of them finds it.",
    };
  }
  if (owner !== tenant) return { owner, detail: "It is another tenant's." };
  const run = placement.runs[row] ?? null;
  const collection = placement.collections[row] ?? null;
  if (run === null || collection === null) return null;
  const noted = owners.get(ownerKey(run, collection)) ?? tenant;
  if (noted === tenant) return null;
  return {
    owner: noted,
    detail: `It was carried for ${JSON.stringify(noted)}, from collection ${JSON.stringify(collection)}, and its payload now says ${JSON.stringify(tenant)}.`,
  };
}

function ownerKey(run: string, collection: string): string {
  return JSON.stringify([run, collection]);
}
