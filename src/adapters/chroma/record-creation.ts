/**
 * What a collection of records is made from. Where its distance stands depends on the version: from 1.0.6 on a configuration is taken
 * at creation; the servers before it, and those that may be one, read `hnsw:space` in the metadata, which every version takes.
 */
import { z } from "zod";
import type { CollectionInfo } from "../../model/collection.ts";
import { schemaConflict } from "../../model/collection-note.ts";
import type { RecordCollectionSpec } from "../../store/record-target.ts";
import { parseJson, sliceObject, stringOf } from "../../util/json.ts";

const spaceKey = "hnsw:space";

/** The members of a listed configuration that a creation takes; those of 0.5 and 0.6 say l2 whatever is true, and are not read. */
const hnswSchema = z.object({
  ef_construction: z.number().optional().catch(undefined),
  ef_search: z.number().optional().catch(undefined),
  max_neighbors: z.number().optional().catch(undefined),
  resize_factor: z.number().optional().catch(undefined),
  sync_threshold: z.number().optional().catch(undefined),
});
const spannSchema = z.looseObject({});
const configurationSchema = z.object({
  hnsw: hnswSchema.nullish().catch(null),
  spann: spannSchema.nullish().catch(null),
  embedding_function: z.looseObject({}).nullish().catch(null),
});

export interface CreationOptions {
  /** Whether the server takes a configuration. */
  readonly configuration: boolean;
  /** Whether its index is SPANN, as Chroma Cloud's. */
  readonly spann: boolean;
}

/**
 * The bodies that may make the collection, the one that says most first: a server that knows no setting of it refuses it, and gets the next.
 * Sent again, each finds what it made.
 */
export function creationBodies(spec: RecordCollectionSpec, options: CreationOptions): string[] {
  const members = sliceObject(spec.metadata ?? "{}");
  const said = members.get(spaceKey);
  const isSaid = said === JSON.stringify(spec.distance);
  const settings = options.configuration ? settingsOf(spec, options) : null;
  // Of two that differ the configuration counts, unless it is l2, which counts as not said.
  const isLeft = settings === null || spec.distance === "l2";
  const isWrong = said !== undefined && !isSaid;
  if (isLeft && (isWrong || (said === undefined && spec.distance !== "l2")))
    members.set(spaceKey, JSON.stringify(spec.distance));
  const texts = Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`);
  const head = `"name":${JSON.stringify(spec.name)},"metadata":${texts.length === 0 ? "null" : `{${texts.join(",")}}`}`;
  const body = (configuration: object | null): string =>
    configuration === null
      ? `{${head},"get_or_create":true}`
      : `{${head},"configuration":${JSON.stringify(configuration)},"get_or_create":true}`;
  if (settings === null) return [body(null)];
  const least = { hnsw: { space: spec.distance } };
  return [body(settings), body(least)];
}

/** null = the metadata says it all. */
function settingsOf(
  { configuration, distance, metadata }: RecordCollectionSpec,
  { spann: isSpann }: CreationOptions,
): object | null {
  const parsed = configurationSchema.safeParse(parseJson(configuration ?? "null")).data;
  const hnsw = parsed?.hnsw ?? null;
  const spann = parsed?.spann ?? null;
  const embedding = parsed?.embedding_function ?? null;
  if (hnsw === null && spann === null && embedding === null) {
    const isSaid = distance === "l2" || saysSpace(metadata);
    return isSaid ? null : { hnsw: { space: distance } };
  }
  const index =
    isSpann && spann !== null
      ? { spann: { ...spann, space: distance } }
      : { hnsw: { ...hnsw, space: distance } };
  return { ...index, ...(embedding === null ? {} : { embedding_function: embedding }) };
}

function saysSpace(metadata: string | null): boolean {
  const text = sliceObject(metadata ?? "{}").get(spaceKey);
  return text?.startsWith('"') === true && stringOf(text) !== "";
}

/** @throws E_SCHEMA_CONFLICT where what stands there cannot take the records that are meant for it */
export function assertFits(spec: RecordCollectionSpec, there: CollectionInfo): void {
  const { name, dimension, distance } = spec;
  if (there.distance !== null && there.distance !== distance)
    throw schemaConflict(name, "distance", there.distance, distance);
  if (there.dimension !== null && dimension !== null && there.dimension !== dimension)
    throw schemaConflict(name, "dimension", there.dimension, dimension);
}
