/** The repository over an embedded store whose methods are in other hands. */
import { setImmediate } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import { VectorError } from "../../../src/errors.ts";
import { tenantPointId } from "../../../src/model/point-id.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { createVectorService } from "../../../src/repository/service.ts";
import { StoreRepository } from "../../../src/repository/store-repository.ts";
import type { DocumentStore } from "../../../src/store/documents.ts";
import { batchOf, sourceNote, testRun, testSpec } from "../../../src/testing/target-records.ts";
import { abortError } from "../../../src/util/abort.ts";
import { leftOpen } from "../../support/left-open.ts";
import { overridden } from "../../support/overridden.ts";
import { promisesMade } from "../../support/promises.ts";

const opened = await openEmbedded(":memory:");
afterAll(() => opened[Symbol.asyncDispose]());
const embedded = leftOpen(opened);

let made = 0;
/** A new collection, by a repository over the store with some methods in other hands. */
async function scene(methods: Partial<DocumentStore> = {}) {
  const repository = StoreRepository.over(overridden(embedded, methods));
  made += 1;
  const collection = `scene-${made}`;
  await repository.createCollectionOptimized({ name: collection, vectorSize: 2 });
  const upsert = (
    documents: readonly { id: string; embedding: number[] }[],
    signal?: AbortSignal,
  ) =>
    repository.bulkUpsertDocuments(
      collection,
      { operationType: "upsert", tenantId: "a", documents },
      signal ? { signal } : {},
    );
  const count = () => repository.countDocuments(collection, { tenantId: "a" });
  return { repository, collection, upsert, count };
}

const many = Array.from({ length: 1000 }, (_, row) => ({ id: `${row}`, embedding: [row, 1] }));
const coded = (code: string) => expect.objectContaining({ code });

describe("a search", () => {
  it("has nothing to wait for but its store, once that is open", async () => {
    const { repository, collection } = await scene({ search: async () => [] });
    const service = createVectorService(repository, { tenantId: "a", collection });
    const ask = () => service.semanticSearch({ queryEmbedding: [1, 2] });
    await ask();
    const rounds = 10;
    const promises = await promisesMade(async () => {
      for (let round = 0; round < rounds; round += 1) await ask();
    });
    expect(promises / rounds).toBeLessThan(20);
  });
});

