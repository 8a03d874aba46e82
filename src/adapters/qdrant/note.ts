/** The note that stands in a collection's metadata: how its points are to be read, and what was carried here. */
import { VectorError } from "../../errors.ts";
import {
  type CollectionNote,
  type CollectionSpec,
  type Layout,
  parseNote,
  type SourceNote,
} from "../../model/collection.ts";

/** The layout that a note names; null where there is no note. @throws E_SCHEMA_CONFLICT where it is not one of this format */
export function noteLayout(name: string, note: string | null): Layout | null {
  return parseNote(name, note)?.layout ?? null;
}

/**
 * The note that `spec` asks for, beside what an earlier one (`found`) says of other sources; a source is known by run and key.
 * @throws E_SCHEMA_CONFLICT where the collection was made with another layout or id rule, or `found` is not of this format
 */
export function mergeNote(spec: CollectionSpec, found: string | null): CollectionNote {
  const { name, layout, tenanted, sources } = spec;
  const earlier = parseNote(name, found);
  if (earlier !== null && earlier.layout !== layout)
    throw conflict(name, "layout", earlier.layout, layout);
  if (earlier !== null && earlier.tenanted !== tenanted)
    throw conflict(name, "id rule", idRule(earlier.tenanted), idRule(tenanted));
  const others = (earlier?.sources ?? []).filter(
    (source) => !sources.some((one) => sameSource(one, source)),
  );
  return { format: 1, layout, tenanted, sources: [...others, ...sources] };
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
