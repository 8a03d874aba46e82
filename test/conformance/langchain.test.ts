/**
 * The vector store of LangChain.js that a tenant's service gives. LangChain has standard tests for vector stores in Python only
 * (`langchain-tests`, VectorStoreIntegrationTests): FRAMEWORKS_PYTHON names a Python that has it, and each of its tests is run
 * over the store. What they look at is looked at here too, where there is no Python.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { Document } from "@langchain/core/documents";
import { FakeEmbeddings } from "@langchain/core/utils/testing";
import { afterAll, describe, expect, it } from "vitest";
import { QdrantRepository } from "../../src/repositories.ts";
import type { Embed } from "../../src/repository/embed.ts";
import type { LangChainVectorStore } from "../../src/repository/langchain-types.ts";
import { createVectorService, type VectorService } from "../../src/repository/service.ts";
import { openBridge } from "../support/langchain-bridge.ts";

const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const hasStandardTests =
  python !== "" && spawnSync(python, ["-c", "import langchain_tests"]).status === 0;

/** A few numbers that two different texts share by chance only. */
const embed: Embed = async (texts) =>
  texts.map((text) => {
    const numbers = [1, 1, 1, 1, 1, 1];
    for (let at = 0; at < text.length; at += 1)
      numbers[at % 6] = ((numbers[at % 6] ?? 0) * 31 + text.charCodeAt(at)) % 97;
    return numbers.map((number) => number - 48);
  });

interface Scene {
  readonly service: VectorService;
  readonly other: VectorService;
  readonly store: LangChainVectorStore;
}

const repository = new QdrantRepository({ url: ":memory:" });
let scenes = 0;
afterAll(() => repository[Symbol.asyncDispose]());

/** Two tenants in an empty collection, and the store of one of them. */
async function scene(vectorSize = 6): Promise<Scene> {
  scenes += 1;
  const collection = `notes-${scenes}`;
  await repository.createCollectionOptimized({ name: collection, vectorSize });
  const serviceOf = (tenantId: string) =>
    createVectorService(repository, { tenantId, collection, embed });
  const service = serviceOf("acme");
  return { service, other: serviceOf("globex"), store: await service.asLangChainVectorStore() };
}

const foo = { pageContent: "foo", metadata: { id: 1 } };
const bar = { pageContent: "bar", metadata: { id: 2 } };

