import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import type { HybridVectorService, VectorRepository } from "../../../src/index.ts";
import {
  collection,
  openHybrid,
  other,
  qdrant,
  stores,
  tenantId,
} from "../../support/hybrid-scene.ts";

const document = (id: string, content = id) => ({
  id,
  content,
  embedding: [1, 0, 0],
  metadata: { n: 2, f: 2.5, big: 2n ** 60n },
});
const write = (
  hybrid: HybridVectorService,
  operationType: "insert" | "upsert" | "update" | "delete",
  ...documents: ReturnType<typeof document>[]
) => hybrid.bulkUpsertDocuments(collection, { operationType, documents, tenantId });
const search = (hybrid: HybridVectorService) =>
  hybrid.semanticSearchAdvanced({
    queryEmbedding: [1, 0, 0],
    collectionName: collection,
    tenantId,
  });

async function contentsOf(repository: VectorRepository) {
  const found: Record<string, unknown> = {};
  for await (const one of repository.scanDocuments(collection, { tenantId })) {
    found[one.id] = [one.content, one.createdAt, one.metadata];
  }
  return found;
}

const contents = (id: string, content = id) => ({
  [id]: [content, expect.any(String), { n: 2, f: 2.5, big: 2n ** 60n }],
});

async function expectAlike(expected: object): Promise<void> {
  expect(await contentsOf(stores.qdrant)).toEqual(expected);
  expect(await contentsOf(stores.other)).toEqual(await contentsOf(stores.qdrant));
}

