/** Points that a query names, and that are not there or lack the vector, over the REST door. */
import { expect, it } from "vitest";
import { openEngine } from "../../../../src/engine/index.ts";
import { createServer } from "../../../../src/server/index.ts";

it("take an absent point for one without vectors in query/groups, and refuse it in recommend/groups", async () => {
  await using engine = await openEngine(":memory:");
  const app = createServer(engine, { checkHost: false });
  const ask = async (method: string, path: string, body: unknown) => {
    const text = JSON.stringify(body);
    const response = await app.request(`/collections/c${path}`, { method, body: text });
    return { status: response.status, answer: await response.json() };
  };
  await ask("PUT", "", { vectors: { size: 2, distance: "Dot" } });
  const points = [
    { id: 1, vector: [1, 2], payload: { g: "a" } },
    { id: 2, vector: [1, 2], payload: { g: "b" } },
  ];
  await ask("PUT", "/points?wait=true", { points });
  const absent = { recommend: { positive: [1, 9], strategy: "best_score" } };
  expect(await ask("POST", "/points/query/groups", { query: absent, group_by: "g" })).toMatchObject(
    {
      status: 200,
      answer: { result: { groups: [{ id: "b", hits: [{ id: 2 }] }] } },
    },
  );
  expect(await ask("POST", "/points/query/groups", { query: 9, group_by: "g" })).toMatchObject({
    status: 404,
    answer: { status: { error: 'Not found: Vector with name "" for point not found' } },
  });
  const legacy = { positive: [9], group_by: "g", group_size: 1, limit: 1 };
  expect(await ask("POST", "/points/recommend/groups", legacy)).toMatchObject({
    status: 404,
    answer: { status: { error: "Not found: No point with id 9 found" } },
  });
});

it("without the vector are no target of the older discover, which goes by the context alone", async () => {
  await using engine = await openEngine(":memory:");
  const app = createServer(engine, { checkHost: false });
  const ask = async (method: string, path: string, body: unknown) => {
    const text = JSON.stringify(body);
    const response = await app.request(`/collections/c${path}`, { method, body: text });
    return { status: response.status, answer: await response.json() };
  };
  const two = { size: 2, distance: "Dot" };
  await ask("PUT", "", { vectors: { a: two, b: two } });
  const points = [
    { id: 1, vector: { b: [1, 2] } },
    { id: 2, vector: { a: [1, 2] } },
  ];
  await ask("PUT", "/points?wait=true", { points });
  const context = [{ positive: [0, 1], negative: [1, 0] }];
  expect(
    await ask("POST", "/points/discover", { target: 1, context, using: "a", limit: 3 }),
  ).toMatchObject({ status: 200, answer: { result: [{ id: 2, score: 0 }] } });
  const query = { discover: { target: 1, context } };
  expect(await ask("POST", "/points/query", { query, using: "a" })).toMatchObject({ status: 404 });
});
