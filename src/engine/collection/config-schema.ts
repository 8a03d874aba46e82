/** The bodies of `PUT` and `PATCH /collections/{name}` as Qdrant 1.18.2 takes them: unknown fields are passed over, as there. */
import { z } from "zod";
import { fields, isMap, struct } from "../struct-list.ts";
import { unalias } from "./config-parts.ts";

/** An unsigned integer of 64 bits; one that is no exact double is near enough. */
const count = z.number().nonnegative("expected usize");
const counted = count.min(1);
/** A float, whole or not. */
export const real = (check: z.ZodNumber) =>
  z.preprocess((value) => (value instanceof Number ? value.valueOf() : value), check);
const flag = z.boolean();
const unit = "must be from 0.0 to 1.0";
const upperHalf = "must be from 0.5 to 1.0";

function unlike(type: string): string {
  return `data did not match any variant of untagged enum ${type}`;
}

/** Settings whose names may end with `_kb` too. */
const inKilobytes = [
  "full_scan_threshold",
  "max_segment_size",
  "memmap_threshold",
  "indexing_threshold",
];

/** An object with such names as they are told; anything else as it is. */
function withoutKb(given: unknown): unknown {
  if (!isMap(given)) return given;
  const entries = Object.entries(given).map(([name, value]) => {
    const bare = name.replace(/_kb$/, "");
    return [inKilobytes.includes(bare) ? bare : name, value];
  });
  return Object.fromEntries(entries);
}

const hnswSchema = z.preprocess(
  withoutKb,
  struct(
    {
      m: count.nullish(),
      ef_construct: count.min(4).nullish(),
      full_scan_threshold: count.min(10).nullish(),
      max_indexing_threads: count.nullish(),
      on_disk: flag.nullish(),
      payload_m: count.nullish(),
      inline_storage: flag.nullish(),
    },
    2,
  ),
);

const walSchema = struct({
  wal_capacity_mb: counted.nullish(),
  wal_segments_ahead: count.nullish(),
  wal_retain_closed: count.nullish(),
});

const optimizersSchema = z.preprocess(
  withoutKb,
  struct(
    {
      deleted_threshold: real(z.number().min(0, unit).max(1, unit)).nullish(),
      vacuum_min_vector_number: count.min(100).nullish(),
      default_segment_number: count.nullish(),
      max_segment_size: counted.nullish(),
      memmap_threshold: count.nullish(),
      indexing_threshold: count.nullish(),
      flush_interval_sec: count.nullish(),
      max_optimization_threads: z
        .union([count, z.literal("auto")], { error: unlike("MaxOptimizationThreads") })
        .nullish(),
      prevent_unoptimized: flag.nullish(),
    },
    8,
  ),
);

const scalarSchema = struct({
  type: z.literal("int8"),
  quantile: real(z.number().min(0.5, upperHalf).max(1, upperHalf)).nullish(),
  always_ram: flag.nullish(),
});
const productSchema = struct({
  compression: z.enum(["x4", "x8", "x16", "x32", "x64"]),
  always_ram: flag.nullish(),
});
const binarySchema = struct(
  {
    always_ram: flag.nullish(),
    encoding: z.enum(["one_bit", "two_bits", "one_and_half_bits"]).nullish(),
    query_encoding: z.enum(["default", "binary", "scalar4bits", "scalar8bits"]).nullish(),
  },
  1,
);
const turboSchema = struct(
  {
    always_ram: flag.nullish(),
    bits: z.enum(["bits1", "bits1_5", "bits2", "bits4"]).nullish(),
  },
  1,
);

const quantizationSchema = z.union(
  [
    struct({ scalar: scalarSchema }),
    struct({ product: productSchema }),
    struct({ binary: binarySchema }),
    struct({ turbo: turboSchema }),
  ],
  { error: unlike("QuantizationConfig") },
);

const distanceSchema = z.enum(["Cosine", "Euclid", "Dot", "Manhattan"]);

const multivectorSchema = struct({ comparator: z.literal("max_sim") });
const datatypeSchema = z.enum(["float32", "float16", "uint8", "turbo4"]);

/** Parameters of one dense vector. */
export const vectorSchema = struct(
  {
    size: z.number().max(65536, "must be from 1 to 65536"),
    distance: distanceSchema,
    hnsw_config: hnswSchema.nullish(),
    quantization_config: quantizationSchema.nullish(),
    on_disk: flag.nullish(),
    datatype: datatypeSchema.nullish(),
    multivector_config: multivectorSchema.nullish(),
  },
  2,
);

/** Parameters of one name's sparse vectors. */
export const sparseSchema = struct(
  {
    index: struct(
      {
        full_scan_threshold: count.nullish(),
        on_disk: flag.nullish(),
        datatype: datatypeSchema.nullish(),
      },
      2,
    ).nullish(),
    modifier: z.enum(["none", "idf"]).nullish(),
  },
  0,
);

