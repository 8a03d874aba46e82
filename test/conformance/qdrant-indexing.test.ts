import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { parseNote } from "../../src/model/collection.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const windows = process.platform === "win32";
const config = z.object({
  config: z.object({ optimizer_config: z.object({ indexing_threshold: z.number() }) }),
});

describe.each(qdrantKinds)("the index of a collection at the $name", ({ skip, start }) => {
  let place: QdrantPlace;
  let store: TargetStore;
  beforeAll(async () => {
    if (skip) return;
    place = await start();
    const apiKey = place.headers["api-key"];
    store = await openQdrant({ url: place.url }, apiKey === undefined ? {} : { apiKey });
  });
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  async function threshold(name: string): Promise<number> {
    const described = await place.call("GET", `/collections/${name}`);
    return config.parse(described).config.optimizer_config.indexing_threshold;
  }

  async function held(name: string): Promise<number | undefined> {
    const info = (await store.collections()).find((one) => one.name === name);
    return parseNote(name, info?.note ?? null)?.heldThreshold;
  }

  it.skipIf(skip)(
    "is held back from its making until it is let go, and is then as it would have been",
    async () => {
      const usual = testSpec({ name: place.unique("usual") });
      const spec = testSpec({ name: place.unique("held") });
      await store.ensure(usual);
      expect(await store.ensure(spec, { holdIndexing: true })).toEqual({ created: true });
      const before = await threshold(usual.name);
      expect(before).toBeGreaterThan(0);
      expect([await threshold(spec.name), await held(spec.name)]).toEqual([0, before]);
      await store.ensure(spec, { holdIndexing: true });
      expect([await threshold(spec.name), await held(spec.name)]).toEqual([0, before]);
      await store.ensure(spec);
      expect([await threshold(spec.name), await held(spec.name)]).toEqual([before, undefined]);
    },
  );

  it.skipIf(skip || windows)(
    "is held back by a copy until it is verified, killed or not, and comes with a copy that is taken back",
    async () => {
      using folder = temporaryFolder();
      const { path: cwd } = folder;
      const name = place.unique("copied");
      makeFolder(join(cwd, "chroma"), { records: 300, dimension: 4, name });
      const run = (env: Record<string, string>, ...args: string[]) =>
        runCli(args, { cwd, env: { ...place.env, ...env } });
      const migrate = ["migrate", "./chroma", place.url, "--batch-size", "50"];
      const killed = { VECFERRY_STOP_AT: "after-acknowledge:2" };
      expect((await run(killed, ...migrate)).status).toBeNull();
      expect(await threshold(name)).toBe(0);
      expect((await run({}, ...migrate)).status).toBe(0);
      const usual = await threshold(name);
      expect([usual > 0, await held(name)]).toEqual([true, undefined]);

      const again = ["--state", "./other", "--target-collection", place.unique("other")];
      const other = again[3] ?? "";
      await run(killed, ...migrate, ...again);
      expect(await threshold(other)).toBe(0);
      const body = { points: [{ id: 1, vector: [1, 2, 3, 4] }] };
      await place.call("PUT", `/collections/${other}/points?wait=true`, body);
      expect((await run({}, "cancel", "./chroma", place.url, "--state", "./other")).status).toBe(0);
      expect([await threshold(other), await held(other)]).toEqual([usual, undefined]);

      const during = ["--state", "./third", "--target-collection", place.unique("during")];
      await run(killed, ...migrate, ...during, "--indexing", "during");
      expect(await threshold(during[3] ?? "")).toBe(usual);
    },
  );

  it.skipIf(skip)("of one that stands there is not held back", async () => {
    const spec = testSpec({ name: place.unique("stands") });
    await store.ensure(spec);
    const before = await threshold(spec.name);
    await store.ensure(spec, { holdIndexing: true });
    expect([await threshold(spec.name), await held(spec.name)]).toEqual([before, undefined]);
  });
});
