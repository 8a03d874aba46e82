/** Collections in Qdrant's own JSON: the body that makes one, and the description that is answered. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type {
  CollectionSpec,
  HnswSettings,
  PayloadIndex,
  Quantization,
} from "../../model/collection.ts";
import type { CollectionChange, CollectionState } from "./api.ts";
import { compact, type JsonObject } from "./body.ts";
import { describedBody } from "./described.ts";
import { wantedShapes } from "./fit.ts";
import { indexOf } from "./indexing.ts";
import { isPlain, sparseParams, vectorShapes, vectorsParams } from "./shapes.ts";

/** The key of the note in a collection's metadata. */
const noteKey = "vecferry";

/**
 * Without a graph over all points, with one for each tenant: Qdrant's own advice for many tenants in a collection. A search looks at as
 * many candidates as a graph was built with: of the 10 nearest among a tenant's 10,000 Qdrant's own 100 miss one in 140, and 128
 * one in 260, for a tenth more time to build and to search (60,000 × 384 in six tenants, Qdrant 1.18.2).
 */
const tenantedHnsw: HnswSettings = { m: 0, payloadM: 16, efConstruct: 128 };

/** The body of `PUT /collections/{name}`. */
export function creationBody(spec: CollectionSpec, note: string | null): JsonObject {
  if (spec.described !== undefined) return describedBody(spec, spec.described.configuration);
  const hnsw = { ...(spec.tenanted ? tenantedHnsw : {}), ...spec.hnsw };
  return compact({
    ...vectorsBody(spec),
    sharding_method: spec.shardKeys === undefined ? null : "custom",
    hnsw_config: compact({
      m: hnsw.m,
      payload_m: hnsw.payloadM,
      ef_construct: hnsw.efConstruct,
      full_scan_threshold: hnsw.fullScanThreshold,
      max_indexing_threads: hnsw.maxIndexingThreads,
      on_disk: hnsw.onDisk,
    }),
    quantization_config: spec.quantization === null ? null : quantizationBody(spec.quantization),
    shard_number: spec.shards,
    replication_factor: spec.replicas,
    metadata: note === null ? null : noteBody(note),
  });
}

/** One vector without a name is said in short. */
function vectorsBody(spec: CollectionSpec): JsonObject {
  const shapes = wantedShapes(spec);
  const dense = shapes
    .filter(({ kind }) => kind !== "sparse")
    .map(({ name, kind, dimension, distance }) => {
      const params = compact({
        size: dimension,
        distance,
        on_disk: spec.onDisk,
        multivector_config: kind === "multi" ? { comparator: "max_sim" } : null,
      });
      return [name, params] as const;
    });
  const [first] = dense;
  if (first !== undefined && isPlain(shapes)) return { vectors: first[1] };
  const sparse = shapes.filter(({ kind }) => kind === "sparse");
  return {
    vectors: Object.fromEntries(dense),
    sparse_vectors: Object.fromEntries(sparse.map(({ name }) => [name, {}])),
  };
}

/** The body of `PATCH /collections/{name}`. */
export function changeBody({ note, params, indexingThreshold }: CollectionChange): JsonObject {
  const optimizers = { indexing_threshold: indexingThreshold ?? 0 };
  return {
    ...(note === undefined ? {} : { metadata: noteBody(note) }),
    ...(params === undefined ? {} : { params: JSON.parse(params) }),
    ...(indexingThreshold === undefined ? {} : { optimizers_config: optimizers }),
  };
}

/** A collection's metadata with the note in it. */
function noteBody(note: string): JsonObject {
  return { [noteKey]: JSON.parse(note) };
}

function quantizationBody(quantization: Quantization): JsonObject {
  const { kind, quantile, compression = "x16", bits, alwaysRam } = quantization;
  switch (kind) {
    case "scalar":
      return { scalar: compact({ type: "int8", quantile, always_ram: alwaysRam }) };
    case "product":
      return { product: compact({ compression, always_ram: alwaysRam }) };
    case "binary":
      return { binary: compact({ encoding: bits, always_ram: alwaysRam }) };
    case "turbo":
      return { turbo: compact({ bits, always_ram: alwaysRam }) };
  }
}

/** The `field_schema` of `PUT /collections/{name}/index`. */
export function indexSchema(index: PayloadIndex): string | JsonObject {
  if (index.params !== undefined) return JSON.parse(index.params);
  return index.tenant === true ? { type: index.type, is_tenant: true } : index.type;
}

const strictMode = z.looseObject({
  enabled: z.boolean().nullish(),
  upsert_max_batchsize: z.number().nullish(),
  max_query_limit: z.number().nullish(),
  unindexed_filtering_update: z.boolean().nullish(),
  search_allow_exact: z.boolean().nullish(),
});
const description = z.looseObject({
  status: z.string(),
  points_count: z.number().nullish(),
  config: z.looseObject({
    params: z.looseObject({
      vectors: vectorsParams.nullish(),
      sparse_vectors: sparseParams.nullish(),
      sharding_method: z.unknown().optional(),
    }),
    optimizer_config: z.looseObject({ indexing_threshold: z.number().nullish() }).nullish(),
    strict_mode_config: strictMode.nullish(),
    metadata: z.looseObject({ [noteKey]: z.unknown().optional() }).nullish(),
  }),
  payload_schema: z.record(z.string(), z.unknown()),
});

/** A collection from Qdrant's description of it. @throws E_BAD_RESPONSE */
export function describedState(name: string, described: unknown): CollectionState {
  const parsed = description.safeParse(described);
  if (!parsed.success) {
    throw new VectorError(
      "E_BAD_RESPONSE",
      `The description of collection "${name}" is not as Qdrant gives it.`,
      { cause: parsed.error },
    );
  }
  const { status, points_count, config, payload_schema } = parsed.data;
  const strict = config.strict_mode_config?.enabled === true ? config.strict_mode_config : null;
  const note = config.metadata?.[noteKey];
  return {
    name,
    status,
    points: points_count ?? 0,
    vectors: vectorShapes(config.params),
    sharded: config.params.sharding_method === "custom",
    note: note === undefined || note === null ? null : JSON.stringify(note),
    configuration: JSON.stringify(config),
    schema: JSON.stringify(payload_schema),
    index: indexOf(described),
    indexes: Object.keys(payload_schema),
    indexingThreshold: config.optimizer_config?.indexing_threshold ?? null,
    upsertRowsMax: strict?.upsert_max_batchsize ?? null,
    pageRowsMax: strict?.max_query_limit ?? null,
    deletesUnindexed: strict?.unindexed_filtering_update ?? true,
    countsExactly: strict?.search_allow_exact ?? true,
  };
}
