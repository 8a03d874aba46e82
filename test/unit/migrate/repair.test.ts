import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import { runRepair } from "../../../src/migrate/repair.ts";
import type { Outcome } from "../../../src/migrate/report.ts";
import type { RepairRequest } from "../../../src/migrate/request.ts";
import type { TargetStore } from "../../../src/store/port.ts";
import { fakeContext, verifyRequest } from "../../support/fake-migration.ts";
import { Scene, scenePoint, withPayload, withPlacement } from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

async function migrated(target: TargetStore = new FakeTarget()): Promise<Scene> {
  const scene = new Scene(target);
  await scene.migrate();
  return scene;
}

function repair(
  scene: Scene,
  changes: Partial<RepairRequest> = {},
  context = scene.context,
): Promise<Outcome> {
  const request = { verify: verifyRequest(), overwrite: false, deleteExtra: false, dryRun: false };
  return runRepair(scene.source, scene.target, { ...request, ...changes }, context);
}

const kindsOf = ({ report }: Outcome) =>
  report.verify?.collections.flatMap(({ examples }) =>
    examples.map(({ kind, id }) => `${kind} ${id}`),
  );

const strange = "00000000-0000-4000-8000-000000000000";

/** Makes one difference of each kind. */
async function disturb(scene: Scene): Promise<void> {
  await scene.take(scenePoint("ants", "ants-1"));
  scene.source.record("ants", "ants-2").document = "newer at the source";
  await scene.alter(scenePoint("ants", "ants-3"), (batch) =>
    withPayload(batch, { documents: ["mine"] }),
  );
  scene.source.collection("bees").records.shift();
  const batch = await scene.read(scenePoint("bees", "bees-5"));
  await scene.put({ ...withPlacement(batch, { points: [strange] }), ids: ["strange"] });
}

describe("repair", () => {
  it.each([
    ["in memory", async () => new FakeTarget()],
    ["embedded", () => openEmbedded(":memory:")],
  ])(
    "writes what is missing and what changed at the source, and nothing else (%s)",
    async (_, open) => {
      await using target = await open();
      const scene = await migrated(target);
      await disturb(scene);
      const outcome = await repair(scene);
      expect(outcome.exit).toBe(4);
      expect(outcome.report.totals).toMatchObject({ carried: 2, removed: 0 });
      expect(kindsOf(outcome)?.sort()).toEqual([
        "changed-at-target ants-3",
        "deleted-at-source bees-0",
        "extra strange",
      ]);
      expect((await scene.read(scenePoint("ants", "ants-3"))).payload.documents).toEqual(["mine"]);
      expect((await scene.read(scenePoint("ants", "ants-2"))).payload.documents).toEqual([
        "newer at the source",
      ]);
    },
  );

  it("writes over what was changed at the target with --overwrite, and deletes with --delete-extra", async () => {
    const scene = await migrated();
    await disturb(scene);
    const outcome = await repair(scene, { overwrite: true, deleteExtra: true });
    expect(kindsOf(outcome)).toEqual([]);
    expect(outcome.exit).toBe(0);
    expect(outcome.report.totals).toMatchObject({ carried: 3, removed: 2 });
    expect(outcome.report.state).toBe("VERIFIED");
    expect((await scene.verify()).exit).toBe(0);
  });

  it("only says what it would do with --dry-run", async () => {
    const target = new FakeTarget();
    const scene = await migrated(target);
    await disturb(scene);
    const before = new Map(target.points("zoo"));
    const outcome = await repair(scene, { dryRun: true, deleteExtra: true });
    expect(outcome.exit).toBe(4);
    expect(new Map(target.points("zoo"))).toEqual(before);
    expect(outcome.report.notes).toEqual([
      '"ants": would write 2 records, would leave 1 that were changed at the target, would delete 0 points',
      '"bees": would write 0 records, would delete 2 points',
      '"cats": would write 0 records, would delete 0 points',
    ]);
    expect(kindsOf(outcome)).toHaveLength(5);
  });

  it("spares a point that somebody changes after it was found to be too much", async () => {
    const target = new FakeTarget();
    const scene = await migrated(target);
    await disturb(scene);
    const { source } = scene;
    // The write of what is missing comes between finding and deleting.
    const { write } = target;
    target.write = async (spec, batch) => {
      await write.call(target, spec, batch);
      const point = target.points("zoo").get(strange);
      if (point !== undefined) point.payload = point.payload.replace("{", '{"mine":1,');
    };
    expect(source.contents).toHaveLength(3);
    const outcome = await repair(scene, { deleteExtra: true });
    expect(kindsOf(outcome)).toContain("extra strange");
    expect(target.points("zoo").has(strange)).toBe(true);
  });

  it("tries quarantined records again", async () => {
    const scene = new Scene(new FakeTarget());
    const record = scene.source.record("ants", "ants-3");
    const { vector } = record;
    record.vector = [0, 0, 0, 0];
    expect((await scene.migrate()).exit).toBe(3);
    record.vector = vector;
    const outcome = await repair(scene);
    expect(outcome).toMatchObject({ exit: 0, files: { quarantine: null } });
    expect(outcome.report.totals.carried).toBe(1);
  });

  it("finishes a copy that was killed", async () => {
    const scene = new Scene(new FakeTarget());
    let reads = 0;
    scene.source.beforeRead = () => {
      reads += 1;
      if (reads === 5) throw new Error("unplugged");
    };
    await expect(scene.migrate()).rejects.toThrow("unplugged");
    const outcome = await repair(scene);
    expect(kindsOf(outcome)).toEqual([]);
    expect(outcome.exit).toBe(0);
    expect(outcome.report.state).toBe("VERIFIED");
  });

  it("makes a target collection again that is gone", async () => {
    const target = new FakeTarget();
    const scene = await migrated(target);
    target.contents.clear();
    const outcome = await repair(scene);
    expect(outcome.exit).toBe(0);
    expect(target.points("zoo").size).toBe(100);
  });

  it("repairs without a journal, and takes what differs for the target's own", async () => {
    const scene = await migrated();
    await disturb(scene);
    const context = fakeContext();
    const outcome = await repair(scene, {}, context);
    expect(kindsOf(outcome)?.sort()).toEqual([
      "changed-at-target ants-2",
      "changed-at-target ants-3",
      "extra bees-0",
      "extra strange",
    ]);
    expect(outcome.report.totals.carried).toBe(1);
    expect((await repair(scene, { overwrite: true, deleteExtra: true }, context)).exit).toBe(0);
  });
});
