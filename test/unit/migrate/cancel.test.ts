import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import { runCancel } from "../../../src/migrate/cancel.ts";
import { readStatus } from "../../../src/migrate/status.ts";
import type { TargetStore } from "../../../src/store/port.ts";
import { Scene, scenePoint, withPlacement, zooSpec } from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

const stores: [string, () => Promise<TargetStore>][] = [
  ["in memory", async () => new FakeTarget()],
  ["embedded", () => openEmbedded(":memory:")],
];

describe.each(stores)("cancel (%s)", (_, open) => {
  it("takes away the collections that the migration made, and forgets its records", async () => {
    await using target = await open();
    const scene = new Scene(target);
    await scene.migrate();
    const outcome = await runCancel(target, { dryRun: false }, scene.context);
    expect(outcome).toMatchObject({
      state: "CANCELLED",
      collections: [{ name: "zoo", removed: 100, left: 0, dropped: true }],
    });
    expect(await target.collections()).toEqual([]);
    const [status] = readStatus(scene.context.stateFolder).migrations;
    expect(status).toMatchObject({ state: "CANCELLED", counts: { listed: 0 } });
    await expect(runCancel(target, { dryRun: false }, scene.context)).rejects.toMatchObject({
      code: "E_NO_MIGRATION",
    });
    expect((await scene.migrate()).exit).toBe(0);
  });

  it("leaves a collection in which something else stands, and what stands there", async () => {
    await using target = await open();
    const scene = new Scene(target);
    await scene.migrate();
    const batch = await scene.read(scenePoint("ants", "ants-1"));
    const points = ["00000000-0000-4000-8000-000000000000"];
    await scene.put(withPlacement(batch, { points, runs: ["0123456789abcdef"] }));
    const outcome = await runCancel(target, { dryRun: false }, scene.context);
    expect(outcome.collections).toEqual([{ name: "zoo", removed: 100, left: 1, dropped: false }]);
    expect(await target.count(await scene.info())).toBe(1);
  });

  it("leaves an emptied collection that it did not make", async () => {
    await using target = await open();
    const scene = new Scene(target);
    await target.ensure(zooSpec);
    await scene.migrate();
    const outcome = await runCancel(target, { dryRun: false }, scene.context);
    expect(outcome.collections).toEqual([{ name: "zoo", removed: 100, left: 0, dropped: false }]);
    expect(await target.count(await scene.info())).toBe(0);
  });

  it("only counts with --dry-run", async () => {
    await using target = await open();
    const scene = new Scene(target);
    await scene.migrate();
    const outcome = await runCancel(target, { dryRun: true }, scene.context);
    expect(outcome).toMatchObject({
      state: "VERIFIED",
      collections: [{ removed: 100, dropped: true }],
    });
    expect((await scene.verify()).exit).toBe(0);
  });
});
