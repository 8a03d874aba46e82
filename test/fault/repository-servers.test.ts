import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Engine,
  openEngine,
  QdrantRepository,
  type Serving,
  serve,
  type VectorRepository,
} from "../../src/index.ts";
import {
  type Instead,
  type InsteadOfAnswer,
  startProxy,
  type TestProxy,
} from "../support/proxy.ts";

/** The calls of a repository beside a server that answers badly, or not at all. */
let engine: Engine;
let server: Serving;
let proxy: TestProxy;
let repository: VectorRepository;

const repositoryAt = ({ url }: TestProxy) =>
  new QdrantRepository({ url, grpcPort: "off", timeoutMs: 500 });

beforeAll(async () => {
  engine = await openEngine(":memory:");
  server = await serve(engine, { port: 0, grpcPort: null });
  proxy = await startProxy(server.url);
  repository = repositoryAt(proxy);
  await repository.createCollectionOptimized({ name: "notes", vectorSize: 2 });
  await write();
});

beforeEach(() => {
  proxy.rules = {};
  proxy.requests.length = 0;
});

afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await server.close();
  await engine.close();
});

const tenantId = "acme";
const write = () =>
  repository.bulkUpsertDocuments("notes", {
    operationType: "upsert",
    documents: [{ id: "a", content: "on looms", embedding: [1, 0] }],
    tenantId,
  });

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  search: () =>
    repository.semanticSearchAdvanced({
      queryEmbedding: [1, 0],
      collectionName: "notes",
      tenantId,
    }),
  get: () => repository.getDocuments("notes", { tenantId, ids: ["a"] }),
  count: () => repository.countDocuments("notes", { tenantId }),
  write,
  delete: () => repository.deleteDocuments("notes", { tenantId, ids: ["nobody"] }),
};

/** What the server does, and whether asking again can help. */
const faults: Readonly<
  Record<string, { before?: Instead; after?: InsteadOfAnswer; code: string; again: boolean }>
> = {
  "answers what is no JSON": {
    before: { status: 200, body: "<html>" },
    code: "E_BAD_RESPONSE",
    again: true,
  },
  "answers JSON that is no answer": {
    before: { status: 200, body: '{"result":{"points":7},"status":"ok","time":0}' },
    code: "E_BAD_RESPONSE",
    again: false,
  },
  "cuts an answer short": { after: "cut", code: "E_BAD_RESPONSE", again: true },
  "closes the connection": { before: "reset", code: "E_UNREACHABLE", again: true },
  "never answers": { before: "silence", code: "E_TIMEOUT", again: true },
  "stops in the middle of an answer": { after: "stall", code: "E_TIMEOUT", again: true },
  "is overloaded": { before: { status: 503, body: "busy" }, code: "E_SERVER", again: true },
  "has too many requests": {
    before: { status: 429, body: "{}", headers: { "retry-after": "0" } },
    code: "E_RATE_LIMITED",
    again: true,
  },
  "wants another key": {
    before: { status: 401, body: '{"status":{"error":"no"}}' },
    code: "E_AUTH",
    again: false,
  },
  refuses: {
    before: { status: 400, body: '{"status":{"error":"no"},"time":0}' },
    code: "E_REJECTED",
    again: false,
  },
};

const passing = Object.entries(faults).filter(([, { again }]) => again);
const lasting = Object.entries(faults).filter(([, { again }]) => !again);

/** The fault for the first `times` requests. */
function rulesOf({ before, after }: (typeof faults)[string], times: number) {
  let left = times;
  const some = <Fault>(fault: Fault | undefined): Fault | undefined => {
    if (fault === undefined || left === 0) return undefined;
    left -= 1;
    return fault;
  };
  return { before: () => some(before), after: () => some(after) };
}

describe.each(passing)("a server that %s", (_, fault) => {
  it.each(Object.entries(calls))("once is asked the same again: %s", async (_name, call) => {
    proxy.rules = rulesOf(fault, 1);
    await call();
    expect(proxy.requests.length).toBeGreaterThanOrEqual(2);
    expect(proxy.requests[1]).toEqual(proxy.requests[0]);
  });

  it("is not waited for longer than the caller's signal says", async () => {
    // A proxy of its own: what is still on its way when the caller goes reaches no other test.
    await using own = await startProxy(server.url);
    await using hurried = repositoryAt(own);
    const request = { queryEmbedding: [1, 0], collectionName: "notes", tenantId };
    await hurried.semanticSearchAdvanced(request);
    own.rules = rulesOf(fault, Number.POSITIVE_INFINITY);
    const began = performance.now();
    const signal = AbortSignal.timeout(50);
    await expect(hurried.semanticSearchAdvanced(request, { signal })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  // Every wait between two of the seven requests: half a minute for all.
  it.skipIf(process.env["VECFERRY_LONG"] === undefined)(
    "again and again ends in a typed error, after a bounded number of requests (VECFERRY_LONG)",
    async () => {
      proxy.rules = rulesOf(fault, Number.POSITIVE_INFINITY);
      const { code } = fault;
      await expect(calls["search"]?.()).rejects.toMatchObject({ name: "VectorError", code });
      expect(proxy.requests.length).toBeLessThanOrEqual(7);
    },
    60_000,
  );
});

describe.each(lasting)("a server that %s", (_, fault) => {
  it.each(Object.entries(calls))("is not asked again: %s", async (_name, call) => {
    proxy.rules = rulesOf(fault, 1);
    const { code } = fault;
    await expect(call()).rejects.toMatchObject({ name: "VectorError", code });
    expect(proxy.requests).toHaveLength(1);
  });
});

describe("what is the caller's own fault", () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      "a query of another dimension",
      () =>
        repository.semanticSearchAdvanced({
          queryEmbedding: [1],
          collectionName: "notes",
          tenantId,
        }),
      "E_DIMENSION",
    ],
    [
      "a query that is no number",
      () =>
        repository.semanticSearchAdvanced({
          queryEmbedding: [Number.NaN, 0],
          collectionName: "notes",
          tenantId,
        }),
      "E_INPUT",
    ],
    ["no tenant", () => repository.countDocuments("notes", { tenantId: " " }), "E_TENANT"],
    [
      "an unknown collection",
      () => repository.countDocuments("nowhere", { tenantId }),
      "E_COLLECTION_NOT_FOUND",
    ],
  ])("%s costs at most one question", async (_, call, code) => {
    await expect(call()).rejects.toMatchObject({ code });
    expect(proxy.requests.length).toBeLessThanOrEqual(1);
  });
});
