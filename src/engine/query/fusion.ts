/**
 * Several rankings made into one. Sources: qdrant 1.18.2, lib/segment/src/common/reciprocal_rank_fusion.rs
 * (https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf) and score_fusion.rs. All arithmetic is in float32, as there.
 */
import { compareHits } from "./hit-order.ts";
import type { Fusion, Hit } from "./query.ts";

const { fround } = Math;

export const rrfKDefault = 2;

/** One ranking, best first; of equal scores the lower slot. A point's scores in the rankings are summed. */
export function fuse(rankings: readonly (readonly Hit[])[], fusion: Fusion): Hit[] {
  const fused = new Map<number, Hit>();
  for (const [at, ranking] of rankings.entries()) {
    const scored = fusion.method === "rrf" ? byRank(ranking, fusion, at) : byDistribution(ranking);
    for (const [row, hit] of ranking.entries()) {
      const known = fused.get(hit.slot);
      const score = fround((known?.score ?? 0) + (scored[row] ?? 0));
      fused.set(hit.slot, { ...(known ?? hit), score });
    }
  }
  return [...fused.values()].sort((one, other) => {
    const nearer = fusion.method === "rrf" ? other.score - one.score : compareHits(other, one);
    return nearer || one.slot - other.slot;
  });
}

/** 1 / ((position + 1) / weight + k − 1), positions from 0: a weight of 3 is three times as dense. */
function byRank(
  ranking: readonly Hit[],
  { k, weights }: Fusion & { method: "rrf" },
  at: number,
): number[] {
  const weight = fround(weights?.[at] ?? 1);
  return ranking.map((_hit, position) => {
    if (weight <= 0) return 0;
    const stretched = fround(fround(position + 1) / weight);
    return fround(1 / fround(fround(stretched + fround(k)) - 1));
  });
}

/** The mean becomes 0.5, three standard deviations below it 0, three above it 1. */
function byDistribution(ranking: readonly Hit[]): number[] {
  if (ranking.length < 2) return ranking.map(() => 0.5);
  const { mean, variance } = distribution(ranking);
  const spread = fround(3 * fround(Math.sqrt(variance)));
  const low = fround(mean - spread);
  const high = fround(mean + spread);
  if (low === high) return ranking.map(() => 0.5);
  const width = fround(high - low);
  return ranking.map(({ score }) => fround(fround(score - low) / width));
}

/** Mean and variance of the sample in one pass, by Welford's method. */
function distribution(ranking: readonly Hit[]): { mean: number; variance: number } {
  let mean = 0;
  let aggregate = 0;
  for (const [at, { score }] of ranking.entries()) {
    const before = fround(score - mean);
    mean = fround(mean + fround(before / (at + 1)));
    aggregate = fround(aggregate + fround(before * fround(score - mean)));
  }
  return { mean, variance: fround(aggregate / (ranking.length - 1)) };
}
