import { describe, expect, it } from "vitest";
import { creationBody } from "../../../src/adapters/qdrant/settings.ts";
import { toSpec } from "../../../src/repository/creation.ts";

const base = { name: "c", vectorSize: 384 };
const bodyOf = (config: object) => creationBody(toSpec({ ...base, ...config }), null);

describe("the settings of a collection", () => {
  it("are Qdrant's own where nothing is said, with a graph for each tenant that searches find more in", () => {
    expect(bodyOf({})).toEqual({
      vectors: { size: 384, distance: "Cosine" },
      hnsw_config: { m: 0, payload_m: 16, ef_construct: 128 },
    });
  });

  it("come under the names of the guides and reach the server under its own", () => {
    expect(
      bodyOf({
        distance: "euclid",
        quantizationConfig: { type: "scalar", quantile: 0.95, alwaysRam: true },
        hnswConfig: {
          m: 8,
          payloadM: 32,
          efConstruct: 200,
          fullScanThreshold: 5000,
          maxIndexingThreads: 2,
          onDisk: true,
        },
        shards: 2,
        replicas: 3,
      }),
    ).toEqual({
      vectors: { size: 384, distance: "Euclid" },
      hnsw_config: {
        m: 8,
        payload_m: 32,
        ef_construct: 200,
        full_scan_threshold: 5000,
        max_indexing_threads: 2,
        on_disk: true,
      },
      quantization_config: { scalar: { type: "int8", quantile: 0.95, always_ram: true } },
      shard_number: 2,
      replication_factor: 3,
    });
  });

  it.each([
    [{ type: "product", compression: "x32" }, { product: { compression: "x32" } }],
    [{ type: "binary", bits: "two_bits" }, { binary: { encoding: "two_bits" } }],
    [{ type: "turbo", bits: "bits2" }, { turbo: { bits: "bits2" } }],
  ])("know the quantization %o", (quantizationConfig, quantization_config) => {
    expect(bodyOf({ quantizationConfig })).toMatchObject({ quantization_config });
  });

  it("make one graph for a few tenants, of as many edges as each would have had", () => {
    const hnsw = (config: object) => toSpec({ ...base, tenancy: "few", ...config }).hnsw;
    expect(hnsw({})).toEqual({ m: 16, payloadM: 0 });
    expect(hnsw({ hnswConfig: { payloadM: 24 } })).toEqual({ m: 24, payloadM: 0 });
    expect(hnsw({ hnswConfig: { m: 32 } })).toEqual({ m: 32, payloadM: 0 });
  });

  it("are the profile's where they are not named", () => {
    for (const profile of ["latency", "balanced", "memory"] as const) {
      const { hnsw, onDisk, quantization } = toSpec({ ...base, profile });
      expect(hnsw.payloadM).toBeGreaterThan(0);
      expect(onDisk).toBe(profile !== "latency");
      expect(quantization === null).toBe(profile === "latency");
      const named = { ...base, profile, quantizationConfig: null, hnswConfig: { payloadM: 4 } };
      expect(toSpec(named)).toMatchObject({ quantization: null, onDisk, hnsw: { payloadM: 4 } });
    }
  });

  it("index keys of the metadata, whatever they are called", () => {
    const indexes = { category: "keyword", document: "text", "odd key": "integer" };
    expect(toSpec({ ...base, indexes }).indexes).toEqual([
      { key: "metadata.category", type: "keyword" },
      { key: "metadata.document", type: "text" },
      { key: 'metadata."odd key"', type: "integer" },
    ]);
  });

  it.each([
    [{ name: "" }, "config.name"],
    [{ vectorSize: 0 }, "config.vectorSize"],
    [{ vectorSize: 65_537 }, "config.vectorSize"],
    [{ distance: "manhattan" }, "config.distance"],
    [{ quantizationConfig: { type: "half" } }, "config.quantizationConfig.type"],
    [
      { quantizationConfig: { type: "turbo", quantile: 0.9 } },
      "config.quantizationConfig.quantile",
    ],
    [{ quantizationConfig: { type: "scalar", bits: "bits2" } }, "config.quantizationConfig.bits"],
    [{ hnswConfig: { m: -1 } }, "config.hnswConfig.m"],
    [{ hnswConfig: { ef: 1 } }, "config.hnswConfig"],
    [{ profile: "fast" }, "config.profile"],
    [{ shards: 0 }, "config.shards"],
    [{ indexes: { 'a"b': "keyword" } }, 'config.indexes.a"b'],
    [{ indexes: { a: "number" } }, "config.indexes.a"],
  ])("%o is refused by its name", (config, field) => {
    expect(() => toSpec({ ...base, ...config })).toThrow(
      expect.objectContaining({ code: "E_INPUT", details: { field } }),
    );
  });
});
