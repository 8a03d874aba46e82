/** What Qdrant's decoder (serde) takes and refuses, as a real 1.18.2 answers it: lists in a struct's place, floats for integers, nulls. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import type { RestOperation } from "../../../../src/engine/rest/request.ts";
import { askEngine, type EngineCall, everyKind, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;
const status = async (...call: EngineCall) => (await refusalOf(engine, ...call))[0];

beforeAll(async () => {
  engine = await openEngine(":memory:");
  await askEngine(engine, "createCollection", "c", everyKind);
  const points = [1, 2].map((id) => ({ id, vector: { d: [id, 1] }, payload: { n: id } }));
  await askEngine(engine, "upsertPoints", "c", { points });
});
afterAll(() => engine.close());

/** Points that are there, with a vector that their collection has not. */
const mixed = [1, 2].map((id) => ({ id, vector: { none: Array.from({ length: id }, () => 1) } }));
const prefetch = { query: [1, 2], using: "d" };
/** A field's condition as a list, with one test. */
const condition = (at: number, test: unknown) =>
  ["n", ...Array.from({ length: 8 }, () => null)].with(at, test as null);
const ring = [
  [1, 1],
  [2, 0],
  [3, 3],
  [1, 1],
];

it.each<[RestOperation, unknown, number]>([
  ["countPoints", { filter: { must: [["a"]] } }, 200],
  ["countPoints", { filter: { must: [[[]]] } }, 200],
  ["countPoints", { filter: [null, null] }, 200],
  ["countPoints", { filter: [null] }, 400],
  ["countPoints", { filter: { must: { key: "n", match: [1] } } }, 200],
  ["countPoints", { filter: { must: { key: "n", range: [1, null, null, 3] } } }, 200],
  ["countPoints", { filter: { must: { key: "n", geo_radius: [[1, 1], 4] } } }, 200],
  ["countPoints", { filter: { must: { key: "n", geo_radius: [[1, 100], 4] } } }, 400],
  ["queryPoints", { query: [{}], using: "d" }, 422],
  ["queryPoints", { query: [null], using: "d" }, 200],
  ["queryPoints", { query: [[1, 2], null], using: "d" }, 200],
  ["queryPoints", { query: [[1], [2]], using: "s" }, 200],
  ["queryPoints", { query: { formula: [["n"]] }, prefetch }, 200],
  ["queryPoints", { query: { formula: { pow: [1, 2] } }, prefetch }, 200],
  ["queryPoints", { params: [10] }, 200],
  ["queryPoints", { params: [] }, 400],
  ["queryPoints", { with_payload: [["a"]] }, 200],
  ["deletePoints", [[99]], 200],
  ["deletePoints", { points: "x", filter: { must: { key: "none", is_null: true } } }, 200],
  ["batchUpdate", { operations: [[[[99]]]] }, 200],
  ["updateVectors", [[[1, { d: [1, 2] }]]], 200],
  ["deleteVectors", [[1], null, []], 422],
  ["updateAliases", { actions: [[["c", "other"]]] }, 200],
  ["createPayloadIndex", ["n", ["integer", true, true, null]], 200],
  ["countPoints", { filter: { must: { key: "n", geo_radius: [[1, 1, 9], 4, 9] } } }, 200],
  ["countPoints", { filter: { must: { key: "n", values_count: [1, null, null, null, 9] } } }, 200],
  ["countPoints", { filter: { must: { key: "n", range: [1, null, null, null, 9] } } }, 400],
  // In a condition that is a list itself, none may be too long.
  ["countPoints", { filter: { must: [condition(4, [[1, 1], 4])] } }, 200],
  ["countPoints", { filter: { must: [condition(4, [[1, 1], 4, 9])] } }, 400],
  ["countPoints", { filter: { must: [condition(4, { center: [1, 1, 9], radius: 4 })] } }, 400],
  ["countPoints", { filter: { must: [condition(3, [[1, 1], [2, 0], 9])] } }, 400],
  ["countPoints", { filter: { must: [condition(5, [[ring], null])] } }, 200],
  ["countPoints", { filter: { must: [condition(5, [[ring], null, null])] } }, 400],
  ["countPoints", { filter: { must: [condition(5, { exterior: [ring, 9] })] } }, 400],
  ["countPoints", { filter: { must: [condition(6, [1, null, null, null])] } }, 200],
  ["countPoints", { filter: { must: [condition(6, [1, null, null, null, 9])] } }, 400],
])("%s takes a list of a struct's fields as the struct: %j", async (operation, body, expected) => {
  expect(await status(operation, "c", body)).toBe(expected);
});

it.each<[RestOperation, string, number]>([
  ["createCollection", '{"vectors":{"size":2.0,"distance":"Dot"}}', 400],
  ["createCollection", '{"vectors":{"size":3.5e38,"distance":"Dot"}}', 400],
  ["createCollection", '{"hnsw_config":{"m":-0}}', 400],
  ["createCollection", '{"hnsw_config":2.0}', 400],
  ["createCollection", '{"sparse_vectors":{"s":-0}}', 400],
  ["updateCollection", '{"strict_mode_config":{"max_query_limit":0}}', 422],
  ["countPoints", '{"filter":{"must":{"has_id":[2.0]}}}', 400],
  ["countPoints", '{"filter":{"must":{"key":"n","match":{"value":2.0}}}}', 400],
  ["queryPoints", '{"query":{"indices":[1.0],"values":[1]},"using":"s"}', 400],
  ["scrollPoints", '{"with_vector":null}', 400],
  ["countPoints", '{"exact":null}', 400],
  ["queryPoints", '{"params":{"exact":null}}', 400],
  ["recommend", '{"positive":[1],"negative":null,"limit":1,"using":"d"}', 400],
])("%s: a float is no integer and null no flag: %s", async (operation, body, expected) => {
  const name = operation === "createCollection" ? "new" : "c";
  expect(await status(operation, name, body)).toBe(expected);
});

