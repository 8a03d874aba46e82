/** What a request says in a list that may be several things, twice, or in float32. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine(":memory:");
  const vectors = { size: 2, distance: "Dot" };
  await askEngine(engine, "createCollection", "c", { vectors });
  const points = [1, 2, 3, 4].map((id) => ({
    id,
    vector: [id, 1],
    payload: { a: id === 2 ? 1 : 0, b: id === 3 ? 1 : 0 },
  }));
  await askEngine(engine, "upsertPoints", "c", { points });
});
afterAll(() => engine.close());

const first = { key: "a", match: { value: 1 } };
const second = { key: "b", match: { value: 1 } };
const spoilt = [[first, 2, null]];
const tenfold = { mult: [10, second] };

// As a 1.18.2 answers.
it.each([
  [spoilt, { 1: 0, 2: 0.5, 3: 0, 4: 0 }],
  [{ sum: [spoilt, tenfold] }, { 1: 0, 2: 0.5, 3: 10, 4: 0 }],
  [{ sum: [tenfold, spoilt] }, { 1: 0, 2: 0.5, 3: 10, 4: 0 }],
])(
  "a list that is no term of one kind keeps its conditions as one of another (%#)",
  async (formula, scores) => {
    const prefetch = { query: [1, 2], limit: 10 };
    const { points } = await askEngine(engine, "queryPoints", "c", {
      prefetch,
      query: { formula },
    });
    const found = points.map(({ id, score }: { id: number; score: number }) => [id, score]);
    expect(Object.fromEntries(found)).toEqual(scores);
  },
);

it("a list that is no term of one kind keeps its faults as one of another", async () => {
  const query = { formula: [[{ neg: "$bad[" }, 2, null]] };
  const body = { prefetch: { query: [1, 2], limit: 10 }, query };
  expect((await refusalOf(engine, "queryPoints", "c", body))[0]).toBe(400);
});

it("a score that is the threshold in float32 is kept: 1 / 2 + 1 / 5 of a fusion is 0.7", async () => {
  const prefetch = [{ query: [1, 0] }, { query: [-1, 0] }];
  const body = { prefetch, query: { fusion: "rrf" }, score_threshold: 0.7 };
  const { points } = await askEngine(engine, "queryPoints", "c", body);
  expect(points.map(({ id }: { id: number }) => id).sort()).toEqual([1, 4]);
});

it("a point's vector under both of its names is refused", async () => {
  const body = { points: [{ id: 9, vector: [1, 1], vectors: [1, 1] }] };
  expect((await refusalOf(engine, "upsertPoints", "c", body))[0]).toBe(400);
});

it("a scroll of an empty collection names its vectors", async () => {
  await askEngine(engine, "createCollection", "none", { vectors: { size: 2, distance: "Dot" } });
  const { vectors } = await engine.scroll("none", { limit: 1, withVector: true });
  expect([...vectors.keys()]).toEqual([""]);
});
