/** Which rows of an upsert are written, where it says conditions. */
import type { JsonInput, UpsertMode } from "../api.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";

export interface UpsertConditions {
  /** Only points that are not there, or only those that are; default: both. */
  readonly mode?: UpsertMode | undefined;
  /** Points that are there and do not fit stay as they are. */
  readonly filter?: JsonInput | undefined;
}

/** Whether each row is written, by what is there before the first is; null = all are. @throws E_INPUT */
export function rowsToWrite(
  state: CollectionState,
  ids: readonly string[],
  { mode = "upsert", filter }: UpsertConditions,
): boolean[] | null {
  if (mode === "upsert" && filter === undefined) return null;
  const fitting = filter === undefined ? null : new Set(selectSlots(state, { filter }));
  return ids.map((id) => {
    const slot = state.ids.find(id);
    if (slot === -1) return mode !== "update_only";
    return mode !== "insert_only" && (fitting === null || fitting.has(slot));
  });
}