it("names, paths and terms are looked at when a server comes to them", async () => {
  const none = { must: { key: "n", match: { value: 9 } } };
  expect(await status("scrollPoints", "c", { filter: none, with_vector: ["x"] })).toBe(200);
  const passed = { prefetch, query: { fusion: "rrf" }, offset: 5, with_vector: ["x"] };
  expect(await status("queryPoints", "c", passed)).toBe(400);
  expect(await status("queryPoints", "c", { ...passed, filter: none })).toBe(200);
  expect(
    await status("queryPoints", "c", { query: 77, using: "d", with_payload: { exclude: ["|a"] } }),
  ).toBe(400);
  const query = { formula: "s.H!" };
  const absent = { query: 77, using: "d" };
  expect(await status("queryPoints", "c", { query, prefetch: absent })).toBe(404);
  expect(await status("queryPoints", "c", { query, prefetch })).toBe(400);
  expect(await status("deleteVectors", "c", { vector: [] })).toBe(422);
  expect(await status("deletePoints", "absent", { points: [] })).toBe(404);
  expect(await status("createVectorName", "c", "", { vector_name: "x" })).toBe(400);
});

it("what nobody reads must be JSON, however long the body is, and need not be UTF-8", async () => {
  const long = "1,".repeat(50_000);
  const body = (unread: string) => `{"vectors":{"d":{"size":2,"distance":"Dot"}},"x":${unread}}`;
  expect(await status("createCollection", "l", body(`[${long}tru]`))).toBe(400);
  const points = Array.from({ length: 5000 }, () => '{"id":1,"vector":{"d":[1,2]}}').join();
  expect(await status("upsertPoints", "c", `{"points":[${points}],"x":{}}`)).toBe(200);
  expect(await status("upsertPoints", "c", `{"points":[${points}],"x":[tru]}`)).toBe(400);
  const spoilt = `{"id":1,"vector":{"d":[1,2]},"x":[tru]},${points}`;
  expect(await status("upsertPoints", "c", `{"points":[${spoilt}]}`)).toBe(400);
  expect(await status("updateVectors", "c", `{"points":[${spoilt}]}`)).toBe(400);
  expect(await status("updateVectors", "c", `{"points":[${points}],"x":[tru]}`)).toBe(400);
  const bytes = Buffer.from(body('{"a":"é"}'), "latin1");
  expect(await status("createCollection", "l", Uint8Array.from(bytes))).toBe(200);
});

it.each<[RestOperation, string, unknown, number]>([
  [
    "createCollection",
    "twice",
    '{"vectors":{"d":{"size":2},"d":{"size":2,"distance":"Dot"}}}',
    400,
  ],
  ["createCollection", "twice", '{"sparse_vectors":{"s":3,"s":{}}}', 400],
  ["updateCollection", "c", '{"sparse_vectors":{"s":{"modifier":"x"},"s":{}}}', 400],
  ["createCollection", "c", { hnsw_config: { ef_construct: 1, m: "x" } }, 400],
  [
    "createCollection",
    "c",
    { vectors: { size: 70_000, distance: "Dot" }, sparse_vectors: { s: null } },
    400,
  ],
  ["createPayloadIndex", "absent", { field_name: "n" }, 404],
  ["recommend", "absent", { limit: 1 }, 404],
  ["recommend", "c", { limit: 1, negative: [{ indices: [1], values: [1, 2] }] }, 422],
  ["discover", "absent", { limit: 1 }, 404],
  [
    "recommendGroups",
    "c",
    { negative: [99], using: "d", limit: 1, group_by: "n", group_size: 1 },
    404,
  ],
  ["upsertPoints", "c", { points: mixed, update_filter: { must: { has_id: [99] } } }, 200],
  ["upsertPoints", "c", { points: mixed, update_filter: { must: { has_id: [2] } } }, 400],
  ["queryGroups", "c", { using: "d", group_by: "n", offset: {} }, 200],
  ["upsertPoints", "c", { batch: { ids: [1], vectors: { d: [[1, 2]] }, payloads: [0, 0] } }, 400],
  [
    "upsertPoints",
    "c",
    { batch: { ids: [1], vectors: { d: [[1, 2]] }, payloads: [null, {}] } },
    422,
  ],
])("%s of %s tells of faults in a server's order: %j", async (operation, name, body, expected) => {
  expect(await status(operation, name, body)).toBe(expected);
});

it("the parameters are looked at by each operation's own rules, and a body that is not there before them", async () => {
  const params = { timeout: "0" };
  expect(await status("createCollection", "new", "", params)).toBe(400);
  expect(await status("createCollection", "new", "{}", params)).toBe(422);
  expect(await status("createSnapshot", "c", undefined, { wait: "1" })).toBe(400);
  const words = { vector_name: "words" };
  expect(await status("deleteVectorName", "a/b", undefined, words)).toBe(404);
  expect(await status("getCollection", "a/b")).toBe(422);
  const deep = `{"sparse_vectors":{"s":[{"x":${"[".repeat(200)}${"]".repeat(200)}}]}}`;
  expect(await status("createCollection", "c", deep)).toBe(409);
  const diversity = { query: { nearest: [1, 2], mmr: { diversity: -8e-323 } }, using: "d" };
  expect(await status("queryPoints", "c", diversity)).toBe(200);
});
