/** Which points fit a filter. */
import { parseLossless } from "../../util/json.ts";
import type { JsonInput, PointSelector } from "../api.ts";
import { findSlots } from "../filter/field-index.ts";
import { type FieldTest, parseFilter } from "../filter/filter.ts";
import { type CompiledFilter, compileFilter, PayloadView } from "../filter/match.ts";
import { SlotSet } from "../filter/slot-set.ts";
import type { CollectionState } from "./state.ts";

/** Below this share of all points, candidates are looked up one by one. */
const fewShare = 1 / 8;

/** A filter made ready for the collection as it is; null = all points. @throws E_INPUT */
export function compile(
  state: CollectionState,
  filter: JsonInput | null | undefined,
): CompiledFilter | null {
  if (filter === undefined || filter === null) return null;
  const parsed = parseFilter(typeof filter === "string" ? parseLossless(filter) : filter);
  const newSet = (): SlotSet => new SlotSet(state.ids.slots);
  const textKeys = new Set(
    state.fields.filter(({ type }) => type === "text").map(({ path }) => path),
  );
  return compileFilter(parsed, {
    slotsOf: (ids) => slotSet(state, ids),
    hasVector: (name, slot) => state.vectors.get(name)?.has(slot) ?? false,
    indexed: (key, test: FieldTest) => {
      const field = state.fields.find(({ path }) => path === key);
      const found = newSet();
      return field !== undefined && findSlots(state.file, field, test, found) ? found : null;
    },
    hasTextIndex: (key) => textKeys.has(key),
  });
}

function slotSet(state: CollectionState, ids: readonly string[]): SlotSet {
  const found = new SlotSet(state.ids.slots);
  for (const id of ids) {
    const slot = state.ids.find(id);
    if (slot !== -1) found.add(slot);
  }
  return found;
}

/** Whether so few points may fit that they are looked up one by one. */
export function isFew(
  state: CollectionState,
  filter: CompiledFilter,
): filter is CompiledFilter & { candidates: SlotSet } {
  return filter.candidates !== null && filter.candidates.count < state.ids.count * fewShare;
}

/** The slots that fit, in no particular order. */
export function* matchingSlots(state: CollectionState, filter: CompiledFilter): Generator<number> {
  const empty = new PayloadView(null);
  if (!filter.readsPayload) {
    const slots = filter.candidates ?? allSlots(state);
    for (const slot of slots) if (filter.test(slot, empty)) yield slot;
  } else if (isFew(state, filter)) {
    for (const slot of filter.candidates) {
      if (filter.test(slot, new PayloadView(state.file.payload(slot)))) yield slot;
    }
  } else {
    for (const { slot, payload } of state.file.points()) {
      if (filter.test(slot, new PayloadView(payload))) yield slot;
    }
  }
}

/** The slots of all points, ascending. */
export function* allSlots({ ids }: CollectionState): Generator<number> {
  for (let slot = 0; slot < ids.slots; slot += 1) if (ids.has(slot)) yield slot;
}

/** The slots that a selector means, all found before anything is changed. @throws E_INPUT */
export function selectSlots(state: CollectionState, selector: PointSelector): Iterable<number> {
  if ("ids" in selector) return slotSet(state, selector.ids);
  const filter = compile(state, selector.filter);
  return filter === null ? [] : [...matchingSlots(state, filter)];
}

/** The slots that fit; null = all points. @throws E_INPUT */
export function fittingSlots(
  state: CollectionState,
  filter: JsonInput | null | undefined,
): SlotSet | null {
  const compiled = compile(state, filter);
  if (compiled === null) return null;
  const found = new SlotSet(state.ids.slots);
  for (const slot of matchingSlots(state, compiled)) found.add(slot);
  return found;
}

/** Number of points that fit. @throws E_INPUT */
export function count(state: CollectionState, filter: JsonInput | undefined): number {
  const compiled = compile(state, filter);
  if (compiled === null) return state.ids.count;
  let found = 0;
  for (const _slot of matchingSlots(state, compiled)) found += 1;
  return found;
}
