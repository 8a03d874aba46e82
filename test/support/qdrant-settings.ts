/** Settings of collections, in REST's JSON (an integer as a bigint) and in the words of the generated classes. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CreateCollectionSchema } from "@qdrant/js-client-grpc";
import { fieldsOf } from "./qdrant-proto.ts";

export const hnsw = {
  json: {
    m: 0n,
    ef_construct: 100n,
    full_scan_threshold: 10n,
    max_indexing_threads: 2n,
    on_disk: false,
    payload_m: 16n,
    inline_storage: true,
  },
  message: {
    m: 0n,
    efConstruct: 100n,
    fullScanThreshold: 10n,
    maxIndexingThreads: 2n,
    onDisk: false,
    payloadM: 16n,
    inlineStorage: true,
  },
};

export const optimizers = {
  json: {
    deleted_threshold: 0.2,
    vacuum_min_vector_number: 1000n,
    default_segment_number: 0n,
    max_segment_size: 5n,
    memmap_threshold: 6n,
    indexing_threshold: 0n,
    flush_interval_sec: 5n,
    max_optimization_threads: 0n,
    prevent_unoptimized: true,
  },
  message: {
    deletedThreshold: 0.2,
    vacuumMinVectorNumber: 1000n,
    defaultSegmentNumber: 0n,
    maxSegmentSize: 5n,
    memmapThreshold: 6n,
    indexingThreshold: 0n,
    flushIntervalSec: 5n,
    maxOptimizationThreads: { variant: { case: "value" as const, value: 0n } },
    preventUnoptimized: true,
  },
};

export const wal = {
  json: { wal_capacity_mb: 32n, wal_segments_ahead: 0n, wal_retain_closed: 1n },
  message: { walCapacityMb: 32n, walSegmentsAhead: 0n, walRetainClosed: 1n },
};

const strict = {
  json: {
    enabled: true,
    max_query_limit: 1n,
    max_timeout: 2n,
    unindexed_filtering_retrieve: false,
    unindexed_filtering_update: true,
    search_max_hnsw_ef: 3n,
    search_allow_exact: false,
    search_max_oversampling: 1.5,
    upsert_max_batchsize: 4n,
    max_collection_vector_size_bytes: 5n,
    read_rate_limit: 6n,
    write_rate_limit: 7n,
    max_collection_payload_size_bytes: 8n,
    filter_max_conditions: 9n,
    condition_max_size: 10n,
    multivector_config: { v: { max_vectors: 11n } },
    sparse_config: { s: { max_length: 12n } },
    max_points_count: 13n,
    max_payload_index_count: 14n,
    search_max_batchsize: 15n,
    max_resident_memory_percent: 16n,
  },
  message: {
    enabled: true,
    maxQueryLimit: 1,
    maxTimeout: 2,
    unindexedFilteringRetrieve: false,
    unindexedFilteringUpdate: true,
    searchMaxHnswEf: 3,
    searchAllowExact: false,
    searchMaxOversampling: 1.5,
    upsertMaxBatchsize: 4n,
    maxCollectionVectorSizeBytes: 5n,
    readRateLimit: 6,
    writeRateLimit: 7,
    maxCollectionPayloadSizeBytes: 8n,
    filterMaxConditions: 9n,
    conditionMaxSize: 10n,
    multivectorConfig: { multivectorConfig: { v: { maxVectors: 11n } } },
    sparseConfig: { sparseConfig: { s: { maxLength: 12n } } },
    maxPointsCount: 13n,
    maxPayloadIndexCount: 14n,
    searchMaxBatchsize: 15n,
    maxResidentMemoryPercent: 16,
  },
};

type CreateInit = MessageInitShape<typeof CreateCollectionSchema>;

/** What REST's JSON and the message say of the same setting. */
export const settings: [string, Record<string, unknown>, CreateInit][] = [
  [
    "one vector",
    {
      vectors: {
        size: 384n,
        distance: "Dot",
        hnsw_config: hnsw.json,
        on_disk: true,
        datatype: "float16",
        multivector_config: { comparator: "max_sim" },
      },
    },
    {
      vectorsConfig: {
        config: {
          case: "params",
          value: {
            size: 384n,
            distance: 3,
            hnswConfig: hnsw.message,
            onDisk: true,
            datatype: 3,
            multivectorConfig: { comparator: 0 },
          },
        },
      },
    },
  ],
  [
    "vectors by name",
    { vectors: { size: { size: 2n, distance: "Cosine" }, b: { size: 3n, distance: "Manhattan" } } },
    {
      vectorsConfig: {
        config: {
          case: "paramsMap",
          value: { map: { size: { size: 2n, distance: 1 }, b: { size: 3n, distance: 4 } } },
        },
      },
    },
  ],
  ["no vectors", { vectors: {} }, { vectorsConfig: { config: { case: "paramsMap", value: {} } } }],
  [
    "sparse vectors",
    {
      sparse_vectors: { s: { index: { full_scan_threshold: 5n, on_disk: true }, modifier: "idf" } },
    },
    {
      sparseVectorsConfig: {
        map: { s: { index: { fullScanThreshold: 5n, onDisk: true }, modifier: 1 } },
      },
    },
  ],
  ["the graph", { hnsw_config: hnsw.json }, { hnswConfig: hnsw.message }],
  [
    "the optimizers",
    { optimizers_config: optimizers.json },
    { optimizersConfig: optimizers.message },
  ],
  [
    "threads by themselves",
    { optimizers_config: { max_optimization_threads: "auto" } },
    {
      optimizersConfig: { maxOptimizationThreads: { variant: { case: "setting", value: 0 } } },
    },
  ],
  ["the log", { wal_config: wal.json }, { walConfig: wal.message }],
  ["strict mode", { strict_mode_config: strict.json }, { strictModeConfig: strict.message }],
  [
    "numbers of shards",
    {
      shard_number: 2n,
      on_disk_payload: false,
      replication_factor: 3n,
      write_consistency_factor: 4n,
      sharding_method: "custom",
    },
    {
      shardNumber: 2,
      onDiskPayload: false,
      replicationFactor: 3,
      writeConsistencyFactor: 4,
      shardingMethod: 1,
    },
  ],
  [
    "scalar quantization",
    { quantization_config: { scalar: { type: "int8", quantile: 0.99, always_ram: false } } },
    {
      quantizationConfig: {
        quantization: {
          case: "scalar",
          value: { type: 1, quantile: Math.fround(0.99), alwaysRam: false },
        },
      },
    },
  ],
  [
    "product quantization",
    { quantization_config: { product: { compression: "x4", always_ram: true } } },
    {
      quantizationConfig: {
        quantization: { case: "product", value: { compression: 0, alwaysRam: true } },
      },
    },
  ],
  [
    "binary quantization",
    { quantization_config: { binary: { encoding: "two_bits", query_encoding: "scalar8bits" } } },
    {
      quantizationConfig: {
        quantization: {
          case: "binary",
          value: { encoding: 1, queryEncoding: { variant: { case: "setting", value: 3 } } },
        },
      },
    },
  ],
  [
    "turbo quantization",
    { quantization_config: { turbo: { bits: "bits1_5", always_ram: true } } },
    {
      quantizationConfig: {
        quantization: { case: "turboquant", value: { bits: 1, alwaysRam: true } },
      },
    },
  ],
  [
    "metadata",
    { metadata: { a: 2n, b: 2, c: [null, { d: "é" }], "": true } },
    { metadata: fieldsOf({ a: 2n, b: 2, c: [null, { d: "é" }], "": true }) },
  ],
];

/** Lossless JSON text: a bigint is an integer, an integral number a float. */
export const textOf = (value: unknown): string =>
  typeof value === "bigint"
    ? String(value)
    : typeof value === "number" && Number.isInteger(value)
      ? `${value}.0`
      : Array.isArray(value)
        ? `[${value.map(textOf).join(",")}]`
        : typeof value === "object" && value !== null
          ? `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`)}}`
          : JSON.stringify(value);
