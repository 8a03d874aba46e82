/** What a repository believes of a collection, over an embedded store whose answers come when the test lets them. */
import { afterAll, describe, expect, it, vi } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import { Catalog } from "../../../src/repository/catalog.ts";
import { StoreRepository } from "../../../src/repository/store-repository.ts";
import { overridden } from "../../support/overridden.ts";

const embedded = await openEmbedded(":memory:");
afterAll(() => embedded[Symbol.asyncDispose]());
const repository = StoreRepository.over(embedded);

/** A catalog whose answers wait for `held`, and how many it asked for. */
function scene() {
  const gate = { held: Promise.resolve(), asked: 0 };
  const store = overridden(embedded, {
    collections: async (options) => {
      gate.asked += 1;
      const found = await embedded.collections(options);
      await gate.held;
      return found;
    },
  });
  return { gate, catalog: new Catalog(store) };
}

describe("a catalog", () => {
  it("does not keep what was read before a collection was forgotten", async () => {
    await repository.createCollectionOptimized({ name: "anew", vectorSize: 2 });
    const { gate, catalog } = scene();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.held = promise;
    const early = catalog.get("anew", {});
    await vi.waitFor(() => expect(gate.asked).toBe(1), 20_000);
    await repository.deleteCollection("anew");
    await repository.createCollectionOptimized({ name: "anew", vectorSize: 3 });
    catalog.forget("anew");
    resolve();
    expect((await early).dimension).toBe(2);
    expect((await catalog.get("anew", {})).dimension).toBe(3);
    expect(gate.asked).toBe(2);
  });

  it("forgets a collection that is found gone beside a call", async () => {
    await repository.createCollectionOptimized({ name: "gone", vectorSize: 2 });
    const { gate, catalog } = scene();
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    try {
      await catalog.get("gone", {});
      await repository.deleteCollection("gone");
      clock.mockReturnValue(20_000);
      expect((await catalog.get("gone", {})).name).toBe("gone");
      const refusal = expect.objectContaining({ code: "E_COLLECTION_NOT_FOUND" });
      await vi.waitFor(
        () => expect((async () => catalog.get("gone", {}))()).rejects.toEqual(refusal),
        20_000,
      );
      expect(gate.asked).toBeGreaterThan(2);
    } finally {
      clock.mockRestore();
    }
  });
});
