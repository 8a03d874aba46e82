/** What reads a collection: by id, by filter, in the order of ids, by nearness. */
import type { VectorColumn } from "../../model/record.ts";
import { parseLossless } from "../../util/json.ts";
import type {
  JsonInput,
  PayloadSelector,
  PointColumns,
  PointSelector,
  ReadPointsOptions,
  ScoredPoints,
  ScrollOptions,
  ScrollPage,
  SearchOptions,
  VectorSelector,
} from "../api.ts";
import { findSlots } from "../filter/field-index.ts";
import { type FieldTest, parseFilter } from "../filter/filter.ts";
import { type CompiledFilter, compileFilter, PayloadView } from "../filter/match.ts";
import { SlotSet } from "../filter/slot-set.ts";
import { unknownVector } from "../vectors/checks.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { payloadReader } from "./payload.ts";
import { encodePointKey, type PointKey, parsePointId } from "./point-key.ts";
import type { CollectionState } from "./state.ts";

/** Below this share of all points, candidates are looked up one by one. */
const fewShare = 1 / 8;

function compile(state: CollectionState, filter: JsonInput | undefined): CompiledFilter | null {
  if (filter === undefined) return null;
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

function isFew(
  state: CollectionState,
  filter: CompiledFilter,
): filter is CompiledFilter & { candidates: SlotSet } {
  return filter.candidates !== null && filter.candidates.count < state.ids.count * fewShare;
}

/** The slots that fit, in no particular order. */
function* matchingSlots(state: CollectionState, filter: CompiledFilter): Generator<number> {
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

function* allSlots({ ids }: CollectionState): Generator<number> {
  for (let slot = 0; slot < ids.slots; slot += 1) if (ids.has(slot)) yield slot;
}

/** The slots that a selector means, all found before anything is changed. @throws E_INPUT */
export function selectSlots(state: CollectionState, selector: PointSelector): Iterable<number> {
  if ("ids" in selector) return slotSet(state, selector.ids);
  const filter = compile(state, selector.filter);
  return filter === null ? [] : [...matchingSlots(state, filter)];
}

/** Number of points that fit. @throws E_INPUT */
export function count(state: CollectionState, filter: JsonInput | undefined): number {
  const compiled = compile(state, filter);
  if (compiled === null) return state.ids.count;
  let found = 0;
  for (const _slot of matchingSlots(state, compiled)) found += 1;
  return found;
}

/** Rows to answer: slots, and their payloads as far as they are read already. */
interface Rows {
  readonly slots: number[];
  readonly payloads: (string | null)[] | null;
}

function toColumns(state: CollectionState, rows: Rows, options: ReadPointsOptions): PointColumns {
  const read = payloadReader(options.withPayload ?? true);
  const payloads = rows.slots.map((slot, at) => {
    if (read === null) return null;
    const text = rows.payloads === null ? state.file.payload(slot) : (rows.payloads[at] ?? null);
    return text === null ? null : read(text);
  });
  return {
    ids: rows.slots.map((slot) => state.ids.idOf(slot)),
    vectors: vectorColumns(state, rows.slots, options.withVector ?? false),
    payloads,
  };
}

function vectorColumns(state: CollectionState, slots: readonly number[], selector: VectorSelector) {
  const names = selector === true ? [...state.vectors.keys()] : selector === false ? [] : selector;
  const columns = new Map<string, VectorColumn>();
  for (const name of names) columns.set(name, namedVectors(state, name).column(slots));
  return columns;
}

function namedVectors(state: CollectionState, name: string): VectorSet {
  const set = state.vectors.get(name);
  if (set === undefined) throw unknownVector(name);
  return set;
}

/** Points by id, each once, in the order asked; absent ones are left out. @throws E_INPUT */
export function retrieve(
  state: CollectionState,
  ids: readonly string[],
  options: ReadPointsOptions,
): PointColumns {
  const found = new Set(ids.map((id) => state.ids.find(id)));
  const slots = [...found].filter((slot) => slot !== -1);
  return toColumns(state, { slots, payloads: null }, options);
}

/** A page in the order of ids. @throws E_INPUT */
export function scroll(state: CollectionState, options: ScrollOptions): ScrollPage {
  const { limit = 10, offset, filter } = options;
  const compiled = compile(state, filter);
  const payloads = payloadsWanted(options.withPayload);
  const rows =
    compiled !== null && isFew(state, compiled)
      ? fewById(state, compiled, offset, limit + 1)
      : manyById(state, compiled, offset, limit + 1, payloads);
  const more = rows.slots.length > limit;
  const next = more ? rows.slots[limit] : undefined;
  const page = { slots: rows.slots.slice(0, limit), payloads: rows.payloads };
  return {
    ...toColumns(state, page, options),
    nextOffset: next === undefined ? null : state.ids.idOf(next),
  };
}

function payloadsWanted(selector: PayloadSelector | undefined): boolean {
  return selector !== false;
}

function keyOf(id: string): Uint8Array {
  const key: PointKey = { kind: 1, a: 0, b: 0, c: 0, d: 0 };
  parsePointId(id, key);
  return encodePointKey(key);
}

function manyById(
  state: CollectionState,
  filter: CompiledFilter | null,
  offset: string | undefined,
  limit: number,
  payloads: boolean,
): Rows {
  const rows = { slots: [] as number[], payloads: [] as (string | null)[] };
  const wanted = payloads || filter?.readsPayload === true;
  const from = offset === undefined ? null : keyOf(offset);
  for (const { slot, payload } of state.file.pointsById(
    from,
    filter === null ? limit : -1,
    wanted,
  )) {
    if (filter !== null && !filter.test(slot, new PayloadView(payload))) continue;
    rows.slots.push(slot);
    rows.payloads.push(payload);
    if (rows.slots.length >= limit) break;
  }
  return rows;
}

function fewById(
  state: CollectionState,
  filter: CompiledFilter & { candidates: SlotSet },
  offset: string | undefined,
  limit: number,
): Rows {
  const from = offset === undefined ? null : Buffer.from(keyOf(offset));
  const slots = [...filter.candidates].sort((one, other) => state.ids.compare(one, other));
  const found: number[] = [];
  for (const slot of slots) {
    if (from !== null && from.compare(state.ids.keyOf(slot)) > 0) continue;
    const text = filter.readsPayload ? state.file.payload(slot) : null;
    if (!filter.test(slot, new PayloadView(text))) continue;
    found.push(slot);
    if (found.length >= limit) break;
  }
  return { slots: found, payloads: null };
}

/** The nearest points to a vector, by comparing with every one that fits. @throws E_INPUT */
export function search(state: CollectionState, options: SearchOptions): ScoredPoints {
  const set = namedVectors(state, options.using ?? "");
  const offset = options.offset ?? 0;
  const filter = compile(state, options.filter);
  const { slots, similarities } = set.nearest(
    { kind: "dense", data: options.vector },
    {
      limit: options.limit + offset,
      among: filter === null ? null : slotsOf(state, matchingSlots(state, filter)),
    },
  );
  const hits = slots.map((slot, at) => ({ slot, score: set.toScore(similarities[at] ?? 0) }));
  const { scoreThreshold: bound } = options;
  const near = hits.filter(
    ({ score }) => bound === undefined || (set.largerIsNearer ? score > bound : score < bound),
  );
  const page = near.slice(offset);
  const rows = { slots: page.map(({ slot }) => slot), payloads: null };
  return {
    ...toColumns(state, rows, options),
    scores: Float32Array.from(page, ({ score }) => score),
  };
}

function slotsOf(state: CollectionState, slots: Iterable<number>): SlotSet {
  const set = new SlotSet(state.ids.slots);
  for (const slot of slots) set.add(slot);
  return set;
}
