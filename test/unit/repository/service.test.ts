import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { Embed } from "../../../src/repository/embed.ts";
import type { ObservedCall } from "../../../src/repository/observer.ts";
import { createVectorService, type VectorService } from "../../../src/repository/service.ts";
import { recordingRepository } from "../../support/recording-repository.ts";

const own = { tenantId: "acme", collection: "notes" };
/** Two numbers for each text: its length, and one. */
const embed: Embed = async (texts) => texts.map((text) => [text.length, 1]);

function serviceWith(
  options: Partial<ConstructorParameters<typeof VectorService>[1]> = {},
  collection: Parameters<typeof recordingRepository>[0] = {},
) {
  const { repository, asked } = recordingRepository(collection);
  return { service: createVectorService(repository, { ...own, ...options }), asked, repository };
}

describe("a tenant's service", () => {
  it.each([[""], ["  "], [undefined], [null], [7], ["\ud800"], [["acme"]], [{ $ne: "" }]])(
    "cannot be made for %j",
    (tenantId) => {
      expect(() => serviceWith({ tenantId: tenantId as string })).toThrow(
        expect.objectContaining({ code: "E_TENANT" }),
      );
    },
  );

  it("cannot be made without a collection, nor with a model or a batch size that is none", () => {
    const refusal = expect.objectContaining({ code: "E_INPUT" });
    expect(() => serviceWith({ collection: "" })).toThrow(refusal);
    expect(() => serviceWith({ model: "" })).toThrow(refusal);
    for (const embedBatchSize of [0, -1, 1.5, Number.NaN])
      expect(() => serviceWith({ embedBatchSize })).toThrow(refusal);
  });

  it("keeps what is beneath out of everybody's reach", async () => {
    const { service, repository } = serviceWith({ embed });
    const store = await service.asLangChainVectorStore();
    const seen = new Set<unknown>();
    const walk = (value: unknown): void => {
      if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
      if (seen.has(value)) return;
      seen.add(value);
      if (seen.size > 20_000) throw new Error("There is no end to it.");
      for (const key of Reflect.ownKeys(value)) {
        const { value: inner, get } = Reflect.getOwnPropertyDescriptor(value, key) ?? {};
        walk(get === undefined ? inner : undefined);
      }
    };
    const inherited = (value: object) => Object.getPrototypeOf(value) as object;
    for (const one of [service, inherited(service), store, inherited(store)]) walk(one);
    expect(seen.has(service)).toBe(true);
    expect(seen.has(repository)).toBe(false);
    expect(Object.keys(service)).toEqual([]);
    expect(JSON.stringify(service)).toBe("{}");
    expect(inspect(service, { showHidden: true, depth: 9 })).not.toContain(
      "semanticSearchAdvanced",
    );
  });

  it("asks as its own tenant, whatever the request says", async () => {
    const { service, asked } = serviceWith();
    const foreign = { tenantId: "globex", collectionName: "theirs", tenant: "globex" };
    await service.semanticSearch({ queryEmbedding: [1, 0], ...foreign } as never);
    await service.get(["1"], foreign as never);
    await service.delete({ ids: ["1"], ...foreign } as never);
    await service.count(foreign as never);
    for await (const _ of service.scan(foreign as never));
    await service.addDocuments([{ id: "1", embedding: [1, 0] }], foreign as never);
    expect(asked.map(({ call }) => call)).toEqual([
      "semanticSearchAdvanced",
      "getDocuments",
      "deleteDocuments",
      "countDocuments",
      "scanDocuments",
      "bulkUpsertDocuments",
    ]);
    for (const { given } of asked) {
      const what = given.find(
        (one) => typeof one === "object" && one !== null && "tenantId" in one,
      );
      expect(what).toMatchObject({ tenantId: "acme" });
      expect(JSON.stringify(given)).toContain('"notes"');
      expect(JSON.stringify(given)).not.toContain('"theirs"');
    }
  });

  it("adds in three modes, none of which deletes", async () => {
    const { service, asked } = serviceWith();
    const documents = [{ id: "1", embedding: [1, 0] }];
    for (const mode of ["upsert", "insert", "update"] as const)
      await service.addDocuments(documents, { mode });
    const told = asked.map(({ given }) => given[1]);
    expect(told).toMatchObject([
      { operationType: "upsert" },
      { operationType: "insert" },
      { operationType: "update" },
    ]);
    const wrong = service.addDocuments(documents, { mode: "delete" } as never);
    await expect(wrong).rejects.toMatchObject({ code: "E_INPUT", details: { field: "mode" } });
    expect(asked).toHaveLength(3);
  });

  it("refuses every call once it is closed, and leaves the repository open", async () => {
    const { service, asked } = serviceWith({ embed });
    await service[Symbol.asyncDispose]();
    const refusal = expect.objectContaining({ code: "E_CLOSED" });
    await expect(service.count()).rejects.toEqual(refusal);
    await expect(service.get(["1"])).rejects.toEqual(refusal);
    await expect(service.delete({ ids: ["1"] })).rejects.toEqual(refusal);
    await expect(service.addDocuments([])).rejects.toEqual(refusal);
    await expect(service.semanticSearch({ query: "x" })).rejects.toEqual(refusal);
    await expect(service.asLangChainVectorStore()).rejects.toEqual(refusal);
    const scan = async () => {
      for await (const _ of service.scan());
    };
    await expect(scan()).rejects.toEqual(refusal);
    expect(asked).toEqual([]);
  });

  it("tells its observer of each call once, and does not mind what that throws", async () => {
    const calls: ObservedCall[] = [];
    const observer = {
      observed: (call: ObservedCall) => {
        calls.push(call);
        throw new Error("No matter.");
      },
    };
    const { service } = serviceWith({ observer });
    await service.count();
    await service.addDocuments([{ id: "1", embedding: [1, 0] }]);
    await service.semanticSearch({ query: "needs an embed" }).catch(() => {});
    for await (const _ of service.scan()) break;
    const told = calls.map(({ operation, documents, error }) => [
      operation,
      documents,
      error !== null,
    ]);
    expect(told).toEqual([
      ["count", 7, false],
      ["add", 1, false],
      ["search", 0, true],
      ["scan", 1, false],
    ]);
    expect(calls.every(({ durationMs, tenantId }) => durationMs >= 0 && tenantId === "acme")).toBe(
      true,
    );
  });
});