/** A vector name that is added to a collection. */
export const newVectorSchema = z.union([
  struct({
    dense: struct(
      {
        size: count,
        distance: distanceSchema,
        multivector_config: multivectorSchema.nullish(),
        datatype: datatypeSchema.nullish(),
      },
      2,
    ),
  }),
  struct({
    sparse: struct(
      {
        modifier: z.enum(["none", "idf"]).nullish(),
        datatype: datatypeSchema.nullish(),
      },
      0,
    ),
  }),
]);

const percent = counted.max(100);

/** Strict mode, which can be switched off here and not on. */
const strictModeSchema = struct({
  enabled: flag.nullish(),
  max_query_limit: counted.nullish(),
  max_timeout: counted.nullish(),
  unindexed_filtering_retrieve: flag.nullish(),
  unindexed_filtering_update: flag.nullish(),
  search_max_hnsw_ef: count.nullish(),
  search_allow_exact: flag.nullish(),
  search_max_oversampling: real(z.number()).nullish(),
  upsert_max_batchsize: count.nullish(),
  search_max_batchsize: count.nullish(),
  max_collection_vector_size_bytes: count.nullish(),
  read_rate_limit: counted.nullish(),
  write_rate_limit: counted.nullish(),
  max_collection_payload_size_bytes: count.nullish(),
  max_points_count: counted.nullish(),
  filter_max_conditions: count.nullish(),
  condition_max_size: count.nullish(),
  multivector_config: z.record(z.string(), struct({ max_vectors: counted.nullish() })).nullish(),
  sparse_config: z.record(z.string(), struct({ max_length: counted.nullish() })).nullish(),
  max_payload_index_count: count.nullish(),
  max_resident_memory_percent: percent.nullish(),
  max_disk_usage_percent: percent.nullish(),
});
const metadataSchema = z.record(z.string(), z.unknown());
const u32Max = 2 ** 32 - 1;
/** Unsigned, of 32 bits. */
const small = z.number().min(0, "expected u32").max(u32Max, "expected u32");
/** And not 0, as the validator has it. */
const positive = small.min(1);
/** The same, where Qdrant's decoder refuses 0 and not its validator. */
const nonzero = z.number().min(1, "expected a nonzero u32").max(u32Max, "expected u32");

/** What a list of the fields of `PUT /collections/{name}` has, in its order. */
export const createFields = fields(
  "vectors? shard_number? sharding_method? replication_factor? write_consistency_factor? on_disk_payload? hnsw_config wal_config optimizers_config quantization_config? sparse_vectors strict_mode_config uuid? metadata?",
);

export const createSchema = z.object({
  vectors: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())], {
      error: unlike("VectorsConfig"),
    })
    .optional(),
  shard_number: positive.nullish(),
  sharding_method: z.enum(["auto", "custom"]).nullish(),
  replication_factor: positive.nullish(),
  write_consistency_factor: positive.nullish(),
  on_disk_payload: flag.nullish(),
  hnsw_config: hnswSchema.nullish(),
  wal_config: walSchema.nullish(),
  optimizers_config: optimizersSchema.nullish(),
  quantization_config: quantizationSchema.nullish(),
  sparse_vectors: z.record(z.string(), sparseSchema).nullish(),
  strict_mode_config: strictModeSchema.nullish(),
  metadata: metadataSchema.nullish(),
});

/** Changes to one vector's parameters. */
const vectorPatchSchema = z.preprocess(
  (value) => (isMap(value) ? unalias(value) : value),
  struct(
    {
      hnsw_config: hnswSchema.nullish(),
      quantization_config: z.union([z.literal("Disabled"), quantizationSchema]).nullish(),
      on_disk: flag.nullish(),
    },
    0,
  ),
);

/** As `createFields`, of `PATCH /collections/{name}`. */
export const updateFields = fields(
  "vectors optimizers_config params hnsw_config quantization_config? sparse_vectors strict_mode_config metadata?",
);

export const updateSchema = z.object({
  vectors: z.record(z.string(), vectorPatchSchema).nullish(),
  sparse_vectors: z.record(z.string(), sparseSchema).nullish(),
  optimizers_config: optimizersSchema.nullish(),
  params: struct(
    {
      replication_factor: nonzero.nullish(),
      write_consistency_factor: nonzero.nullish(),
      read_fan_out_factor: small.nullish(),
      read_fan_out_delay_ms: count.nullish(),
      on_disk_payload: flag.nullish(),
    },
    4,
  ).nullish(),
  hnsw_config: hnswSchema.nullish(),
  quantization_config: z.union([z.literal("Disabled"), quantizationSchema]).nullish(),
  strict_mode_config: strictModeSchema.nullish(),
  metadata: metadataSchema.nullish(),
});
