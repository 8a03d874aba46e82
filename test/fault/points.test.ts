/** Points that go from a Qdrant into a Qdrant while things go on at both: what is carried, what is named, and what is never written over. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PointsPlan, planPoints } from "../../src/migrate/points/plan.ts";
import type { PointsRequest } from "../../src/migrate/points/request.ts";
import { runPoints, verifyPoints } from "../../src/migrate/points/run.ts";
import { type PointSource, standingPoints } from "../../src/migrate/points/source.ts";
import type { RunContext } from "../../src/migrate/request.ts";
import { connectTarget } from "../../src/open.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { barePoints, bareSpec, pointsRequest, upTo } from "../support/bare-points.ts";
import { fakeContext } from "../support/fake-migration.ts";

const request = (changes?: Partial<PointsRequest>) => pointsRequest({ batchSize: 40, ...changes });

let source: TargetStore;
let target: TargetStore;

beforeAll(async () => {
  source = await connectTarget(":memory:");
  target = await connectTarget(":memory:");
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const store of [source, target])
    for (const info of await store.collections()) await store.remove(info, { everything: true });
});

interface Scene {
  readonly context: RunContext;
  /** Takes points away from the source. */
  remove(numbers: readonly number[]): Promise<void>;
  run(changes?: Partial<PointsRequest>, from?: PointSource): ReturnType<typeof runPoints>;
  verify(changes?: Partial<PointsRequest>): ReturnType<typeof verifyPoints>;
  plan(changes?: Partial<PointsRequest>): Promise<PointsPlan>;
  /** Whether both hold the same points. */
  same(): Promise<boolean>;
}

/** So many points at the source, none at the target. */
async function openScene(count: number): Promise<Scene> {
  await source.ensure(bareSpec);
  await source.write(bareSpec, barePoints(upTo(count)));
  const context = fakeContext();
  const points = standingPoints(source);
  const verify = (changes?: Partial<PointsRequest>) =>
    verifyPoints(points, target, request({ command: "verify", ...changes }), context);
  return {
    context,
    async remove(numbers) {
      const [info] = await source.collections();
      if (info !== undefined) await source.remove(info, { points: barePoints(numbers).ids });
    },
    run: (changes, from = points) => runPoints(from, target, request(changes), context),
    verify,
    plan: (changes) => planPoints(points, target, request(changes), context),
    same: async () => (await verify()).exit === 0,
  };
}

/** A source that others write to: `meanwhile` happens once, when it is read for the `reading`th time and some batches were given. */
function busy(reading: number, meanwhile: () => Promise<void>, after = 1): PointSource {
  const points = standingPoints(source);
  let readings = 0;
  return {
    ...points,
    live: true,
    async *points(collection, options) {
      readings += 1;
      const isIt = readings === reading;
      let batches = 0;
      for await (const batch of points.points(collection, options)) {
        yield batch;
        batches += 1;
        if (isIt && batches === after) await meanwhile();
      }
    },
  };
}

