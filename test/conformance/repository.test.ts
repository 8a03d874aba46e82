import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openEmbedded } from "../../src/adapters/qdrant/store.ts";
import { QdrantRepository } from "../../src/repositories.ts";
import { StoreRepository } from "../../src/repository/store-repository.ts";
import { repositorySuite } from "../../src/testing/index.ts";
import { leftOpen } from "../support/left-open.ts";

const kit = { describe, it };

/** One engine for all tests: each makes a collection of its own. */
const store = await openEmbedded(":memory:");
afterAll(() => store[Symbol.asyncDispose]());
repositorySuite(kit, {
  name: "embedded :memory:",
  open: () => StoreRepository.over(leftOpen(store)),
});

const folder = mkdtempSync(join(tmpdir(), "vecferry-repository-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
describe("an embedded folder", () => {
  it("has its documents when it is opened again", async () => {
    const url = `embedded:${folder}`;
    const operation = {
      operationType: "insert" as const,
      tenantId: "a",
      documents: [{ id: "1", embedding: [1, 2] }],
    };
    {
      await using repository = new QdrantRepository({ url });
      await repository.createCollectionOptimized({ name: "kept", vectorSize: 2 });
      await repository.bulkUpsertDocuments("kept", operation);
    }
    await using repository = new QdrantRepository({ url });
    expect(await repository.countDocuments("kept", { tenantId: "a" })).toBe(1);
  });
});

const url = process.env["QDRANT_URL"];
const apiKey = process.env["QDRANT_API_KEY"];
const key = apiKey === undefined ? {} : { apiKey };
if (url) {
  repositorySuite(kit, {
    name: "Qdrant server",
    open: () => new QdrantRepository({ url, ...key }),
  });
  repositorySuite(kit, {
    name: "Qdrant server by REST alone",
    open: () => new QdrantRepository({ url, grpcPort: "off", ...key }),
  });
} else {
  describe.skip("Qdrant server as a repository (QDRANT_URL is not set)", () => {
    it("passes the suite", () => undefined);
  });
}
