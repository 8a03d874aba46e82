import { describe, expect, it } from "vitest";
import { infoOf } from "../../../../src/adapters/qdrant/info.ts";
import {
  creationBody,
  describedState,
  indexSchema,
} from "../../../../src/adapters/qdrant/settings.ts";
import { testSpec } from "../../../../src/testing/target-records.ts";

describe("creationBody", () => {
  it("names only what was asked for", () => {
    expect(creationBody(testSpec(), null)).toEqual({
      vectors: { size: 3, distance: "Euclid" },
      hnsw_config: {},
    });
  });

  it("spells every setting as Qdrant does", () => {
    const spec = testSpec({
      dimension: 384,
      distance: "cosine",
      onDisk: true,
      shards: 2,
      replicas: 3,
      hnsw: {
        m: 8,
        payloadM: 9,
        efConstruct: 10,
        fullScanThreshold: 11,
        maxIndexingThreads: 12,
        onDisk: true,
      },
    });
    expect(creationBody(spec, '{"format":1}')).toEqual({
      vectors: { size: 384, distance: "Cosine", on_disk: true },
      hnsw_config: {
        m: 8,
        payload_m: 9,
        ef_construct: 10,
        full_scan_threshold: 11,
        max_indexing_threads: 12,
        on_disk: true,
      },
      shard_number: 2,
      replication_factor: 3,
      metadata: { vecferry: { format: 1 } },
    });
  });

  it("makes a graph for each tenant and none over all, unless told otherwise", () => {
    const graph = (hnsw: object) =>
      creationBody(testSpec({ tenanted: true, hnsw }), null)["hnsw_config"];
    expect(graph({})).toEqual({ m: 0, payload_m: 16, ef_construct: 128 });
    expect(graph({ m: 4, efConstruct: 64 })).toEqual({ m: 4, payload_m: 16, ef_construct: 64 });
  });

  it.each([
    [
      { kind: "scalar", quantile: 0.99, alwaysRam: true },
      { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
    ],
    [{ kind: "scalar" }, { scalar: { type: "int8" } }],
    [{ kind: "product", compression: "x32" }, { product: { compression: "x32" } }],
    [{ kind: "product", alwaysRam: false }, { product: { compression: "x16", always_ram: false } }],
    [{ kind: "binary", bits: "two_bits" }, { binary: { encoding: "two_bits" } }],
    [
      { kind: "turbo", bits: "bits1_5", alwaysRam: true },
      { turbo: { bits: "bits1_5", always_ram: true } },
    ],
  ] as const)("spells quantization %j", (quantization, body) => {
    expect(creationBody(testSpec({ quantization }), null)["quantization_config"]).toEqual(body);
  });

  it("marks the index of tenants", () => {
    expect(indexSchema({ key: "tenant_id", type: "keyword", tenant: true })).toEqual({
      type: "keyword",
      is_tenant: true,
    });
    expect(indexSchema({ key: "a", type: "integer" })).toBe("integer");
  });
});

describe("describedState", () => {
  const described = (vectors: object, config: object = {}) => ({
    status: "yellow",
    points_count: 5,
    config: { params: { vectors }, ...config },
    payload_schema: { tenant_id: { data_type: "keyword", points: 1 } },
  });

  it("reads the unnamed vector, the note, the indexes and what strict mode allows", () => {
    const state = describedState(
      "a",
      described(
        { size: 3, distance: "Dot" },
        {
          metadata: { vecferry: { format: 1 }, other: 2 },
          strict_mode_config: { enabled: true, upsert_max_batchsize: 10, max_query_limit: 20 },
        },
      ),
    );
    const { configuration, schema, ...others } = state;
    expect(JSON.parse(configuration)).toMatchObject({
      params: { vectors: { size: 3, distance: "Dot" } },
      metadata: { vecferry: { format: 1 }, other: 2 },
    });
    expect(Object.keys(JSON.parse(schema))).toEqual(["tenant_id"]);
    expect(others).toMatchObject({
      index: null,
      name: "a",
      status: "yellow",
      points: 5,
      vectors: [{ name: "", kind: "dense", dimension: 3, distance: "Dot" }],
      sharded: false,
      note: '{"format":1}',
      indexes: ["tenant_id"],
      indexingThreshold: null,
      upsertRowsMax: 10,
      pageRowsMax: 20,
      deletesUnindexed: true,
    });
  });

  it("leaves strict mode out where it is off", () => {
    const config = { strict_mode_config: { enabled: false, upsert_max_batchsize: 10 } };
    const state = describedState("a", described({ size: 3, distance: "Dot" }, config));
    expect([state.upsertRowsMax, state.note]).toEqual([null, null]);
  });

  it.each([{}, { other: { vecferry: 1 } }])(
    "finds no note in the metadata %j of others",
    (metadata) => {
      const state = describedState("a", described({ size: 3, distance: "Dot" }, { metadata }));
      expect(state.note).toBeNull();
    },
  );

  it.each([
    [{ "": { size: 4, distance: "Euclid" }, other: { size: 8, distance: "Dot" } }, 4, "l2"],
    [{ size: 4, distance: "Manhattan" }, 4, null],
    [{ other: { size: 8, distance: "Dot" } }, null, null],
    [{}, null, null],
  ])("finds the unnamed vector in %j", (vectors, dimension, distance) => {
    expect(infoOf(describedState("a", described(vectors)))).toMatchObject({ dimension, distance });
  });

  it("refuses what is no description", () => {
    expect(() => describedState("a", { status: 1 })).toThrow(
      expect.objectContaining({ code: "E_BAD_RESPONSE" }),
    );
  });
});
