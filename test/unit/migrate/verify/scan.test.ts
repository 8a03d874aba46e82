import { afterEach, describe, expect, it, vi } from "vitest";
import { readStatus } from "../../../../src/migrate/status.ts";
import { runVerify } from "../../../../src/migrate/verify.ts";
import { verifyRequest } from "../../../support/fake-migration.ts";
import {
  onlyDifference,
  Scene,
  scenePoint,
  sceneSource,
  withPayload,
} from "../../../support/fake-scene.ts";
import { FakeTarget } from "../../../support/fake-store.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A scene whose scans take 3 seconds a page of 10 points, by the clock that progress is kept by. */
async function slowScene(): Promise<{ scene: Scene; target: FakeTarget }> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const target = new FakeTarget();
  target.pageRows = 10;
  target.beforePage = () => {
    vi.setSystemTime(Date.now() + 3000);
  };
  const scene = new Scene(target);
  await scene.migrate();
  target.scanned = 0;
  return { scene, target };
}

/** Verifies, and is interrupted after `points` points. */
async function killed(scene: Scene, target: FakeTarget, points: number): Promise<void> {
  const stop = new AbortController();
  const { beforePage } = target;
  target.beforePage = async (page) => {
    await beforePage(page);
    if (target.scanned >= points) stop.abort();
  };
  const context = { ...scene.context, signal: stop.signal };
  await expect(
    runVerify(scene.source, target, verifyRequest({ targetOnly: true }), context),
  ).rejects.toMatchObject({ code: "E_ABORTED" });
  target.beforePage = beforePage;
}

describe("a verify that was killed", () => {
  it("goes on where it stopped", async () => {
    const { scene, target } = await slowScene();
    await killed(scene, target, 60);
    expect(target.scanned).toBe(60);
    target.scanned = 0;
    const { exit, report } = await scene.verify({ targetOnly: true });
    expect(exit).toBe(0);
    expect(target.scanned).toBeLessThan(60);
    expect(report.notes.join()).toMatch(/taken up where it had stopped: \d+ of 256/);
    target.scanned = 0;
    await scene.verify({ targetOnly: true });
    expect(target.scanned).toBe(100);
  });

  it("finds what stands behind the place where it stopped", async () => {
    const { scene, target } = await slowScene();
    await killed(scene, target, 60);
    const last = [...target.points("zoo").keys()].sort().at(-1) ?? "";
    await scene.take(last);
    expect(onlyDifference(await scene.verify())).toMatchObject({ kind: "missing" });
  });

  it("says when it read the part before the place where it stopped", async () => {
    const { scene, target } = await slowScene();
    const since = new Date(Date.now()).toISOString();
    await killed(scene, target, 60);
    const { exit, report } = await scene.verify({ targetOnly: true });
    expect(exit).toBe(0);
    expect(report.verify?.verdict).toMatch(
      /Of target collection "zoo", \d+ of 256 parts were read by an earlier verify that was interrupted, from .+ on, and not again\./,
    );
    expect(report.verify?.verdict).toContain(since);
    const whole = await scene.verify({ targetOnly: true });
    expect(whole.report.verify?.verdict).not.toContain("earlier verify");
  });

  it("reads all of it again when points have come or gone since", async () => {
    const { scene, target } = await slowScene();
    await killed(scene, target, 60);
    const [first] = [...target.points("zoo").keys()].sort();
    await scene.take(first ?? "");
    const outcome = await scene.verify({ targetOnly: true });
    expect(onlyDifference(outcome)).toMatchObject({ kind: "missing" });
    expect(outcome.report.verify?.verdict).not.toContain("earlier verify");
  });

  it("begins anew when something was written since, and when an hour has gone", async () => {
    const { scene, target } = await slowScene();
    await killed(scene, target, 60);
    vi.setSystemTime(Date.now() + 3_700_000);
    target.scanned = 0;
    await scene.verify({ targetOnly: true });
    expect(target.scanned).toBe(100);
    await killed(scene, target, 160);
    scene.source.record("ants", "ants-7").document = "new";
    target.scanned = 0;
    await scene.migrate();
    expect(target.scanned).toBeGreaterThanOrEqual(100);
  });

  it("goes on in the middle of the source, and keeps what it found before", async () => {
    const { scene } = await slowScene();
    const { source } = scene;
    source.record("ants", "ants-1").uri = "changed";
    const stop = new AbortController();
    let read = 0;
    source.beforeRead = (ids) => {
      vi.setSystemTime(Date.now() + 3000);
      read += ids.length;
      // Sample of the first page, the ants, their second look, and some bees.
      if (ids.includes("cats-0")) stop.abort();
    };
    const context = { ...scene.context, signal: stop.signal };
    await expect(runVerify(source, scene.target, verifyRequest(), context)).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    const first = read;
    read = 0;
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind: "changed-at-source", id: "ants-1" });
    expect(read).toBeLessThan(first);
  });
});

