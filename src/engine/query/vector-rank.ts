/** Points ranked by what vectors say about them. */
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { step } from "../time-limit.ts";
import { TopK } from "../vectors/top-k.ts";
import type { QueryVector, Similarity, VectorSet } from "../vectors/vector-set.ts";
import { averageVector } from "./average.ts";
import type { ContextPair, Hit, SearchParams, VectorQuery } from "./query.ts";
import { type Scope, scopeAmong, slotsIn } from "./scope.ts";
import { bestScore, contextScore, discoverScore, sumScores } from "./scores.ts";

export interface VectorCut {
  readonly limit: number;
  /** Hits from the first on that is not better than this are left out; better means larger or smaller, as the distance says. */
  readonly scoreThreshold: number | null;
  readonly params: SearchParams;
}

/** Points of `scope` that have the vector, best first; of equal ones the lower slot. @throws E_INPUT */
export function byVector(
  state: CollectionState,
  query: VectorQuery<QueryVector>,
  using: string,
  scope: Scope,
  cut: VectorCut,
): Hit[] {
  const set = namedVectors(state, using);
  const { scoreThreshold } = cut;
  const limit = Math.min(cut.limit, state.ids.slots);
  const hits = rank(state, set, query, scope, { ...cut, limit });
  if (scoreThreshold === null) return hits;
  // What is no number, as where no example has the vector, is better than none.
  const better = ({ score }: Hit) =>
    set.largerIsNearer ? score > scoreThreshold : score < scoreThreshold;
  const end = hits.findIndex((hit) => !better(hit));
  return end === -1 ? hits : hits.slice(0, end);
}

function rank(
  state: CollectionState,
  set: VectorSet,
  query: VectorQuery<QueryVector>,
  scope: Scope,
  cut: VectorCut,
): Hit[] {
  if (query.kind === "nearest") return nearest(state, set, query.input, scope, cut);
  if (query.kind === "recommend" && query.strategy === "average_vector") {
    return nearest(state, set, averageVector(query.positives, query.negatives), scope, cut);
  }
  const score = scoreOf(set, query);
  const best = new TopK(cut.limit);
  for (const slot of slotsIn(state, scope)) {
    step();
    if (set.has(slot)) best.offer(score(slot), slot);
  }
  return best.sorted().map(({ slot, value }) => ({ slot, score: value, orderValue: null }));
}

/** The excluded are asked for as well, and left out; a sparse search, to which being filtered makes a difference, is told at once. */
function nearest(
  state: CollectionState,
  set: VectorSet,
  vector: QueryVector,
  scope: Scope,
  { limit, params }: VectorCut,
): Hit[] {
  const filtered = set.kind === "sparse" && scope.excluded.size > 0;
  const { among, excluded } = filtered ? scopeAmong(state, slotsIn(state, scope)) : scope;
  const { slots, similarities } = set.nearest(vector, {
    limit: limit + excluded.size,
    among,
    exact: params.exact,
    ef: params.ef ?? undefined,
  });
  const hits = slots.map((slot, at) => ({
    slot,
    score: set.toScore(similarities[at] ?? 0),
    orderValue: null,
  }));
  return (excluded.size === 0 ? hits : hits.filter(({ slot }) => !excluded.has(slot))).slice(
    0,
    limit,
  );
}

function scoreOf(
  set: VectorSet,
  query: Exclude<VectorQuery<QueryVector>, { kind: "nearest" }>,
): Similarity {
  const to = (vector: QueryVector): Similarity => set.similarity(vector);
  const pair = ({ positive, negative }: ContextPair<QueryVector>) => ({
    positive: to(positive),
    negative: to(negative),
  });
  switch (query.kind) {
    case "recommend": {
      const fold = query.strategy === "best_score" ? bestScore : sumScores;
      return fold(query.positives.map(to), query.negatives.map(to));
    }
    case "discover":
      return discoverScore(to(query.target), query.pairs.map(pair));
    case "context":
      return contextScore(query.pairs.map(pair));
  }
}
