/** What Qdrant's description of a collection says beyond what reading and writing it needs. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import type { StandingCollection, StrictCaps } from "../../store/look.ts";

const count = z.number().nullish();
const flag = z.boolean().nullish();

const strictMode = z.looseObject({
  enabled: flag,
  upsert_max_batchsize: count,
  max_query_limit: count,
  search_allow_exact: flag,
  unindexed_filtering_retrieve: flag,
  unindexed_filtering_update: flag,
  read_rate_limit: count,
  write_rate_limit: count,
  max_points_count: count,
  max_payload_index_count: count,
  max_collection_vector_size_bytes: count,
  max_collection_payload_size_bytes: count,
});

const description = z.looseObject({
  optimizer_status: z.union([z.string(), z.looseObject({ error: z.string() })]).nullish(),
  config: z.looseObject({
    optimizer_config: z.looseObject({ indexing_threshold: count }).nullish(),
    strict_mode_config: strictMode.nullish(),
  }),
  payload_schema: z.record(z.string(), z.unknown()),
});

/** @throws E_BAD_RESPONSE */
export function standing(info: CollectionInfo, described: unknown): StandingCollection {
  const parsed = description.safeParse(described);
  if (!parsed.success) {
    throw new VectorError(
      "E_BAD_RESPONSE",
      `The description of collection ${JSON.stringify(info.name)} is not as Qdrant gives it.`,
      { cause: parsed.error },
    );
  }
  const { optimizer_status: optimizer, config, payload_schema } = parsed.data;
  const strict = config.strict_mode_config;
  return {
    info,
    optimizerFault: typeof optimizer === "object" && optimizer !== null ? optimizer.error : null,
    indexing: indexingOf(info, config.optimizer_config?.indexing_threshold ?? null),
    indexes: Object.keys(payload_schema),
    strict: strict?.enabled === true ? capsOf(strict) : null,
  };
}

function indexingOf(
  { name, note }: CollectionInfo,
  threshold: number | null,
): StandingCollection["indexing"] {
  if (threshold !== 0) return "on";
  try {
    return parseNote(name, note)?.heldThreshold === undefined ? "off" : "held";
  } catch {
    // A note that cannot be read is told where the plan is held against it.
    return "off";
  }
}

function capsOf(strict: z.infer<typeof strictMode>): StrictCaps {
  return {
    upsertRowsMax: strict.upsert_max_batchsize ?? null,
    pageRowsMax: strict.max_query_limit ?? null,
    exactSearch: strict.search_allow_exact ?? true,
    unindexedRetrieve: strict.unindexed_filtering_retrieve ?? true,
    unindexedUpdate: strict.unindexed_filtering_update ?? true,
    readsPerMinute: strict.read_rate_limit ?? null,
    writesPerMinute: strict.write_rate_limit ?? null,
    pointsMax: strict.max_points_count ?? null,
    payloadIndexesMax: strict.max_payload_index_count ?? null,
    vectorBytesMax: strict.max_collection_vector_size_bytes ?? null,
    payloadBytesMax: strict.max_collection_payload_size_bytes ?? null,
  };
}
