/** What a long call leaves to others: questions are answered amid it, changes wait for it, and the caller of a change need not. */
import { expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import type { RestOperation } from "../../../src/engine/rest/request.ts";
import { askEngine, refusalOf } from "../../support/ask-engine.ts";
import { fastestMs } from "../../support/fastest.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";

async function filled(engine: Engine, points: number): Promise<void> {
  await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
  await engine.createPayloadIndex("c", "n", "integer");
  const ids = Array.from({ length: points }, (_, id) => String(id));
  const data = Float32Array.from(ids, Number);
  const vectors = new Map([["", { kind: "dense", dimension: 1, data, present: null } as const]]);
  await engine.upsert("c", { ids, vectors, payloads: ids.map(() => '{"n":0}') });
}

const withOne = { must: [{ key: "n", match: { value: 1 } }] };

it("questions are answered amid a long change, from what is changed by then, and changes after it", async () => {
  await using engine = await openEngine(":memory:");
  const points = 60_000;
  await filled(engine, points);
  let done = false;
  const change = engine.setPayload("c", { filter: {} }, '{"n":1}').then(() => {
    done = true;
  });
  const second = engine.setPayload("c", { ids: ["0"] }, '{"n":2}').then(() => {
    expect(done).toBe(true);
  });
  const amid: number[] = [];
  while (!done) {
    const { ids } = await engine.search("c", { vector: Float32Array.of(1), limit: 1 });
    expect(ids).toEqual([String(points - 1)]);
    amid.push(await engine.count("c", withOne));
  }
  await Promise.all([change, second]);
  const partly = amid.filter((count) => count > 0 && count < points);
  expect(partly.length).toBeGreaterThan(1);
  expect([...partly].sort((one, other) => one - other)).toEqual(partly);
  expect(await engine.count("c", withOne)).toBe(points - 1);
});

it("an index is made while questions are answered", async () => {
  await using engine = await openEngine(":memory:");
  await filled(engine, 10_000);
  let done = false;
  let amid = 0;
  const change = engine.createPayloadIndex("c", "n", "float").then(() => {
    done = true;
  });
  while (!done) {
    expect(await engine.count("c", withOne)).toBe(0);
    if (!done) amid += 1;
  }
  await change;
  expect(amid).toBeGreaterThan(0);
});

it("more requests than are taken in one go, amid a change, are all answered, changes in their order", async () => {
  await using engine = await openEngine(":memory:");
  await filled(engine, 10_000);
  const order: number[] = [];
  const change = engine.setPayload("c", { filter: {} }, '{"n":1}');
  const later = Array.from({ length: 200 }, async (_, at) => {
    if (at % 2 === 0) await engine.count("c");
    else {
      await engine.setPayload("c", { ids: [String(at)] }, `{"n":${at}}`);
      order.push(at);
    }
  });
  await Promise.all([change, ...later]);
  expect(order).toEqual([...order].sort((one, other) => one - other));
  expect(order.length).toBe(100);
});

it("who waits a second for a change that takes longer is told so, and the change is made as a whole", async () => {
  await using engine = await openEngine(":memory:");
  await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
  const ids = Array.from({ length: 20 }, (_, id) => String(id));
  const long = `{"l":[${"0,".repeat(20_000)}0]}`;
  await engine.upsert("c", { ids, vectors: new Map(), payloads: ids.map(() => long) });
  const change = { payload: {}, key: "l[]", filter: {} };
  const params = { wait: "true", timeout: "1" };
  const batchOf = (length: number) => ({
    operations: Array.from({ length }, () => ({ set_payload: change })),
  });
  const once = () => engine.setPayload("c", { filter: {} }, "{}", { key: "l[]" });
  const length = Math.ceil(4_000 / (await fastestMs(once)));
  const told = await askEngine(engine, "batchUpdate", "c", batchOf(length), params);
  const late = { status: "wait_timeout", operation_id: expect.any(Number) };
  expect(told).toEqual(batchOf(length).operations.map(() => late));
  let waited = false;
  const next = engine.setPayload("c", { ids: ["0"] }, '{"m":1}').then(() => {
    waited = true;
  });
  await engine.listCollections();
  expect(waited).toBe(false);
  await next;
  const { payloads } = await engine.retrieve("c", ids);
  for (const payload of payloads) expect(payload?.startsWith('{"l":[{},{},')).toBe(true);
  const small = { payload: { m: 2 }, points: [1] };
  expect(await askEngine(engine, "setPayload", "c", small, params)).toMatchObject({
    status: "completed",
  });
}, 60_000);

type WaitingCall = [
  operation: RestOperation,
  body?: unknown,
  more?: Record<string, string>,
  collection?: string,
];

/** A change that takes a few seconds, and makes nothing of the points. */
async function longChange(engine: Engine): Promise<() => Promise<unknown>> {
  const slow = (conditions: number) => ({
    should: Array.from({ length: conditions }, (_, n) => ({ key: "t", match: { text: `y${n}` } })),
  });
  await engine.setPayload("c", { filter: {} }, JSON.stringify({ t: "x ".repeat(50) }));
  const quickMs = await fastestMs(() => engine.count("c", slow(100)));
  const conditions = Math.ceil((100 * 4_000) / quickMs);
  return () => engine.deletePoints("c", { filter: slow(conditions) });
}

it("a change that waits for its turn is waited for as long as its caller said, from when it came", async () => {
  await using engine = await openEngine(":memory:");
  await filled(engine, 2_000);
  const change = await longChange(engine);
  let done = false;
  const long = change().then(() => {
    done = true;
  });
  const ask = async (...[operation, body, more, collection = "c"]: WaitingCall) => [
    await refusalOf(engine, operation, collection, body, { timeout: "1", ...more }),
    done,
  ];
  const point = (id: number, vector = [1]) => ({ points: [{ id, vector }] });
  const batch = (...operations: object[]) => ({ operations });
  const data = Float32Array.of(1);
  const vectors = new Map([["", { kind: "dense", dimension: 1, data, present: null } as const]]);
  const columns = { ids: ["6001"], vectors, payloads: [null] };
  const own = async (answer: Promise<unknown>) => [await answer, done];
  const answers = await Promise.all([
    ask("upsertPoints", point(5_000)),
    ask("deletePoints", { points: [1] }),
    ask("setPayload", { payload: { n: 1 }, points: [0] }),
    ask("batchUpdate", batch({ delete: { points: [2] } }, { upsert: point(6_000) })),
    ask("createPayloadIndex", { field_name: "k", field_schema: "bool" }),
    ask("deletePayloadIndex", undefined, { field_name: "n" }),
    own(engine.upsert("c", columns, { timeoutSeconds: 1 })),
    own(engine.deletePoints("c", { ids: ["3"] }, { timeoutSeconds: 1 })),
    ask("upsertPoints", { points: [{ id: 7_000 }] }),
    ask("upsertPoints", point(7_000, [1, 2])),
    ask("batchUpdate", batch({ delete: { points: [4] } }, { upsert: point(7_000, [1, 2]) })),
    ask("setPayload", { payload: {}, points: [0] }, {}, "none"),
    ask("createVectorName", { dense: { size: 2, distance: "Dot" } }, { vector_name: "two" }),
    ask("upsertPoints", { points: [{ id: 8_000, vector: { two: [1, 2] } }] }),
  ]);
  const late = [200, expect.stringContaining('"status":"wait_timeout"')];
  const wide = [400, expect.stringContaining("expected dim: 1, got 2")];
  expect(answers).toEqual([
    ...Array.from({ length: 6 }, () => [late, false]),
    ["wait_timeout", false],
    ["wait_timeout", false],
    // What is made before may mend a fault: its own turn says.
    [[400, expect.stringContaining("missing field `vector`")], true],
    [wide, true],
    [wide, true],
    [[404, expect.stringContaining("none")], true],
    [late, false],
    [[200, expect.stringContaining('"status":"completed"')], true],
  ]);
  expect(answers[3]?.[0]).toHaveProperty("1", expect.stringMatching(/wait_timeout.*wait_timeout/));
  await long;
  await engine.setPayload("c", { ids: ["0"] }, '{"m":1}');
  // Of a batch that is refused, what stands before the fault is made.
  const ids = ["1", "2", "3", "4", "5000", "6000", "6001", "7000", "8000"];
  expect((await engine.retrieve("c", ids)).ids).toEqual(["5000", "6000", "6001", "8000"]);
  expect(await engine.count("c", withOne)).toBe(1);
  expect(Object.keys((await engine.getCollection("c")).payload_schema)).toEqual(["k"]);
}, 60_000);

it("short questions are answered amid a long one, which comes to its end, and changes wait for it", async () => {
  await using engine = await openEngine(":memory:");
  const points = 20_000;
  await filled(engine, points);
  let done = false;
  const query = {
    recommend: { positive: Array.from({ length: 300 }, (_, id) => id), strategy: "best_score" },
  };
  const long = askEngine(engine, "queryPoints", "c", {
    query,
    limit: points,
    with_vector: true,
  }).then((result) => {
    done = true;
    return result as { points: { id: number }[] };
  });
  const change = engine
    .setPayload("c", { ids: ["0"] }, '{"n":1}')
    .then(() => expect(done).toBe(true));
  let amid = 0;
  while (!done) {
    expect(await engine.count("c", withOne)).toBe(done ? 1 : 0);
    expect((await engine.scroll("c", { limit: 3 })).ids).toEqual(["0", "1", "2"]);
    if (!done) amid += 1;
  }
  expect(amid).toBeGreaterThan(1);
  expect((await long).points.length).toBe(points - 300);
  await change;
});

it("a page goes on where it was after other collections, more than are kept open, were read amid it", async () => {
  await using engine = await openEngine(scratchFolder());
  await filled(engine, 20_000);
  const others = Array.from({ length: 70 }, (_, at) => `other-${at}`);
  for (const name of others)
    await engine.createCollection(name, { vectors: { size: 1, distance: "Dot" } });
  const slow = {
    should: Array.from({ length: 100 }, (_, n) => ({ key: `m${n}`, match: { text: "x" } })),
  };
  const filter = { must_not: [slow] };
  let done = false;
  const page = engine.scroll("c", { limit: 20_000, filter }).then(({ ids }) => {
    done = true;
    return ids;
  });
  let amid = 0;
  while (!done) {
    const ask = async (name: string) => {
      await engine.scroll(name);
      if (!done) amid += 1;
    };
    // Those that were made last are open yet, and are answered at once.
    await Promise.all(others.reverse().map(ask));
  }
  expect(amid).toBeGreaterThan(65);
  expect(await page).toEqual(Array.from({ length: 20_000 }, (_, id) => String(id)));
});
