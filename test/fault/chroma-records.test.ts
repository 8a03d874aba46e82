import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askedIds, isGet, keysOf, numbered, readAll, withChroma } from "../support/chroma-scene.ts";
import { type Intercept, internalError, type StubRecord } from "../support/stub-chroma.ts";

beforeEach(() => {
  // Waits between attempts are random from 0 on: here always 0.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("records that a Chroma server cannot answer", () => {
  it.each(["v1", "v2"] as const)(
    "names those without a vector, and gives none its neighbour's, where embeddings are left out (%s)",
    async (api) => {
      const records = numbered(300, [0, 7, 8, 150, 299]);
      await withChroma({ api, records, missing: "left out" }, async (scene) => {
        const { batch, absent, failures } = await readAll(scene, records);
        expect(failures.map(({ id, reason }) => `${id} ${reason}`)).toEqual(
          ["r0", "r7", "r8", "r150", "r299"].map((id) => `${id} no-vector`),
        );
        expect([batch.ids.length, absent]).toEqual([295, []]);
      });
    },
  );

  it("isolates records for which the server answers 500, by halves", async () => {
    const records = numbered(1000, [3, 612]);
    await withChroma({ api: "v2", records, missing: "500" }, async (scene) => {
      const { batch, failures } = await readAll(scene, records);
      expect(batch.ids.length).toBe(998);
      expect(failures).toEqual([
        {
          id: "r3",
          reason: "unanswerable",
          detail: "The server cannot answer this record's vector.",
        },
        {
          id: "r612",
          reason: "unanswerable",
          detail: "The server cannot answer this record's vector.",
        },
      ]);
      expect(scene.gets().length).toBeLessThan(60);
    });
  });

  it("names a record that the server cannot answer at all, and one that vanishes meanwhile", async () => {
    const records = numbered(8);
    const intercept: Intercept = (request) =>
      askedIds(request).includes("r5") ? internalError : undefined;
    await withChroma({ api: "v2", records, intercept }, async (scene) => {
      const { batch, failures } = await readAll(scene, records);
      expect(batch.ids.length).toBe(7);
      expect(failures).toEqual([
        { id: "r5", reason: "unanswerable", detail: "The server cannot answer this record." },
      ]);
    });
    let asked = 0;
    const vanishing: Intercept = (request) => {
      if (!askedIds(request).includes("r5")) return undefined;
      asked += 1;
      return asked < 8
        ? internalError
        : { body: { ids: [], embeddings: [], documents: [], uris: [], metadatas: [] } };
    };
    await withChroma({ api: "v2", records, intercept: vanishing }, async (scene) => {
      const { absent, failures } = await readAll(scene, records);
      expect([absent, failures]).toEqual([["r5"], []]);
    });
  });

  it("fails with E_SERVER, not record by record, when the server can answer nothing of the collection", async () => {
    const records = numbered(100);
    const intercept: Intercept = (request) => (isGet(request) ? internalError : undefined);
    await withChroma({ api: "v2", records, intercept }, async ({ store, info, gets }) => {
      await expect(store.read(info, keysOf(records))).rejects.toMatchObject({ code: "E_SERVER" });
      expect(gets().length).toBeLessThan(10);
    });
  });

  it("names components that are not finite and vectors of another length", async () => {
    const records: StubRecord[] = [
      { id: "r0", embedding: [0, 1], document: "document 0", metadata: { n: 0 } },
      { id: "null", embedding: [null, 1] },
      { id: "large", embedding: [1, 1e39] },
      { id: "long", embedding: [1, 2, 3] },
      { id: "empty", embedding: [] },
      { id: "r5", embedding: [5, 1], document: "document 5", metadata: { n: 5 } },
    ];
    await withChroma({ api: "v2", records }, async (scene) => {
      const { batch, failures } = await readAll(scene, records);
      expect(batch.ids).toEqual(["r0", "r5"]);
      expect(failures.map(({ id, reason }) => `${id} ${reason}`)).toEqual([
        "null not-finite",
        "large not-finite",
        "long wrong-dimension",
        "empty wrong-dimension",
      ]);
    });
  });

  it("asks for fewer records where an answer is too large for a proxy", async () => {
    const records = numbered(64);
    const intercept: Intercept = (request) =>
      askedIds(request).length > 10 ? { status: 413, body: "" } : undefined;
    await withChroma({ api: "v2", records, intercept }, async (scene) => {
      expect((await readAll(scene, records)).batch.ids.length).toBe(64);
    });
  });

  it("refuses records that were not asked for, and records that come twice", async () => {
    const answer =
      (ids: string[]): Intercept =>
      (request) =>
        isGet(request)
          ? {
              body: {
                ids,
                embeddings: ids.map(() => [0, 1]),
                documents: ids,
                uris: ids,
                metadatas: ids.map(() => null),
              },
            }
          : undefined;
    for (const ids of [
      ["r0", "stranger"],
      ["r0", "r0"],
    ]) {
      await withChroma(
        { api: "v2", records: numbered(1), intercept: answer(ids) },
        async ({ store, info }) => {
          await expect(store.read(info, ["r0"])).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
        },
      );
    }
  });
});
