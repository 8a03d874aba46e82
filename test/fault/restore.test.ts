/** A restore of points into a target at fault: what does not stand there as it should is named, and an interrupted one goes on. */
import { describe, expect, it } from "vitest";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import type { PointsRequest } from "../../src/migrate/points/request.ts";
import { runPoints } from "../../src/migrate/points/run.ts";
import { archivedPoints } from "../../src/migrate/points/source.ts";
import { slicePoints } from "../../src/model/parts.ts";
import { connectArchive, connectTarget } from "../../src/open.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { archivePlace, backupRequest } from "../support/archives.ts";
import { barePoints, bareSpec, pointsRequest, upTo } from "../support/bare-points.ts";
import { fakeContext } from "../support/fake-migration.ts";

async function madeArchive(count: number): Promise<string> {
  await using source = await connectTarget(":memory:");
  await source.ensure(bareSpec);
  await source.write(bareSpec, barePoints(upTo(count)));
  const place = archivePlace();
  const { exit } = await runBackup(source, place, backupRequest({ verify: true }), fakeContext());
  expect(exit).toBe(0);
  return place.path;
}

/** The same store, written to in another way. */
function writing(store: TargetStore, write: TargetStore["write"]): TargetStore {
  return {
    identity: store.identity,
    capabilities: store.capabilities,
    collections: (options) => store.collections(options),
    count: (collection, options) => store.count(collection, options),
    ids: (collection, options) => store.ids(collection, options),
    read: (collection, keys, options) => store.read(collection, keys, options),
    search: (collection, vector, options) => store.search(collection, vector, options),
    scan: (collection, options) => store.scan(collection, options),
    ensure: (wanted, options) => store.ensure(wanted, options),
    write,
    remove: (collection, selector, options) => store.remove(collection, selector, options),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const request = (changes?: Partial<PointsRequest>) =>
  pointsRequest({ command: "restore", batchSize: 50, ...changes });

describe("a restore of points", () => {
  it("names what the target has lost and what it holds otherwise", async () => {
    await using archive = await connectArchive(`archive:${await madeArchive(300)}`);
    await using store = await connectTarget(":memory:");
    const target = writing(store, async (wanted, batch, options) => {
      const { points, rest } = batch.placement;
      const at = points.indexOf("100");
      if (at !== -1) rest[at] = '{"kind":"other"}';
      const lost = points.indexOf("200");
      if (lost === -1) return store.write(wanted, batch, options);
      await store.write(wanted, slicePoints(batch, 0, lost), options);
      await store.write(wanted, slicePoints(batch, lost + 1, points.length), options);
    });
    const { exit, report } = await runPoints(
      archivedPoints(archive),
      target,
      request(),
      fakeContext(),
    );
    expect(exit).toBe(4);
    const [found] = report.verify?.collections ?? [];
    expect(found).toMatchObject({
      compared: 300,
      differences: { missing: 1, "changed-at-target": 1, extra: 0 },
      examples: [
        { kind: "changed-at-target", point: "100", detail: expect.stringContaining("kind") },
        { kind: "missing", point: "200" },
      ],
    });
  });

  it("names what others have put there meanwhile, and with --merge counts it", async () => {
    const path = await madeArchive(120);
    for (const merge of [false, true]) {
      await using archive = await connectArchive(`archive:${path}`);
      await using store = await connectTarget(":memory:");
      let done = false;
      const target = writing(store, async (wanted, batch, options) => {
        await store.write(wanted, batch, options);
        if (done) return;
        done = true;
        await store.write(wanted, barePoints([498, 499]), options);
      });
      const { exit, report } = await runPoints(
        archivedPoints(archive),
        target,
        request({ merge }),
        fakeContext(),
      );
      expect(exit).toBe(merge ? 0 : 4);
      const [found] = report.verify?.collections ?? [];
      expect(found?.differences.extra ?? 0).toBe(merge ? 0 : 2);
      expect(report.verify?.foreign).toEqual({ points: merge ? 2 : 0 });
    }
  });

  it("that is interrupted goes on with what is not there yet", async () => {
    await using archive = await connectArchive(`archive:${await madeArchive(400)}`);
    await using store = await connectTarget(":memory:");
    let writes = 0;
    const cut = writing(store, async (wanted, batch, options) => {
      writes += 1;
      if (writes > 3) throw new Error("cut");
      await store.write(wanted, batch, options);
    });
    await expect(runPoints(archivedPoints(archive), cut, request(), fakeContext())).rejects.toThrow(
      "cut",
    );
    const { exit, report } = await runPoints(
      archivedPoints(archive),
      store,
      request(),
      fakeContext(),
    );
    expect(exit).toBe(0);
    const { carried, unchanged } = report.totals;
    expect(unchanged).toBeGreaterThanOrEqual(150);
    expect(carried + unchanged).toBe(400);
    expect(report.collections[0]?.counts).toMatchObject({ listed: 400, written: 400 });
    const [info] = await store.collections();
    expect(JSON.parse(info?.schema ?? "{}")).toMatchObject({ kind: { data_type: "keyword" } });
  });

  it("makes no collection where one of them stands in the way", async () => {
    await using archive = await connectArchive(`archive:${await madeArchive(20)}`);
    await using store = await connectTarget(":memory:");
    await store.ensure({ ...bareSpec, name: "other", dimension: 3 });
    const renames = new Map([["points", "other"]]);
    await expect(
      runPoints(archivedPoints(archive), store, request({ renames }), fakeContext()),
    ).rejects.toMatchObject({ code: "E_SCHEMA_CONFLICT" });
    await store.ensure({ ...bareSpec, name: "cosine", distance: "cosine" });
    const targetCollection = "cosine";
    await expect(
      runPoints(archivedPoints(archive), store, request({ targetCollection }), fakeContext()),
    ).rejects.toMatchObject({ code: "E_SCHEMA_CONFLICT" });
    expect((await store.collections()).map(({ name, count }) => [name, count])).toEqual([
      ["cosine", 0],
      ["other", 0],
    ]);
  });
});
