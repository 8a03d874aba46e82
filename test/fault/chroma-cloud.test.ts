/** Chroma Cloud's quotas and moods, as its stand-in has them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChromaCloud } from "../../src/adapters/chroma/index.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import type { SourceStore } from "../../src/store/port.ts";
import { collectionsUrl, type Place } from "../support/chroma-fill.ts";
import { collect } from "../support/chroma-scene.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type CloudScene, cloudKey, cloudRecords, cloudScene } from "../support/cloud-scene.ts";
import { type CloudRules, quotaWords } from "../support/cloud-stand-in.ts";

const reason = chromaAvailable();
const records = cloudRecords(1000);
const all = records.map(({ id }) => id).sort();

describe.skipIf(reason !== null)(
  `Chroma Cloud${reason === null ? "" : ` (skipped: ${reason})`}`,
  () => {
    let server: ChromaServer;
    beforeAll(async () => {
      server = await startChroma();
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    interface Scene extends CloudScene {
      readonly store: SourceStore;
      readonly info: CollectionInfo;
      readonly retries: string[];
    }

    /** Opens a store; the rules begin after that. */
    async function withCloud(
      rules: Partial<CloudRules>,
      run: (scene: Scene) => Promise<void>,
      attempts?: number,
    ): Promise<void> {
      await using scene = await cloudScene(server, records);
      const retries: string[] = [];
      await using store = await openChromaCloud(at(scene.cloud.url, scene.place), {
        chroma: { token: cloudKey },
        onRetry: ({ code }) => retries.push(code),
        ...(attempts === undefined ? {} : { attempts }),
      });
      const [info] = await store.collections();
      if (info === undefined) throw new Error("no collection");
      scene.cloud.gets.length = 0;
      Object.assign(scene.cloud.rules, rules);
      await run({ ...scene, store, info, retries });
    }

    const at = (url: string, place: Partial<Place>) =>
      ({ kind: "chroma-cloud", url, tenant: null, database: null, ...place }) as const;
    const listAll = async ({ store, info }: Scene) => (await collect(store.ids(info))).flat();

    /** All records by id, at once as far as the store lets it. */
    async function readAll({ store, info }: Scene): Promise<void> {
      const batches = Array.from({ length: 10 }, (_, n) =>
        all.filter((_id, at) => at % 10 === n).concat(all.filter((_id, at) => at % 10 !== n)),
      );
      for (const { batch, absent, failures } of await Promise.all(
        batches.map((keys) => store.read(info, keys)),
      )) {
        expect({ absent, failures }).toEqual({ absent: [], failures: [] });
        expect(batch.ids.toSorted()).toEqual(all);
        const at = batch.ids.indexOf("record 999 ");
        for (const part of ['"whole":999.0', '"big":9007199254740993'])
          expect(batch.payload.metadata[at]).toContain(part);
      }
    }

    it("lists in pages of 300 up to an empty one, short pages in between, and reads by ids without a limit", async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`seed ${seed}`);
      await withCloud({ shortPage: 0.5 }, async (scene) => {
        const { cloud } = scene;
        expect((await listAll(scene)).sort()).toEqual(all);
        expect(cloud.gets.some(({ offset = 0 }) => offset === 1000)).toBe(true);
        await readAll(scene);
        for (const { ids, limit } of cloud.gets) {
          expect(limit === undefined || limit <= 300).toBe(true);
          expect(ids === undefined || (ids.length <= 300 && limit === undefined)).toBe(true);
        }
        expect(cloud.statuses.get(422)).toBeUndefined();
      });
    });

    it("never has more than 8 requests in flight, however many ask", async () => {
      await withCloud({}, async (scene) => {
        await Promise.all([
          readAll(scene),
          listAll(scene),
          listAll(scene),
          scene.store.count(scene.info),
        ]);
        expect(scene.cloud.inFlightMax()).toBeLessThanOrEqual(8);
        expect(scene.cloud.inFlightMax()).toBeGreaterThan(1);
        expect(scene.retries).toEqual([]);
      });
    });

    it("takes the limit out of a refusal when the quota is lowered in between, and keeps it", async () => {
      await withCloud({}, async (scene) => {
        const { cloud, store, info } = scene;
        let seen = 0;
        cloud.rules.beforeGet = () => {
          seen += 1;
          if (seen === 2) cloud.rules.rowsMax = 110;
          return undefined;
        };
        expect((await listAll(scene)).sort()).toEqual(all);
        await store.read(info, all);
        expect(cloud.statuses.get(422)).toBeLessThanOrEqual(3 + 3);
        cloud.statuses.clear();
        cloud.gets.length = 0;
        const { batch } = await store.read(info, all);
        expect(batch.ids.toSorted()).toEqual(all);
        expect(cloud.gets.map(({ ids }) => ids?.length)).toEqual([...Array(9).fill(110), 10]);
        expect(cloud.statuses.get(422)).toBeUndefined();
      });
    });

    it.each<[string, CloudRules["overQuota"]]>([
      ["without figures", () => ({ status: 422, body: { error: "X", message: "Too much." } })],
      [
        "with others' figures",
        () => ({ status: 422, body: { error: "X", message: "8 of 9 left" } }),
      ],
      ["as text", () => ({ status: 422, body: "no" })],
      [
        "with commas",
        (_what, usage) => ({
          status: 422,
          body: { error: "X", message: `1,000 is less than ${usage}` },
        }),
      ],
      [
        "with a limit of 0",
        (_what, usage) => ({ status: 422, body: { error: "X", message: `${usage} exceeds 0` } }),
      ],
    ])("halves a page that is refused in other words: %s", async (_name, overQuota) => {
      await withCloud({ rowsMax: 80, overQuota }, async (scene) => {
        expect((await listAll(scene)).sort()).toEqual(all);
        const { batch } = await scene.store.read(scene.info, all);
        expect(batch.ids.toSorted()).toEqual(all);
        expect(scene.cloud.statuses.get(422)).toBeLessThan(12);
        // Pages of 75 rows or so: what the refusal does not say is not taken from its other figures.
        expect(scene.cloud.gets.length).toBeLessThan(45);
      });
    });

    it("says what the server said where not even one record may be read", async () => {
      const overQuota = () => ({
        status: 422,
        body: { error: "ChromaError", message: "Billing limit exceeded" },
      });
      await withCloud({ rowsMax: 0, overQuota }, async (scene) => {
        const failed = {
          code: "E_SERVER",
          message: expect.stringContaining("Billing limit exceeded"),
        };
        await expect(scene.store.read(scene.info, all)).rejects.toMatchObject(failed);
        await expect(listAll(scene)).rejects.toMatchObject(failed);
        expect(scene.cloud.statuses.get(422)).toBeLessThan(30);
      });
    });

    it("names a where that the server refuses E_INPUT, and reads on with whole pages", async () => {
      const overQuota = () => quotaWords("Number of where clause predicates", 9, 8);
      await withCloud({}, async (scene) => {
        const { cloud, store, info } = scene;
        cloud.rules.beforeGet = (body) => ("where" in body ? overQuota() : undefined);
        await expect(collect(store.ids(info, { where: { n: 1 } }))).rejects.toMatchObject({
          code: "E_INPUT",
          message: expect.stringContaining("limit of 8"),
        });
        cloud.gets.length = 0;
        await listAll(scene);
        expect(cloud.gets[0]?.limit).toBe(300);
      });
    });

    it("waits out a storm of 429 and 503 that do not say how long", async () => {
      await withCloud({}, async (scene) => {
        const tries = new Map<string, number>();
        scene.cloud.rules.beforeGet = (body) => {
          const name = JSON.stringify([body.ids?.[0], body.ids?.length, body.offset]);
          const tried = (tries.get(name) ?? 0) + 1;
          tries.set(name, tried);
          if (tried > 3) return undefined;
          return { status: tried === 2 ? 503 : 429, body: { error: "ChromaError", message: "" } };
        };
        expect((await listAll(scene)).sort()).toEqual(all);
        const { batch } = await scene.store.read(scene.info, all);
        expect(batch.ids.toSorted()).toEqual(all);
        expect(new Set(scene.retries)).toEqual(new Set(["E_RATE_LIMITED", "E_SERVER"]));
        expect(scene.cloud.inFlightMax()).toBeLessThanOrEqual(8);
      });
    });

    it("ends a storm without end as one that passes: E_RATE_LIMITED, exit 5", async () => {
      await withCloud(
        { busy: 1 },
        async (scene) => {
          const failed = { code: "E_RATE_LIMITED", retryable: true, exit: 5 };
          await expect(listAll(scene)).rejects.toMatchObject(failed);
          await expect(scene.store.read(scene.info, all)).rejects.toMatchObject(failed);
        },
        3,
      );
    });

    it("gives a listing up as soon as one of its pages fails for good, and asks for no other any more", async () => {
      await withCloud({}, async (scene) => {
        scene.cloud.rules.beforeGet = ({ offset }) => {
          if (offset === 300) return { status: 429, body: "" };
          if (offset === 600)
            return { status: 501, body: { error: "InternalError", message: "no" } };
          return undefined;
        };
        await expect(listAll(scene)).rejects.toMatchObject({ code: "E_SERVER" });
        const asked = scene.cloud.requests.length;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        expect(scene.cloud.requests.length).toBe(asked);
      });
    });

    it("finds on the second listing what deletes in the middle of the first made it skip", async () => {
      await withCloud({}, async (scene) => {
        const { cloud, key, place } = scene;
        const gone = records.slice(0, 40).map(({ id }) => id);
        cloud.rules.beforeGet = async ({ offset }) => {
          if (offset !== 300) return undefined;
          await fetch(collectionsUrl(server, place, `/${key}/delete`), {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ ids: gone }),
          });
          return undefined;
        };
        const first = new Set(await listAll(scene));
        const left = all.filter((id) => !gone.includes(id));
        expect(left.filter((id) => !first.has(id)).length).toBeGreaterThan(0);
        expect((await listAll(scene)).sort()).toEqual(left);
      });
    });
  },
);
