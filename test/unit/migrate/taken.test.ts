import { describe, expect, it } from "vitest";
import { runRepair } from "../../../src/migrate/repair.ts";
import type { Outcome } from "../../../src/migrate/report.ts";
import type { RepairRequest } from "../../../src/migrate/request.ts";
import { fakeContext, verifyRequest } from "../../support/fake-migration.ts";
import {
  onlyDifference,
  Scene,
  scenePoint,
  withPlacement,
  zooSpec,
} from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

const point = scenePoint("ants", "ants-7");

function repair(
  scene: Scene,
  changes: Partial<RepairRequest> = {},
  context = scene.context,
): Promise<Outcome> {
  const request = { verify: verifyRequest(), overwrite: false, deleteExtra: false, dryRun: false };
  return runRepair(scene.source, scene.target, { ...request, ...changes }, context);
}

/** A migration that refused to begin, because one of its points is another's. */
async function refused(runs: (string | null)[], code: string): Promise<Scene> {
  const other = new Scene(new FakeTarget());
  await other.migrate();
  const batch = withPlacement(await other.read(point), { runs });
  const scene = new Scene(new FakeTarget());
  await scene.target.ensure(zooSpec);
  await scene.put(batch);
  await expect(scene.migrate()).rejects.toMatchObject({ code });
  return scene;
}

describe("a point that is another's", () => {
  it.each([
    ["another run's", ["0123456789abcdef"], "E_POINT_TAKEN"],
    ["no migration's", [null], "E_FOREIGN_POINTS"],
  ])("is never written over by repair, with --overwrite neither: %s", async (_, runs, code) => {
    const scene = await refused(runs, code);
    const before = await scene.read(point);
    for (const overwrite of [false, true]) {
      const outcome = await repair(scene, { overwrite });
      expect(onlyDifference(outcome)).toMatchObject({ kind: "taken", id: "ants-7" });
      expect(outcome.exit).toBe(4);
      expect(outcome.report.state).not.toBe("VERIFIED");
      expect(await scene.read(point)).toEqual(before);
      expect(outcome.report.next.join()).not.toContain("--overwrite");
      expect(outcome.report.next.join()).toContain("--id-prefix");
    }
    const plan = await repair(scene, { overwrite: true, dryRun: true });
    expect(plan.report.notes[0]).toContain("would leave 1 whose points are others'");
  });

  it("is kept by repair too where it took the place of one that was carried", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    await scene.alter(point, (batch) => withPlacement(batch, { runs: ["0123456789abcdef"] }));
    const outcome = await repair(scene, { overwrite: true });
    expect(onlyDifference(outcome)).toMatchObject({ kind: "taken", id: "ants-7" });
    expect((await scene.read(point)).placement.runs).toEqual(["0123456789abcdef"]);
  });

  it("is no difference once the source has deleted the record", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    await scene.alter(point, (batch) => withPlacement(batch, { runs: [null] }));
    scene.source.collection("ants").records.splice(7, 1);
    const { exit, report } = await scene.verify();
    expect(exit).toBe(0);
    expect(report.verify?.foreign).toEqual({ zoo: 1 });
    expect((await scene.verify()).exit).toBe(0);
  });
});

describe("points of this migration that its scope leaves out", () => {
  it("are no extra ones after a smaller migration, and --delete-extra deletes none", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    const scope = { ...scene.request.scope, limit: 5 };
    await scene.migrate({ restart: true, scope });
    const outcome = await repair(scene, { deleteExtra: true });
    expect(outcome.report.totals.removed).toBe(0);
    expect(target.points("zoo").size).toBe(100);
    expect(outcome.exit).toBe(0);
    expect(outcome.report.verify?.foreign).toEqual({ zoo: 85 });
  });

  it("are none without a journal, with --limit", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    const verify = verifyRequest({ scope: { ...scene.request.scope, limit: 5 } });
    const outcome = await repair(scene, { verify, deleteExtra: true }, fakeContext());
    expect(outcome.exit).toBe(0);
    expect(target.points("zoo").size).toBe(100);
  });

  it("are spared when the source gets the record back before they are deleted", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    const { source } = scene;
    const [lost] = source.collection("bees").records.splice(3, 1);
    if (lost === undefined) throw new Error("There is no bee.");
    const { ensure } = target;
    // Between finding and deleting.
    target.ensure = (wanted) => {
      if (!source.collection("bees").records.includes(lost))
        source.collection("bees").records.push(lost);
      return ensure.call(target, wanted);
    };
    await repair(scene, { deleteExtra: true }, fakeContext());
    expect(target.points("zoo").has(scenePoint("bees", "bees-3"))).toBe(true);
  });

  it("are extra where the source has the record and its point is another one", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    const strange = "00000000-0000-4000-8000-000000000000";
    await scene.put(withPlacement(await scene.read(point), { points: [strange] }));
    expect(onlyDifference(await scene.verify())).toMatchObject({ kind: "extra", id: "ants-7" });
  });
});
