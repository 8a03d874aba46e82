/** A tenant's service on every kind of store: texts, the model that is kept with the collection, and what both tell when opened again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openRepository } from "../../src/repositories.ts";
import type { Embed } from "../../src/repository/embed.ts";
import { createVectorService } from "../../src/repository/service.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";

const folder = mkdtempSync(join(tmpdir(), "vecferry-service-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const noChroma = chromaAvailable();
const chroma = noChroma === null ? await startChroma() : null;
afterAll(() => chroma?.[Symbol.asyncDispose]());

const server = process.env["QDRANT_URL"] ?? "";
const apiKey = process.env["QDRANT_API_KEY"];
const kinds: [kind: string, address: string][] = [
  ["an embedded Qdrant", `embedded:${join(folder, "qdrant")}`],
  ["FAISS files", `faiss:${join(folder, "faiss")}`],
];
if (server !== "") kinds.push(["a Qdrant server", server]);
if (chroma !== null) kinds.push(["a Chroma", chroma.url.replace(/^http/, "chroma")]);

const lacking = [
  ...(server === "" ? ["a Qdrant server (QDRANT_URL is not set)"] : []),
  ...(noChroma === null ? [] : [`a Chroma (${noChroma})`]),
];
for (const kind of lacking)
  describe.skip(`a tenant's service on ${kind}`, () => {
    it("does as on the others", () => undefined);
  });

const embed: Embed = async (texts) => texts.map((text) => [text.length, text.charCodeAt(0), 1]);
const name = `service-${process.pid}`;

describe.each(kinds)("a tenant's service on %s", (_, address) => {
  const open = () => openRepository(address, apiKey === undefined ? {} : { qdrant: { apiKey } });

  it("keeps the model with the collection, and refuses another, also when it is opened again", async () => {
    const options = { tenantId: 'O\'Brien & "Sons" 🙂', collection: name, embed };
    {
      await using repository = open();
      await repository.createCollectionOptimized({ name, vectorSize: 3, distance: "euclid" });
      const service = createVectorService(repository, { ...options, model: "lengths" });
      const documents = ["loom", "engine"].map((content) => ({ id: content, content }));
      expect(await service.addDocuments(documents)).toEqual({ totalProcessed: 2, failed: [] });
    }
    await using repository = open();
    expect(await repository.describeCollection(name)).toMatchObject({
      model: "lengths",
      vectorSize: 3,
    });
    const same = createVectorService(repository, { ...options, model: "lengths" });
    const [nearest] = await same.semanticSearch({ query: "engine", nResults: 1 });
    expect(nearest).toMatchObject({
      document: { id: "engine", content: "engine" },
      similarityScore: 1,
    });
    const refusal = { code: "E_MODEL" };
    const other = createVectorService(repository, { ...options, model: "letters" });
    await expect(other.semanticSearch({ query: "loom" })).rejects.toMatchObject(refusal);
    await expect(other.addDocuments([{ id: "1", content: "loom" }])).rejects.toMatchObject(refusal);
    const unnamed = createVectorService(repository, options);
    await expect(unnamed.semanticSearch({ query: "loom" })).rejects.toMatchObject(refusal);
    expect(await unnamed.count()).toBe(2);
    await repository.deleteCollection(name);
  });

  it("refuses what embed makes for another collection's dimension", async () => {
    await using repository = open();
    await repository.createCollectionOptimized({ name, vectorSize: 4 });
    const service = createVectorService(repository, { tenantId: "a", collection: name, embed });
    const refusal = { code: "E_DIMENSION", details: { dimension: 4, given: 3 } };
    await expect(service.addDocuments([{ id: "1", content: "x" }])).rejects.toMatchObject(refusal);
    await expect(service.semanticSearch({ query: "x" })).rejects.toMatchObject(refusal);
    await repository.deleteCollection(name);
    await expect(service.count()).rejects.toMatchObject({ code: "E_COLLECTION_NOT_FOUND" });
  });
});
