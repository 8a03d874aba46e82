/** Points that prefetches found, ranked by a formula. Source: qdrant 1.18.2, lib/segment/src/segment/read_view/formula_rescore.rs. */
import { compile } from "../collection/select.ts";
import type { CollectionState } from "../collection/state.ts";
import { valuesAt } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { TopK } from "../vectors/top-k.ts";
import { evaluate, type Formula, type PayloadKey } from "./formula.ts";
import type { Hit } from "./query.ts";

/** Best first; of equal ones the lower slot. @throws E_INPUT where the formula has no value for a point */
export function rankByFormula(
  state: CollectionState,
  formula: Formula,
  rankings: readonly (readonly Hit[])[],
  cut: { readonly limit: number; readonly scoreThreshold: number | null },
): Hit[] {
  const scores = rankings.map((hits) => new Map(hits.map(({ slot, score }) => [slot, score])));
  const conditions = formula.conditions.map((condition) => compile(state, condition));
  const best = new TopK(Math.min(cut.limit, state.ids.slots));
  for (const slot of new Set(rankings.flat().map((hit) => hit.slot))) {
    const payload = new PayloadView(state.file.payload(slot));
    const score = evaluate(formula, {
      score: (prefetch) => scores[prefetch]?.get(slot),
      payload: (key) => payloadValues(payload.plain, key),
      fits: (condition) => conditions[condition]?.test(slot, payload) ?? true,
    });
    if (cut.scoreThreshold === null || score >= cut.scoreThreshold) best.offer(score, slot);
  }
  return best.sorted().map(({ slot, value }) => ({ slot, score: value, orderValue: null }));
}

function payloadValues(payload: unknown, { steps }: PayloadKey): unknown[] {
  const values = valuesAt(payload, steps);
  return steps.at(-1) === null ? values : values.flat();
}
