import { describe, expect, it } from "vitest";
import {
  describedBody,
  describedIndexes,
  describedShapes,
} from "../../../../src/adapters/qdrant/described.ts";
import { vectorShapes } from "../../../../src/adapters/qdrant/shapes.ts";
import { testSpec } from "../../../../src/testing/target-records.ts";

const spec = testSpec();
const configuration = JSON.stringify({
  params: {
    vectors: { size: 3, distance: "Manhattan", on_disk: true },
    shard_number: 2,
    replication_factor: 1,
    on_disk_payload: true,
  },
  hnsw_config: { m: 24 },
  optimizer_config: { indexing_threshold: 10_000, max_segment_size: null },
  wal_config: { wal_capacity_mb: 32 },
  quantization_config: null,
  metadata: { team: "search", vecferry: { format: 1 } },
});

describe("a collection as it was described", () => {
  it("is made with all that was said of it, under the names that making it has", () => {
    expect(describedBody(spec, configuration)).toEqual({
      vectors: { size: 3, distance: "Manhattan", on_disk: true },
      shard_number: 2,
      replication_factor: 1,
      on_disk_payload: true,
      hnsw_config: { m: 24 },
      optimizers_config: { indexing_threshold: 10_000, max_segment_size: null },
      wal_config: { wal_capacity_mb: 32 },
      metadata: { team: "search", vecferry: { format: 1 } },
    });
    expect(describedShapes(spec, configuration)).toEqual([
      { name: "", kind: "dense", dimension: 3, distance: "Manhattan" },
    ]);
  });

  it("has its payload indexes with their parameters", () => {
    const params = { type: "text", tokenizer: "word" };
    const schema = JSON.stringify({
      plain: { data_type: "keyword", points: 4 },
      text: { data_type: "text", params, points: 0 },
    });
    expect(describedIndexes(spec, schema)).toEqual([
      { key: "plain", type: "keyword" },
      { key: "text", type: "text", params: JSON.stringify(params) },
    ]);
  });

  it.each(["", "{}", "[]", '{"params":{"vectors":7}}'])("is refused where it says %j", (text) => {
    const refused = expect.objectContaining({ code: "E_STORAGE" });
    expect(() => describedBody(spec, text)).toThrow(refused);
  });
});

describe("the vectors of a collection", () => {
  const dense = { kind: "dense", dimension: 3, distance: "Dot" };
  it.each([
    [{ vectors: { size: 3, distance: "Dot" } }, [{ name: "", ...dense }]],
    [
      { vectors: { "": { size: 3, distance: "Dot" } }, sparse_vectors: null },
      [{ name: "", ...dense }],
    ],
    [{ vectors: { image: { size: 3, distance: "Dot" } } }, [{ name: "image", ...dense }]],
    [
      { vectors: { size: 3, distance: "Dot" }, sparse_vectors: { bm25: {} } },
      [
        { name: "", ...dense },
        { name: "bm25", kind: "sparse", dimension: null, distance: null },
      ],
    ],
    [
      { vectors: { size: 3, distance: "Dot", multivector_config: { comparator: "max_sim" } } },
      [{ name: "", ...dense, kind: "multi" }],
    ],
    [{ vectors: {}, sparse_vectors: {} }, []],
    [{}, []],
  ])("of %j", (params, shapes) => {
    expect(vectorShapes(params)).toEqual(shapes);
  });
});