describe("verify of many", () => {
  it("tells one line a record, each once", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    scene.source.collection("cats").records.push({ id: "new", vector: [1, 2, 3, 4] });
    scene.source.collection("cats").records.shift();
    await scene.take(scenePoint("ants", "ants-7"));
    await scene.alter(scenePoint("bees", "bees-2"), (batch) => withPayload(batch, { uris: ["x"] }));
    scene.source.failing.set("ants-9", "unanswerable");
    const { lines } = await scene.verifyLines();
    expect(new Set(lines.map(({ collection, id }) => `${collection} ${id}`)).size).toBe(
      lines.length,
    );
    expect(lines).toHaveLength(101);
    const others = lines
      .filter(({ sigil }) => sigil !== "=")
      .map(({ sigil, id }) => `${sigil} ${id}`);
    expect(others.sort()).toEqual(["! ants-9", "* bees-2", "+ ants-7", "+ new", "- cats-0"]);
  });

  it("takes only the collections in scope, and the others' points for no difference", async () => {
    const scene = new Scene(new FakeTarget());
    await scene.migrate();
    await scene.take(scenePoint("bees", "bees-2"));
    const scope = { ...scene.request.scope, collections: ["ants"] };
    const { exit, report } = await scene.verify({ scope });
    expect(exit).toBe(0);
    expect(report.verify?.collections.map(({ name }) => name)).toEqual(["ants"]);
    await expect(
      scene.verify({ scope: { ...scope, collections: ["dogs"] } }),
    ).rejects.toMatchObject({ code: "E_COLLECTION_NOT_FOUND" });
  });

  it("refuses --where and --limit of its own, and takes those of the migration", async () => {
    const scene = new Scene(new FakeTarget());
    const limited = { ...scene.request.scope, limit: 5 };
    await scene.migrate({ scope: limited });
    expect((await scene.verify({ scope: limited })).exit).toBe(0);
    for (const other of [{ limit: 4 }, { limit: 5, where: { count: 7 } }])
      await expect(
        scene.verify({ scope: { ...scene.request.scope, ...other } }),
      ).rejects.toMatchObject({ code: "E_USAGE" });
  });

  it("names a target collection that is gone, or is another than planned", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    const zoo = target.contents.get("zoo");
    if (zoo === undefined) throw new Error("The zoo is not there.");
    zoo.info = { ...zoo.info, distance: "l2" };
    const other = await scene.verify({ targetOnly: true });
    expect(other.exit).toBe(4);
    expect(other.report.verify?.collections[0]?.schema).toEqual([
      'Target collection "zoo" has distance l2; the plan says cosine.',
    ]);
    target.contents.delete("zoo");
    const gone = await scene.verify();
    expect(gone.report.verify?.collections[0]?.schema).toEqual([
      'Target collection "zoo" is not there.',
    ]);
    expect(
      gone.report.verify?.collections.map(({ differences }) => differences["missing"]),
    ).toEqual([60, 30, 10]);
  });

  it("does not call a copy verified that never began", async () => {
    const scene = new Scene(new FakeTarget(), sceneSource());
    scene.source.beforeRead = () => {
      throw new Error("unplugged");
    };
    await expect(scene.migrate()).rejects.toThrow();
    const outcome = await scene.verify({ targetOnly: true });
    expect(outcome.exit).toBe(4);
    expect(readStatus(scene.context.stateFolder).migrations[0]?.state).not.toBe("VERIFIED");
  });
});