describe("writes to both stores", () => {
  it("are taken by both, with one time of making, and nothing waits", async () => {
    await using hybrid = await openHybrid();
    const result = await write(hybrid, "upsert", document("a"), document("b"), document("a"));
    const none = { taken: 2, queued: 0, failed: [] };
    expect(result).toEqual({
      totalProcessed: 2,
      failed: [expect.objectContaining({ id: "a", code: "E_INPUT" })],
      stores: { qdrant: none, other: none },
    });
    await expectAlike({ ...contents("a"), ...contents("b") });
    expect(hybrid.status().stores.other.waiting).toBe(0);
  });

  it.each(["error", "late", "silence"] as const)(
    "wait for the second store, where that ends in %s",
    async (fault) => {
      await using hybrid = await openHybrid();
      await write(hybrid, "upsert", document("a"), document("b"));
      other.fault = fault;
      const result = await write(hybrid, "upsert", document("a", "new"), document("c"));
      expect(result.totalProcessed).toBe(2);
      expect(result.stores.other).toEqual({ taken: 0, queued: 2, failed: [] });
      await write(hybrid, "delete", document("b"));
      other.fault = "none";
      const { stores: after } = await hybrid.catchUp();
      expect(after.other.waiting).toBe(0);
      await expectAlike({ ...contents("a", "new"), ...contents("c") });
    },
  );

  it.each(["error", "late", "silence"] as const)(
    "are decided by the second store, where the first ends in %s",
    async (fault) => {
      await using hybrid = await openHybrid();
      await write(hybrid, "upsert", document("a"));
      qdrant.fault = fault;
      const result = await write(hybrid, "upsert", document("a", "new"), document("b"));
      expect(result.stores.qdrant).toEqual({ taken: 0, queued: 2, failed: [] });
      expect(result.stores.other).toEqual({ taken: 2, queued: 0, failed: [] });
      // Read before the first has been told, it is the second that answers.
      qdrant.fault = "none";
      expect((await search(hybrid)).map((one) => one.document.content).sort()).toEqual([
        "b",
        "new",
      ]);
      await write(hybrid, "upsert", document("a", "newer"));
      await hybrid.catchUp();
      await expectAlike({ ...contents("a", "newer"), ...contents("b") });
    },
  );

  it("are of the documents as they were when the call was made, whatever becomes of them meanwhile", async () => {
    await using hybrid = await openHybrid();
    const given = { ...document("1", "then"), createdAt: "2026-01-02T03:04:05.000Z" };
    const writing = write(hybrid, "upsert", given);
    given.content = "later";
    await writing;
    const which = { tenantId, ids: ["1"] };
    for (const repository of [stores.qdrant, stores.other])
      expect(await repository.getDocuments(collection, which)).toMatchObject([{ content: "then" }]);
  });

  it("fail with the store's error where neither takes them, and both are alike in the end", async () => {
    await using hybrid = await openHybrid({ breaker: { failures: 1000 } });
    for (const faults of [
      ["error", "error"],
      ["late", "error"],
      ["late", "late"],
      ["error", "late"],
    ] as const) {
      [qdrant.fault, other.fault] = faults;
      await expect(write(hybrid, "upsert", document(faults.join()))).rejects.toMatchObject({
        code: expect.stringMatching(/E_UNREACHABLE|E_TIMEOUT/),
      });
      qdrant.fault = "none";
      other.fault = "none";
      await hybrid.catchUp();
      expect(await contentsOf(stores.other)).toEqual(await contentsOf(stores.qdrant));
      expect(hybrid.status().stores).toMatchObject({
        qdrant: { waiting: 0 },
        other: { waiting: 0 },
      });
    }
  });

  it("are decided once: what one store has is not inserted into the other", async () => {
    await using hybrid = await openHybrid();
    await write(hybrid, "insert", document("a"));
    const again = await write(hybrid, "insert", document("a", "new"), document("b"));
    expect(again.failed).toEqual([expect.objectContaining({ id: "a", code: "E_DOCUMENT_EXISTS" })]);
    await write(hybrid, "update", document("b", "new"), document("c"));
    await expectAlike({ ...contents("a"), ...contents("b", "new") });
    expect(hybrid.status().stores.other.waiting).toBe(0);
  });

  it("are refused for their own fault at once, and nothing waits", async () => {
    await using hybrid = await openHybrid();
    const wrong = { ...document("a"), embedding: [1, 0] };
    const result = await write(hybrid, "upsert", wrong, document("b"));
    expect(result.failed).toEqual([expect.objectContaining({ id: "a", code: "E_DIMENSION" })]);
    await expect(
      hybrid.bulkUpsertDocuments("nowhere", {
        operationType: "upsert",
        documents: [document("a")],
        tenantId,
      }),
    ).rejects.toMatchObject({ code: "E_COLLECTION_NOT_FOUND" });
    expect(hybrid.status().stores).toMatchObject({ qdrant: { waiting: 0 }, other: { waiting: 0 } });
  });

  it("name what the second store will not take, and tell it when that is mended", async () => {
    await stores.other.deleteCollection(collection);
    await using hybrid = await openHybrid();
    const { stores: took } = await write(hybrid, "upsert", document("a"));
    expect(took.qdrant.taken).toBe(1);
    expect(took.other.failed).toEqual([
      expect.objectContaining({ id: "a", code: "E_COLLECTION_NOT_FOUND" }),
    ]);
    expect(hybrid.refused("other")).toEqual([
      { collection, tenant: tenantId, id: "a", code: "E_COLLECTION_NOT_FOUND" },
    ]);
    await stores.other.createCollectionOptimized({ name: collection, vectorSize: 3 });
    hybrid.retryRefused();
    await hybrid.catchUp();
    await expectAlike(contents("a"));
  });

  it("are refused before they begin when the queue is full", async () => {
    await using hybrid = await openHybrid({ queueMax: 2 });
    other.fault = "error";
    await write(hybrid, "upsert", document("a"), document("b"));
    await expect(write(hybrid, "upsert", document("c"))).rejects.toMatchObject({
      code: "E_QUEUE_FULL",
    });
    await write(hybrid, "upsert", document("a", "new"));
    expect(Object.keys(await contentsOf(stores.qdrant)).sort()).toEqual(["a", "b"]);
  });

  it("to one document come in order, however many are under way", async () => {
    await using hybrid = await openHybrid();
    const writes = Array.from({ length: 30 }, (_, n) => {
      other.fault = n % 3 === 0 ? "error" : "none";
      return write(hybrid, "upsert", document("a", `${n}`), document("b", `${n}`));
    });
    await Promise.all(writes);
    other.fault = "none";
    await hybrid.catchUp();
    await expectAlike({ ...contents("a", "29"), ...contents("b", "29") });
  });

  it("delete what meets a filter in both, also what the first has not", async () => {
    await using hybrid = await openHybrid();
    await write(hybrid, "upsert", document("a"), {
      ...document("b"),
      metadata: { n: 3, f: 1, big: 1n },
    });
    await stores.other.bulkUpsertDocuments(collection, {
      operationType: "upsert",
      documents: [document("c")],
      tenantId,
    });
    await hybrid.deleteDocuments(collection, { tenantId, metadataFilter: { n: 2 } });
    expect(Object.keys(await contentsOf(stores.qdrant))).toEqual(["b"]);
    expect(Object.keys(await contentsOf(stores.other))).toEqual(["b"]);
  });
});

