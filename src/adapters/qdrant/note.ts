/** The note that stands in a collection's metadata: how its points are to be read, and what was carried here. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import {
  type CollectionNote,
  type CollectionSpec,
  type Layout,
  layouts,
  type SourceNote,
} from "../../model/collection.ts";
import { distances } from "../../model/distance.ts";

const textOrNull = z.string().nullable();
const sourceNote = z.object({
  run: z.string(),
  key: z.string(),
  name: z.string(),
  tenant: textOrNull,
  database: textOrNull,
  mappedTenant: textOrNull,
  idPrefix: textOrNull,
  distance: z.enum(distances),
  metadata: textOrNull,
  configuration: textOrNull,
  schema: textOrNull,
});
const collectionNote = z.object({
  format: z.literal(1),
  layout: z.enum(layouts),
  tenanted: z.boolean(),
  sources: z.array(sourceNote),
});

/** The layout that a note names; null where there is no note. @throws E_SCHEMA_CONFLICT where it is not one of this format */
export function noteLayout(name: string, note: string | null): Layout | null {
  return note === null ? null : parseNote(name, note).layout;
}

/**
 * The note that `spec` asks for, beside what an earlier one (`found`) says of other sources; a source is known by run and key.
 * @throws E_SCHEMA_CONFLICT where the collection was made with another layout or id rule, or `found` is not of this format
 */
export function mergeNote(spec: CollectionSpec, found: string | null): CollectionNote {
  const { name, layout, tenanted, sources } = spec;
  const earlier = found === null ? null : parseNote(name, found);
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

function parseNote(name: string, note: string): CollectionNote {
  const parsed = collectionNote.safeParse(JSON.parse(note));
  if (parsed.success) return parsed.data;
  throw new VectorError(
    "E_SCHEMA_CONFLICT",
    `The metadata of collection "${name}" has a "vecferry" entry that this version does not read.`,
    { cause: parsed.error, details: { collection: name } },
  );
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
