import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type HybridVectorService,
  VectorError,
  type VectorRepository,
} from "../../../src/index.ts";
import type { HybridOptions } from "../../../src/repository/hybrid/options.ts";
import { DatabaseSync } from "../../../src/util/sqlite.ts";
import {
  collection,
  openHybrid,
  other,
  qdrant,
  queueFolder,
  stores,
  tenantId,
} from "../../support/hybrid-scene.ts";

const open = (options: Partial<HybridOptions> = {}) =>
  openHybrid({ breaker: { failures: 1000 }, ...options });

const document = (id: string) => ({ id, content: id, embedding: [1, 0, 0], metadata: { n: 2 } });
const write = (
  hybrid: HybridVectorService,
  operationType: "insert" | "upsert",
  ...documents: ReturnType<typeof document>[]
) => hybrid.bulkUpsertDocuments(collection, { operationType, documents, tenantId });
const request = { queryEmbedding: [1, 0, 0], collectionName: collection, tenantId };

async function idsOf(repository: VectorRepository): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of repository.scanDocuments(collection, { tenantId })) ids.push(id);
  return ids.sort();
}

/** `repository`, whose writes fail as `code` where one of their documents is called "bad". */
function picky(repository: VectorRepository, code: "E_SERVER" | "E_RESERVED_KEY") {
  const error = new VectorError(code, "Not this one.");
  return new Proxy(repository, {
    get(target, name) {
      if (name === Symbol.asyncDispose) return async () => undefined;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const method = member.bind(target);
      if (name !== "bulkUpsertDocuments") return method;
      return async (where: string, operation: { documents: { id: string }[] }) => {
        if (operation.documents.some(({ id }) => id === "bad")) throw error;
        return await method(where, operation);
      };
    },
  });
}

describe("the queue", () => {
  it("tells of embeddings whose numbers are large and integral", async () => {
    await using hybrid = await open();
    other.fault = "error";
    await write(hybrid, "upsert", { ...document("a"), embedding: [2 ** 60, 0, 0] });
    other.fault = "none";
    const { stores: after } = await hybrid.catchUp();
    expect(after.other.waiting).toBe(0);
    expect(await idsOf(stores.other)).toEqual(["a"]);
  });

  it("lets no document that a store fails at hold up the others", async () => {
    await using hybrid = await open({ other: picky(stores.other, "E_SERVER") });
    await write(hybrid, "upsert", document("bad"), document("a"), document("b"));
    expect(hybrid.status().stores.other.waiting).toBe(3);
    for (let at = 0; at < 8; at += 1) await hybrid.catchUp();
    expect(await idsOf(stores.other)).toEqual(["a", "b"]);
    expect(hybrid.status().stores.other.waiting).toBe(1);
  });

  it("leaves what a layout keeps for itself with what was refused", async () => {
    await using hybrid = await open({ other: picky(stores.other, "E_RESERVED_KEY") });
    await write(hybrid, "upsert", document("bad"));
    expect(hybrid.refused("other")).toEqual([
      { collection, tenant: tenantId, id: "bad", code: "E_RESERVED_KEY" },
    ]);
  });

  it("forgets a collection that is deleted: nothing of it comes back into one of its name", async () => {
    await using hybrid = await open({ queueMax: 1 });
    other.fault = "error";
    await write(hybrid, "upsert", document("a"));
    other.fault = "none";
    await hybrid.deleteCollection(collection);
    await hybrid.createCollectionOptimized({ name: collection, vectorSize: 3 });
    expect(hybrid.status().stores.other.waiting).toBe(0);
    await write(hybrid, "upsert", document("b"));
    await hybrid.catchUp();
    expect(await idsOf(stores.other)).toEqual(["b"]);
  });

  it("refuses a write that the disk does not take, by a code and before a store is asked", async () => {
    await using hybrid = await open();
    using database = new DatabaseSync(join(queueFolder(), "queue.sqlite"));
    database.exec(
      "create trigger full before insert on waiting begin select raise(abort, 'full'); end",
    );
    await expect(write(hybrid, "upsert", document("a"))).rejects.toMatchObject({
      code: "E_STORAGE",
    });
    expect(await idsOf(stores.qdrant)).toEqual([]);
    database.exec("drop trigger full");
    await write(hybrid, "upsert", document("a"));
    expect(await idsOf(stores.other)).toEqual(["a"]);
  });

  it("is closed when the writes under way have ended; later ones are refused as closed", async () => {
    const hybrid = await open();
    const writing = write(hybrid, "upsert", document("a"));
    await hybrid[Symbol.asyncDispose]();
    expect(await writing).toMatchObject({ totalProcessed: 1 });
    expect(await idsOf(stores.other)).toEqual(["a"]);
    await expect(write(hybrid, "upsert", document("b"))).rejects.toMatchObject({
      code: "E_CLOSED",
    });
    await hybrid[Symbol.asyncDispose]();
  });
});

