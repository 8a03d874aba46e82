import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../../src/engine/index.ts";
import { openEngine } from "../../../../src/engine/index.ts";
import type { RestOperation } from "../../../../src/engine/rest/request.ts";
import { askEngine, type EngineCall, everyKind, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine(":memory:");
});
afterAll(() => engine.close());

const ask = (...call: EngineCall) => askEngine(engine, ...call);
const refusal = (...call: EngineCall) => refusalOf(engine, ...call);

async function vectorsOf(collection: string, id: number) {
  const [point] = await ask("retrievePoints", collection, { ids: [id], with_vector: true });
  return point.vector;
}

describe("vectors of every kind", () => {
  beforeAll(() => ask("createCollection", "kinds", everyKind));

  it("stand in the collection's description as they were asked for", async () => {
    const { config } = await ask("getCollection", "kinds");
    expect(config.params).toMatchObject(everyKind);
  });

  it("come back as a server of 1.18.2 answers them: sorted, normalized and rounded", async () => {
    const vector = {
      s: { indices: [3, 1], values: [1, 2] },
      i: { indices: [], values: [] },
      m: [
        [1.5, 2],
        [3, 4],
        [5, 6],
      ],
      h: [0.1, 2],
      u: [1.7, 300],
    };
    await ask("upsertPoints", "kinds", { points: [{ id: 1, vector }] });
    const text = await engine.ask({
      operation: "retrievePoints",
      collection: "kinds",
      params: {},
      body: '{"ids":[1],"with_vector":true}',
    });
    expect(JSON.parse(text)[0].vector).toEqual({
      ...vector,
      s: { indices: [1, 3], values: [2, 1] },
      h: [0.099975586, 2],
      u: [1, 255],
    });
    expect(text).toContain('"u":[1.0,255.0]');
  });

  it("are answered by name, and only those that a point has", async () => {
    const points = [
      { id: 2, vector: { d: [1, 2], m: [7, 8] } },
      { id: 3, vector: {} },
    ];
    await ask("upsertPoints", "kinds", { points });
    expect(await vectorsOf("kinds", 2)).toEqual({ d: [1, 2], m: [[7, 8]] });
    expect(await vectorsOf("kinds", 3)).toEqual({});
    const [point] = await ask("retrievePoints", "kinds", { ids: [2], with_vector: ["d", "s"] });
    expect(point.vector).toEqual({ d: [1, 2] });
    const [none] = await ask("retrievePoints", "kinds", { ids: [2], with_vector: [] });
    expect(none.vector).toEqual({});
    const [bare] = await ask("retrievePoints", "kinds", { ids: [2] });
    expect(bare).not.toHaveProperty("vector");
  });

  it("are written in batches, by name or without", async () => {
    const vectors = {
      d: [
        [1, 2],
        [3, 4],
      ],
      s: [
        { indices: [1], values: [2] },
        { indices: [], values: [] },
      ],
      m: [
        [[1.5, 2]],
        [
          [3.5, 4],
          [5.5, 6],
        ],
      ],
    };
    await ask("upsertPoints", "kinds", { batch: { ids: [11, 12], vectors } });
    expect(await vectorsOf("kinds", 12)).toEqual({
      d: [3, 4],
      s: { indices: [], values: [] },
      m: [
        [3.5, 4],
        [5.5, 6],
      ],
    });
  });

  it.each([
    [{ d: [1, 2, 3] }, 400, "Vector dimension error: expected dim: 2, got 3 for vector 'd'"],
    [{ d: [[1.5, 2]] }, 400, "Wrong input: Conversion between multi and regular vectors failed"],
    [{ d: [] }, 422, "[points[0].vector.?.vector: dense vector must not be empty]"],
    [
      { d: { indices: [1], values: [1] } },
      400,
      "Wrong input: Conversion between sparse and regular vectors failed",
    ],
    [{ zz: [1, 2] }, 400, "Wrong input: Not existing vector name error: zz"],
    [[1, 2], 400, "Wrong input: Not existing vector name error: "],
    [{ m: [[]] }, 422, "[points[0].vector.?.data: all vectors must be non-empty]"],
    [{ m: [[1.5, 2, 3]] }, 400, "expected dim: 2, got 3 for vector 'm'"],
    [{ s: [1, 2] }, 400, "Wrong input: Conversion between sparse and regular vectors failed"],
    [
      { s: { indices: [1, 2], values: [1] } },
      422,
      "[points[0].vector.?.values: Validation error: must be the same length as indices [{}]]",
    ],
    [
      { s: { indices: [1, 1], values: [1, 2] } },
      422,
      "[points[0].vector.?.indices: Validation error: must be unique [{}]]",
    ],
    [{ s: { indices: [-1], values: [1] } }, 400, "untagged enum VectorStruct"],
    [{ s: { indices: [2 ** 32], values: [1] } }, 400, "untagged enum VectorStruct"],
    [{ s: { indices: [1.5], values: [1] } }, 400, "untagged enum VectorStruct"],
    [{ s: { indices: [1] } }, 400, "untagged enum VectorStruct"],
    [{ d: null }, 400, "untagged enum VectorStruct"],
    ["x", 400, "untagged enum VectorStruct"],
  ])("are refused as a server refuses them: %j", async (vector, status, words) => {
    const [found, message] = await refusal("upsertPoints", "kinds", {
      points: [{ id: 99, vector }],
    });
    expect([found, message]).toEqual([status, expect.stringContaining(words)]);
    expect(await ask("retrievePoints", "kinds", { ids: [99] })).toEqual([]);
  });

  it.each([
    [{ d: [[1, 2]] }, 422, "[batch.batch: number of ids and vectors must be equal (2 != 1)]"],
    [{ d: [[1, 2], [3]] }, 400, "expected dim: 2, got 1"],
    [{ d: [[1, 2], []] }, 422, "[batch.?.vector: dense vector must not be empty]"],
    [{ d: [[1, 2], null] }, 400, "untagged enum BatchVectorStruct"],
    ["x", 400, "untagged enum BatchVectorStruct"],
  ])("are refused in batches too: %j", async (vectors, status, words) => {
    const body = { batch: { ids: [5, 6], vectors } };
    const [found, message] = await refusal("upsertPoints", "kinds", body);
    expect([found, message]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe("vectors alone", () => {
  beforeAll(async () => {
    await ask("createCollection", "alone", everyKind);
    const vector = { d: [1, 2], s: { indices: [1], values: [1] } };
    await ask("upsertPoints", "alone", {
      points: [
        { id: 1, vector, payload: { k: 1 } },
        { id: 2, vector },
      ],
    });
  });

  it("are written beside those that a point has, and its payload stays", async () => {
    await ask("updateVectors", "alone", {
      points: [{ id: 1, vector: { d: [5, 6], m: [[1.5, 2]] } }],
    });
    const [point] = await ask("retrievePoints", "alone", {
      ids: [1],
      with_vector: true,
      with_payload: true,
    });
    expect(point.payload).toEqual({ k: 1 });
    expect(point.vector).toEqual({
      d: [5, 6],
      s: { indices: [1], values: [1] },
      m: [[1.5, 2]],
    });
  });

  it("leave points alone that do not fit the filter", async () => {
    const points = [1, 2].map((id) => ({ id, vector: { h: [1, 1] } }));
    const update_filter = { must: [{ key: "k", match: { value: 1 } }] };
    await ask("updateVectors", "alone", { points, update_filter });
    expect(await vectorsOf("alone", 1)).toHaveProperty("h");
    expect(await vectorsOf("alone", 2)).not.toHaveProperty("h");
  });

  it("are taken away by name, from points that are listed or fit a filter", async () => {
    await ask("deleteVectors", "alone", { points: [2], vector: ["d"] });
    expect(await vectorsOf("alone", 2)).toEqual({ s: { indices: [1], values: [1] } });
    await ask("deleteVectors", "alone", { filter: { must: [{ has_id: [2] }] }, vector: ["s"] });
    expect(await vectorsOf("alone", 2)).toEqual({});
  });

  it.each<[RestOperation, unknown, number, string]>([
    [
      "updateVectors",
      { points: [{ id: 7, vector: { d: [1, 2] } }] },
      404,
      "No point with id 7 found",
    ],
    ["updateVectors", { points: [] }, 422, "[points: must specify points to update]"],
    [
      "updateVectors",
      { points: [{ id: 1, vector: {} }] },
      422,
      "[points[0].vector: must specify vectors to update for point]",
    ],
    ["updateVectors", { points: [{ id: 1 }] }, 400, "missing field `vector`"],
    ["updateVectors", {}, 400, "missing field `points`"],
    [
      "updateVectors",
      { points: [{ id: 1, vector: { zz: [1] } }] },
      400,
      "Not existing vector name error: zz",
    ],
    ["deleteVectors", { points: [7], vector: ["d"] }, 404, "No point with id 7 found"],
    ["deleteVectors", { points: [1], vector: ["zz"] }, 400, "Not existing vector name error: zz"],
    [
      "deleteVectors",
      { points: [1], vector: [] },
      422,
      "[vector: must specify vector names to delete]",
    ],
    ["deleteVectors", { points: [], vector: ["d"] }, 400, "Empty update request"],
    ["deleteVectors", { vector: ["d"] }, 400, "Bad request: No filter or points provided"],
    ["deleteVectors", { points: [1] }, 400, "missing field `vector`"],
  ])("%s refuses %j", async (operation, body, status, words) => {
    const [found, message] = await refusal(operation, "alone", body);
    expect([found, message]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe("vector names", () => {
  beforeAll(async () => {
    await ask("createCollection", "names", { vectors: { size: 2, distance: "Euclid" } });
    await ask("upsertPoints", "names", { points: [{ id: 1, vector: [1, 2] }] });
  });
  const add = (name: string, body: unknown) =>
    refusal("createVectorName", "names", body, { vector_name: name });
  const remove = (name: string) =>
    refusal("deleteVectorName", "names", undefined, { vector_name: name });

  it("are added, beside the unnamed vector too, and can be written at once", async () => {
    await add("x", { dense: { size: 4, distance: "Dot" } });
    await add("s", { sparse: { modifier: "idf" } });
    const { config } = await ask("getCollection", "names");
    expect(config.params).toMatchObject({
      vectors: { "": { size: 2, distance: "Euclid" }, x: { size: 4, distance: "Dot" } },
      sparse_vectors: { s: { modifier: "idf" } },
    });
    expect(await vectorsOf("names", 1)).toEqual([1, 2]);
    const vector = { "": [3, 4], x: [1, 2, 3, 4] };
    await ask("upsertPoints", "names", { points: [{ id: 2, vector }] });
    expect(await vectorsOf("names", 2)).toEqual(vector);
  });

  it("stay where they are asked for again, and are refused with other parameters", async () => {
    expect((await add("x", { dense: { size: 4, distance: "Dot" } }))[0]).toBe(200);
    const other = "Wrong input: Vector `x` already exists with a different configuration";
    expect(await add("x", { dense: { size: 5, distance: "Dot" } })).toEqual([400, other]);
    expect(await add("s", { dense: { size: 5, distance: "Dot" } })).toEqual([
      400,
      "Wrong input: Vector `s` already exists as a sparse vector",
    ]);
    expect(await add("s", { sparse: {} })).toEqual([
      400,
      "Wrong input: Sparse vector `s` already exists with a different configuration",
    ]);
  });

  it("that are refused leave the collection in memory as it is", async () => {
    await ask("createCollection", "idf", { sparse_vectors: { s: { modifier: "idf" } } });
    const vector = { s: { indices: [1], values: [1] } };
    await ask("upsertPoints", "idf", { points: [1, 2, 3].map((id) => ({ id, vector })) });
    const body = { query: vector.s, using: "s", limit: 1 };
    const ranked = () => ask("queryPoints", "idf", body);
    // A vector that is gone counts until the collection is read from its file again.
    await ask("deletePoints", "idf", { points: [3] });
    const before = await ranked();
    const params = { vector_name: "s" };
    expect((await refusal("createVectorName", "idf", { sparse: {} }, params))[0]).toBe(400);
    expect(await ranked()).toEqual(before);
  });

  it.each([
    [
      "n",
      { dense: { size: 0, distance: "Dot" } },
      422,
      "[dense.size: value 0 invalid, must be from 1 to 65536]",
    ],
    ["n", { dense: { size: 4 } }, 400, "untagged enum VectorNameConfig"],
    [
      "n",
      { sparse: { datatype: "turbo4" } },
      422,
      "sparse vectors do not support the `turbo4` datatype",
    ],
    ["a/b", { sparse: {} }, 422, '[vector_name: vector name cannot contain "/" char]'],
    [
      "a".repeat(201),
      { sparse: {} },
      422,
      "[vector_name: vector name must be at most 200 bytes long]",
    ],
  ])("are refused: %s %j", async (name, body, status, words) => {
    expect(await add(name, body)).toEqual([status, expect.stringContaining(words)]);
  });

  it("are taken away with their vectors, twice without harm", async () => {
    await remove("x");
    expect((await remove("x"))[0]).toBe(200);
    expect(await vectorsOf("names", 2)).toEqual([3, 4]);
    await add("x", { dense: { size: 4, distance: "Dot" } });
    expect(await vectorsOf("names", 2)).toEqual([3, 4]);
  });

  it("change their parameters by a patch of the collection, which counts at once", async () => {
    const vector = { s: { indices: [1], values: [2] } };
    await ask("upsertPoints", "names", { points: [{ id: 3, vector }] });
    const score = async () => {
      const { points } = await ask("queryPoints", "names", { query: vector.s, using: "s" });
      return points[0].score;
    };
    expect(await score()).toBeCloseTo(4 * Math.log(0.5 / 1.5 + 1), 5);
    await ask("updateCollection", "names", {
      vectors: { "": { on_disk: true, hnsw_config: { m: 33 } } },
      sparse_vectors: { s: { modifier: "none", index: { on_disk: true } } },
    });
    const { config } = await ask("getCollection", "names");
    expect(config.params.vectors[""]).toMatchObject({ on_disk: true, hnsw_config: { m: 33 } });
    expect(config.params.sparse_vectors.s).toEqual({ modifier: "none", index: { on_disk: true } });
    expect(await score()).toBe(4);
    const unknown = await refusal("updateCollection", "names", { sparse_vectors: { zz: {} } });
    expect(unknown).toEqual([400, "Wrong input: Not existing vector name error: zz"]);
  });
});
