/** Collections that are made again as a Qdrant described them: the body and the indexes that give the same description. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import {
  type CollectionSpec,
  type PayloadIndex,
  payloadIndexTypes,
  type VectorShape,
} from "../../model/collection.ts";
import type { CollectionChange, CollectionState } from "./api.ts";
import { compact, type Json, type JsonObject } from "./body.ts";
import { sparseParams, vectorShapes, vectorsParams } from "./shapes.ts";

const json: z.ZodType<Json> = z.json();

const configuration = z.object({
  params: z.object({
    vectors: vectorsParams.nullish(),
    sparse_vectors: sparseParams.nullish(),
    sharding_method: json.optional(),
    shard_number: json.optional(),
    replication_factor: json.optional(),
    write_consistency_factor: json.optional(),
    on_disk_payload: json.optional(),
    read_fan_out_factor: json.optional(),
    read_fan_out_delay_ms: json.optional(),
  }),
  hnsw_config: json.optional(),
  optimizer_config: z.looseObject({ indexing_threshold: z.number().nullish() }).nullish(),
  wal_config: json.optional(),
  quantization_config: json.optional(),
  strict_mode_config: json.optional(),
  metadata: json.optional(),
});

const fields = z.record(
  z.string(),
  z.looseObject({ data_type: z.enum(payloadIndexTypes), params: json.nullish() }),
);

/** The body of `PUT /collections/{name}`. @throws E_STORAGE */
export function describedBody(spec: CollectionSpec, text: string): JsonObject {
  const { params, optimizer_config, ...others } = described(spec, configuration, text);
  const { vectors, sparse_vectors, read_fan_out_factor, read_fan_out_delay_ms, ...settings } =
    params;
  return compact({
    vectors: json.parse(vectors ?? {}),
    sparse_vectors: json.parse(sparse_vectors ?? null),
    ...settings,
    ...others,
    optimizers_config: json.parse(optimizer_config ?? null),
  });
}

/** JSON text of the members of `params` that a collection is given once it is there; null = none. @throws E_STORAGE */
export function describedParams(spec: CollectionSpec): string | null {
  if (spec.described === undefined) return null;
  const { params } = described(spec, configuration, spec.described.configuration);
  const { read_fan_out_factor, read_fan_out_delay_ms } = params;
  const later = compact({ read_fan_out_factor, read_fan_out_delay_ms });
  return Object.keys(later).length === 0 ? null : JSON.stringify(later);
}

/**
 * What is to be done about the index: held back from the beginning, or built from now on as it was described. Nothing has to be
 * noted for this, for the description says what was there before.
 */
export function describedChange(
  spec: CollectionSpec,
  { indexingThreshold }: CollectionState,
  { created, hold }: { readonly created: boolean; readonly hold: boolean },
): CollectionChange | null {
  if (spec.described === undefined) return null;
  const { optimizer_config } = described(spec, configuration, spec.described.configuration);
  const wanted = optimizer_config?.indexing_threshold ?? 0;
  if (wanted === 0) return null;
  if (hold) return created ? { indexingThreshold: 0 } : null;
  return indexingThreshold === 0 ? { indexingThreshold: wanted } : null;
}

/** The payload indexes. @throws E_STORAGE */
export function describedIndexes(spec: CollectionSpec, text: string): PayloadIndex[] {
  return Object.entries(described(spec, fields, text)).map(([key, { data_type: type, params }]) =>
    params == null ? { key, type } : { key, type, params: JSON.stringify(params) },
  );
}

/** All vectors, by name. @throws E_STORAGE */
export function describedShapes(spec: CollectionSpec, text: string): VectorShape[] {
  return vectorShapes(described(spec, configuration, text).params);
}

function described<Shape>(spec: CollectionSpec, schema: z.ZodType<Shape>, text: string): Shape {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new VectorError(
      "E_STORAGE",
      `The description that is kept of collection ${JSON.stringify(spec.name)} is not as Qdrant gives it.`,
      { cause: error, next: "Make a new backup of the collection." },
    );
  }
}