describe("a tenant's LangChain.js store", () => {
  it("is empty at first, and takes away what is not there", async () => {
    const given = await scene();
    expect(await given.store.similaritySearch("foo", 1)).toEqual([]);
    await given.store.delete({ ids: ["1", "2"] });
  });

  it("gives new ids, and leaves the given documents as they were", async () => {
    const given = await scene();
    const documents = [new Document(foo), new Document({ ...bar, id: "own" })];
    const ids = (await given.store.addDocuments(documents)) ?? [];
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), "own"]);
    expect(documents[0]?.id).toBeUndefined();
    expect(await given.store.similaritySearch("bar", 2)).toEqual([
      new Document({ ...bar, id: "own" }),
      new Document({ ...foo, id: ids[0] ?? "" }),
    ]);
  });

  it("writes over what has the same id, and takes away by id and by filter", async () => {
    const given = await scene();
    const ids = ["1", "2"];
    expect(await given.store.addDocuments([foo, bar], { ids })).toEqual(ids);
    await given.store.addDocuments([foo, bar], { ids });
    const changed = { pageContent: "new foo", metadata: { id: 1, more: "x" } };
    await given.store.addDocuments([changed], { ids: ["1"] });
    expect(await given.store.similaritySearch("new foo", 5)).toEqual([
      new Document({ ...changed, id: "1" }),
      new Document({ ...bar, id: "2" }),
    ]);
    await given.store.delete({ ids: ["1"] });
    expect(await given.service.count()).toBe(1);
    await given.store.delete({ filter: { id: 2 } });
    expect(await given.service.count()).toBe(0);
    await expect(given.store.delete({})).rejects.toMatchObject({ code: "E_INPUT" });
  });

  it("finds with scores, with a filter, and as a retriever", async () => {
    const given = await scene();
    await given.store.addDocuments([foo, bar], { ids: ["1", "2"] });
    const [[best, score] = []] = await given.store.similaritySearchWithScore("foo", 1);
    expect([best?.id, score]).toEqual(["1", expect.closeTo(1, 5)]);
    const filtered = await given.store.similaritySearch("foo", 5, { id: { $gte: 2 } });
    expect(filtered.map(({ id }) => id)).toEqual(["2"]);
    const found = await given.store.asRetriever({ k: 1, filter: { id: 2 } }).invoke("foo");
    expect(found.map(({ id }) => id)).toEqual(["2"]);
  });

  it("diversifies: the second of two that are alike gives way", async () => {
    const given = await scene(2);
    const vectors = [
      [1, 0],
      [1, 0.01],
      [0.7, 0.7],
    ];
    const documents = ["a", "b", "c"].map((id) => ({ id, pageContent: id, metadata: {} }));
    const embeddings = new FakeEmbeddings();
    embeddings.embedQuery = async () => [1, 0];
    const store = await given.service.asLangChainVectorStore({ embeddings });
    await store.addVectors(vectors, documents);
    const search = async (lambda: number) => {
      const retriever = store.asRetriever({ k: 2, searchType: "mmr", searchKwargs: { lambda } });
      return (await retriever.invoke("a")).map(({ id }) => id);
    };
    expect(await search(1)).toEqual(["a", "b"]);
    expect(await search(0.3)).toEqual(["a", "c"]);
  });

  it("never gives, counts or deletes another tenant's", async () => {
    const given = await scene();
    await given.other.addDocuments([{ id: "1", content: "theirs" }]);
    expect(await given.store.similaritySearch("theirs", 5)).toEqual([]);
    await given.store.delete({ ids: ["1"] });
    await given.store.delete({ filter: { id: { $ne: 9 } } });
    await given.store.addDocuments([foo], { ids: ["1"] });
    expect(await given.other.get(["1"])).toMatchObject([{ content: "theirs" }]);
  });

  it("names all that it could not add", async () => {
    const given = await scene();
    const added = given.store.addVectors(
      [
        [1, 2],
        [1, 2, 3, 4, 5, 6],
      ],
      [foo, bar],
      { ids: ["1", "2"] },
    );
    await expect(added).rejects.toMatchObject({
      code: "E_DIMENSION",
      details: { failed: [{ id: "1", code: "E_DIMENSION" }] },
    });
    await expect(given.store.addVectors([[1]], [])).rejects.toMatchObject({ code: "E_INPUT" });
  });

  it("needs embeddings from somewhere", async () => {
    const service = createVectorService(repository, { tenantId: "acme", collection: "notes" });
    await expect(service.asLangChainVectorStore()).rejects.toMatchObject({ code: "E_INPUT" });
  });

  it.skipIf(!hasStandardTests)(
    "passes LangChain's standard tests for vector stores (needs langchain-tests in FRAMEWORKS_PYTHON)",
    async () => {
      const given = await scene();
      await using bridge = await openBridge(given.service, given.store);
      const words =
        "-m pytest -q -p no:cacheprovider -c /dev/null --rootdir test/support -o asyncio_mode=auto";
      const { stdout } = await promisify(execFile)(
        python,
        [...words.split(" "), "test/support/langchain-standard-tests.py"],
        {
          env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", VECFERRY_BRIDGE: bridge.url },
        },
      ).catch((error: { stdout?: string; stderr?: string }) => {
        throw new Error(`The standard tests failed.\n${error.stdout}\n${error.stderr}`);
      });
      const summary = stdout.trim().split("\n").at(-1);
      console.log(`LangChain's standard tests: ${summary}`);
      expect(summary).toMatch(/^\d+ passed/);
      expect(summary).not.toMatch(/failed|skipped|error/);
    },
  );
});
