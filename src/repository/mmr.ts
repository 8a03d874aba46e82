/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): results that are near the query and unlike one another. The next is
 * always the one with the greatest (1 − diversity) · relevance − diversity · likeness to the most alike that was taken.
 */
import type { Distance } from "../model/distance.ts";

export interface MmrCandidate {
  /** Larger is more relevant; by the same measure as `similarity`. */
  readonly relevance: number;
  readonly vector: Float32Array;
}

/** Places of `count` candidates in the order in which they are taken; of equals the one that stands first. */
export function diversify(
  candidates: readonly MmrCandidate[],
  { count, diversity, distance }: { count: number; diversity: number; distance: Distance },
): number[] {
  const norms = candidates.map(({ vector }) => Math.sqrt(dot(vector, vector)));
  const likeness = candidates.map(() => Number.NEGATIVE_INFINITY);
  const left = new Set(candidates.keys());
  const taken: number[] = [];
  while (taken.length < count && left.size > 0) {
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const place of left) {
      const relevance = candidates[place]?.relevance ?? 0;
      const alike = taken.length === 0 ? 0 : (likeness[place] ?? 0);
      const score = (1 - diversity) * relevance - diversity * alike;
      if (best !== -1 && !(score > bestScore)) continue;
      best = place;
      bestScore = score;
    }
    left.delete(best);
    taken.push(best);
    const chosen = candidates[best];
    if (chosen === undefined) break;
    for (const place of left) {
      const other = candidates[place];
      if (other === undefined) continue;
      const norm = (norms[best] ?? 0) * (norms[place] ?? 0);
      const alike = similarity(distance, chosen.vector, other.vector, norm);
      likeness[place] = Math.max(likeness[place] ?? alike, alike);
    }
  }
  return taken;
}

/** As `similarityScore` has it: cosine and dot product as they are, euclid 1 / (1 + d). */
function similarity(distance: Distance, a: Float32Array, b: Float32Array, norm: number): number {
  if (distance === "l2") {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    return 1 / (1 + Math.sqrt(sum));
  }
  const product = dot(a, b);
  if (distance === "ip") return product;
  return norm === 0 ? 0 : product / norm;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
