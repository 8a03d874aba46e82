/**
 * Whether the points that migrations have carried still belong to whom they were carried for: counted over all of them, by
 * what the collection's note says of each source collection. The payload's own claim is not believed.
 */
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionNote } from "../../model/collection.ts";
import { tenantKey } from "../../model/layout.ts";
import type { TargetStore } from "../../store/port.ts";
import { parseJson } from "../../util/json.ts";
import { eachOf } from "./each.ts";
import { examplesMax, lookedMax, type Mislaid, type Ownership } from "./request.ts";

const lookBatch = 1000;

/** The tenants that each source collection of a run was carried for, by its name; null = each record for its own. */
type Carried = Map<string, Set<string> | null>;

/** `suspicious`: the census tells of points of several tenants, which are looked for too. */
export async function checkOwnership(
  target: TargetStore,
  info: CollectionInfo,
  note: CollectionNote,
  suspicious: boolean,
  signal: AbortSignal,
): Promise<Ownership> {
  const runs = carriedBy(note);
  let mislaid = 0;
  let counted = true;
  try {
    for (const [run, carried] of runs)
      mislaid += await countMislaid(target, info, run, carried, signal);
  } catch (error) {
    // A server in strict mode may not count by a key without an index.
    if (!isVectorError(error, "E_REJECTED")) throw error;
    counted = false;
  }
  if (counted && mislaid === 0 && !suspicious)
    return { mislaid, lookedThrough: null, examples: [] };
  const look = await lookThrough(target, info, runs, signal);
  return counted
    ? { mislaid, lookedThrough: null, examples: look.examples }
    : { mislaid: look.mislaid, lookedThrough: look.points, examples: look.examples };
}

function carriedBy({ sources }: CollectionNote): Map<string, Carried> {
  const runs = new Map<string, Carried>();
  for (const { run, name, mappedTenant } of sources) {
    const carried = runs.get(run) ?? new Map();
    runs.set(run, carried);
    const before = carried.get(name);
    carried.set(
      name,
      mappedTenant === null || before === null ? null : new Set([...(before ?? []), mappedTenant]),
    );
  }
  return runs;
}

/** All points of the run, less those that are where they should be; all first: points that come meanwhile are no fault. */
async function countMislaid(
  target: TargetStore,
  info: CollectionInfo,
  run: string,
  carried: Carried,
  signal: AbortSignal,
): Promise<number> {
  if ([...carried.values()].every((tenants) => tenants === null)) return 0;
  let left = await target.count(info, { mark: { run }, signal });
  const parts = [...carried].flatMap(([collection, tenants]) =>
    tenants === null
      ? [{ mark: { run, collection } }]
      : [...tenants].map((tenant) => ({ mark: { run, collection }, tenant })),
  );
  await eachOf(parts, signal, async (part, _, either) => {
    const points = await target.count(info, { ...part, signal: either });
    left -= points;
  });
  return Math.max(0, left);
}

/** Reads the first points of the collection. */
async function lookThrough(
  target: TargetStore,
  info: CollectionInfo,
  runs: ReadonlyMap<string, Carried>,
  signal: AbortSignal,
): Promise<{ mislaid: number; points: number; examples: Mislaid[] }> {
  const examples: Mislaid[] = [];
  let mislaid = 0;
  let points = 0;
  const scan = { signal, batchSize: lookBatch, vectors: false };
  for await (const { ids, placement } of target.scan(info, scan)) {
    for (const [row, point] of placement.points.entries()) {
      const collection = placement.collections[row] ?? null;
      const carried = runs.get(placement.runs[row] ?? "")?.get(collection ?? "") ?? null;
      const owner = placement.tenants[row] ?? null;
      const isMislaid = carried !== null && (owner === null || !carried.has(owner));
      if (isMislaid) mislaid += 1;
      const isOfSeveral = owner === null && namesTenant(placement.rest[row] ?? null);
      if ((isMislaid || isOfSeveral) && examples.length < examplesMax)
        examples.push({
          id: ids[row] ?? "",
          point,
          owner,
          collection,
          carriedFor: [...(carried ?? [])],
        });
    }
    points += placement.points.length;
    if (points >= lookedMax) break;
  }
  return { mislaid, points, examples };
}

/** A tenant that is no text, a list above all, stands among what the layout does not know. */
function namesTenant(rest: string | null): boolean {
  return rest !== null && Object.hasOwn(Object(parseJson(rest)), tenantKey);
}
