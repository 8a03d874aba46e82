/** The note that stands in a collection's metadata: how its points are to be read, and what was carried here. */
import { VectorError } from "../../errors.ts";
import {
  type CollectionNote,
  type CollectionSpec,
  type Layout,
  parseNote,
  type SourceNote,
} from "../../model/collection.ts";
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

/**
 * The note that `spec` asks for, with the threshold that is held back if there is one, beside what an earlier one (`found`) says of other sources; a source is known by run and key.
 * @throws E_SCHEMA_CONFLICT where the collection was made with another layout or id rule, or `found` is not of this format
 */
function mergeNote(
  spec: CollectionSpec,
  found: string | null,
  heldThreshold: number | undefined,
): CollectionNote {
  const { name, layout, tenanted, sources } = spec;
  const earlier = parseNote(name, found);
  if (earlier !== null && earlier.layout !== layout)
    throw conflict(name, "layout", earlier.layout, layout);
  if (earlier !== null && earlier.tenanted !== tenanted)
    throw conflict(name, "id rule", idRule(earlier.tenanted), idRule(tenanted));
  const others = (earlier?.sources ?? []).filter(
    (source) => !sources.some((one) => sameSource(one, source)),
  );
  const held = heldThreshold === undefined ? {} : { heldThreshold };
  return { format: 1, layout, tenanted, sources: [...others, ...sources], ...held };
}

function sameSource(one: SourceNote, other: SourceNote): boolean {
  return one.run === other.run && one.key === other.key;
}

function idRule(tenanted: boolean): string {
  return tenanted ? "tenanted" : "plain";
}

/** The error of a collection that stands there with another `what`. */
export function conflict(
  name: string,
  what: string,
  found: string | number,
  wanted: string | number,
): VectorError {
  return new VectorError(
    "E_SCHEMA_CONFLICT",
    `Collection "${name}" is there with ${what} ${found}, and ${wanted} is wanted.`,
    { details: { collection: name, what, found, wanted } },
  );
}
