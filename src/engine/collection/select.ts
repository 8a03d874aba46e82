/** Which points fit a filter. */
import { parseSigned } from "../../util/json.ts";
import type { JsonInput, PointSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import { type CompiledFilter, compileFilter, type SomeSlots } from "../filter/compile.ts";
import type { FieldTest } from "../filter/field-tests.ts";
import { parseFilter } from "../filter/filter.ts";
import { pathText } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { SlotSet } from "../filter/slot-set.ts";
import { hold } from "../memory-limit.ts";
import { step } from "../time-limit.ts";
import type { CollectionState } from "./state.ts";

/** Below this share of all points, payloads are read one by one. */
const fewShare = 1 / 8;

/** A filter made ready for the collection as it is; null = all points. `at`: where it stands in the request; null = its conditions may ask nothing. @throws E_INPUT */
export function compile(
  state: CollectionState,
  filter: JsonInput | null | undefined,
  at: string | null = "filter",
): CompiledFilter | null {
  if (filter === undefined || filter === null) return null;
  const live = { slots: state.ids.slots, points: state.ids.count };
  return compileFilter(parseFilter(decoded(filter), at), {
    points: live.points,
    slotsOf: (ids) => slotsOf(state, ids),
    hasVector: (name, slot) => state.vectors.get(name)?.has(slot) ?? false,
    indexed: (path, test) => {
      if (textTests.has(test.kind)) {
        hold(live.slots / 8);
        step();
      }
      return state.indexes.find(pathText(path))?.answer(test, live) ?? null;
    },
    textsAt: (path) => state.indexes.find(path)?.texts ?? null,
  });
}

/** Where a filter stands inside too many brackets, decoding ends with a RangeError. */
function decoded(filter: JsonInput): unknown {
  if (typeof filter !== "string") return filter;
  try {
    return parseSigned(filter);
  } catch (error) {
    const words = error instanceof RangeError ? "recursion limit exceeded" : String(error);
    throw badInput(`Format error in JSON body: ${words}`);
  }
}

/** What an index finds for these is kept as a set. */
const textTests: ReadonlySet<FieldTest["kind"]> = new Set(["text", "text-any", "phrase"] as const);

/** A set that takes memory by the ids or by the slots, whichever are fewer: there may be as many conditions as ids. */
function slotsOf(state: CollectionState, ids: readonly string[]): SomeSlots {
  if (ids.length > state.ids.slots / 64) {
    hold(state.ids.slots / 8);
    return slotSet(state, ids);
  }
  const found = new Set(ids.map((id) => state.ids.find(id)));
  found.delete(-1);
  return {
    count: found.size,
    has: (slot) => found.has(slot),
    [Symbol.iterator]: () => found.values(),
  };
}

function slotSet(state: CollectionState, ids: readonly string[]): SlotSet {
  const found = new SlotSet(state.ids.slots);
  for (const id of ids) {
    const slot = state.ids.find(id);
    if (slot !== -1) found.add(slot);
  }
  return found;
}

/** The slots that may fit, ascending; null where that is not known without asking every point. */
function candidates(state: CollectionState, filter: CompiledFilter): SlotSet | null {
  if (filter.fill === null) return null;
  const found = new SlotSet(state.ids.slots);
  filter.fill(found);
  return found;
}

/** The slots that may fit, where they are few; null where they are many, or not known. */
export function fewCandidates(state: CollectionState, filter: CompiledFilter): SlotSet | null {
  const found = candidates(state, filter);
  return found !== null && found.count < state.ids.count * fewShare ? found : null;
}

/** The slots that fit a filter. */
function matchingSlots(state: CollectionState, filter: CompiledFilter): SlotSet {
  const some = candidates(state, filter);
  if (some !== null && filter.fillIsExact) return some;
  const many = some === null || some.count > state.ids.count * fewShare;
  const found = some ?? allSlots(state);
  const fits: CompiledFilter["test"] = (slot, payload) => {
    step();
    return filter.test(slot, payload);
  };
  if (!filter.readsPayload) {
    found.retain((slot) => fits(slot, none));
    return found;
  }
  if (!many) {
    found.retain((slot) => fits(slot, new PayloadView(() => state.file.payload(slot))));
    return found;
  }
  const fitting = new SlotSet(state.ids.slots);
  for (const { slot, payload } of state.file.points()) {
    if (found.has(slot) && fits(slot, new PayloadView(payload))) fitting.add(slot);
  }
  return fitting;
}

const none = new PayloadView(null);

/** The slots of all points. */
export function allSlots({ ids }: CollectionState): SlotSet {
  const found = new SlotSet(ids.slots);
  for (let slot = 0; slot < ids.slots; slot += 1) if (ids.has(slot)) found.add(slot);
  return found;
}

/** The slots that a selector means, all found before anything is changed. `at` as for `compile`. @throws E_INPUT */
export function selectSlots(
  state: CollectionState,
  selector: PointSelector,
  at: string | null = "filter",
): Iterable<number> {
  if ("ids" in selector) return slotSet(state, selector.ids);
  return fittingSlots(state, selector.filter, at) ?? [];
}

/** The slots that fit; null = all points. @throws E_INPUT */
export function fittingSlots(
  state: CollectionState,
  filter: JsonInput | null | undefined,
  at: string | null = "filter",
): SlotSet | null {
  const compiled = compile(state, filter, at);
  return compiled === null ? null : matchingSlots(state, compiled);
}

/** Number of points that fit. @throws E_INPUT */
export function count(state: CollectionState, filter: JsonInput | null | undefined): number {
  return fittingSlots(state, filter, "count_request.filter")?.count ?? state.ids.count;
}
