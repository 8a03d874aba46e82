/** Requests that are small and ask for much: each has an answer at once, and what was written beside it stays. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { askEngine, type EngineCall, refusalOf } from "../../../support/ask-engine.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(":memory:");
  const vectors = { size: 2, distance: "Dot" };
  await ask("createCollection", "c", { vectors, sparse_vectors: { s: {} } });
  await ask("upsertPoints", "c", { points: [{ id: 1, vector: [1, 1], payload: { n: 1 } }] });
});
afterEach(() => engine.close());

const ask = (...call: EngineCall) => askEngine(engine, ...call);
const refusal = (...call: EngineCall) => refusalOf(engine, ...call);

/** Milliseconds that `run` takes. */
async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

describe("points are refused", () => {
  it("whose vectors have each another name", async () => {
    const points = Array.from({ length: 30_000 }, (_, id) => ({ id, vector: { [`v${id}`]: [1] } }));
    let answer: unknown;
    const tookMs = await timeOf(async () => {
      answer = await refusal("upsertPoints", "c", { points });
    });
    expect(answer).toEqual([400, expect.stringContaining("Too many points for vectors")]);
    expect(tookMs).toBeLessThan(15_000);
  });

  it("of which one has a vector too long to leave room for it in all", async () => {
    const empty = Array.from({ length: 40_000 }, (_, id) => ({ id, vector: {} }));
    const points = [...empty, { id: 50_000, vector: new Array<number>(100_000).fill(1) }];
    expect(await refusal("upsertPoints", "c", { points })).toEqual([
      400,
      expect.stringContaining("Too many points for vectors"),
    ]);
  });

  it("whose payload is nested deeper than JSON may be, in columns too", async () => {
    const payload = `{"a":${"[".repeat(127)}${"]".repeat(127)}}`;
    const points = { ids: ["2"], payloads: [payload], vectors: new Map() };
    const request = { operation: "upsertPoints", collection: "c", params: {}, body: null } as const;
    await expect(engine.ask({ ...request, points })).rejects.toThrow("recursion limit exceeded");
    await expect(engine.upsert("c", points)).rejects.toThrow("recursion limit exceeded");
    expect(await ask("countPoints", "c", { filter: { must: [] } })).toEqual({ count: 1 });
  });
});

describe("what is no JSON", () => {
  it("is told of a filter in a body that is long", async () => {
    const body = `{"filter":{"should":-Infinity},"with_payload":"${"x".repeat(70_000)}"}`;
    for (const operation of ["scrollPoints", "countPoints", "facet", "deletePoints"] as const)
      expect((await refusal(operation, "c", body))[0]).toBe(400);
  });
});

describe("a body with two faults", () => {
  const lengths = { indices: [1], values: [] };
  const sparse = { query: lengths, using: "s" };

  it.each([
    ["malformed", "and a broken rule is told of the first", 400, { ...sparse, limit: "a" }],
    ["malformed", "behind a broken rule, in a part of it", 400, { prefetch: sparse, query: true }],
    ["well formed", "and breaks a rule is told of that", 422, { ...sparse, limit: 0 }],
  ])("that is %s %s", async (_, _words, status, body) => {
    expect((await refusal("queryPoints", "c", body))[0]).toBe(status);
  });

  it("is told of them before the collection is looked for", async () => {
    const points = [{ id: 1, vector: { s: lengths } }];
    expect((await refusal("upsertPoints", "absent", { points }))[0]).toBe(422);
    expect((await refusal("upsertPoints", "absent", "{"))[0]).toBe(400);
    expect((await refusal("upsertPoints", "a/b", { points }))[0]).toBe(422);
    expect((await refusal("deletePoints", "absent", { points: [1] }))[0]).toBe(404);
  });

  it("of which a later operation of a batch has one changes nothing", async () => {
    const set_payload = { payload: { n: 2 }, points: [1] };
    const operations = [
      { set_payload },
      { upsert: { points: [{ id: 2, vector: { s: lengths } }] } },
    ];
    expect((await refusal("batchUpdate", "c", { operations }))[0]).toBe(422);
    expect(await ask("getPoint", "c", undefined, { id: "1" })).toMatchObject({ payload: { n: 1 } });
  });
});

describe("a change whose timeout is 0", () => {
  it("is told how it ended where that is known at once", async () => {
    const params = { timeout: "0" };
    const change = { payload: { n: 3 }, points: [1] };
    // A machine that stands still for a moment is not at once.
    const patience = { timeout: 30_000 };
    const told = expect.poll(() => ask("setPayload", "c", change, params), patience);
    await told.toMatchObject({ status: "completed" });
    const absent = { ...change, points: [9] };
    const refused = expect.poll(() => refusal("setPayload", "c", absent, params), patience);
    await refused.toEqual([404, "Not found: No point with id 9 found"]);
    expect(await ask("getPoint", "c", undefined, { id: "1" })).toMatchObject({ payload: { n: 3 } });
  });
});

describe("a payload's key", () => {
  it("of more steps than JSON has levels is refused, and changes beside it are made", async () => {
    const key = new Array(100_000).fill("a").join(".");
    const [deep, other] = await Promise.all([
      refusal("setPayload", "c", { points: [1], key, payload: { b: 1 } }),
      ask("setPayload", "c", { points: [1], key: "a.b", payload: { c: 1 } }),
    ]);
    expect(deep).toEqual([400, expect.stringContaining("recursion limit exceeded")]);
    expect(other).toMatchObject({ status: "completed" });
    expect(await ask("getPoint", "c", undefined, { id: "1" })).toMatchObject({
      payload: { n: 1, a: { b: { c: 1 } } },
    });
  });
});

describe("a question", () => {
  it("is given up after its timeout, and the next one is answered", async () => {
    const points = Array.from({ length: 20_000 }, (_, id) => ({ id, vector: [id, 1] }));
    await ask("upsertPoints", "c", { points });
    const query = { nearest: [1, 1], mmr: {} };
    const tookMs = await timeOf(async () => {
      expect(await refusal("queryPoints", "c", { query, limit: 20_000 }, { timeout: "1" })).toEqual(
        [408, "Timeout: Operation 'Search' timed out after 1s"],
      );
    });
    expect(tookMs).toBeLessThan(15_000);
    expect(await ask("countPoints", "c", {})).toEqual({ count: 20_000 });
  });
});

describe("names that every JavaScript object knows", () => {
  it.each(["constructor", "toString", "__proto__"])("%s is no term of a formula", async (name) => {
    const body = `{"prefetch":{},"query":{"formula":{"${name}":{"x":1}}}}`;
    expect(await refusal("queryPoints", "c", body)).toEqual([
      400,
      "Format error in JSON body: Expected some form of vector, id, or a type of query",
    ]);
  });

  it("are vectors' names as others are", async () => {
    const patch = { sparse_vectors: { constructor: {} } };
    expect(await refusal("updateCollection", "c", patch)).toEqual([
      400,
      "Wrong input: Not existing vector name error: constructor",
    ]);
    const dense = { dense: { size: 1, distance: "Dot" } };
    await ask("createVectorName", "c", dense, { vector_name: "constructor" });
    await ask("updateVectors", "c", { points: [{ id: 1, vector: { constructor: [2] } }] });
    const [point] = await ask("retrievePoints", "c", { ids: [1], with_vector: ["constructor"] });
    expect(point.vector).toEqual({ constructor: [2] });
  });
});