describe("bulk operations", () => {
  it("go in batches that the store takes, no more in flight than it bears", async () => {
    let [flying, most] = [0, 0];
    const sizes: number[] = [];
    const { upsert, count } = await scene({
      capabilities: { ...embedded.capabilities, batchSizeMax: 70, concurrency: 3 },
      write: async (spec, batch, options) => {
        sizes.push(batch.ids.length);
        flying += 1;
        most = Math.max(most, flying);
        await embedded.write(spec, batch, options);
        flying -= 1;
      },
    });
    expect(await upsert(many)).toEqual({ totalProcessed: 1000, failed: [] });
    expect([Math.max(...sizes), sizes.length, most]).toEqual([70, 15, 3]);
    // The one that is not full goes first: the store is idle until it comes.
    expect(sizes[0]).toBe(20);
    expect(await count()).toBe(1000);
  });

  it("have sent the first batch before they make the second", async () => {
    const looked = new Set<number>();
    let lookedFirst = 0;
    const documents = many.map((document, row) => {
      const metadata = {
        get row() {
          looked.add(row);
          return row;
        },
      };
      return { ...document, metadata };
    });
    const { upsert } = await scene({
      capabilities: { ...embedded.capabilities, batchSizeMax: 250, concurrency: 3 },
      write: async () => {
        lookedFirst ||= looked.size;
      },
    });
    expect(await upsert(documents)).toEqual({ totalProcessed: 1000, failed: [] });
    expect([lookedFirst, looked.size]).toEqual([250, 1000]);
  });

  it("keep to the bytes that a request may have", async () => {
    const sizes: number[] = [];
    const { upsert } = await scene({
      capabilities: { ...embedded.capabilities, bodyBytesMax: 10_000 },
      write: async (_, { ids }) => void sizes.push(ids.length),
    });
    await upsert(many);
    // 24 bytes a component in JSON, and some 150 of id, tenant and date.
    expect(Math.max(...sizes)).toBeLessThan(10_000 / (2 * 24 + 150));
  });

  it("name the document that the store refuses, and write all others", async () => {
    const { upsert, count } = await scene({
      write: async (spec, batch, options) => {
        if (batch.ids.includes("617")) throw new VectorError("E_REJECTED", "Not this one.");
        await embedded.write(spec, batch, options);
      },
    });
    expect(await upsert(many)).toEqual({
      totalProcessed: 999,
      failed: [{ id: "617", code: "E_REJECTED", reason: "Not this one." }],
    });
    expect(await count()).toBe(999);
  });

  it("that the store fails in name every document that it has not acknowledged", async () => {
    let calls = 0;
    const { upsert, count } = await scene({
      capabilities: { ...embedded.capabilities, batchSizeMax: 100, concurrency: 1 },
      write: async (spec, batch, options) => {
        calls += 1;
        if (calls > 3) throw new VectorError("E_UNREACHABLE", "It is gone.");
        await embedded.write(spec, batch, options);
      },
    });
    const { totalProcessed, failed } = await upsert(many);
    expect([totalProcessed, await count(), calls]).toEqual([300, 300, 4]);
    expect(failed.map(({ id }) => id)).toEqual(many.slice(300).map(({ id }) => id));
    expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(["E_UNREACHABLE"]));
  });

  it("that the store fails in before it has taken anything throw what it threw", async () => {
    const fault = new VectorError("E_UNREACHABLE", "It is gone.");
    const { upsert } = await scene({ write: () => Promise.reject(fault) });
    await expect(upsert(many)).rejects.toBe(fault);
  });

  it("end when they are aborted", async () => {
    const stop = new AbortController();
    let calls = 0;
    const { upsert } = await scene({
      capabilities: { ...embedded.capabilities, batchSizeMax: 100, concurrency: 1 },
      write: async () => {
        calls += 1;
        if (calls === 2) stop.abort();
      },
    });
    await expect(upsert(many, stop.signal)).rejects.toEqual(coded("E_ABORTED"));
    expect(calls).toBe(2);
  });
});

