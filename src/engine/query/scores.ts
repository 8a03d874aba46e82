/**
 * Scores that are made of several similarities: recommendation, discovery, context.
 * Source: qdrant 1.18.2, lib/segment/src/vector_storage/query (reco_query.rs, discover_query.rs, context_query.rs),
 * lib/common/common/src/math.rs. All arithmetic is in float32, as there.
 */
import type { Similarity } from "../vectors/vector-set.ts";
import type { ContextPair } from "./query.ts";

const { fround, abs } = Math;
/** f32::EPSILON. */
const margin = 2 ** -23;

function fastSigmoid(value: number): number {
  return fround(value / fround(1 + abs(value)));
}

/** Into (0, 1). */
function scaledSigmoid(value: number): number {
  return fround(0.5 * fround(fastSigmoid(value) + 1));
}

/** The larger of the best similarity to a positive and to a negative; the latter counts as a malus. */
export function bestScore(
  positives: readonly Similarity[],
  negatives: readonly Similarity[],
): Similarity {
  return (slot) => {
    const positive = largest(positives, slot);
    const negative = largest(negatives, slot);
    return positive > negative ? scaledSigmoid(positive) : -scaledSigmoid(negative);
  };
}

function largest(similarities: readonly Similarity[], slot: number): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const similarity of similarities) found = Math.max(found, fround(similarity(slot)));
  return found;
}

/** Similarities to the positives less those to the negatives. */
export function sumScores(
  positives: readonly Similarity[],
  negatives: readonly Similarity[],
): Similarity {
  return (slot) => fround(sum(positives, slot) - sum(negatives, slot));
}

/** Rust's sum of nothing is −0. */
function sum(similarities: readonly Similarity[], slot: number): number {
  let total = -0;
  for (const similarity of similarities) total = fround(total + fround(similarity(slot)));
  return total;
}

/** The rank by the pairs (+1 where the positive is nearer, −1 where the negative is) and the nearness to the target as its fraction. */
export function discoverScore(
  target: Similarity,
  pairs: readonly ContextPair<Similarity>[],
): Similarity {
  return (slot) => {
    let rank = 0;
    for (const { positive, negative } of pairs) {
      rank += Math.sign(fround(positive(slot)) - fround(negative(slot)));
    }
    return fround(rank + scaledSigmoid(fround(target(slot))));
  };
}

/** The loss of being nearer to negatives than to positives: at most 0. */
export function contextScore(pairs: readonly ContextPair<Similarity>[]): Similarity {
  return (slot) => {
    let total = -0;
    for (const { positive, negative } of pairs) {
      const difference = fround(fround(fround(positive(slot)) - fround(negative(slot))) - margin);
      total = fround(total + fastSigmoid(Math.min(difference, 0)));
    }
    return total;
  };
}
