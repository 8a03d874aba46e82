/** What reads a collection: by id, in the order of ids. */
import type { VectorColumn } from "../../model/record.ts";
import { arraysOf } from "../../model/vector-column.ts";
import { answerMax, answerMeter, answerTooLarge } from "../answer-size.ts";
import type {
  PayloadSelector,
  PointColumns,
  ReadPointsOptions,
  ScrollOptions,
  ScrollPage,
  VectorSelector,
} from "../api.ts";
import type { CompiledFilter } from "../filter/compile.ts";
import { PayloadView } from "../filter/payload-view.ts";
import type { SlotSet } from "../filter/slot-set.ts";
import { step } from "../time-limit.ts";
import { unknownVector } from "../vectors/checks.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { payloadReader } from "./payload.ts";
import { encodePointKey, type PointKey, parsePointId } from "./point-key.ts";
import { compile, fewCandidates } from "./select.ts";
import type { CollectionState } from "./state.ts";

/** Rows to answer: slots, and their payloads as far as they are read already. */
export interface Rows {
  readonly slots: readonly number[];
  readonly payloads: readonly (string | null)[] | null;
}

/** What is asked of the rows. @throws E_INPUT */
export function toColumns(
  state: CollectionState,
  rows: Rows,
  options: ReadPointsOptions,
): PointColumns {
  const read = payloadReader(options.withPayload ?? true);
  const count = answerMeter();
  const payloads = rows.slots.map((slot, at) => {
    if (read === null) return null;
    const text = rows.payloads === null ? state.file.payload(slot) : (rows.payloads[at] ?? null);
    const chosen = text === null ? null : read(text);
    count(chosen);
    return chosen;
  });
  return {
    ids: rows.slots.map((slot) => state.ids.idOf(slot)),
    vectors: vectorColumns(state, rows.slots, options.withVector ?? false),
    payloads,
  };
}

function vectorColumns(state: CollectionState, slots: readonly number[], selector: VectorSelector) {
  const asked = selector === true ? [...state.vectors.keys()] : selector === false ? [] : selector;
  // Where there is no point, a server does not come to refuse a name.
  const names = slots.length > 0 ? asked : asked.filter((name) => state.vectors.has(name));
  const columns = new Map<string, VectorColumn>();
  const sets = [...new Set(names)].map((name) => [name, namedVectors(state, name)] as const);
  if (slots.length > manyRows)
    countNumbers(
      sets.map(([, set]) => set),
      slots,
    );
  for (const [name, set] of sets) columns.set(name, set.column(slots));
  return columns;
}

/** Vectors of more rows are counted before they are read. */
const manyRows = 1024;
/** They are counted in parts. */
const rowsAtOnce = 64;
/** In JSON a number and what stands behind it are two characters at least. */
const numbersMax = answerMax / 2;

/** @throws E_INPUT where the vectors have more numbers than an answer has room for */
function countNumbers(sets: readonly VectorSet[], slots: readonly number[]): void {
  let numbers = 0;
  const numbersOf = (set: VectorSet, part: readonly number[]): number =>
    arraysOf(set.column(part)).reduce((sum, { byteLength }) => sum + byteLength / 4, 0);
  for (const set of sets) {
    // Dense vectors are of one length.
    const rows = set.kind === "dense" ? 1 : slots.length;
    for (let at = 0; at < rows; at += rowsAtOnce) {
      const counted = numbersOf(set, slots.slice(at, Math.min(at + rowsAtOnce, rows)));
      numbers += set.kind === "dense" ? counted * slots.length : counted;
      if (numbers > numbersMax) throw answerTooLarge();
      step();
    }
  }
}

/** @throws E_INPUT where the collection has no vectors of that name */
export function namedVectors(state: CollectionState, name: string): VectorSet {
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
  const compiled = compile(state, filter, "scroll_request.filter");
  const payloads = payloadsWanted(options.withPayload);
  const few = compiled === null ? null : fewCandidates(state, compiled);
  const rows =
    compiled !== null && few !== null
      ? fewById(state, compiled, few, offset, limit + 1)
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
  const count = answerMeter();
  for (const { slot, payload } of state.file.pointsById(
    from,
    filter === null ? limit : -1,
    wanted,
  )) {
    step();
    if (filter !== null && !filter.test(slot, new PayloadView(payload))) continue;
    rows.slots.push(slot);
    const kept = payloads ? payload : null;
    rows.payloads.push(kept);
    count(kept);
    if (rows.slots.length >= limit) break;
  }
  return rows;
}

function fewById(
  state: CollectionState,
  filter: CompiledFilter,
  candidates: SlotSet,
  offset: string | undefined,
  limit: number,
): Rows {
  const from = offset === undefined ? null : Buffer.from(keyOf(offset));
  const slots = [...candidates].sort((one, other) => state.ids.compare(one, other));
  const found: number[] = [];
  for (const slot of slots) {
    if (from !== null && from.compare(state.ids.keyOf(slot)) > 0) continue;
    step();
    const text = filter.readsPayload ? state.file.payload(slot) : null;
    if (!filter.test(slot, new PayloadView(text))) continue;
    found.push(slot);
    if (found.length >= limit) break;
  }
  return { slots: found, payloads: null };
}