describe("points of a Qdrant that go into a Qdrant", () => {
  it("are carried again where the source has changed, added and deleted since", async () => {
    const scene = await openScene(500);
    expect((await scene.run()).report.totals).toMatchObject({ carried: 500, unchanged: 0 });
    expect((await scene.run()).report.totals).toMatchObject({ carried: 0, unchanged: 500 });
    await source.write(bareSpec, barePoints([4, 7, 600, 601], 1));
    await scene.remove([10, 13]);
    const [planned] = (await scene.plan()).collections;
    expect(planned?.standing).toEqual({ equal: 496, others: 2, missing: 2, extra: 2 });
    const first = await scene.run();
    expect(first).toMatchObject({ exit: 4, report: { totals: { carried: 4, changed: 2 } } });
    expect(first.report.verify?.collections[0]?.differences).toMatchObject({
      missing: 0,
      extra: 2,
    });
    expect(first.report.next.join()).toContain("--propagate-deletes");
    const second = await scene.run({ propagateDeletes: true });
    expect(second).toMatchObject({ exit: 0, report: { totals: { carried: 0, removed: 2 } } });
    expect(await scene.same()).toBe(true);
  });

  it("are never written over where somebody else has written to the target, unless that is said", async () => {
    const scene = await openScene(300);
    await scene.run();
    await target.write(bareSpec, barePoints([4], 9));
    expect((await scene.verify()).report.verify).toMatchObject({
      differences: 1,
      collections: [{ examples: [{ kind: "changed-at-target", point: "4" }] }],
    });
    await expect(scene.run()).rejects.toMatchObject({ code: "E_POINT_TAKEN" });
    await expect(scene.plan()).rejects.toMatchObject({ code: "E_POINT_TAKEN" });
    const over = await scene.run({ overwrite: true });
    expect(over).toMatchObject({ exit: 0, report: { totals: { carried: 1, changed: 1 } } });
    await target.write(bareSpec, barePoints([900, 901]));
    await expect(scene.run()).rejects.toMatchObject({ code: "E_FOREIGN_POINTS" });
    const deleting = scene.run({ propagateDeletes: true });
    await expect(deleting).rejects.toMatchObject({ code: "E_FOREIGN_POINTS" });
    const beside = await scene.run({ merge: true, propagateDeletes: true });
    expect(beside).toMatchObject({ exit: 0, report: { verify: { foreign: { points: 2 } } } });
    await source.write(bareSpec, barePoints([6], 3));
    expect((await scene.run({ merge: true })).exit).toBe(0);
  });

  it("are carried also where the source changes while it is read", async () => {
    for (const reading of [1, 2]) {
      for (const info of await target.collections())
        await target.remove(info, { everything: true });
      const scene = await openScene(400);
      const from = busy(reading, async () => {
        await source.write(bareSpec, barePoints([0, 1, 398, 399, 700, 701], 5));
        await scene.remove([2, 3, 396, 397]);
      });
      expect((await scene.run({ propagateDeletes: true }, from)).exit).toBe(0);
      // What changes behind the last look is the next pass's.
      if (reading === 2) await scene.run({ propagateDeletes: true });
      expect(await scene.same()).toBe(true);
    }
  });

  it("name what somebody else has changed at the target meanwhile, and leave it", async () => {
    const scene = await openScene(400);
    const from = busy(
      1,
      async () => {
        await target.write(bareSpec, barePoints([0], 8));
        await source.write(bareSpec, barePoints([0], 5));
      },
      5,
    );
    const { exit, report } = await scene.run({}, from);
    expect(exit).toBe(4);
    expect(report.verify?.collections[0]?.differences).toMatchObject({ "changed-at-target": 1 });
    await expect(scene.run()).rejects.toMatchObject({ code: "E_POINT_TAKEN" });
  });

  it("go on after an interruption with what is not there yet", async () => {
    const scene = await openScene(400);
    const stop = new AbortController();
    const from = busy(1, async () => stop.abort(), 8);
    const context = { ...scene.context, signal: stop.signal };
    const cut = runPoints(from, target, request(), context);
    await expect(cut).rejects.toMatchObject({ code: "E_ABORTED" });
    const { exit, report } = await scene.run();
    expect(exit).toBe(0);
    expect(report.totals.carried).toBeLessThan(400);
    expect(report.totals.carried + report.totals.unchanged).toBe(400);
  });

  it("take what an earlier run left for granted only as long as its file can be read", async () => {
    const scene = await openScene(100);
    await scene.run();
    await source.write(bareSpec, barePoints([4], 1));
    const { stateFolder } = scene.context;
    const file = readdirSync(stateFolder, { recursive: true, encoding: "utf8" }).find((path) =>
      path.endsWith("points.json"),
    );
    writeFileSync(join(stateFolder, file ?? ""), "{");
    await expect(scene.run()).rejects.toMatchObject({ code: "E_POINT_TAKEN" });
  });

  it("do not go into a collection that cannot hold them as they are", async () => {
    const scene = await openScene(10);
    await target.ensure({ ...bareSpec, name: "wide", dimension: 3 });
    await target.ensure({ ...bareSpec, name: "cosine", distance: "cosine" });
    for (const targetCollection of ["wide", "cosine"]) {
      await expect(scene.run({ targetCollection })).rejects.toMatchObject({
        code: "E_SCHEMA_CONFLICT",
      });
      const { exit, report } = await scene.verify({ targetCollection });
      expect(exit).toBe(4);
      expect(report.verify?.collections[0]?.schema).toHaveLength(1);
    }
    expect((await target.collections()).map(({ count }) => count)).toEqual([0, 0]);
  });

  it("are equal after any changes at the source, pass by pass", async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const some = (count: number) => upTo(count).map(() => Math.floor(random() * 900));
    const scene = await openScene(300);
    for (let pass = 1; pass <= 6; pass += 1) {
      await source.write(bareSpec, barePoints([...new Set(some(20))], pass));
      await scene.remove(some(20));
      const { exit } = await scene.run({ propagateDeletes: true });
      expect([exit, await scene.same()], `seed ${seed}, pass ${pass}`).toEqual([0, true]);
    }
  });
});