describe("a collection", () => {
  it("that was not made for tenants is an error, not an empty answer", async () => {
    const spec = testSpec({ dimension: 2 });
    await embedded.ensure(spec);
    const repository = StoreRepository.over(embedded);
    const refusal = coded("E_NOT_TENANTED");
    const which = { tenantId: "a" };
    await expect(repository.countDocuments(spec.name, which)).rejects.toEqual(refusal);
    const request = { ...which, collectionName: spec.name, queryEmbedding: [1, 2] };
    await expect(repository.semanticSearchAdvanced(request)).rejects.toEqual(refusal);
    await expect(repository.describeCollection(spec.name)).rejects.toEqual(refusal);
    await expect(repository.deleteCollection(spec.name)).rejects.toEqual(refusal);
    const config = { name: spec.name, vectorSize: 2 };
    await expect(repository.createCollectionOptimized(config)).rejects.toEqual(refusal);
  });

  it("is read once, and not again with each search", async () => {
    let reads = 0;
    const { repository, collection } = await scene({
      collections: async (options) => {
        reads += 1;
        return await embedded.collections(options);
      },
    });
    const request = { tenantId: "a", collectionName: collection, queryEmbedding: [1, 2] };
    reads = 0;
    for (let round = 0; round < 5; round += 1) await repository.semanticSearchAdvanced(request);
    expect(reads).toBe(1);
  });

  it("is read anew beside the calls while they go on, so that none of them waits for it", async () => {
    let [reads, answered] = [0, 0];
    let held: Promise<void> | null = null;
    const { repository, collection } = await scene({
      collections: async (options) => {
        reads += 1;
        await held;
        const found = await embedded.collections(options);
        answered += 1;
        return found;
      },
    });
    const request = { tenantId: "a", collectionName: collection, queryEmbedding: [1, 2] };
    const search = () => repository.semanticSearchAdvanced(request);
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    try {
      await search();
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      [reads, answered] = [0, 0];
      clock.mockReturnValue(20_000);
      for (let round = 0; round < 3; round += 1) expect(await search()).toEqual([]);
      expect(reads).toBe(1);
      resolve();
      await vi.waitFor(() => expect(answered).toBe(1), 20_000);
      await setImmediate();
      clock.mockReturnValue(34_000);
      await search();
      expect(reads).toBe(1);
      clock.mockReturnValue(60_000);
      await search();
      expect(reads).toBe(2);
    } finally {
      clock.mockRestore();
    }
  });

  it("that others made anew is known by the next call but one", async () => {
    const { repository, collection } = await scene();
    const request = { tenantId: "a", collectionName: collection, queryEmbedding: [1, 2, 3] };
    const search = () => repository.semanticSearchAdvanced(request);
    await expect(search()).rejects.toEqual(coded("E_DIMENSION"));
    const other = StoreRepository.over(embedded);
    await other.deleteCollection(collection);
    await other.createCollectionOptimized({ name: collection, vectorSize: 3 });
    expect(await search()).toEqual([]);
  });

  it("that was migrated is read whatever its layout, its dates unknown", async () => {
    for (const layout of ["vecferry", "flat", "langchain", "llamaindex"] as const) {
      const spec = { ...testSpec({ layout, dimension: 2 }), tenanted: true };
      await embedded.ensure(spec);
      const point = tenantPointId("a", "1");
      const record = { id: "1", vector: [3, 4], document: "text", metadata: '{"n":2.0}' };
      await embedded.write(spec, batchOf([{ ...record, point, tenant: "a" }]));
      const repository = StoreRepository.over(embedded);
      const which = { tenantId: "a", ids: ["1"] };
      expect(await repository.getDocuments(spec.name, which)).toEqual([
        {
          id: "1",
          content: "text",
          embedding: null,
          metadata: { n: 2 },
          createdAt: null,
          collectionName: spec.name,
          tenantId: "a",
        },
      ]);
      await repository.deleteCollection(spec.name);
    }
  });

  it("whose ids were given a prefix tells them with it, so that each finds its document again", async () => {
    const note = { ...sourceNote("old", testRun), idPrefix: "old/", mappedTenant: "a" };
    const spec = { ...testSpec({ dimension: 2, sources: [note] }), tenanted: true };
    await embedded.ensure(spec);
    const point = tenantPointId("a", "old/1");
    await embedded.write(spec, batchOf([{ id: "1", vector: [3, 4], point, tenant: "a" }]));
    const repository = StoreRepository.over(embedded);
    const request = { tenantId: "a", collectionName: spec.name, queryEmbedding: [1, 2] };
    const [result] = await repository.semanticSearchAdvanced(request);
    expect(result?.document.id).toBe("old/1");
    const ids = ["old/1", "1"];
    const found = await repository.getDocuments(spec.name, { tenantId: "a", ids });
    expect(found.map(({ id }) => id)).toEqual(["old/1"]);
    await repository.deleteCollection(spec.name);
  });
});

