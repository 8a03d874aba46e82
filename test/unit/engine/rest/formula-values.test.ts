/** What a formula's variables are: with an index what that keeps of the payload, without one what the payload has. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;
const payloads = [
  { place: { a: null }, n: "7", day: 7, uid: "2024-01-01" },
  { place: { lon: "1", lat: "2" }, n: [3, 3] },
  { place: [10, 20], n: [2.5] },
  { place: { lon: 10, lat: 200 }, n: 4.0 },
  { place: [{ lon: 10, lat: 20 }, "x"], n: ["x", 5] },
];
const indexes = [
  ["place", "geo"],
  ["n", { type: "integer", lookup: true, range: false }],
  ["day", "datetime"],
  ["uid", "uuid"],
];

beforeAll(async () => {
  engine = await openEngine(":memory:");
  for (const name of ["plain", "indexed"]) {
    await askEngine(engine, "createCollection", name, { vectors: { size: 1, distance: "Dot" } });
    const points = payloads.map((payload, at) => ({ id: at, vector: [1], payload }));
    await askEngine(engine, "upsertPoints", name, { points });
  }
  for (const [field_name, field_schema] of indexes)
    await askEngine(engine, "createPayloadIndex", "indexed", { field_name, field_schema });
});
afterAll(() => engine.close());

/** The score of one point; "refused" where there is none. */
async function scoreOf(collection: string, id: number, formula: unknown): Promise<unknown> {
  const prefetch = { query: [1], filter: { must: [{ has_id: [id] }] } };
  const defaults = {
    place: { lon: 10, lat: 20 },
    n: 9,
    day: "1970-01-01T00:00:08Z",
    uid: "1970-01-01T00:00:08Z",
  };
  const body = { prefetch, query: { formula, defaults } };
  const [status, answer] = await refusalOf(engine, "queryPoints", collection, body);
  return status === 200 ? JSON.parse(answer).points[0].score : "refused";
}

const distance = { geo_distance: { origin: [10, 20], to: "place" } };

it.each([
  ["distances", distance, ["refused", "refused", 0, "refused", "refused"], [0, 0, 0, 0, 0]],
  ["numbers", "n", ["refused", "refused", 2.5, 4, "refused"], [9, "refused", 9, 4, 5]],
  ["dates", { datetime_key: "day" }, ["refused", 8, 8, 8, 8], [8, 8, 8, 8, 8]],
  ["dates of UUIDs", { datetime_key: "uid" }, [1704067200, 8, 8, 8, 8], [8, 8, 8, 8, 8]],
])(
  "%s are of the payload, and with an index of what that keeps",
  async (_name, formula, plain, indexed) => {
    const all = (name: string) => Promise.all(payloads.map((_, id) => scoreOf(name, id, formula)));
    expect(await all("plain")).toEqual(plain);
    expect(await all("indexed")).toEqual(indexed);
  },
);
