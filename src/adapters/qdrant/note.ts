/** The note that stands in a collection's metadata: how its points are to be read, and what was carried here. */
import { type CollectionSpec, type Layout, parseNote } from "../../model/collection.ts";
import { mergeNote } from "../../model/collection-note.ts";
import type { CollectionChange, CollectionState } from "./api.ts";

/** The layout that a note names; null where there is no note. @throws E_SCHEMA_CONFLICT where it is not one of this format */
export function noteLayout(name: string, note: string | null): Layout | null {
  return parseNote(name, note)?.layout ?? null;
}

/** The note of a new collection, as JSON text. */
export function firstNote(spec: CollectionSpec): string {
  return JSON.stringify(mergeNote(spec, null, undefined));
}

/** The note that lacks, and what is to be done about the index: held back from the beginning, or let go again. @throws as `mergeNote` */
export function changeOf(
  spec: CollectionSpec,
  state: CollectionState,
  { created, hold }: { created: boolean; hold: boolean },
): CollectionChange | null {
  const before = parseNote(spec.name, state.note)?.heldThreshold;
  const begins = hold && created ? (state.indexingThreshold ?? undefined) : undefined;
  const held = hold ? (before ?? begins) : undefined;
  const note = JSON.stringify(mergeNote(spec, state.note, held));
  if (note === state.note) return null;
  if (held === before) return { note };
  return { note, indexingThreshold: held === undefined ? before : 0 };
}
