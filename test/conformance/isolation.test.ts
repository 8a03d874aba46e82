/**
 * No call of a tenant's ever returns, counts, changes or deletes another tenant's document: random tenants, documents, filters
 * and calls, on the embedded Qdrant and on the server at QDRANT_URL, and on a Chroma and in FAISS files. How many:
 * VECFERRY_ISOLATION_QUERIES.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openChromaDocuments } from "../../src/adapters/chroma/index.ts";
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/index.ts";
import { StoreRepository } from "../../src/repository/store-repository.ts";
import type { DocumentStore } from "../../src/store/documents.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { dimension, worldOf } from "../support/isolation/draw.ts";
import { leaks, withLeak } from "../support/isolation/leaky-store.ts";
import { play, Tally } from "../support/isolation/play.ts";

const url = process.env["QDRANT_URL"] ?? "";
const apiKey = process.env["QDRANT_API_KEY"];
const wanted = Number(process.env["VECFERRY_ISOLATION_QUERIES"] ?? 0);
const seed = Number(process.env["VECFERRY_SEED"] ?? Date.now() % 2 ** 31);
/** Queries of one world: enough for its documents to change many times. */
const worldQueries = 100;
/** Queries of a Chroma at most: each write to it is several requests. */
const chromaMax = 5000;
const timeoutMs = wanted === 0 ? 60_000 : 7_200_000;

/** Plays worlds of random tenants, each in a collection of its own. `over`: the store that the tenants' repository has. */
async function playWorlds(
  store: DocumentStore,
  queries: number,
  { over = store, shrink = true }: { over?: DocumentStore; shrink?: boolean } = {},
): Promise<Tally> {
  const repository = StoreRepository.over(over);
  const tally = new Tally();
  let worlds = 0;
  const property = fc.asyncProperty(worldOf(worldQueries), async (world) => {
    worlds += 1;
    const collection = `service-isolation-${process.pid}-${worlds}`;
    await repository.createCollectionOptimized({ name: collection, vectorSize: dimension });
    try {
      await play(world, { repository, store, collection, tally });
    } finally {
      await repository.deleteCollection(collection);
    }
  });
  const numRuns = Math.ceil(queries / worldQueries);
  await fc.assert(property, { seed, numRuns, endOnFailure: !shrink });
  return tally;
}

function expectTold(tally: Tally, where: string): void {
  console.log(`Isolation of tenants on ${where}, VECFERRY_SEED=${seed}: ${tally}.`);
  expect(tally.refused).toBeLessThan(tally.queries / 2);
  expect(tally.found).toBeGreaterThan(tally.filtered / 10);
}

const noChroma = chromaAvailable();

describe("tenants of one collection", () => {
  it("never meet on the embedded Qdrant", { timeout: timeoutMs }, async () => {
    await using store = await openEmbedded(":memory:");
    expectTold(await playWorlds(store, wanted || 1000), "the embedded Qdrant");
  });

  it.skipIf(url === "")(
    "never meet on a server (needs QDRANT_URL)",
    { timeout: timeoutMs },
    async () => {
      await using store = await openQdrant({ url }, { apiKey });
      expectTold(await playWorlds(store, wanted || 300), "a server");
    },
  );

  it("never meet in a folder of FAISS files", { timeout: timeoutMs }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "vecferry-isolation-"));
    try {
      await using store = await openFaiss(folder);
      expectTold(await playWorlds(store, wanted || 200), "FAISS files");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it.skipIf(noChroma !== null)(
    `never meet on a Chroma${noChroma === null ? "" : ` (${noChroma})`}`,
    { timeout: timeoutMs },
    async () => {
      await using server = await startChroma();
      const place = { tenant: "default_tenant", database: "default_database" };
      await using store = await openChromaDocuments({ kind: "chroma", url: server.url, ...place });
      expectTold(await playWorlds(store, Math.min(wanted || 200, chromaMax)), "a Chroma");
    },
  );

  it.each(leaks)("are seen to meet where a store forgets the tenant in %s", async (leak) => {
    await using store = await openEmbedded(":memory:");
    const over = withLeak(store, leak);
    await expect(playWorlds(store, 500, { over, shrink: false })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^Tenant "/) },
    });
  });
});
