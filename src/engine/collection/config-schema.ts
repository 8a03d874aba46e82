/** The bodies of `PUT` and `PATCH /collections/{name}` as Qdrant 1.18.2 takes them: unknown fields are passed over, as there. */
import { z } from "zod";
import { isObject } from "../../util/json.ts";

/** An unsigned integer of 64 bits; one that is no exact double is near enough. */
const whole = z.number().refine(Number.isInteger, "invalid type: floating point, expected usize");
const count = whole.nonnegative();
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
  if (!isObject(given)) return given;
  const entries = Object.entries(given).map(([name, value]) => {
    const bare = name.replace(/_kb$/, "");
    return [inKilobytes.includes(bare) ? bare : name, value];
  });
  return Object.fromEntries(entries);
}

const hnswSchema = z.preprocess(
  withoutKb,
  z.object({
    m: count.nullish(),
    ef_construct: count.min(4).nullish(),
    full_scan_threshold: count.min(10).nullish(),
    max_indexing_threads: count.nullish(),
    on_disk: flag.nullish(),
    payload_m: count.nullish(),
    inline_storage: flag.nullish(),
  }),
);

const walSchema = z.object({
  wal_capacity_mb: count.min(1).nullish(),
  wal_segments_ahead: count.nullish(),
  wal_retain_closed: count.nullish(),
});

const optimizersSchema = z.preprocess(
  withoutKb,
  z.object({
    deleted_threshold: z.number().min(0, unit).max(1, unit).nullish(),
    vacuum_min_vector_number: count.min(100).nullish(),
    default_segment_number: count.nullish(),
    max_segment_size: count.min(1).nullish(),
    memmap_threshold: count.nullish(),
    indexing_threshold: count.nullish(),
    flush_interval_sec: count.nullish(),
    max_optimization_threads: z
      .union([count, z.literal("auto")], { error: unlike("MaxOptimizationThreads") })
      .nullish(),
    prevent_unoptimized: flag.nullish(),
  }),
);

const scalarSchema = z.object({
  type: z.literal("int8"),
  quantile: z.number().min(0.5, upperHalf).max(1, upperHalf).nullish(),
  always_ram: flag.nullish(),
});
const productSchema = z.object({
  compression: z.enum(["x4", "x8", "x16", "x32", "x64"]),
  always_ram: flag.nullish(),
});
const binarySchema = z.object({
  always_ram: flag.nullish(),
  encoding: z.enum(["one_bit", "two_bits", "one_and_half_bits"]).nullish(),
  query_encoding: z.enum(["default", "binary", "scalar4bits", "scalar8bits"]).nullish(),
});
const turboSchema = z.object({
  always_ram: flag.nullish(),
  bits: z.enum(["bits1", "bits1_5", "bits2", "bits4"]).nullish(),
});

const quantizationSchema = z.union(
  [
    z.object({ scalar: scalarSchema }),
    z.object({ product: productSchema }),
    z.object({ binary: binarySchema }),
    z.object({ turbo: turboSchema }),
  ],
  { error: unlike("QuantizationConfig") },
);

const distanceSchema = z.enum(["Cosine", "Euclid", "Dot", "Manhattan"]);

/** Parameters of one dense vector. */
export const vectorSchema = z.object({
  size: whole.max(65536, "must be from 1 to 65536"),
  distance: distanceSchema,
  hnsw_config: hnswSchema.nullish(),
  quantization_config: quantizationSchema.nullish(),
  on_disk: flag.nullish(),
  datatype: z.enum(["float32", "float16", "uint8", "turbo4"]).nullish(),
  multivector_config: z.object({ comparator: z.literal("max_sim") }).nullish(),
});

/** Parameters of one name's sparse vectors. */
export const sparseSchema = z.object({
  index: z
    .object({
      full_scan_threshold: count.nullish(),
      on_disk: flag.nullish(),
      datatype: z.enum(["float32", "float16", "uint8", "turbo4"]).nullish(),
    })
    .nullish(),
  modifier: z.enum(["none", "idf"]).nullish(),
});

/** A vector name that is added to a collection. */
export const newVectorSchema = z.union([
  z.object({
    dense: z.object({
      size: count,
      distance: distanceSchema,
      multivector_config: z.object({ comparator: z.literal("max_sim") }).nullish(),
      datatype: z.enum(["float32", "float16", "uint8", "turbo4"]).nullish(),
    }),
  }),
  z.object({
    sparse: z.object({
      modifier: z.enum(["none", "idf"]).nullish(),
      datatype: z.enum(["float32", "float16", "uint8", "turbo4"]).nullish(),
    }),
  }),
]);

/** Strict mode, which can be switched off here and not on. */
const strictModeSchema = z.looseObject({ enabled: flag.nullish() });
const metadataSchema = z.record(z.string(), z.unknown());
const u32Max = 2 ** 32 - 1;
/** Unsigned, of 32 bits, and not 0. */
const positive = z.number().int().min(0, "expected u32").min(1).max(u32Max, "expected u32");
/** The same, where Qdrant's decoder refuses 0 and not its validator. */
const nonzero = z.number().int().min(1, "expected a nonzero u32").max(u32Max, "expected u32");

export const createSchema = z.object({
  vectors: z.record(z.string(), z.unknown(), { error: unlike("VectorsConfig") }).optional(),
  shard_number: positive.nullish(),
  sharding_method: z.enum(["auto", "custom"]).nullish(),
  replication_factor: positive.nullish(),
  write_consistency_factor: positive.nullish(),
  on_disk_payload: flag.nullish(),
  hnsw_config: hnswSchema.nullish(),
  wal_config: walSchema.nullish(),
  optimizers_config: optimizersSchema.nullish(),
  quantization_config: quantizationSchema.nullish(),
  sparse_vectors: z.record(z.string(), z.unknown()).nullish(),
  strict_mode_config: strictModeSchema.nullish(),
  metadata: metadataSchema.nullish(),
});

/** Changes to one vector's parameters. */
const vectorPatchSchema = z.object({
  hnsw_config: hnswSchema.nullish(),
  quantization_config: z.union([z.literal("Disabled"), quantizationSchema]).nullish(),
  on_disk: flag.nullish(),
});

export const updateSchema = z.object({
  vectors: z.record(z.string(), vectorPatchSchema).nullish(),
  sparse_vectors: z.record(z.string(), sparseSchema).nullish(),
  optimizers_config: optimizersSchema.nullish(),
  params: z
    .object({
      replication_factor: nonzero.nullish(),
      write_consistency_factor: nonzero.nullish(),
      read_fan_out_factor: count.nullish(),
      read_fan_out_delay_ms: count.nullish(),
      on_disk_payload: flag.nullish(),
    })
    .nullish(),
  hnsw_config: hnswSchema.nullish(),
  quantization_config: z.union([z.literal("Disabled"), quantizationSchema]).nullish(),
  strict_mode_config: strictModeSchema.nullish(),
  metadata: metadataSchema.nullish(),
});
