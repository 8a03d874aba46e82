import { GetCollectionInfoResponseSchema } from "@qdrant/js-client-grpc";
import { describe, expect, it } from "vitest";
import { parseLossless } from "../../../src/util/json.ts";
import { decodeDescription, encodeDescription } from "../../../src/wire/collections.ts";
import { bytesOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";
import { hnsw, optimizers, textOf, wal } from "../../support/qdrant-settings.ts";

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
