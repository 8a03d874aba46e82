/** The nearest points by columns: what gRPC and programs in the process ask for. */
import type { ScoredPoints, SearchOptions } from "../api.ts";
import { toColumns } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { scopeOf } from "./scope.ts";
import { byVector } from "./vector-rank.ts";

const asItLikes = { exact: false, ef: null };

/** @throws E_INPUT */
export function search(state: CollectionState, options: SearchOptions): ScoredPoints {
  const { vector, using = "", limit, offset = 0, filter, scoreThreshold } = options;
  const scope = scopeOf(state, filter ?? null, new Set());
  const near = { kind: "dense", data: vector } as const;
  const hits = byVector(state, { kind: "nearest", input: near, mmr: null }, using, scope, {
    limit: limit + offset,
    scoreThreshold: scoreThreshold === undefined ? null : Math.fround(scoreThreshold),
    params: asItLikes,
  }).slice(offset);
  const rows = { slots: hits.map(({ slot }) => slot), payloads: null };
  return {
    ...toColumns(state, rows, options),
    scores: Float32Array.from(hits, ({ score }) => score),
  };
}
