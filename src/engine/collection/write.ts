/** What changes a collection. Each operation is checked as a whole before it changes anything; the caller holds the transaction. */
import type { VectorColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import { parseLossless } from "../../util/json.ts";
import type { JsonInput, PointColumns, PointSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import {
  encodeFieldSchema,
  type FieldIndex,
  fieldValues,
  toFieldIndex,
} from "../filter/field-index.ts";
import { isObject, parsePath } from "../filter/json-path.ts";
import type { FieldValue } from "../storage/collection-file.ts";
import { unknownVector } from "../vectors/checks.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { mergePayload, parsePayload, withoutKeys } from "./payload.ts";
import { canonicalPointId } from "./point-key.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";

interface VectorWrite {
  readonly set: VectorSet;
  readonly column: VectorColumn;
}

/** Writes all rows. @throws E_INPUT with nothing written */
export function upsert(state: CollectionState, points: PointColumns): void {
  const writes = checkVectors(state, points);
  checkPoints(points);
  for (let row = 0; row < points.ids.length; row += 1) {
    const id = points.ids[row] ?? "";
    const payload = points.payloads[row] ?? null;
    let slot = state.ids.find(id);
    if (slot === -1) {
      slot = state.ids.insert(id);
      state.file.insertPoint(slot, state.ids.keyOf(slot), payload);
      updateFields(state, slot, null, payload);
    } else {
      replacePayload(state, slot, payload);
    }
    writeVectors(state, writes, slot, row);
  }
}

function writeVectors(
  state: CollectionState,
  writes: readonly VectorWrite[],
  slot: number,
  row: number,
): void {
  for (const { set, column } of writes) {
    if (isPresent(column, row)) set.write(slot, column, row);
    else set.remove(slot);
  }
  if (writes.length === state.vectors.size) return;
  const written = new Set(writes.map(({ set }) => set));
  for (const set of state.vectors.values()) if (!written.has(set)) set.remove(slot);
}

/** Checks the columns against the configuration and brings them into the form in which they are kept. */
function checkVectors(state: CollectionState, points: PointColumns): VectorWrite[] {
  const writes: VectorWrite[] = [];
  for (const [name, column] of points.vectors) {
    const set = state.vectors.get(name);
    if (set === undefined) throw unknownVector(name);
    writes.push({ set, column: set.prepare(column, points.ids.length) });
  }
  return writes;
}

function checkPoints({ ids, payloads }: PointColumns): void {
  for (const id of ids) {
    if (canonicalPointId(id) === null) {
      throw badInput(
        `value ${id.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
      );
    }
  }
  for (const payload of payloads) {
    if (payload === null || payload === "{}") continue;
    let value: unknown;
    try {
      value = JSON.parse(payload);
    } catch (cause) {
      throw badInput("Format error in JSON body: a payload is not JSON", { cause: String(cause) });
    }
    if (!isObject(value)) throw badInput("Format error in JSON body: a payload must be an object");
  }
}

function replacePayload(state: CollectionState, slot: number, payload: string | null): void {
  if (state.fields.length > 0) updateFields(state, slot, state.file.payload(slot), payload);
  state.file.updatePayload(slot, state.ids.keyOf(slot), payload);
}

/** Brings the payload indexes from a point's old payload to its new one. */
function updateFields(
  state: CollectionState,
  slot: number,
  old: string | null,
  payload: string | null,
): void {
  if (state.fields.length === 0) return;
  const exact = state.fields.some(({ type }) => type === "integer");
  const decode = (text: string | null): unknown =>
    text === null ? {} : exact ? parseLossless(text) : JSON.parse(text);
  const before = decode(old);
  const after = decode(payload);
  for (const field of state.fields) {
    const stale: Set<FieldValue> = old === null ? new Set() : fieldValues(field, before);
    const fresh = fieldValues(field, after);
    for (const value of stale)
      if (!fresh.has(value)) state.file.removeFieldValue(field.id, value, slot);
    for (const value of fresh)
      if (!stale.has(value)) state.file.addFieldValue(field.id, value, slot);
  }
}

/** Takes the selected points away. */
export function deletePoints(state: CollectionState, selector: PointSelector): void {
  for (const slot of selectSlots(state, selector)) {
    updateFields(state, slot, state.fields.length > 0 ? state.file.payload(slot) : null, null);
    for (const set of state.vectors.values()) set.remove(slot);
    state.file.deletePoint(slot);
    state.ids.remove(slot);
  }
}

/** Merges `payload` into that of the selected points, or puts it in its place. @throws E_INPUT */
export function setPayload(
  state: CollectionState,
  selector: PointSelector,
  payload: string,
  options: { overwrite?: boolean; key?: string },
): void {
  parsePayload(payload);
  if (options.key !== undefined) parsePath(options.key);
  for (const slot of selectSlots(state, selector)) {
    const fresh =
      options.overwrite === true
        ? payload
        : mergePayload(state.file.payload(slot), payload, options.key);
    replacePayload(state, slot, fresh);
  }
}

/** Takes payload keys away. @throws E_INPUT */
export function deletePayload(
  state: CollectionState,
  selector: PointSelector,
  keys: readonly string[],
): void {
  for (const key of keys) parsePath(key);
  for (const slot of selectSlots(state, selector)) {
    const old = state.file.payload(slot);
    if (old !== null) replacePayload(state, slot, withoutKeys(old, keys));
  }
}

export function clearPayload(state: CollectionState, selector: PointSelector): void {
  for (const slot of selectSlots(state, selector)) replacePayload(state, slot, null);
}

/** Makes a payload index and fills it; one that stands there with another schema is made anew. @throws E_INPUT */
export function createField(state: CollectionState, path: string, schema: JsonInput): void {
  parsePath(path);
  const text = encodeFieldSchema(schema);
  deleteField(state, path);
  const field = toFieldIndex(state.file.addField(path, text), path, text);
  fillField(state, field);
  state.fields = [...state.fields, field];
}

function fillField({ file }: CollectionState, field: FieldIndex): void {
  for (const { slot, payload } of file.points()) {
    if (payload === null) continue;
    const decoded: unknown =
      field.type === "integer" ? parseLossless(payload) : JSON.parse(payload);
    for (const value of fieldValues(field, decoded)) file.addFieldValue(field.id, value, slot);
  }
}

export function deleteField(state: CollectionState, path: string): void {
  const field = state.fields.find((each) => each.path === path);
  if (field === undefined) return;
  state.file.removeField(field.id);
  state.fields = state.fields.filter((each) => each !== field);
}
