/** Points ranked without vectors: by id, by a payload field, at random. Each has the score 1. */
import type { CollectionState } from "../collection/state.ts";
import { parsePath, pathText } from "../filter/json-path.ts";
import { noRangeIndex, type OrderBy, type OrderedSlot, orderSlots } from "./order-by.ts";
import type { Hit } from "./query.ts";
import { isIn, type Scope, slotsIn } from "./scope.ts";

function hit(slot: number): Hit {
  return { slot, score: 1, orderValue: null };
}

/** In the order of ids. */
export function byId(state: CollectionState, scope: Scope, limit: number): Hit[] {
  const { among, excluded } = scope;
  if (among !== null) {
    const slots = [...among].sort((one, other) => state.ids.compare(one, other));
    return slots.slice(0, limit).map(hit);
  }
  const hits: Hit[] = [];
  for (const { slot } of state.file.pointsById(null, limit + excluded.size, false)) {
    if (!excluded.has(slot) && hits.length < limit) hits.push(hit(slot));
  }
  return hits;
}

/** By a field that has an index of ranges; a point with several values comes once for each. @throws E_INPUT where there is no such index */
export function byField(
  state: CollectionState,
  orderBy: OrderBy,
  scope: Scope,
  limit: number,
): Hit[] {
  const path = pathText(parsePath(orderBy.key));
  const field = state.indexes.find(path);
  const numbers = field?.ranges ?? null;
  if (field === undefined || numbers === null) throw noRangeIndex(orderBy.key);
  const inScope = function* (): Generator<OrderedSlot> {
    for (const pair of numbers.entries()) if (isIn(scope, pair.slot)) yield pair;
  };
  const compareIds = (one: number, other: number): number => state.ids.compare(one, other);
  return orderSlots(inScope(), orderBy, compareIds, limit).map(({ slot, value }) => ({
    slot,
    score: 1,
    // Integers and dates are answered as integers.
    orderValue: field.type === "float" ? Number(value) : BigInt(value),
  }));
}

/** Any of them. */
export function bySample(state: CollectionState, scope: Scope, limit: number): Hit[] {
  const slots = [...slotsIn(state, scope)];
  const wanted = Math.min(limit, slots.length);
  for (let at = 0; at < wanted; at += 1) {
    const chosen = at + Math.floor(Math.random() * (slots.length - at));
    const slot = slots[chosen] ?? 0;
    slots[chosen] = slots[at] ?? 0;
    slots[at] = slot;
  }
  return slots.slice(0, wanted).map(hit);
}
