import { describe, expect, it } from "vitest";
import { indexOf } from "../../../../src/adapters/qdrant/indexing.ts";

interface Shape {
  readonly indexed?: number;
  readonly optimizer?: object;
  readonly graph?: object;
  readonly vector?: object;
}

function offBy({ indexed = 0, optimizer = {}, graph = {}, vector = {} }: Shape) {
  return indexOf({
    points_count: 4000,
    indexed_vectors_count: indexed,
    config: {
      params: { vectors: { size: 64, distance: "Cosine", ...vector } },
      hnsw_config: { m: 16, ...graph },
      optimizer_config: {
        indexing_threshold: 10_000,
        max_optimization_threads: null,
        ...optimizer,
      },
    },
  })?.offBy;
}

describe("what keeps a Qdrant from indexing", () => {
  it.each([
    [{ optimizer: { indexing_threshold: 0 } }, "indexing_threshold is 0"],
    [{ optimizer: { indexing_threshold: 0 }, indexed: 900 }, "indexing_threshold is 0"],
    [{ optimizer: { max_optimization_threads: 0 } }, "max_optimization_threads is 0"],
    [{ graph: { m: 0 }, indexed: 4000 }, "hnsw_config.m is 0"],
    [{ vector: { hnsw_config: { m: 0 } }, indexed: 4000 }, "hnsw_config.m is 0"],
  ])("is named (%j)", (shape, said) => {
    expect(offBy(shape)).toBe(said);
  });

  it.each([
    {},
    { indexed: 3950, optimizer: { indexing_threshold: 0 } },
    { indexed: 4000, optimizer: { max_optimization_threads: 0 } },
    { graph: { m: 0, payload_m: 16 }, indexed: 4000 },
    { graph: { m: 0 }, vector: { hnsw_config: { m: 8 } }, indexed: 4000 },
  ])("is nothing where vectors are indexed or will be (%j)", (shape) => {
    expect(offBy(shape)).toBeNull();
  });

  it("is not told by a description without the count", () => {
    expect(indexOf({ config: { params: {} } })).toBeNull();
  });
});
