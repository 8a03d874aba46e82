/** Of several faults of a request the one that a server finds first is told, and what it does not come to look at is none. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, type EngineCall, everyKind, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;
const ask = (...call: EngineCall) => askEngine(engine, ...call);
const refusal = (...call: EngineCall) => refusalOf(engine, ...call);

beforeAll(async () => {
  engine = await openEngine(":memory:");
  await ask("createCollection", "c", everyKind);
  const points = [1, 2].map((id) => ({ id, vector: { d: [id, 1] }, payload: { n: id } }));
  await ask("upsertPoints", "c", { points });
});
afterAll(() => engine.close());

const unknownName = [400, "Wrong input: Not existing vector name error: x"];
const absent = (id: number) => [404, `Not found: No point with id ${id} found`];

it("a vector's name in any prefetch or search is told before a point that is not there", async () => {
  const prefetch = [
    { query: 77, using: "d" },
    { query: 1, using: "x" },
  ];
  const query = { fusion: "rrf" };
  expect(await refusal("queryPoints", "c", { prefetch, query })).toEqual(unknownName);
  const [first, second] = prefetch;
  const searches = [first, second];
  expect(await refusal("queryBatch", "c", { searches })).toEqual(unknownName);
  // Of points that are not there nobody reads a vector.
  const none = { searches: [first, { query: 78, using: "x" }] };
  expect(await refusal("queryBatch", "c", none)).toEqual(absent(77));
});

it("vectors of points that are not there, or do not fit the filter, are not looked at", async () => {
  const wrong = { id: 77, vector: { d: [1, 2, 3] } };
  const right = { id: 1, vector: { d: [5, 5] } };
  expect(await refusal("updateVectors", "c", { points: [right, wrong] })).toEqual(absent(77));
  const [point] = await ask("retrievePoints", "c", { ids: [1], with_vector: true });
  expect(point.vector).toEqual({ d: [5, 5] });
  const update_filter = { must: { key: "n", match: { value: 1 } } };
  const other = { points: [{ ...wrong, id: 2 }], update_filter };
  expect((await refusal("updateVectors", "c", other))[0]).toBe(200);
  expect((await refusal("updateVectors", "c", { points: other.points }))[0]).toBe(400);
});

it("names of vectors are not looked at where there is no point to take them from", async () => {
  expect(await refusal("deleteVectors", "c", { vector: ["x"], points: [77] })).toEqual(absent(77));
  expect(await refusal("deleteVectors", "c", { vector: ["x"], points: [1] })).toEqual(unknownName);
  const filter = { must: { key: "n", match: { value: 9 } } };
  expect((await refusal("deleteVectors", "c", { vector: ["x"], filter }))[0]).toBe(200);
});

it("`vectors` is another spelling of `vector` wherever points are written", async () => {
  await ask("upsertPoints", "c", { points: [{ id: 3, vectors: { d: [1, 2], h: [1, 1] } }] });
  await ask("updateVectors", "c", { points: [{ id: 3, vectors: { d: [3, 4] } }] });
  await ask("deleteVectors", "c", { vectors: ["h"], points: [3] });
  const [point] = await ask("retrievePoints", "c", { ids: [3], with_vector: true });
  expect(point.vector).toEqual({ d: [3, 4] });
});

it("a size of 2^63 is a number that is too large, and one beyond 64 bits is none", async () => {
  const body = (size: string) => `{"vectors":{"size":${size},"distance":"Dot"}}`;
  expect(await refusal("createCollection", "d", body("9223372036854775808"))).toEqual([
    422,
    expect.stringContaining("must be from 1 to 65536"),
  ]);
  expect((await refusal("createCollection", "d", body("18446744073709551616")))[0]).toBe(400);
});

it("a formula's term passes over what else stands beside it, and a condition comes first", async () => {
  const scores = async (formula: object) => {
    const query = { formula };
    const { points } = await ask("queryPoints", "c", {
      prefetch: { query: [1, 0], using: "d" },
      query,
    });
    return points.map(({ score }: { score: number }) => score);
  };
  expect(await scores({ sum: [2, 3], x: 1 })).toEqual([5, 5, 5]);
  expect(await scores({ sum: [2, 3], key: "n", match: { value: 1 } })).toEqual([1, 0, 0]);
});

it("what nobody reads of a collection's settings may be anything that is JSON", async () => {
  const odd = `${`{"a":[`.repeat(5_000)}1e999${"]}".repeat(5_000)}`;
  const body = `{"x":${odd},"sparse_vectors":{"w":{"x":${odd}}},"y":1,"y":2}`;
  expect(await ask("createCollection", "odd", body)).toBe(true);
});

it("a size beyond the bound is named by where it stands", async () => {
  const fault = (path: string) => [
    422,
    `Validation error in JSON body: [${path}.size: value 65537 invalid, must be from 1 to 65536]`,
  ];
  const wide = { size: 65537, distance: "Dot" };
  expect(await refusal("createCollection", "wide", { vectors: wide })).toEqual(fault("vectors"));
  const named = { vectors: { a: wide } };
  expect(await refusal("createCollection", "wide", named)).toEqual(fault("vectors.?"));
});

it("sizes of settings are taken under their names with `_kb` too", async () => {
  const settings = {
    vectors: { size: 1, distance: "Dot", hnsw_config: { full_scan_threshold_kb: 11 } },
    hnsw_config: { full_scan_threshold_kb: 12 },
    optimizers_config: {
      indexing_threshold_kb: 13,
      memmap_threshold_kb: 14,
      max_segment_size_kb: 15,
    },
  };
  await ask("createCollection", "kb", settings);
  const { config } = await ask("getCollection", "kb");
  expect(config.params.vectors.hnsw_config).toEqual({ full_scan_threshold: 11 });
  expect(config.hnsw_config.full_scan_threshold).toBe(12);
  const sizes = { indexing_threshold: 13, memmap_threshold: 14, max_segment_size: 15 };
  expect(config.optimizer_config).toMatchObject(sizes);
  const optimizers_config = { indexing_threshold_kb: 1, indexing_threshold: 2 };
  const [status, words] = await refusal("updateCollection", "kb", { optimizers_config });
  expect([status, words]).toEqual([400, expect.stringContaining("duplicate field")]);
});

it("groups of a query have vectors by `with_vector` alone", async () => {
  const wanted = { query: [1, 1], using: "d", group_by: "n" };
  const hit = async (more: object) =>
    (await ask("queryGroups", "c", { ...wanted, ...more })).groups[0].hits[0];
  expect(await hit({ with_vector: ["d"], with_vectors: 7 })).toHaveProperty("vector");
  expect(await hit({ with_vectors: true })).not.toHaveProperty("vector");
});

it("of a vector's name that stands twice the last counts, and where vectors alone are written the first must be a vector too", async () => {
  const given = (first: string) => `{"points":[{"id":1,"vector":{"d":${first},"d":[7,7]}}]}`;
  const statuses = async (first: string) => {
    const body = given(first);
    const calls: EngineCall[] = [
      ["updateVectors", "c", body],
      ["batchUpdate", "c", `{"operations":[{"update_vectors":${body}}]}`],
      ["upsertPoints", "c", body],
      ["batchUpdate", "c", `{"operations":[{"upsert":${body}}]}`],
    ];
    return Promise.all(calls.map(async (call) => (await refusal(...call))[0]));
  };
  const noVectors = [
    '"x"',
    '[1,"x"]',
    "{}",
    "null",
    "5",
    '[[1],["x"]]',
    '{"indices":[1.5],"values":[1]}',
  ];
  for (const first of noVectors) expect(await statuses(first)).toEqual([400, 400, 200, 200]);
  const vectors = [
    "[]",
    "[[1,2],[1]]",
    '{"indices":[1,1],"values":[1]}',
    '{"text":"x","model":"m"}',
  ];
  for (const first of vectors) expect(await statuses(first)).toEqual([200, 200, 200, 200]);
});

const turbo4 = { index: { datatype: "turbo4" } };
const noSize = { size: 0, distance: "Dot" };
const vector = { size: 2, distance: "Dot" };

it.each<[number, string, object]>([
  [400, "createCollection", { vectors: { size: "x", distance: "Dot" }, shard_number: 0 }],
  [400, "createCollection", { vectors: noSize, hnsw_config: { ef_construct: 1 } }],
  [400, "createCollection", { vectors: { a: { ...vector, size: 70_000 }, b: noSize } }],
  [400, "createCollection", { vectors: { b: noSize }, sparse_vectors: { s: turbo4 } }],
  [422, "createCollection", { vectors: { "a<": vector }, sparse_vectors: { s: turbo4 } }],
  [422, "createCollection", { vectors: { "a<": vector, b: { ...vector, size: 70_000 } } }],
  [422, "updateCollection", { vectors: { x: {} }, sparse_vectors: { x: turbo4 } }],
  [400, "updateCollection", { vectors: { x: {} }, sparse_vectors: { x: {} } }],
])(
  "%i: settings are told of what is malformed, then of a broken rule, then of the rest: %s %j",
  async (status, operation, body) => {
    const name = operation === "createCollection" ? "settings" : "c";
    expect((await refusal(operation as EngineCall[0], name, body))[0]).toBe(status);
  },
);

it("a setting that is a whole number is no float, and of a name that stands twice only the last must keep to rules", async () => {
  for (const settings of [
    '"shard_number":1.5',
    '"hnsw_config":{"m":1.5}',
    '"vectors":{"size":2.5,"distance":"Dot"}',
  ])
    expect((await refusal("createCollection", "settings", `{${settings}}`))[0]).toBe(400);
  const optimizers_config = { deleted_threshold: 0.5 };
  const metadata = { n: 0.5 };
  await ask("createCollection", "floats", { optimizers_config, metadata });
  const { config } = await ask("getCollection", "floats");
  expect(config).toMatchObject({ optimizer_config: optimizers_config, metadata });
  const large = '{"size":70000,"distance":"Dot"}';
  const twice = `{"vectors":{"a":${large},"a":${JSON.stringify(vector)}}}`;
  expect(await ask("createCollection", "twice", twice)).toBe(true);
});
