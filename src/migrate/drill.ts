/** The end of a restore drill: collections that were restored are searched, each by vectors of its own. */
import { randomUUID } from "node:crypto";
import type { CollectionInfo } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { denseVector } from "../model/vector-column.ts";
import type { TargetStore } from "../store/port.ts";

/** Points of a collection that are searched for. */
const searchesMax = 20;
/** What float32 sums may differ by, as a part of the lengths that went into them. */
const tolerance = 1e-5;

export interface DrillSearch {
  readonly name: string;
  readonly points: number;
  /** Searches by the vector of a point that is there. */
  readonly searches: number;
  /** Those that found nothing as near as that point itself. */
  readonly faults: readonly string[];
}

/** Searches every collection; those without a dense vector of no name have none to search by. `onMs` is told how long each search took. */
export async function searchRestored(
  target: TargetStore,
  signal: AbortSignal,
  onMs: (ms: number) => void = () => undefined,
): Promise<DrillSearch[]> {
  const found: DrillSearch[] = [];
  for (const info of await target.collections({ signal })) {
    const points = await target.count(info, { signal });
    const faults: string[] = [];
    let searches = 0;
    for (const [id, vector] of await drawn(target, info, signal)) {
      if (info.distance === null) break;
      searches += 1;
      const begun = performance.now();
      const [best] = await target.search(info, vector, { limit: 1, signal });
      onMs(performance.now() - begun);
      const square = vector.reduce((sum, component) => sum + component * component, 0);
      const own = ownDistance(info.distance, square);
      if (best !== undefined && best.distance <= own + tolerance * (1 + square)) continue;
      const what = best === undefined ? "nothing" : `${best.id} at ${best.distance}`;
      faults.push(`The search for ${id} found ${what}, and it is at ${own} itself.`);
    }
    found.push({ name: info.name, points, searches, faults });
  }
  return found;
}

/** How far a vector is from itself, in Chroma's terms. */
function ownDistance(distance: Distance, square: number): number {
  return distance === "ip" ? 1 - square : 0;
}

/** Some points with their vectors: from a place drawn by chance on, and the first ones. */
async function drawn(
  target: TargetStore,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  for (const from of [{ from: randomUUID() }, {}]) {
    for await (const batch of target.scan(info, { ...from, batchSize: searchesMax / 2, signal })) {
      const column = denseVector(batch);
      if (column === undefined) return vectors;
      for (const [row, id] of batch.ids.entries()) {
        if (column.present?.[row] === 0) continue;
        const start = row * column.dimension;
        vectors.set(id, column.data.slice(start, start + column.dimension));
      }
      break;
    }
  }
  return vectors;
}
