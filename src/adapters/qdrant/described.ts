/** Collections that are made again as a Qdrant described them: the body and the indexes that give the same description. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import {
  type CollectionSpec,
  type PayloadIndex,
  payloadIndexTypes,
} from "../../model/collection.ts";
import { compact, type Json, type JsonObject } from "./body.ts";

/** The parameters of one dense vector. */
export const vectorParams = z.looseObject({
  size: z.number(),
  distance: z.string(),
  multivector_config: z.unknown().optional(),
  hnsw_config: z.unknown().optional(),
});
export type VectorParams = z.infer<typeof vectorParams>;
export const vectorsParams = z.union([vectorParams, z.record(z.string(), vectorParams)]);
type VectorsParams = z.infer<typeof vectorsParams>;

const json: z.ZodType<Json> = z.json();

const configuration = z.object({
  params: z.object({
    vectors: vectorsParams,
    shard_number: json.optional(),
    replication_factor: json.optional(),
    write_consistency_factor: json.optional(),
    on_disk_payload: json.optional(),
  }),
  hnsw_config: json.optional(),
  optimizer_config: json.optional(),
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
  const { vectors, ...settings } = params;
  return compact({
    vectors: json.parse(vectors),
    ...settings,
    ...others,
    optimizers_config: optimizer_config,
  });
}

/** The payload indexes. @throws E_STORAGE */
export function describedIndexes(spec: CollectionSpec, text: string): PayloadIndex[] {
  return Object.entries(described(spec, fields, text)).map(([key, { data_type: type, params }]) =>
    params == null ? { key, type } : { key, type, params: JSON.stringify(params) },
  );
}

/** The unnamed vector. @throws E_STORAGE */
export function describedVector(spec: CollectionSpec, text: string): VectorParams | null {
  return unnamedVector(described(spec, configuration, text).params.vectors);
}

/** The unnamed vector of a description; null where all have names. */
export function unnamedVector(vectors: VectorsParams | null | undefined): VectorParams | null {
  const single = vectorParams.safeParse(vectors);
  if (single.success) return single.data;
  const unnamed = vectorParams.safeParse(Object(vectors)[""]);
  return unnamed.success ? unnamed.data : null;
}

/** What of a collection is not read: every vector but a single dense one without a name, and shards that points are put into by hand. */
export function unreadParts(params: {
  readonly vectors?: VectorsParams | null | undefined;
  readonly sparse_vectors?: unknown;
  readonly sharding_method?: unknown;
}): string[] {
  const single = vectorParams.safeParse(params.vectors).success;
  const named = single ? [] : Object.keys(Object(params.vectors)).filter((name) => name !== "");
  const sparse = Object.keys(Object(params.sparse_vectors));
  const multi = unnamedVector(params.vectors)?.multivector_config != null;
  return [
    ...named.map((name) => `named vector ${JSON.stringify(name)}`),
    ...sparse.map((name) => `sparse vector ${JSON.stringify(name)}`),
    ...(multi ? ["multivector"] : []),
    ...(params.sharding_method === "custom" ? ["custom shards"] : []),
  ];
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
