import { describe, expect, it } from "vitest";
import { fittingDistances, namedDistance } from "../../../../src/adapters/chroma/distance.ts";

const schema = (space: string) => ({
  keys: { "#embedding": { float_list: { vector_index: { config: { space } } } } },
});

describe("namedDistance", () => {
  it.each([
    ["0.4", { metadata: { "hnsw:space": "cosine" } }, "cosine", "metadata", false],
    ["0.4 without a space", { metadata: null }, "l2", "default", false],
    [
      "0.5 and 0.6",
      {
        metadata: { "hnsw:space": "ip" },
        configuration_json: { hnsw_configuration: { space: "l2" } },
      },
      "ip",
      "metadata",
      false,
    ],
    [
      "1.0.0 to 1.0.5",
      { metadata: null, configuration_json: { hnsw: { space: "l2" }, spann: null } },
      "l2",
      "configuration",
      false,
    ],
    [
      "1.0.6 to 1.2",
      { metadata: null, configuration_json: { hnsw: { space: "cosine" } } },
      "cosine",
      "configuration",
      true,
    ],
    [
      "1.3 and later",
      {
        metadata: { "hnsw:space": "ip" },
        configuration_json: { hnsw: { space: "ip" } },
        schema: schema("ip"),
      },
      "ip",
      "schema",
      true,
    ],
    [
      "a hosted one",
      { configuration_json: { hnsw: null, spann: { space: "cosine" } } },
      "cosine",
      "configuration",
      true,
    ],
    [
      "configuration against metadata",
      { metadata: { "hnsw:space": "ip" }, configuration_json: { hnsw: { space: "cosine" } } },
      "cosine",
      "configuration",
      false,
    ],
    [
      "words that are no space",
      { metadata: { "hnsw:space": "manhattan" }, configuration_json: "x", schema: 7 },
      "l2",
      "default",
      false,
    ],
  ])("reads what %s says", (_version, collection, distance, from, sure) => {
    expect(namedDistance(collection)).toEqual({ distance, from, sure });
  });
});

describe("fittingDistances", () => {
  const query = [3, -1.5, 0.75];
  const stored = [
    [1, -0.5, 0.25],
    [0, 2, 1],
    [-4, 1, 0.5],
  ];
  const dot = (a: number[], b: number[]): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const formulas = {
    cosine: (b: number[]) => 1 - dot(query, b) / Math.sqrt(dot(query, query) * dot(b, b)),
    ip: (b: number[]) => 1 - dot(query, b),
    l2: (b: number[]) => dot(query, query) + dot(b, b) - 2 * dot(query, b),
  };

  it.each(["cosine", "ip", "l2"] as const)(
    "knows %s by its numbers, rounded to float32",
    (distance) => {
      const found = stored.map((vector) => ({
        vector,
        distance: Math.fround(formulas[distance](vector)),
      }));
      expect(fittingDistances(query, found)).toEqual([distance]);
    },
  );

  it("fits nothing to numbers of another formula, and everything to no numbers", () => {
    const found = stored.map((vector) => ({ vector, distance: Math.sqrt(formulas.l2(vector)) }));
    expect(fittingDistances(query, found)).toEqual([]);
    expect(fittingDistances(query, [])).toEqual(["cosine", "ip", "l2"]);
  });
});
