/** What changes payloads. Each operation is checked as a whole before it changes anything; the caller holds the transaction. */
import type { PointSelector } from "../api.ts";
import { notFound } from "../errors.ts";
import { parsePath } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { refuseExtremes } from "../json-extremes.ts";
import { pause } from "../turns.ts";
import { keyRemover, payloadMembers, payloadMerger } from "./payload.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";

/** A point's payload as it is to be; null = none. */
interface Replacement {
  readonly text: string | null;
  /** What the indexes read of it: as much as they have to take over. */
  readonly view: PayloadView;
  /** The outermost keys that may have changed: indexes of others stay as they are; undefined = all may. */
  readonly keys?: ReadonlySet<string>;
}

/** Puts a payload in place of a point's, in the file and in the indexes. */
export function replacePayload(
  state: CollectionState,
  slot: number,
  { text, view, keys }: Replacement,
): void {
  state.indexes.set(slot, view, keys);
  state.file.updatePayload(slot, state.ids.keyOf(slot), text);
}

/** Merges `payload` into that of the selected points, or puts it in its place. @throws E_INPUT */
export function setPayload(
  state: CollectionState,
  selector: PointSelector,
  payload: string,
  { overwrite = false, key }: { overwrite?: boolean; key?: string },
): void {
  const members = payloadMembers(payload);
  // As deep as what will be stored: each step of the path is a level above the payload.
  if (key !== undefined) refuseExtremes("[".repeat(parsePath(key).length) + payload);
  const same = { text: payload, view: new PayloadView(payload) };
  if (overwrite) {
    changeEach(state, selector, "filter", (slot) => replacePayload(state, slot, same));
    return;
  }
  const merge = payloadMerger(payload, key);
  const [outermost] = key === undefined ? [] : parsePath(key);
  const keys = new Set(outermost === undefined ? members.keys() : [String(outermost)]);
  // Below no key, what indexes read there is the same at every point, and is decoded once.
  const shared = key === undefined ? new PayloadView(merge("{}")) : null;
  changeEach(state, selector, "filter", (slot) => {
    const old = state.file.payload(slot);
    const text = merge(old);
    if (old === null) replacePayload(state, slot, text === payload ? same : whole(text));
    else replacePayload(state, slot, { text, view: shared ?? new PayloadView(text), keys });
  });
}

function whole(text: string | null): Replacement {
  return { text, view: new PayloadView(text) };
}

/** Takes payload keys away. @throws E_INPUT */
export function deletePayload(
  state: CollectionState,
  selector: PointSelector,
  given: readonly string[],
): void {
  const remove = keyRemover(given);
  const keys = new Set(given.map((key) => String(parsePath(key)[0])));
  changeEach(state, selector, "filter", (slot) => {
    const old = state.file.payload(slot);
    if (old === null) return;
    const text = remove(old);
    replacePayload(state, slot, { text, view: new PayloadView(text), keys });
  });
}

const nothing = whole(null);

/** Takes whole payloads away. @throws E_INPUT */
export function clearPayload(state: CollectionState, selector: PointSelector): void {
  changeEach(state, selector, null, (slot) => replacePayload(state, slot, nothing));
}

/** Changes the selected points that are there; then tells of an id that is not, as Qdrant does. @throws E_INPUT (404) */
function changeEach(
  state: CollectionState,
  selector: PointSelector,
  at: string | null,
  change: (slot: number) => void,
): void {
  for (const slot of selectSlots(state, selector, at)) {
    change(slot);
    pause();
  }
  if (!("ids" in selector)) return;
  const missing = selector.ids.find((id) => state.ids.find(id) === -1);
  if (missing !== undefined) throw notFound(`Not found: No point with id ${missing} found`);
}