describe("what is no request", () => {
  it.each([[undefined], [null], ["a"]])(
    "is refused by a code, and nothing is asked: %j",
    async (given) => {
      const { service, asked } = serviceWith();
      const refused = { code: "E_INPUT" };
      await expect(service.semanticSearch(given as never)).rejects.toMatchObject(refused);
      await expect((async () => service.delete(given as never))()).rejects.toMatchObject(refused);
      expect(asked).toEqual([]);
    },
  );
});

describe("texts", () => {
  it("are embedded in batches, each for the document that has none", async () => {
    const batches: number[] = [];
    const counting: Embed = async (texts, options) => {
      batches.push(texts.length);
      return await embed(texts, options);
    };
    const { service, asked } = serviceWith({ embed: counting, embedBatchSize: 2 });
    await service.addDocuments([
      { id: "1", content: "a" },
      { id: "2", content: "own", embedding: [9, 9] },
      { id: "3", content: "abc" },
      { id: "4", content: "abcd", embedding: null as never },
    ]);
    expect(batches).toEqual([2, 1]);
    const [, operation] = (asked.at(-1)?.given ?? []) as [
      string,
      { documents: { embedding: Iterable<number> }[] },
    ];
    expect(operation.documents.map(({ embedding }) => [...embedding])).toEqual([
      [1, 1],
      [9, 9],
      [3, 1],
      [4, 1],
    ]);
  });

  it("find by their embedding", async () => {
    const { service, asked } = serviceWith({ embed });
    await service.semanticSearch({ query: "abc", nResults: 3 });
    expect(asked.at(-1)).toMatchObject({
      call: "semanticSearchAdvanced",
      given: [{ queryEmbedding: new Float32Array([3, 1]), nResults: 3, tenantId: "acme" }, {}],
    });
  });

  it("are written as they were when the call was made, whatever becomes of them meanwhile", async () => {
    const { service, asked } = serviceWith({ embed });
    const first = { id: "1", content: "abc" };
    const documents = [first, { id: "2", content: "de", embedding: [5, 5] }];
    const adding = service.addDocuments(documents);
    Object.assign(first, { id: "3", content: "later" });
    documents.pop();
    await adding;
    const written = [
      { id: "1", content: "abc", embedding: new Float32Array([3, 1]) },
      { id: "2", content: "de", embedding: [5, 5] },
    ];
    const [call] = asked.filter((one) => one.call === "bulkUpsertDocuments");
    expect(call?.given[1]).toMatchObject({ documents: written });
  });

  it("are not made where every document has its embedding: the repository takes those documents within the call", async () => {
    const { service, asked } = serviceWith({ embed });
    const documents = [{ id: "1", content: "a", embedding: [1, 1] }];
    const adding = service.addDocuments(documents);
    expect(asked.map(({ call }) => call)).toEqual(["bulkUpsertDocuments"]);
    expect(Object(asked[0]?.given[1]).documents).toBe(documents);
    await adding;
  });

  it.each([
    ["without an embed function", {}, [{ id: "1", content: "a" }]],
    ["without a content", { embed }, [{ id: "1" }]],
    ["in what is no list of documents", { embed }, [null]],
  ])("are refused %s, and nothing is written", async (_, options, documents) => {
    const { service, asked } = serviceWith(options);
    await expect(service.addDocuments(documents as never)).rejects.toMatchObject({
      code: "E_INPUT",
    });
    expect(asked.map(({ call }) => call)).not.toContain("bulkUpsertDocuments");
  });

  it.each([[{}], [{ query: "a", queryEmbedding: [1, 0] }], [{ query: 7 }]])(
    "or an embedding, one of them, must be asked with: not %j",
    async (request) => {
      const { service } = serviceWith({ embed });
      await expect(service.semanticSearch(request as never)).rejects.toMatchObject({
        code: "E_INPUT",
      });
    },
  );

  it.each<[string, Embed, string]>([
    ["fewer embeddings than texts", async () => [[1, 1]], "E_EMBED"],
    ["no list", (async () => "[[1,1]]") as unknown as Embed, "E_EMBED"],
    ["NaN", async (texts) => texts.map(() => [1, Number.NaN]), "E_EMBED"],
    ["what no float32 holds", async (texts) => texts.map(() => [1, 1e39]), "E_EMBED"],
    [
      "texts",
      (async (texts: string[]) => texts.map(() => ["1", "1"])) as unknown as Embed,
      "E_EMBED",
    ],
    ["no numbers", async (texts) => texts.map(() => []), "E_EMBED"],
    ["a wrong dimension", async (texts) => texts.map(() => [1, 1, 1]), "E_DIMENSION"],
    ["an error", () => Promise.reject(new Error("The model is gone.")), "E_EMBED"],
  ])(
    "whose embed function answers %s are refused, and nothing is written",
    async (_, wrong, code) => {
      const { service, asked } = serviceWith({ embed: wrong });
      const documents = ["a", "b"].map((content) => ({ id: content, content }));
      await expect(service.addDocuments(documents)).rejects.toMatchObject({ code });
      expect(asked.map(({ call }) => call)).not.toContain("bulkUpsertDocuments");
    },
  );

  it("are given up at once when the signal says so, though embed does not heed it", async () => {
    const { service } = serviceWith({ embed: () => new Promise(() => {}) });
    const controller = new AbortController();
    const asked = service.semanticSearch({ query: "a" }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(asked).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});

describe("the model", () => {
  it("is kept with the collection by the first documents, and no other is taken after", async () => {
    const { repository, asked } = recordingRepository();
    const first = createVectorService(repository, { ...own, embed, model: "small" });
    await first.addDocuments([{ id: "1", content: "a" }]);
    expect(asked.find(({ call }) => call === "createCollectionOptimized")?.given[0]).toEqual({
      name: "notes",
      vectorSize: 2,
      distance: "cosine",
      model: "small",
    });
    const other = createVectorService(repository, { ...own, embed, model: "large" });
    const refusal = { code: "E_MODEL", details: { model: "small", given: "large" } };
    await expect(other.semanticSearch({ query: "a" })).rejects.toMatchObject(refusal);
    await expect(other.semanticSearch({ queryEmbedding: [1, 0] })).rejects.toMatchObject(refusal);
    await expect(other.addDocuments([{ id: "2", content: "a" }])).rejects.toMatchObject(refusal);
    await expect(first.semanticSearch({ query: "a" })).resolves.toEqual([]);
  });

  it("must be named for texts where the collection names one; embeddings are the caller's own affair", async () => {
    const { service } = serviceWith({ embed }, { model: "small" });
    await expect(service.semanticSearch({ query: "a" })).rejects.toMatchObject({ code: "E_MODEL" });
    await expect(service.addDocuments([{ id: "1", content: "a" }])).rejects.toMatchObject({
      code: "E_MODEL",
    });
    await expect(service.semanticSearch({ queryEmbedding: [1, 0] })).resolves.toEqual([]);
  });

  it("must be named for the texts of a LangChain.js store too", async () => {
    const { service } = serviceWith({ embed }, { model: "small" });
    const store = await service.asLangChainVectorStore();
    const refusal = { code: "E_MODEL" };
    await expect(store.similaritySearch("a")).rejects.toMatchObject(refusal);
    await expect(store.addDocuments([{ pageContent: "a", metadata: {} }])).rejects.toMatchObject(
      refusal,
    );
  });

  it("need not be named where the collection names none", async () => {
    const { service, asked } = serviceWith({ embed });
    await service.addDocuments([{ id: "1", content: "a" }]);
    await service.semanticSearch({ query: "a" });
    expect(asked.map(({ call }) => call)).not.toContain("createCollectionOptimized");
  });
});
