/**
 * Collections that vecferry makes in a Chroma. The collection's own metadata holds the distance where every version looks for it,
 * `vecferry` (the note, as JSON text) and `vecferry:dimension`, for a Chroma learns the dimension with the first record only.
 */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec, HnswSettings } from "../../model/collection.ts";
import { mergeNote, schemaConflict } from "../../model/collection-note.ts";
import { parseJson, sliceObject } from "../../util/json.ts";

const noteKey = "vecferry";
const dimensionKey = "vecferry:dimension";

const own = z.object({
  [noteKey]: z.string().optional().catch(undefined),
  [dimensionKey]: z.number().int().positive().optional().catch(undefined),
});

/** What a collection's metadata (JSON text) says that vecferry noted there. */
export function notedIn(metadata: string | null): {
  readonly note: string | null;
  readonly dimension: number | null;
} {
  const found = own.safeParse(parseJson(metadata ?? "{}")).data;
  return { note: found?.[noteKey] ?? null, dimension: found?.[dimensionKey] ?? null };
}

/** The metadata of a new collection, as JSON text. */
export function firstMetadata(spec: CollectionSpec): string {
  return JSON.stringify({
    "hnsw:space": spec.distance,
    ...hnsw(spec.hnsw),
    [dimensionKey]: spec.dimension,
    [noteKey]: JSON.stringify(mergeNote(spec, null, undefined)),
  });
}

function hnsw({ m, efConstruct }: HnswSettings): Record<string, number> {
  return {
    ...(m === undefined || m === 0 ? {} : { "hnsw:M": m }),
    ...(efConstruct === undefined ? {} : { "hnsw:construction_ef": efConstruct }),
  };
}

/**
 * The metadata that a collection which stands there is to have instead of its own; null = it says all already. One that bears no
 * note of ours is left as it is: plain records can be written into it, a tenant's documents cannot.
 * @throws E_SCHEMA_CONFLICT where it is not the one that is wanted
 */
export function changedMetadata(spec: CollectionSpec, info: CollectionInfo): string | null {
  const { name } = spec;
  if (info.dimension !== null && info.dimension !== spec.dimension)
    throw schemaConflict(name, "dimension", info.dimension, spec.dimension);
  if (info.distance !== null && info.distance !== spec.distance)
    throw schemaConflict(name, "distance", info.distance, spec.distance);
  if (info.note === null) {
    if (spec.tenanted) throw schemaConflict(name, "id rule", "plain", "tenanted");
    return null;
  }
  const note = JSON.stringify(mergeNote(spec, info.note, undefined));
  if (note === info.note) return null;
  const members = sliceObject(info.metadata ?? "{}");
  members.set(noteKey, JSON.stringify(note));
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/**
 * 3 to `max` characters out of letters, digits, `.`, `_` and `-`, at both ends a letter or a digit, no two dots in a row, no IPv4
 * address (the same in all versions but for `max`). @throws E_NAME
 */
export function assertChromaName(name: string, max: number): void {
  const isWell =
    /^[a-zA-Z0-9][a-zA-Z0-9._-]+[a-zA-Z0-9]$/.test(name) &&
    name.length <= max &&
    !name.includes("..") &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(name);
  if (isWell) return;
  throw new VectorError(
    "E_NAME",
    `This Chroma takes no collection named ${JSON.stringify(name)}: a name has 3 to ${max} letters, digits, dots, _ and -, begins and ends with a letter or a digit, has no two dots in a row, and is no IPv4 address.`,
    { details: { collection: name } },
  );
}
