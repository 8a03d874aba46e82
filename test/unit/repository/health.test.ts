import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRepository, VectorDBHealthCheck, type VectorRepository } from "../../../src/index.ts";
import { faultyRepository } from "../../support/faulty-repository.ts";
import { startStub } from "../../support/stub.ts";

let store: VectorRepository;

beforeAll(async () => {
  store = openRepository(":memory:");
  await store.createCollectionOptimized({ name: "notes", vectorSize: 3 });
  await store.bulkUpsertDocuments("notes", {
    operationType: "upsert",
    documents: [{ id: "a", embedding: [1, 0, 0] }],
    tenantId: "acme",
  });
});

afterAll(() => store[Symbol.asyncDispose]());

describe("a health check", () => {
  it("finds a store that works healthy, with its points and the time of a search", async () => {
    const report = await new VectorDBHealthCheck(store, {
      collection: "notes",
      slowMs: 10_000,
      timeoutMs: 10_000,
    }).checkQdrantHealth();
    expect(report).toEqual({
      status: "healthy",
      qdrantStatus: "connected",
      collectionPoints: 1,
      searchLatencyMs: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it.each([
    ["slow", { collection: "notes", slowMs: 0 }, /took/],
    ["without the collection", { collection: "nowhere" }, /no collection "nowhere"/],
    ["at fault elsewhere", { also: () => ["A queue grows."] }, /A queue grows/],
  ])("finds a store that is %s degraded, and ready", async (_, options, words) => {
    const health = new VectorDBHealthCheck(store, {
      timeoutMs: 10_000,
      slowMs: 10_000,
      ...options,
    });
    const response = await health.readyz();
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "degraded",
      error: expect.stringMatching(words),
    });
  });

  it("answers in time where the server hangs: alive, and not ready", async () => {
    await using hanging = await startStub(() => undefined);
    await using repository = openRepository(hanging.url);
    const health = new VectorDBHealthCheck(repository, { collection: "notes", timeoutMs: 150 });
    const app = new Hono().get("/healthz", health.healthz).get("/readyz", health.readyz);
    const began = performance.now();
    const [alive, ready] = await Promise.all([app.request("/healthz"), app.request("/readyz")]);
    // The server never answers.
    expect(performance.now() - began).toBeLessThan(5000);
    expect([alive.status, ready.status]).toEqual([200, 503]);
    const report = { status: "unhealthy", qdrantStatus: "E_TIMEOUT", searchLatencyMs: null };
    expect(await ready.json()).toMatchObject(report);
    expect(await alive.json()).toMatchObject(report);
  });

  it.each([
    ["error", "E_UNREACHABLE"],
    ["silence", "E_TIMEOUT"],
  ] as const)("tells a store's %s by its code", async (fault, code) => {
    const faulty = faultyRepository(store);
    faulty.fault = fault;
    const health = new VectorDBHealthCheck(faulty.repository, { timeoutMs: 100 });
    expect(await health.checkQdrantHealth()).toMatchObject({
      status: "unhealthy",
      qdrantStatus: code,
    });
  });

  it("asks once for all that ask meanwhile", async () => {
    const faulty = faultyRepository(store);
    const health = new VectorDBHealthCheck(faulty.repository, { timeoutMs: 10_000 });
    await Promise.all(Array.from({ length: 20 }, () => health.checkQdrantHealth()));
    expect(faulty.calls).toEqual(["listCollections"]);
  });

  it("of a collection asks for that one alone, however many there are", async () => {
    const faulty = faultyRepository(store);
    const options = { collection: "notes", timeoutMs: 10_000, slowMs: 10_000 };
    const health = new VectorDBHealthCheck(faulty.repository, options);
    expect(await health.checkQdrantHealth()).toMatchObject({ status: "healthy" });
    expect(faulty.calls).not.toContain("listCollections");
  });
});
