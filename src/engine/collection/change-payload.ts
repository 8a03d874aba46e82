/** What changes payloads. Each operation is checked as a whole before it changes anything; the caller holds the transaction. */
import type { PointSelector } from "../api.ts";
import { notFound } from "../errors.ts";
import { parsePath } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { refuseExtremes } from "../json-extremes.ts";
import { mergePayload, parsePayload, withoutKeys } from "./payload.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";

/** Puts a payload in place of a point's, in the file and in the indexes; `view`: the same. */
export function replacePayload(
  state: CollectionState,
  slot: number,
  payload: string | null,
  view: PayloadView = new PayloadView(payload),
): void {
  state.indexes.set(slot, view);
  state.file.updatePayload(slot, state.ids.keyOf(slot), payload);
}

/** Merges `payload` into that of the selected points, or puts it in its place. @throws E_INPUT */
export function setPayload(
  state: CollectionState,
  selector: PointSelector,
  payload: string,
  options: { overwrite?: boolean; key?: string },
): void {
  parsePayload(payload);
  // As deep as what will be stored: each step of the path is a level above the payload.
  if (options.key !== undefined)
    refuseExtremes("[".repeat(parsePath(options.key).length) + payload);
  changeEach(state, selector, "filter", (slot) => {
    const fresh =
      options.overwrite === true
        ? payload
        : mergePayload(state.file.payload(slot), payload, options.key);
    replacePayload(state, slot, fresh);
  });
}

/** Takes payload keys away. @throws E_INPUT */
export function deletePayload(
  state: CollectionState,
  selector: PointSelector,
  keys: readonly string[],
): void {
  for (const key of keys) parsePath(key);
  changeEach(state, selector, "filter", (slot) => {
    const old = state.file.payload(slot);
    if (old !== null) replacePayload(state, slot, withoutKeys(old, keys));
  });
}

/** Takes whole payloads away. @throws E_INPUT */
export function clearPayload(state: CollectionState, selector: PointSelector): void {
  changeEach(state, selector, null, (slot) => replacePayload(state, slot, null));
}

/** Changes the selected points that are there; then tells of an id that is not, as Qdrant does. @throws E_INPUT (404) */
function changeEach(
  state: CollectionState,
  selector: PointSelector,
  at: string | null,
  change: (slot: number) => void,
): void {
  for (const slot of selectSlots(state, selector, at)) change(slot);
  if (!("ids" in selector)) return;
  const missing = selector.ids.find((id) => state.ids.find(id) === -1);
  if (missing !== undefined) throw notFound(`Not found: No point with id ${missing} found`);
}
