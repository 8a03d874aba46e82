import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import type { CollectionSpec } from "../../src/model/collection.ts";
import { batchOf, testSpec } from "../../src/testing/target-records.ts";
import { type Stub, type StubAnswer, type StubHandler, startStub } from "../support/stub.ts";

const ok = (result: unknown): StubAnswer => ({ body: { result, status: "ok", time: 0 } });
const refused = (status: number, error: string): StubAnswer => ({
  status,
  body: { status: { error }, time: 0 },
});
const done = ok({ operation_id: 1, status: "completed" });
const described = ok({
  status: "green",
  points_count: 0,
  config: { params: { vectors: { size: 3, distance: "Euclid" } } },
  payload_schema: {},
});

/** A Qdrant with one empty collection of any name; `fault` answers points requests before it. */
function qdrant(fault: StubHandler): Promise<Stub> {
  return startStub((request, response) => {
    const { method, path } = request;
    if (path === "/")
      return { body: { title: "qdrant - vector search engine", version: "1.18.2" } };
    if (path === "/collections") return ok({ collections: [{ name: "there" }] });
    if (path === "/aliases") return ok({ aliases: [] });
    if (path.includes("/points")) return fault(request, response);
    return method === "GET" ? described : ok(true);
  });
}

/** Answers each request with the next of `answers`; the last one stays. */
function inTurn(
  ...answers: readonly (StubAnswer | ((response: ServerResponse) => void))[]
): StubHandler {
  let turn = 0;
  return (_request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    if (typeof answer !== "function") return answer;
    answer(response);
    return undefined;
  };
}

const spec: CollectionSpec = testSpec({ name: "there" });
const batch = batchOf([{ id: "a", vector: [1, 2, 3] }]);

async function writeTo(stub: Stub, options: { timeoutMs?: number } = {}): Promise<number> {
  await using store = await openQdrant({ url: stub.url }, options);
  await store.write(spec, batch);
  return stub.requests.filter(({ path }) => path.includes("/points")).length;
}

describe("a write to a Qdrant that fails for a while", () => {
  it.each([
    ["429", { status: 429, headers: { "retry-after": "0" }, body: "" }],
    ["500", refused(500, "Service internal error")],
    ["502 with a page", { status: 502, body: "<html>Bad gateway</html>" }],
    ["503", { status: 503, body: "" }],
    ["504", { status: 504, body: "" }],
    ["408", refused(408, "Operation timed out")],
    ["a 404 of a proxy", { status: 404, body: "<html>no such host</html>" }],
    ["200 with a page", { status: 200, body: "<html>Please log in</html>" }],
  ])("succeeds after %s", async (_name, answer) => {
    await using stub = await qdrant(inTurn(answer, done));
    expect(await writeTo(stub)).toBe(2);
  });

  it("succeeds after a reset", async () => {
    await using stub = await qdrant(inTurn((response) => response.socket?.resetAndDestroy(), done));
    expect(await writeTo(stub)).toBe(2);
  });

  it("succeeds after an answer that was cut short", async () => {
    const cut = (response: ServerResponse): void => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"result":{"status":"completed"}');
      setTimeout(() => response.destroy(), 20);
    };
    await using stub = await qdrant(inTurn(cut, done));
    expect(await writeTo(stub)).toBe(2);
  });

  it("succeeds after an answer that stalls", async () => {
    await using stub = await qdrant(inTurn((response) => response.writeHead(200).write("{"), done));
    expect(await writeTo(stub, { timeoutMs: 200 })).toBe(2);
  });

  it("waits as long as Retry-After says, and tells of the retry", async () => {
    const busy = { status: 429, headers: { "retry-after": "1" }, body: "" };
    await using stub = await qdrant(inTurn(busy, done));
    const told: unknown[] = [];
    await using store = await openQdrant(
      { url: stub.url },
      { onRetry: (error, failed, waitMs) => told.push([error.code, failed, waitMs >= 1000]) },
    );
    const start = Date.now();
    await store.write(spec, batch);
    expect(Date.now() - start).toBeGreaterThanOrEqual(990);
    expect(told).toEqual([["E_RATE_LIMITED", 1, true]]);
  });

  it("gives up after seven attempts with the last error", { timeout: 60_000 }, async () => {
    await using stub = await qdrant(inTurn(refused(500, "Service internal error: disk")));
    await expect(writeTo(stub)).rejects.toMatchObject({
      code: "E_SERVER",
      retryable: true,
      message: expect.stringContaining("Service internal error: disk"),
    });
    expect(stub.requests.filter(({ path }) => path.includes("/points"))).toHaveLength(7);
  });

  it("does not wait when it is aborted", async () => {
    const busy = { status: 429, headers: { "retry-after": "100" }, body: "" };
    await using stub = await qdrant(inTurn(busy));
    await using store = await openQdrant({ url: stub.url });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const { signal } = controller;
    await expect(store.write(spec, batch, { signal })).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});

describe("a write that Qdrant refuses for good", () => {
  it.each([
    [refused(400, "Wrong input: expected dim: 4"), "E_REJECTED", "Wrong input: expected dim: 4"],
    [refused(422, "Validation error in body"), "E_REJECTED", "Validation error in body"],
    [{ status: 413, body: "too large" }, "E_REJECTED", "413"],
    [refused(403, "Forbidden: read-only"), "E_AUTH", "Forbidden"],
    [{ status: 507, body: "" }, "E_SERVER", "507"],
    [refused(404, "Not found: Collection `there`"), "E_COLLECTION_NOT_FOUND", '"there"'],
  ] as const)("is not tried again: %j", async (answer, code, words) => {
    await using stub = await qdrant(inTurn(answer));
    await expect(writeTo(stub)).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringContaining(words),
    });
    expect(stub.requests.filter(({ path }) => path.includes("/points"))).toHaveLength(1);
  });

  it("is tried again where the server answers before the write is done", async () => {
    await using stub = await qdrant(inTurn(ok({ operation_id: 1, status: "acknowledged" })));
    await expect(writeTo(stub)).rejects.toMatchObject({ code: "E_TIMEOUT", retryable: true });
  });
});

describe("an answer that is not as Qdrant gives it", () => {
  const page = (points: string): string =>
    `{"result":{"points":[${points}],"next_page_offset":null},"status":"ok","time":0}`;

  it.each([
    ["a vector that is too short", '{"id":1,"payload":{},"vector":[1,2]}'],
    ["a vector of words", '{"id":1,"payload":{},"vector":["a",2,3]}'],
    ["a point without id", '{"payload":{},"vector":[1,2,3]}'],
    ["half a point", '{"id":1,"payload":{'],
  ])("is refused: %s", async (_name, point) => {
    await using stub = await qdrant(inTurn({ body: page(point) }));
    await using store = await openQdrant({ url: stub.url });
    const [collection] = await store.collections();
    if (collection === undefined) throw new Error("no collection");
    const scan = async (): Promise<void> => {
      for await (const found of store.scan(collection)) expect(found).toBeUndefined();
    };
    await expect(scan()).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
  });
});
