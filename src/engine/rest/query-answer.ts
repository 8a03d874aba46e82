/** Hits as JSON text. */
import { toColumns } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import type { Hit, QueryRequest } from "../query/query.ts";
import { pointsText } from "./answer.ts";

/** A list of points, with what is asked of them; without scores where they mean nothing. @throws E_INPUT */
export function hitsText(
  state: CollectionState,
  hits: readonly Hit[],
  { withPayload, withVector }: Pick<QueryRequest, "withPayload" | "withVector">,
  scored = true,
): string {
  const rows = { slots: hits.map(({ slot }) => slot), payloads: null };
  const columns = toColumns(state, rows, { withPayload, withVector });
  const points = {
    ...columns,
    ...(scored ? { scores: Float32Array.from(hits, ({ score }) => score) } : {}),
    orderValues: hits.map(({ orderValue }) => orderValue),
  };
  return pointsText(points, withPayload !== false, withVector !== false);
}
