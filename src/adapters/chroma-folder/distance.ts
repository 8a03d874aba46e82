/**
 * Which distance a collection really has. Versions keep it in different places, and the newer places say l2 for
 * collections of older versions, so the server's own order holds:
 *   1. the schema (1.3 and later) or the configuration, unless it says l2
 *   2. the vector segment's metadata, `hnsw:space` (0.4 to 0.6; kept when such a folder is opened by a newer version)
 *   3. the collection's metadata, `hnsw:space`
 *   4. l2
 */
import * as z from "zod";
import type { DistanceFrom } from "../../model/collection.ts";
import { type Distance, distances } from "../../model/distance.ts";

export interface FoundDistance {
  /** null = a text that should say it cannot be understood. */
  readonly distance: Distance | null;
  readonly distanceFrom: DistanceFrom | null;
}

export interface DistancePlaces {
  readonly schema: string | null;
  readonly configuration: string | null;
  readonly segmentSpace: string | null;
  readonly metadataSpace: string | null;
}

const space = z.looseObject({ space: z.string().nullish() }).nullish();
const vectorIndex = z
  .looseObject({ float_list: z.looseObject({ vector_index: z.looseObject({ config: space }) }) })
  .nullish();

const schemaShape = z.looseObject({
  keys: z.looseObject({ "#embedding": vectorIndex }).nullish(),
  defaults: vectorIndex,
});

const configurationShape = z.looseObject({
  /** 1.0 to 1.2. */
  vector_index: z.looseObject({ hnsw: space, spann: space }).nullish(),
  /** 0.5 and 0.6. */
  hnsw_configuration: space,
});

/** The distance and where it was found. */
export function findDistance(places: DistancePlaces): FoundDistance {
  const unknown: FoundDistance = { distance: null, distanceFrom: null };
  let configured: string | null;
  try {
    configured = schemaSpace(places.schema) ?? configurationSpace(places.configuration);
  } catch {
    return unknown;
  }
  const from = places.schema === null ? "configuration" : "schema";
  const [word, distanceFrom]: [string, DistanceFrom] =
    configured !== null && configured !== "l2"
      ? [configured, from]
      : places.segmentSpace !== null
        ? [places.segmentSpace, "segment"]
        : places.metadataSpace !== null
          ? [places.metadataSpace, "metadata"]
          : [configured ?? "l2", configured === null ? "default" : from];
  const distance = distances.find((known) => known === word);
  return distance === undefined ? unknown : { distance, distanceFrom };
}

function schemaSpace(text: string | null): string | null {
  if (text === null) return null;
  const schema = schemaShape.parse(JSON.parse(text));
  const own = schema.keys?.["#embedding"] ?? schema.defaults;
  return own?.float_list.vector_index.config?.space ?? null;
}

function configurationSpace(text: string | null): string | null {
  if (text === null) return null;
  const configuration = configurationShape.parse(JSON.parse(text));
  const index = configuration.vector_index;
  return (
    index?.hnsw?.space ?? index?.spann?.space ?? configuration.hnsw_configuration?.space ?? null
  );
}
