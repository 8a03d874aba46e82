/** The points that a part of a query may find. */

import type { JsonInput } from "../api.ts";
import { allSlots, fittingSlots } from "../collection/select.ts";
import type { CollectionState } from "../collection/state.ts";
import { SlotSet } from "../filter/slot-set.ts";
import { hold } from "../memory-limit.ts";

export interface Scope {
  /** null = all but `excluded`. */
  readonly among: SlotSet | null;
  /** Empty where `among` says it all. */
  readonly excluded: ReadonlySet<number>;
}

const nothing: ReadonlySet<number> = new Set();

/** The points that fit, but those excluded; of those `within`, where it is given. @throws E_INPUT */
export function scopeOf(
  state: CollectionState,
  filter: JsonInput | null,
  excluded: ReadonlySet<number>,
  within: SlotSet | null = null,
): Scope {
  const fitting = fittingSlots(state, filter);
  // A query with many prefetches keeps as many of these.
  if (fitting !== null) hold(state.ids.slots / 8);
  const among = fitting ?? within;
  if (among === null) return { among, excluded };
  if (excluded.size === 0 && (fitting === null || within === null)) return { among, excluded };
  const left = new SlotSet(state.ids.slots);
  for (const slot of among) {
    if (!excluded.has(slot) && (within === null || within.has(slot))) left.add(slot);
  }
  return { among: left, excluded: nothing };
}

/** Just these points. */
export function scopeAmong(state: CollectionState, slots: Iterable<number>): Scope {
  const among = new SlotSet(state.ids.slots);
  for (const slot of slots) among.add(slot);
  return { among, excluded: nothing };
}

/** Ascending. */
export function* slotsIn(state: CollectionState, { among, excluded }: Scope): Generator<number> {
  if (among !== null) yield* among;
  else for (const slot of allSlots(state)) if (!excluded.has(slot)) yield slot;
}

export function isIn({ among, excluded }: Scope, slot: number): boolean {
  return among === null ? !excluded.has(slot) : among.has(slot);
}
