/** Faults that a server finds when it makes a change: who does not wait is not told, and of rows that are not written none is one. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, type EngineCall, everyKind, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(":memory:");
  await askEngine(engine, "createCollection", "c", everyKind);
  const points = [{ id: 1, vector: { d: [1, 1] }, payload: { n: 1 } }];
  await askEngine(engine, "upsertPoints", "c", { points });
});
afterAll(() => engine.close());

const point = { id: 1, vector: { d: [1, 1] } };
const vectors = {
  "an unknown name": { zz: [1, 2] },
  "an unknown name beside a right one": { d: [2, 2], zz: [1, 2] },
  "another kind": { d: { indices: [1], values: [1] } },
  "several vectors where there is one": { d: [[1, 2]] },
  "a wrong dimension": { d: [1, 2, 3] },
  "a wrong dimension in several": { m: [[1, 2, 3]] },
};
const upserts = {
  update_filter: { must: [{ key: "n", match: { value: 9 } }] },
  update_mode: "insert_only",
};

it.each(Object.entries(vectors))("%s", async (name, vector) => {
  const status = async (...call: EngineCall) => (await refusalOf(engine, ...call))[0];
  const points = [{ id: 1, vector }];
  const early = name.includes("dimension") ? 400 : 200;
  for (const [condition, value] of Object.entries(upserts))
    expect(await status("upsertPoints", "c", { points, [condition]: value })).toBe(early);
  expect(await status("upsertPoints", "c", { points })).toBe(400);
  expect(await status("upsertPoints", "c", { points }, { wait: "false" })).toBe(early);
  expect(await status("updateVectors", "c", { points })).toBe(400);
  expect(await status("updateVectors", "c", { points }, { wait: "false" })).toBe(200);
  const operations = [{ update_vectors: { points } }, { upsert: { points: [point] } }];
  expect(await status("batchUpdate", "c", { operations }, { wait: "false" })).toBe(200);
  const [kept] = await askEngine(engine, "retrievePoints", "c", { ids: [1], with_vector: true });
  expect(kept.vector).toEqual({ d: [1, 1] });
  await askEngine(engine, "setPayload", "c", { payload: { n: 1 }, points: [1] });
});

it("names of vectors that are to be deleted, and points that are not there", async () => {
  const names = { vector: ["zz"], points: [1] };
  expect((await refusalOf(engine, "deleteVectors", "c", names))[0]).toBe(400);
  expect((await refusalOf(engine, "deleteVectors", "c", names, { wait: "false" }))[0]).toBe(200);
  const absent = { payload: {}, points: [9] };
  expect((await refusalOf(engine, "setPayload", "c", absent))[0]).toBe(404);
  expect((await refusalOf(engine, "setPayload", "c", absent, { wait: "false" }))[0]).toBe(200);
  const nothing = { points: [] };
  expect((await refusalOf(engine, "upsertPoints", "c", nothing, { wait: "false" }))[0]).toBe(400);
});
