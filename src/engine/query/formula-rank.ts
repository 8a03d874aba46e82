/** Points that prefetches found, ranked by a formula. Source: qdrant 1.18.2, lib/segment/src/segment/read_view/formula_rescore.rs. */
import { compile } from "../collection/select.ts";
import type { CollectionState } from "../collection/state.ts";
import type { FieldType } from "../filter/field-schema.ts";
import { namedPlace } from "../filter/geo.ts";
import { parseInstant } from "../filter/instant.ts";
import { pathText, valuesAt } from "../filter/json-path.ts";
import { NumberColumn } from "../filter/number-column.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { uuidOf } from "../filter/uuid.ts";
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
      payload: (key) => payloadValues(state, slot, payload, key),
      fits: (condition) => conditions[condition]?.test(slot, payload) ?? true,
    });
    if (cut.scoreThreshold === null || score >= cut.scoreThreshold) best.offer(score, slot);
  }
  return best.sorted().map(({ slot, value }) => ({ slot, score: value, orderValue: null }));
}

/** Where there is an index, the values are those that it keeps: of its type. */
function payloadValues(
  state: CollectionState,
  slot: number,
  payload: PayloadView,
  { steps }: PayloadKey,
): readonly unknown[] {
  const index = state.indexes.find(pathText(steps));
  const numbers = index?.type === "datetime" ? null : (index?.ranges ?? index?.lookups);
  if (numbers instanceof NumberColumn) return numbers.numbersOf(slot);
  const found = valuesAt(payload.plain, steps);
  const values = steps.at(-1) === null ? found : found.flat();
  return index === undefined ? values : values.filter((value) => isOfType(value, index.type));
}

/** Whether an index of a type that has no numbers keeps a value. */
function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "keyword":
      return typeof value === "string";
    case "uuid":
      return typeof value === "string" && uuidOf(value) !== null;
    case "datetime":
      return typeof value === "string" && parseInstant(value) !== null;
    case "bool":
      return typeof value === "boolean";
    case "geo":
      return !Array.isArray(value) && namedPlace(value) !== null;
    default:
      return true;
  }
}
