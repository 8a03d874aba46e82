/**
 * Maximal marginal relevance: hits that are near the query and unlike each other.
 * Source: qdrant 1.18.2, lib/shard/src/query/mmr. All arithmetic is in float32, as there.
 */
import { largeStep } from "../time-limit.ts";
import type { Similarity } from "../vectors/vector-set.ts";
import type { Hit } from "./query.ts";

const { fround } = Math;

/**
 * Chooses up to `limit` of `candidates` (each slot once), one after another: each the one with the largest
 * (1 − diversity) × relevance − diversity × similarity to the nearest that is chosen already. Of equal ones the last
 * candidate. Hits keep their scores. `similarityOf(slot)` compares that slot's vector, as the query, with others: of
 * multivectors the one way is not the other.
 */
export function diversify(
  candidates: readonly Hit[],
  relevance: Similarity,
  similarityOf: (slot: number) => Similarity,
  diversity: number,
  limit: number,
): Hit[] {
  if (candidates.length < 2) return [...candidates];
  const lambda = fround(1 - fround(diversity));
  const rest = candidates.map((hit) => ({
    hit,
    relevance: fround(relevance(hit.slot)),
    similarity: similarityOf(hit.slot),
    nearest: Number.NEGATIVE_INFINITY,
  }));
  const chosen: Hit[] = [];
  while (chosen.length < limit && rest.length > 0) {
    largeStep();
    const first = chosen.length === 0;
    let best = 0;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [at, one] of rest.entries()) {
      const score = first
        ? one.relevance
        : fround(fround(lambda * one.relevance) - fround(fround(1 - lambda) * one.nearest));
      if (score >= bestScore) {
        best = at;
        bestScore = score;
      }
    }
    const taken = takeAt(rest, best);
    if (taken === undefined) break;
    chosen.push(taken.hit);
    const { slot } = taken.hit;
    for (const one of rest) one.nearest = Math.max(one.nearest, fround(one.similarity(slot)));
  }
  return chosen;
}

/** Takes an element out; the last one moves into its place. */
function takeAt<Element>(list: Element[], at: number): Element | undefined {
  const taken = list[at];
  const last = list.pop();
  if (at < list.length && last !== undefined) list[at] = last;
  return taken;
}
