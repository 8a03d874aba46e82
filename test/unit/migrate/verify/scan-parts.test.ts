import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it, vi } from "vitest";
import { journalFile } from "../../../../src/migrate/journal/file.ts";
import { runVerify } from "../../../../src/migrate/verify.ts";
import type { CollectionInfo } from "../../../../src/model/collection.ts";
import { digestPoints } from "../../../../src/model/digest.ts";
import type { PointDigests, ScanOptions } from "../../../../src/store/port.ts";
import { verifyRequest } from "../../../support/fake-migration.ts";
import { onlyDifference, Scene, withPayload } from "../../../support/fake-scene.ts";
import { FakeTarget } from "../../../support/fake-store.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A target that makes digests itself, in pages of 10 points and 3 seconds, by the clock that progress is kept by. */
class DigestTarget extends FakeTarget {
  override pageRows = 10;
  inFlight = 0;
  inFlightMax = 0;
  stop: AbortController | null = null;
  stopAt = Number.POSITIVE_INFINITY;

  constructor() {
    super();
    this.beforePage = async () => {
      this.inFlight += 1;
      this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
      await new Promise((settle) => setImmediate(settle));
      this.inFlight -= 1;
      vi.setSystemTime(Date.now() + 3000);
      if (this.scanned >= this.stopAt) this.stop?.abort();
    };
  }

  async *digests(info: CollectionInfo, options: ScanOptions): AsyncGenerator<PointDigests> {
    for await (const batch of this.scan(info, options)) {
      const { points, runs, collections } = batch.placement;
      yield { points, runs, collections, digests: digestPoints(batch) };
    }
  }
}

async function migrated(): Promise<{ scene: Scene; target: DigestTarget }> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const target = new DigestTarget();
  const scene = new Scene(target);
  await scene.migrate();
  target.scanned = 0;
  return { scene, target };
}

/** Verifies, and is interrupted after `points` points. */
async function killed(scene: Scene, target: DigestTarget, points: number): Promise<void> {
  target.stop = new AbortController();
  target.stopAt = points;
  const context = { ...scene.context, signal: target.stop.signal };
  await expect(
    runVerify(scene.source, target, verifyRequest({ targetOnly: true }), context),
  ).rejects.toMatchObject({ code: "E_ABORTED" });
  target.stop = null;
}

/** A point on either side of where the parts meet, and those at the ends. */
function pointsAround(target: DigestTarget): string[] {
  const all = [...target.points("zoo").keys()].sort();
  const middle = all.findIndex((point) => point >= "8");
  return [all[0], all[middle - 1], all[middle], all.at(-1)].map((point) => point ?? "");
}

describe("a target that makes digests itself", () => {
  it("is read in two parts beside one another, each point once", async () => {
    const { scene, target } = await migrated();
    target.inFlightMax = 0;
    const { exit, report } = await scene.verify({ targetOnly: true });
    expect(exit).toBe(0);
    expect(target.scanned).toBe(100);
    expect(target.inFlightMax).toBe(2);
    expect(report.verify?.collections.map(({ compared }) => compared)).toEqual([60, 30, 10]);
  });

  it("has missing, changed and foreign points named wherever they stand", async () => {
    const { scene, target } = await migrated();
    for (const point of pointsAround(target)) {
      const kept = await scene.read(point);
      await scene.take(point);
      expect(onlyDifference(await scene.verify())).toMatchObject({ kind: "missing", point });
      await scene.put(withPayload(kept, { documents: ["other"] }));
      expect(onlyDifference(await scene.verify())).toMatchObject({
        kind: "changed-at-target",
        point,
      });
      await scene.put(kept);
      expect((await scene.verify()).exit).toBe(0);
    }
  });

  it("is read on in both parts after an interruption", async () => {
    const { scene, target } = await migrated();
    await killed(scene, target, 60);
    const read = target.scanned;
    target.scanned = 0;
    const { exit, report } = await scene.verify({ targetOnly: true });
    expect(exit).toBe(0);
    // Of each part the bucket that was being read is read again.
    expect(target.scanned).toBeGreaterThanOrEqual(100 - read);
    expect(target.scanned).toBeLessThan(80);
    expect(report.notes.join()).toMatch(/taken up where it had stopped: \d+ of 256/);
  });

  it("has what is missing behind both interruptions named", async () => {
    for (const place of [1, 3]) {
      const { scene, target } = await migrated();
      await killed(scene, target, 40);
      const point = pointsAround(target)[place] ?? "";
      await scene.take(point);
      const outcome = await scene.verify({ targetOnly: true });
      expect(onlyDifference(outcome)).toMatchObject({ kind: "missing", point });
    }
  });

  it("is read anew where the journal keeps the progress as versions before did", async () => {
    const { scene, target } = await migrated();
    await killed(scene, target, 60);
    using journal = new DatabaseSync(journalFile(scene.context.stateFolder));
    journal
      .prepare("UPDATE progress SET value=? WHERE kind='scan'")
      .run(`{"bucket":200,"sums":{},"foreign":[],"since":"${new Date().toISOString()}"}`);
    target.scanned = 0;
    const { exit, report } = await scene.verify({ targetOnly: true });
    expect(exit).toBe(0);
    expect(target.scanned).toBe(100);
    expect(report.notes.join()).not.toContain("taken up");
  });
});
