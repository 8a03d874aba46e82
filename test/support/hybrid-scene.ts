/** Two stores in memory that a hybrid service writes to, empty before each test of the file that imports this; each can be made to fail. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { HybridVectorService, openRepository, type VectorRepository } from "../../src/index.ts";
import type { HybridOptions } from "../../src/repository/hybrid/options.ts";
import { type FaultyRepository, faultyRepository } from "./faulty-repository.ts";

export const collection = "notes";
export const tenantId = "acme";
const folder = mkdtempSync(join(tmpdir(), "vecferry-hybrid-"));
let queues = 0;

/** What they hold, past all faults. */
export let stores: { qdrant: VectorRepository; other: VectorRepository };
export let qdrant: FaultyRepository;
export let other: FaultyRepository;

beforeAll(() => {
  stores = { qdrant: openRepository(":memory:"), other: openRepository(":memory:") };
});

beforeEach(async () => {
  for (const repository of [stores.qdrant, stores.other]) {
    await repository.deleteCollection(collection);
    await repository.createCollectionOptimized({ name: collection, vectorSize: 3 });
  }
  qdrant = faultyRepository(stores.qdrant);
  other = faultyRepository(stores.other);
  queues += 1;
});

afterAll(async () => {
  await stores.qdrant[Symbol.asyncDispose]();
  await stores.other[Symbol.asyncDispose]();
});

/** The folder of the test's queue. */
export const queueFolder = (): string => join(folder, String(queues));

/** The service over both, with the test's queue. */
export function openHybrid(options: Partial<HybridOptions> = {}): Promise<HybridVectorService> {
  return HybridVectorService.open({
    qdrant: qdrant.repository,
    other: other.repository,
    queue: queueFolder(),
    // The tests say when.
    catchUpMs: 3_600_000,
    readTimeoutMs: 3000,
    writeTimeoutMs: 3000,
    ...options,
  });
}