describe("writes", () => {
  it("tell why the second store refused them, where the first is silent", async () => {
    await using hybrid = await open();
    await write(hybrid, "insert", document("a"));
    qdrant.fault = "error";
    const { failed, totalProcessed } = await write(hybrid, "insert", document("a"));
    expect(totalProcessed).toBe(0);
    expect(failed).toEqual([expect.objectContaining({ id: "a", code: "E_DOCUMENT_EXISTS" })]);
  });

  it("by a filter end in time where a store is silent", async () => {
    await using hybrid = await open({ writeTimeoutMs: 200 });
    await write(hybrid, "upsert", document("a"));
    qdrant.fault = "silence";
    await hybrid.deleteDocuments(collection, { tenantId, metadataFilter: { n: 2 } });
    expect(await idsOf(stores.other)).toEqual([]);
    qdrant.fault = "none";
    await hybrid.catchUp();
    expect(await idsOf(stores.qdrant)).toEqual([]);
  });

  it("by a filter do not end well where what it means stands in a silent store alone", async () => {
    await using hybrid = await open();
    other.fault = "error";
    await write(hybrid, "upsert", document("a"));
    [qdrant.fault, other.fault] = ["error", "none"];
    await expect(
      hybrid.deleteDocuments(collection, { tenantId, metadataFilter: { n: 2 } }),
    ).rejects.toMatchObject({ code: "E_UNREACHABLE" });
  });

  it("and reads that name no tenant, no collection or no ids fail by a code while a store is behind", async () => {
    await using hybrid = await open();
    qdrant.fault = "error";
    await write(hybrid, "upsert", document("a"));
    qdrant.fault = "none";
    const nobody = { tenantId: undefined as never };
    await expect(hybrid.countDocuments(collection, nobody)).rejects.toMatchObject({
      code: "E_TENANT",
    });
    await expect(
      hybrid.semanticSearchAdvanced({ ...request, collectionName: undefined as never }),
    ).rejects.toMatchObject({ code: "E_INPUT" });
    await expect(
      hybrid.bulkUpsertDocuments(undefined as never, {
        operationType: "upsert",
        documents: [document("a")],
        tenantId,
      }),
    ).rejects.toMatchObject({ code: "E_INPUT" });
    await expect(
      hybrid.deleteDocuments(collection, { tenantId, ids: "a" as never }),
    ).rejects.toMatchObject({ code: "E_INPUT" });
  });
});

describe("a search that the caller's own function reorders", () => {
  it("is put in order once, however long that takes", async () => {
    await using hybrid = await open({ readTimeoutMs: 2000, shadow: 1 });
    await write(hybrid, "upsert", document("a"), document("b"));
    let calls = 0;
    const found = await hybrid.semanticSearchAdvanced({
      ...request,
      rerank: async (results) => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 2500));
        return results.toReversed();
      },
    });
    expect(found).toHaveLength(2);
    expect(calls).toBe(1);
  });

  it("opens no circuit where that function fails", async () => {
    await using hybrid = await open({ breaker: { failures: 1 } });
    await write(hybrid, "upsert", document("a"));
    const rerank = () => {
      throw new TypeError("The model is not loaded.");
    };
    await expect(hybrid.semanticSearchAdvanced({ ...request, rerank })).rejects.toThrow(TypeError);
    expect(hybrid.status().stores.qdrant.circuit).toBe("closed");
  });
});
