/** What changes a collection. Each operation is checked as a whole before it changes anything; the caller holds the transaction. */
import type { VectorColumn } from "../../model/record.ts";
import { copyColumn, isPresent } from "../../model/vector-column.ts";
import { isObject } from "../../util/json.ts";
import type { PointColumns, PointSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { levelsMax, refuseExtremes } from "../json-extremes.ts";
import { pause } from "../turns.ts";
import { unknownVector } from "../vectors/checks.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { replacePayload } from "./change-payload.ts";
import { canonicalPointId } from "./point-key.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";
import { rowsToWrite, type UpsertConditions } from "./upsert-rows.ts";

interface VectorWrite {
  readonly set: VectorSet;
  readonly column: VectorColumn;
}

/** Checks what is to be written as `upsert` does, and writes nothing. @throws E_INPUT */
export function checkUpsert(
  state: CollectionState,
  points: PointColumns,
  conditions: UpsertConditions,
): void {
  const copies = [...points.vectors].map(([name, column]) => [name, copyColumn(column)] as const);
  const wanted = rowsToWrite(state, points.ids, conditions);
  checkVectors(state, { ...points, vectors: new Map(copies) }, wanted);
  checkPoints(points);
}

/** Writes the rows that the conditions let through. @throws E_INPUT with nothing written */
export function upsert(
  state: CollectionState,
  points: PointColumns,
  conditions: UpsertConditions,
): void {
  const wanted = rowsToWrite(state, points.ids, conditions);
  const writes = checkVectors(state, points, wanted);
  const views = checkPoints(points);
  for (let row = 0; row < points.ids.length; row += 1) {
    if (wanted?.[row] === false) continue;
    const id = points.ids[row] ?? "";
    const payload = points.payloads[row] ?? null;
    const view = views[row] ?? noPayload;
    let slot = state.ids.find(id);
    if (slot === -1) {
      slot = state.ids.insert(id);
      state.file.insertPoint(slot, state.ids.keyOf(slot), payload);
      state.indexes.set(slot, view);
    } else {
      replacePayload(state, slot, { text: payload, view });
    }
    writeVectors(state, writes, slot, row);
    pause();
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

/**
 * Checks the columns against the configuration and brings them into the form in which they are kept. Of rows that are not
 * `wanted` a server looks at dimensions alone.
 */
function checkVectors(
  state: CollectionState,
  points: PointColumns,
  wanted: readonly boolean[] | null,
): VectorWrite[] {
  const writes: VectorWrite[] = [];
  for (const [name, column] of points.vectors) {
    const set = state.vectors.get(name);
    const written = wanted?.some((each, row) => each && isPresent(column, row)) ?? true;
    if (!written && set?.kind !== column.kind) continue;
    if (set === undefined) throw unknownVector(name);
    writes.push({ set, column: set.prepare(column, points.ids.length) });
  }
  return writes;
}

const noPayload = new PayloadView(null);

/** The payloads, decoded. @throws E_INPUT where an id or a payload is none */
function checkPoints({ ids, payloads }: PointColumns): PayloadView[] {
  for (const id of ids) {
    if (canonicalPointId(id) === null) {
      throw badInput(
        `value ${id.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
      );
    }
  }
  return payloads.map((payload) => {
    if (payload === null || payload === "{}") return noPayload;
    // A short one has not the brackets.
    if (payload.length > levelsMax) refuseExtremes(payload);
    const view = new PayloadView(payload);
    let value: unknown;
    try {
      value = view.plain;
    } catch (cause) {
      throw badInput("Format error in JSON body: a payload is not JSON", { cause: String(cause) });
    }
    if (!isObject(value)) throw badInput("Format error in JSON body: a payload must be an object");
    return view;
  });
}

/** Takes the selected points away. */
export function deletePoints(state: CollectionState, selector: PointSelector): void {
  for (const slot of selectSlots(state, selector, null)) {
    state.indexes.set(slot, noPayload);
    for (const set of state.vectors.values()) set.remove(slot, true);
    state.file.deletePoint(slot);
    state.ids.remove(slot);
    pause();
  }
}
