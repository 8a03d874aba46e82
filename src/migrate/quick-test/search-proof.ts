/**
 * Searches what was moved: the vector of each record must find that record, at the distance that is computed here, and a
 * filter on a key of the metadata must let through exactly the records that have its value. The truth is brute force in
 * float64 over the vectors at the target, which verify has compared bit by bit with what was sent.
 */
import type { CollectionInfo } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import type { MetadataMatch } from "../../model/filter.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { Hit, TargetStore } from "../../store/port.ts";
import { type JsonValue, parseLossless } from "../../util/json.ts";

/** Records whose vectors are searched for, at most, spread evenly. */
const queriesMax = 100;
/** What float32 sums may differ by, as a part of the lengths that went into them. */
const tolerance = 1e-5;
/** Faults that are told in full. */
const faultsMax = 20;

export interface SearchProof {
  /** Searches by the vector of a record. */
  readonly queries: number;
  /** Filters on the metadata; one of them may ask for two keys. */
  readonly filters: readonly { readonly keys: readonly string[]; readonly records: number }[];
  /** What was not as it must be, one sentence each; at most twenty are kept. */
  readonly faults: readonly string[];
}

interface Moved {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: Readonly<Record<string, JsonValue>>;
}

/** Searches the collection, which holds no more than a quick test moves. `keys` of the metadata are filtered by. */
export async function proveSearch(
  target: TargetStore,
  info: CollectionInfo,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<SearchProof> {
  const moved = await readAll(target, info, signal);
  const faults: string[] = [];
  const step = Math.max(1, Math.ceil(moved.length / queriesMax));
  const asked = moved.filter((_, row) => row % step === 0);
  for (const record of asked) {
    const near = nearest(record, moved, info.distance ?? "cosine");
    const hits = await target.search(info, record.vector, { limit: near.size, signal });
    faults.push(...faultsOf(record, near, hits));
  }
  const filters: { keys: string[]; records: number }[] = [];
  for (const matches of filtersFor(moved, keys)) {
    const names = matches.map(({ key }) => key);
    const wanted = moved.filter((record) => matches.every((match) => fits(record, match)));
    const [first] = wanted;
    if (first === undefined) continue;
    const options = { limit: moved.length, filter: matches, signal };
    const hits = await target.search(info, first.vector, options);
    faults.push(...filterFaults(names, wanted, hits));
    filters.push({ keys: names, records: wanted.length });
  }
  return { queries: asked.length, filters, faults: faults.slice(0, faultsMax) };
}

async function readAll(
  target: TargetStore,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  for await (const { ids, vectors, payload } of target.scan(info, { signal })) {
    const column = denseVector({ vectors });
    ids.forEach((id, row) => {
      if (column === undefined || column.present?.[row] === 0) return;
      const { data, dimension } = column;
      const vector = data.slice(row * dimension, (row + 1) * dimension);
      const metadata = parseLossless(payload.metadata[row] ?? "{}");
      moved.push({ id, vector, metadata: Object(metadata) });
    });
  }
  return moved;
}

interface Nearest {
  /** Distance of the record to itself, and of the nearest of all: by dot product another may be nearer. */
  readonly own: number;
  readonly best: number;
  /** Hits that must hold the record: those as near as itself, or nearer. */
  readonly size: number;
  readonly tolerance: number;
}

function nearest(record: Moved, all: readonly Moved[], distance: Distance): Nearest {
  const own = distanceOf(record.vector, record.vector, distance);
  let longest = 0;
  for (const { vector } of all) longest = Math.max(longest, dot(vector, vector));
  const allowed = tolerance * Math.max(1, longest);
  let best = own;
  let size = 0;
  for (const { vector } of all) {
    const found = distanceOf(record.vector, vector, distance);
    best = Math.min(best, found);
    if (found <= own + allowed) size += 1;
  }
  return { own, best, size, tolerance: allowed };
}

/** In Chroma's terms. Under cosine the vectors at the target are of unit length. */
function distanceOf(one: Float32Array, other: Float32Array, distance: Distance): number {
  if (distance === "l2") {
    let sum = 0;
    for (let i = 0; i < one.length; i += 1) sum += ((one[i] ?? 0) - (other[i] ?? 0)) ** 2;
    return sum;
  }
  return 1 - dot(one, other);
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}

function faultsOf(record: Moved, near: Nearest, hits: readonly Hit[]): string[] {
  const id = JSON.stringify(record.id);
  const hit = hits.find((one) => one.id === record.id);
  if (hit === undefined) return [`A search by the vector of record ${id} does not find it.`];
  const faults: string[] = [];
  if (!isNear(hit.distance, near.own, near)) {
    faults.push(
      `A search by the vector of record ${id} finds it at distance ${hit.distance}, not at ${near.own}.`,
    );
  }
  const first = hits[0]?.distance ?? Number.NaN;
  if (!isNear(first, near.best, near)) {
    faults.push(
      `The nearest to record ${id} is found at distance ${first}; the nearest there is stands at ${near.best}.`,
    );
  }
  return faults;
}

function isNear(found: number, wanted: number, near: Nearest): boolean {
  return Math.abs(found - wanted) <= near.tolerance;
}

/** A filter for each key, by a value that one of the records in the middle has; then one for the first two keys together. */
function filtersFor(moved: readonly Moved[], keys: readonly string[]): MetadataMatch[][] {
  const middle = Math.floor(moved.length / 2);
  const inOrder = [...moved.slice(middle), ...moved.slice(0, middle)];
  const single = keys.flatMap((key): MetadataMatch[] => {
    const values = inOrder.map(({ metadata }) => metadata[key]).filter(isMatchable);
    return values.slice(0, 1).map((value) => ({ key, value }));
  });
  const [one, two] = single;
  const both = one === undefined || two === undefined ? [] : [[one, two]];
  return [...single.map((match) => [match]), ...both];
}

function isMatchable(value: JsonValue | undefined): value is MetadataMatch["value"] {
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean";
}

/** A list fits by any of its elements. */
function fits({ metadata }: Moved, { key, value }: MetadataMatch): boolean {
  const there = metadata[key];
  return there === value || (Array.isArray(there) && there.includes(value));
}

function filterFaults(
  keys: readonly string[],
  wanted: readonly Moved[],
  hits: readonly Hit[],
): string[] {
  const named = keys.map((key) => JSON.stringify(key)).join(" and ");
  const missed = new Set(wanted.map(({ id }) => id));
  const strange = hits.filter(({ id }) => !missed.delete(id)).map(({ id }) => id);
  const list = (ids: Iterable<string>) =>
    [...ids]
      .slice(0, 3)
      .map((id) => JSON.stringify(id))
      .join(", ");
  const faults: string[] = [];
  if (missed.size > 0)
    faults.push(
      `A filter on ${named} misses ${missed.size} of ${wanted.length} records: ${list(missed)}.`,
    );
  if (strange.length > 0)
    faults.push(`A filter on ${named} lets ${strange.length} others through: ${list(strange)}.`);
  return faults;
}