describe("reads", () => {
  it.each([
    ["error", "error"],
    ["silence", "timeout"],
  ] as const)("fall back on %s, and from an open circuit", async (fault, reason) => {
    const metrics = new Registry();
    await using hybrid = await openHybrid({ metrics, breaker: { failures: 2, resetMs: 60_000 } });
    await write(hybrid, "upsert", document("a"));
    qdrant.fault = fault;
    for (let at = 0; at < 3; at += 1) expect(await search(hybrid)).toHaveLength(1);
    const text = await metrics.metrics();
    expect(text).toContain(`vector_fallback_reads_total{reason="${reason}"} 2`);
    expect(text).toContain(`vector_fallback_reads_total{reason="circuit_open"} 1`);
    expect(text).toContain(`vector_fallback_circuit_state{store="qdrant"} 2`);
    expect(text).toContain(`vector_hybrid_reads_total{store="other"} 3`);
    expect(qdrant.calls.filter((name) => name === "semanticSearchAdvanced")).toHaveLength(2);
    expect(await hybrid.countDocuments(collection, { tenantId })).toBe(1);
    const scanned = [];
    for await (const { id } of hybrid.scanDocuments(collection, { tenantId })) scanned.push(id);
    expect(scanned).toEqual(["a"]);
  });

  it("go to the store that useQdrant or USE_QDRANT names", async () => {
    process.env["USE_QDRANT"] = "false";
    try {
      await using hybrid = await openHybrid({ writes: "one" });
      await write(hybrid, "upsert", document("a"));
      expect(await contentsOf(stores.qdrant)).toEqual({});
      expect(await search(hybrid)).toHaveLength(1);
      expect(qdrant.calls).toEqual([]);
    } finally {
      delete process.env["USE_QDRANT"];
    }
  });

  it("throw the question's own fault without asking the other, and the store's where neither answers", async () => {
    await using hybrid = await openHybrid();
    const request = { queryEmbedding: [1, 0], collectionName: collection, tenantId };
    await expect(hybrid.semanticSearchAdvanced(request)).rejects.toMatchObject({
      code: "E_DIMENSION",
    });
    expect(other.calls).toEqual([]);
    qdrant.fault = "error";
    other.fault = "silence";
    await expect(search(hybrid)).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      details: { second: "E_TIMEOUT" },
    });
  });

  it("of a share are asked of the second store too, and its faults are not heard", async () => {
    const metrics = new Registry();
    await using hybrid = await openHybrid({ metrics, shadow: 1, shadowInFlightMax: 2 });
    await write(hybrid, "upsert", document("a"));
    await stores.qdrant.bulkUpsertDocuments(collection, {
      operationType: "upsert",
      documents: [document("b")],
      tenantId,
    });
    expect(await search(hybrid)).toHaveLength(2);
    const line = async (start: string) =>
      (await metrics.metrics()).split("\n").find((one) => one.startsWith(start));
    await expect
      .poll(() => line("vector_shadow_overlap_ratio_sum"))
      .toBe("vector_shadow_overlap_ratio_sum 0.5");
    other.fault = "silence";
    const began = performance.now();
    for (let at = 0; at < 5; at += 1) expect(await search(hybrid)).toHaveLength(2);
    // One wait for the other would take as long by itself.
    expect(performance.now() - began).toBeLessThan(3000);
    await expect.poll(() => line('vector_shadow_reads_total{status="error"}')).toContain(" 2");
    expect(await line('vector_shadow_reads_total{status="skipped"}')).toContain(" 3");
    expect(hybrid.status().stores.other.circuit).toBe("closed");
  });

  it("of a tenant's service are those of the hybrid", async () => {
    const metrics = new Registry();
    await using hybrid = await openHybrid({ metrics });
    await using notes = hybrid.tenant(tenantId, { collection });
    await notes.addDocuments([document("a")]);
    qdrant.fault = "error";
    expect(await notes.semanticSearch({ queryEmbedding: [1, 0, 0] })).toHaveLength(1);
    expect(await metrics.metrics()).toContain(
      'vector_search_requests_total{tenant_id="acme",status="success"} 1',
    );
  });
});
