import {
  CollectionExistsRequestSchema,
  CollectionExistsResponseSchema,
  CollectionOperationResponseSchema,
  CreateCollectionSchema,
  DeleteCollectionSchema,
  GetCollectionInfoRequestSchema,
  GetCollectionInfoResponseSchema,
  HealthCheckReplySchema,
  ListCollectionsRequestSchema,
  ListCollectionsResponseSchema,
} from "@qdrant/js-client-grpc";
import { describe, expect, it } from "vitest";
import { parseLossless } from "../../../src/util/json.ts";
import {
  decodeCreate,
  decodeDescription,
  decodeDone,
  decodeExists,
  decodeList,
  decodeName,
  encodeCreate,
  encodeDescription,
  encodeDone,
  encodeEmpty,
  encodeExists,
  encodeList,
  encodeName,
} from "../../../src/wire/collections.ts";
import { decodeHealth, encodeHealth } from "../../../src/wire/health.ts";
import { bytesOf, fieldsOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";

const hnsw = {
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

const optimizers = {
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

const wal = {
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

type CreateInit = Parameters<typeof bytesOf<typeof CreateCollectionSchema>>[1];

/** What REST's JSON and the message say of the same setting. */
const settings: [string, Record<string, unknown>, CreateInit][] = [
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
const textOf = (value: unknown): string =>
  typeof value === "bigint"
    ? String(value)
    : typeof value === "number" && Number.isInteger(value)
      ? `${value}.0`
      : Array.isArray(value)
        ? `[${value.map(textOf).join(",")}]`
        : typeof value === "object" && value !== null
          ? `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`)}}`
          : JSON.stringify(value);

describe("making a collection", () => {
  it.each(settings)("says %s as the generated classes do, both ways", (_, json, init) => {
    const wanted = bytesOf(CreateCollectionSchema, { collectionName: "c", ...init });
    const frame = encodeCreate("c", textOf(json));
    const message = messageOf(CreateCollectionSchema, frame);
    expect(message).toEqual(
      messageOf(CreateCollectionSchema, Buffer.concat([Buffer.alloc(5), wanted])),
    );
    const { collection, config } = decodeCreate(wanted);
    expect(collection).toBe("c");
    expect(parseLossless(config)).toEqual(json);
  });

  it("knows a setting that the generated classes of 1.18.0 have not yet", () => {
    const frame = encodeCreate("c", '{"strict_mode_config":{"max_disk_usage_percent":90}}');
    expect(frame.subarray(8).toString("hex")).toBe("8a0103b0015a");
    expect(decodeCreate(frame.subarray(5)).config).toContain('"max_disk_usage_percent":90');
  });

  it("passes over what is null or unknown", () => {
    const body = '{"hnsw_config":null,"metadata":null,"init_from":{"collection":"x"}}';
    expect(encodeCreate("c", body)).toEqual(encodeCreate("c", "{}"));
  });

  it.each([
    "[]",
    '{"shard_number":-1}',
    '{"shard_number":1.5}',
    '{"shard_number":"2"}',
    '{"on_disk_payload":1}',
    '{"hnsw_config":[]}',
    '{"vectors":{"size":4,"distance":"Hamming"}}',
    '{"metadata":[]}',
  ])("refuses %s", (body) => {
    expect(() => encodeCreate("c", body)).toThrow(expect.objectContaining({ code: "E_INPUT" }));
  });
});

describe("the description of a collection", () => {
  const json = {
    status: "green",
    optimizer_status: "ok",
    segments_count: 3n,
    config: {
      params: {
        shard_number: 1n,
        on_disk_payload: true,
        vectors: { size: 384n, distance: "Cosine" },
        replication_factor: 2n,
        write_consistency_factor: 3n,
        read_fan_out_factor: 4n,
        sharding_method: "auto",
        read_fan_out_delay_ms: 5n,
      },
      hnsw_config: hnsw.json,
      optimizer_config: optimizers.json,
      wal_config: wal.json,
      quantization_config: { turbo: { bits: "bits4" } },
      strict_mode_config: { enabled: true },
      metadata: { vecferry: { format: 1n, float: 2 } },
    },
    payload_schema: {
      tenant_id: {
        data_type: "keyword",
        params: { type: "keyword", is_tenant: true, on_disk: false },
        points: 17n,
      },
      text: {
        data_type: "text",
        params: {
          type: "text",
          tokenizer: "word",
          lowercase: true,
          min_token_len: 1n,
          stopwords: { languages: ["english"], custom: ["x", "y"] },
          stemmer: { type: "snowball", language: "german" },
        },
        points: 0n,
      },
      number: {
        data_type: "integer",
        params: { type: "integer", lookup: true, range: false, is_principal: true },
      },
      plain: { data_type: "uuid", points: 1n },
    },
    points_count: 17n,
    indexed_vectors_count: 0n,
    warnings: [{ message: "a" }, { message: "b" }],
    update_queue: { length: 0n, deferred_points: 1n },
  };

  it("is what the generated classes read", () => {
    const { result, time } = messageOf(
      GetCollectionInfoResponseSchema,
      encodeDescription(textOf(json), 0.5),
    );
    expect(time).toBe(0.5);
    expect(result).toMatchObject({
      status: 1,
      optimizerStatus: { ok: true, error: "" },
      segmentsCount: 3n,
      pointsCount: 17n,
      indexedVectorsCount: 0n,
      warnings: [{ message: "a" }, { message: "b" }],
      updateQueue: { length: 0n, deferredPoints: 1n },
      config: {
        params: {
          shardNumber: 1,
          onDiskPayload: true,
          vectorsConfig: { config: { case: "params", value: { size: 384n, distance: 1 } } },
          replicationFactor: 2,
          writeConsistencyFactor: 3,
          readFanOutFactor: 4,
          shardingMethod: 0,
          readFanOutDelayMs: 5n,
        },
        hnswConfig: hnsw.message,
        optimizerConfig: optimizers.message,
        walConfig: wal.message,
        quantizationConfig: { quantization: { case: "turboquant", value: { bits: 3 } } },
        strictModeConfig: { enabled: true },
      },
      payloadSchema: {
        tenant_id: {
          dataType: 1,
          params: {
            indexParams: { case: "keywordIndexParams", value: { isTenant: true, onDisk: false } },
          },
          points: 17n,
        },
        text: {
          dataType: 5,
          params: {
            indexParams: {
              case: "textIndexParams",
              value: {
                tokenizer: 3,
                lowercase: true,
                minTokenLen: 1n,
                stopwords: { languages: ["english"], custom: ["x", "y"] },
                stemmer: { stemmingParams: { case: "snowball", value: { language: "german" } } },
              },
            },
          },
          points: 0n,
        },
        number: {
          dataType: 2,
          params: {
            indexParams: {
              case: "integerIndexParams",
              value: { lookup: true, range: false, isPrincipal: true },
            },
          },
        },
        plain: { dataType: 8, points: 1n },
      },
    });
    expect(payloadOf(result?.config?.metadata ?? {})).toEqual(json.config.metadata);
  });

  it("comes back as it was said", () => {
    const frame = encodeDescription(textOf(json), 0.5);
    expect(parseLossless(decodeDescription(frame.subarray(5)))).toEqual(json);
  });

  it("says what is zero, and an error of the optimizers", () => {
    const message = bytesOf(GetCollectionInfoResponseSchema, {
      result: { status: 2, optimizerStatus: { error: "disk" }, config: { params: {} } },
    });
    expect(JSON.parse(decodeDescription(message))).toEqual({
      status: "yellow",
      optimizer_status: { error: "disk" },
      segments_count: 0,
      config: { params: { shard_number: 0, on_disk_payload: false } },
      payload_schema: {},
    });
    const back = messageOf(
      GetCollectionInfoResponseSchema,
      encodeDescription('{"status":"grey","optimizer_status":{"error":"disk"}}', 0),
    );
    expect(back.result).toMatchObject({ status: 4, optimizerStatus: { ok: false, error: "disk" } });
  });

  it("leaves out what the server decides by itself, as REST says null", () => {
    const setting = { variant: { case: "setting" as const, value: 0 as const } };
    const optimizerConfig = { maxOptimizationThreads: setting, flushIntervalSec: 5n };
    const message = bytesOf(GetCollectionInfoResponseSchema, {
      result: { config: { optimizerConfig } },
    });
    expect(JSON.parse(decodeDescription(message))).toMatchObject({
      config: { optimizer_config: { flush_interval_sec: 5 } },
    });
    expect(decodeDescription(message)).not.toContain("max_optimization_threads");
  });

  it("without content is refused", () => {
    expect(() => decodeDescription(new Uint8Array(0))).toThrow(SyntaxError);
  });
});

describe("the small messages of collections", () => {
  it("name a collection", () => {
    for (const name of ["", "a/é 漢", "x".repeat(255)]) {
      const frame = encodeName(name);
      for (const schema of [
        GetCollectionInfoRequestSchema,
        CollectionExistsRequestSchema,
        DeleteCollectionSchema,
      ]) {
        expect(messageOf(schema, frame)).toMatchObject({ collectionName: name });
        expect(decodeName(bytesOf(schema, { collectionName: name }))).toBe(name);
      }
    }
    expect(messageOf(ListCollectionsRequestSchema, encodeEmpty()).$unknown).toBeUndefined();
    expect(encodeEmpty()).toHaveLength(5);
  });

  it("say whether one was made, and whether one exists", () => {
    for (const flag of [true, false]) {
      const done = encodeDone(flag, 0.5);
      expect(messageOf(CollectionOperationResponseSchema, done)).toMatchObject({
        result: flag,
        time: 0.5,
      });
      expect(decodeDone(done.subarray(5))).toBe(flag);
      const exists = encodeExists(flag, 0.5);
      expect(messageOf(CollectionExistsResponseSchema, exists)).toMatchObject({
        result: { exists: flag },
        time: 0.5,
      });
      expect(decodeExists(exists.subarray(5))).toBe(flag);
    }
  });

  it("list collections", () => {
    for (const names of [[], ["b", "a/é"]]) {
      const frame = encodeList(names, 0.5);
      expect(messageOf(ListCollectionsResponseSchema, frame)).toMatchObject({
        collections: names.map((name) => ({ name })),
        time: 0.5,
      });
      expect(decodeList(frame.subarray(5))).toEqual(names);
    }
  });

  it("say which server answers", () => {
    const frame = encodeHealth({ title: "t", version: "1.18.2", commit: "c" });
    expect(messageOf(HealthCheckReplySchema, frame)).toMatchObject({
      title: "t",
      version: "1.18.2",
      commit: "c",
    });
    expect(decodeHealth(frame.subarray(5))).toEqual({ title: "t", version: "1.18.2", commit: "c" });
    const short = encodeHealth({ title: "t", version: "1" }).subarray(5);
    expect(decodeHealth(short)).toEqual({ title: "t", version: "1", commit: null });
  });
});