describe("a store that gives another tenant's documents", () => {
  const turned = (batch: PointBatch): PointBatch => ({
    ...batch,
    placement: { ...batch.placement, tenants: batch.ids.map(() => "b") },
  });
  const refusal = coded("E_INTERNAL");

  it("is not believed: nothing of them is handed on", async () => {
    const { repository, collection, upsert } = await scene({
      search: async (...call) =>
        (await embedded.search(...call)).map((hit) => ({ ...hit, tenant: "b" })),
      read: async (...call) => {
        const result = await embedded.read(...call);
        return { ...result, batch: turned(result.batch) };
      },
      async *scan(...call) {
        for await (const batch of embedded.scan(...call)) yield turned(batch);
      },
    });
    await upsert(many.slice(0, 3));
    const request = { tenantId: "a", collectionName: collection, queryEmbedding: [1, 2] };
    await expect(repository.semanticSearchAdvanced(request)).rejects.toEqual(refusal);
    const which = { tenantId: "a", ids: ["1"] };
    await expect(repository.getDocuments(collection, which)).rejects.toEqual(refusal);
    const scanned = repository.scanDocuments(collection, which)[Symbol.asyncIterator]();
    await expect(scanned.next()).rejects.toEqual(refusal);
  });
});

describe("a repository", () => {
  it("opens its store with the first call, once, and again where that failed", async () => {
    let opens = 0;
    const repository = new StoreRepository({
      kind: "embedded",
      address: ":memory:",
      open: async () => {
        opens += 1;
        if (opens === 1) throw new VectorError("E_UNREACHABLE", "Not yet.");
        return embedded;
      },
    });
    expect(opens).toBe(0);
    await expect(repository.listCollections()).rejects.toEqual(coded("E_UNREACHABLE"));
    await Promise.all([repository.listCollections(), repository.listCollections()]);
    expect(opens).toBe(2);
  });

  it("whose store hangs while it opens is left by a call that is aborted, and closed at once", async () => {
    const repository = new StoreRepository({
      kind: "qdrant",
      address: "http://hanging",
      open: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(abortError(signal)));
        }),
    });
    const call = repository.listCollections({ signal: AbortSignal.timeout(10) });
    await expect(call).rejects.toEqual(coded("E_ABORTED"));
    const other = repository.listCollections();
    await repository[Symbol.asyncDispose]();
    await expect(other).rejects.toEqual(coded("E_ABORTED"));
    await expect(repository.listCollections()).rejects.toEqual(coded("E_CLOSED"));
  });

  it("asks for vectors and payload only where they are needed", async () => {
    const asked: object[] = [];
    const { repository, collection, upsert } = await scene({
      search: async (info, vector, options) => {
        asked.push({
          vectors: options.vectors,
          rescoring: options.rescoring,
          limit: options.limit,
        });
        return await embedded.search(info, vector, options);
      },
    });
    await upsert(many.slice(0, 3));
    const request = { tenantId: "a", collectionName: collection, queryEmbedding: [1, 2] };
    await repository.semanticSearchAdvanced(request);
    await repository.semanticSearchAdvanced({ ...request, rerank: true, nResults: 3 });
    const mmr = { diversity: 0.5 };
    await repository.semanticSearchAdvanced({ ...request, rerank: { mmr }, nResults: 20 });
    expect(asked).toEqual([
      { vectors: false, rescoring: undefined, limit: 10 },
      { vectors: false, rescoring: { oversampling: 3 }, limit: 3 },
      { vectors: true, rescoring: undefined, limit: 80 },
    ]);
    await expect(
      repository.semanticSearchAdvanced({ ...request, rerank: { mmr }, nResults: 1001 }),
    ).rejects.toMatchObject({ code: "E_INPUT", details: { field: "search.nResults" } });
  });

  it("sends a query of any length under cosine as one of length 1", async () => {
    const sent: Float32Array[] = [];
    const { repository, collection } = await scene({
      search: async (_, vector) => {
        sent.push(vector);
        return [];
      },
    });
    for (const queryEmbedding of [[3e30, 4e30], [3e-30, 4e-30], Float32Array.of(3, 4)])
      await repository.semanticSearchAdvanced({
        tenantId: "a",
        collectionName: collection,
        queryEmbedding,
      });
    for (const [x = 0, y = 0] of sent) {
      expect(x).toBeCloseTo(0.6, 6);
      expect(y).toBeCloseTo(0.8, 6);
    }
  });
});
