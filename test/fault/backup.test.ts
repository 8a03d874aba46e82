/** A backup whose source, disk or process is at fault: what the archive holds is what could be read, and the rest is named. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import type { ReadOptions, ReadResult, StoreIdentity } from "../../src/store/port.ts";
import {
  archivePlace,
  archiveQuarantine,
  backupRequest,
  besideArchive,
  rawArchive,
} from "../support/archives.ts";
import { fakeCollection, fakeContext } from "../support/fake-migration.ts";
import { FakeSource } from "../support/fake-store.ts";

/** A source whose failing records can be read without their vectors, but for those in `lost`. */
class HalfSource extends FakeSource {
  readonly lost = new Set<string>();

  override async read(
    info: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult> {
    if (options.vectors !== false) return super.read(info, keys, options);
    const whole = new FakeSource(this.contents);
    for (const id of this.lost) whole.failing.set(id, "unanswerable");
    const { batch, ...rest } = await whole.read(info, keys, options);
    return { ...rest, batch: { ...batch, vectors: new Map() } };
  }
}

/** Whether these are read to be kept, and not only as a sample. */
function isBatchWith(id: string, ids: readonly string[]): boolean {
  return ids.length <= 50 && ids.includes(id);
}

async function idsOf(path: string): Promise<unknown[]> {
  const [first] = await rawArchive(path);
  return (first?.rows ?? []).map(({ id }) => id);
}

describe("a backup", () => {
  it.each([
    ["that others may write to", true],
    ["at rest", false],
  ])(
    "of a source %s holds a record without a vector, holds what it can of one whose vector is lost, and names the rest",
    async (_, live) => {
      const source = new HalfSource([fakeCollection("a", 120)], { live });
      source.failing.set("a-3", "no-vector");
      source.failing.set("a-50", "stale-vector");
      source.failing.set("a-119", "unanswerable");
      source.lost.add("a-119");
      const place = archivePlace();
      const { exit, files, report } = await runBackup(
        source,
        place,
        backupRequest(),
        fakeContext(),
      );
      expect(exit).toBe(3);
      const [held] = await rawArchive(place.path);
      expect(held?.rows).toHaveLength(119);
      expect(held?.failed).toBe(2);
      const without = held?.rows.filter(({ vector }) => (vector ?? null) === null);
      expect(without?.map(({ id }) => id)).toEqual(["a-3", "a-50"]);
      expect(without?.[0]).toMatchObject({ document: "document 3", uri: "file:///3" });
      expect(files.quarantine).toBe(join(place.path, "quarantine.jsonl"));
      expect(archiveQuarantine(place.path)).toMatchObject([
        {
          id: "a-50",
          reason: "stale-vector",
          detail: expect.stringContaining("without its vector"),
        },
        { id: "a-119", reason: "unanswerable" },
      ]);
      expect(report.collections[0]).toMatchObject({
        counts: { listed: 120, written: 118, quarantined: 2 },
        layout: null,
      });
    },
  );

  it("holds infinite components as they are", async () => {
    const source = new FakeSource([fakeCollection("a", 3, { distance: "l2" })]);
    const vector = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1];
    source.record("a", "a-1").vector = vector;
    const place = archivePlace();
    const { exit } = await runBackup(source, place, backupRequest({ verify: true }), fakeContext());
    expect(exit).toBe(0);
    const [held] = await rawArchive(place.path);
    expect(held?.rows[1]?.["vector"]).toEqual(vector);
  });

  it("takes what appears meanwhile, and names what goes", async () => {
    const source = new FakeSource([fakeCollection("a", 400)]);
    let done = false;
    source.beforeRead = (ids) => {
      if (done || !isBatchWith("a-200", ids)) return;
      done = true;
      const { records } = source.collection("a");
      records.push({ id: "late", vector: [1, 2, 3, 4] });
      // The first was read already, the last not yet.
      records.splice(0, 1);
      records.splice(records.length - 2, 1);
    };
    const place = archivePlace();
    const context = fakeContext();
    const { exit, report } = await runBackup(source, place, backupRequest(), context);
    expect(exit).toBe(0);
    const ids = await idsOf(place.path);
    expect(ids).toContain("late");
    expect(ids).not.toContain("a-399");
    const notes = report.notes.join("\n");
    expect(notes).toContain('1 record ("a-399") of "a" vanished from the source before');
    expect(notes).toContain(
      'The archive holds 1 record ("a-0") of "a" that the source has deleted',
    );
    expect(notes).toContain('1 records of "a" appeared');
    expect(report.collections[0]?.run).toMatchObject({ appeared: 1, vanished: 2, carried: 400 });
  });

  it.each([
    ["that others may write to", true],
    ["at rest", false],
  ])(
    "of a source %s goes on behind the collections that it held when it was interrupted",
    async (_, live) => {
      const source = new FakeSource([fakeCollection("a", 100), fakeCollection("b", 100)], { live });
      source.failing.set("a-7", "torn");
      const place = archivePlace();
      const context = fakeContext();
      source.beforeRead = (ids) => {
        if (isBatchWith("b-60", ids)) throw new Error("cut");
      };
      await expect(runBackup(source, place, backupRequest(), context)).rejects.toThrow("cut");
      expect(existsSync(place.path)).toBe(false);
      const read: string[] = [];
      source.beforeRead = (ids) => void read.push(...ids);
      const { exit, report } = await runBackup(source, place, backupRequest(), context);
      expect(exit).toBe(3);
      expect(report.notes.join()).toContain("gone on with behind what it holds");
      // A sample of every collection is read for its size; of the one that is held, only what failed is tried again.
      const held = read.filter((id) => id.startsWith("a-") && id !== "a-7");
      expect(held.length).toBeLessThanOrEqual(100);
      const collections = await rawArchive(place.path);
      expect(collections.map(({ rows, failed }) => [rows.length, failed])).toEqual([
        [99, 1],
        [100, 0],
      ]);
      // The run that was interrupted had found it out; it is told all the same.
      expect(archiveQuarantine(place.path)).toMatchObject([{ id: "a-7", reason: "torn" }]);
      expect(besideArchive(place.path)).toEqual([]);
    },
  );

  it("that is killed when all but its end was told makes one more generation, of nothing", async () => {
    const source = new FakeSource([fakeCollection("a", 20)]);
    const place = archivePlace();
    const context = fakeContext();
    const killed = { ...place, read: () => Promise.reject(new Error("killed")) };
    await expect(
      runBackup(source, killed, backupRequest({ verify: true }), context),
    ).rejects.toThrow("killed");
    const stands = { ...place, stands: true };
    const ended = await runBackup(source, stands, backupRequest({ verify: true }), context);
    expect(ended.exit).toBe(0);
    expect(ended.report.totals).toMatchObject({ carried: 0, unchanged: 20 });
    expect(ended.report.verify).toMatchObject({ differences: 0 });
  });

  it("writes over nothing: not another source's archive, not a folder that is none", async () => {
    const place = archivePlace();
    await runBackup(
      new FakeSource([fakeCollection("a", 5)]),
      place,
      backupRequest(),
      fakeContext(),
    );
    class Other extends FakeSource {
      override readonly identity: StoreIdentity = {
        kind: "chroma",
        address: "http://other:8000",
        tenant: null,
        database: null,
        version: null,
      };
    }
    const other = new Other([fakeCollection("a", 5)]);
    const again = { ...place, stands: true };
    for (const verify of [false, true])
      await expect(
        runBackup(other, again, backupRequest({ verify }), fakeContext()),
      ).rejects.toMatchObject({
        code: "E_CONFIG",
        message: expect.stringContaining("an archive of another store"),
      });
    const folder = mkdtempSync(join(tmpdir(), "vecferry-none-"));
    writeFileSync(join(folder, "mine.txt"), "mine");
    await expect(
      runBackup(other, archivePlace(folder), backupRequest(), fakeContext()),
    ).rejects.toMatchObject({ code: "E_CONFIG" });
  });

  it("--verify names what differs, ids both ways", async () => {
    const source = new FakeSource([fakeCollection("a", 60)], { live: false });
    const place = archivePlace();
    const whole = await runBackup(source, place, backupRequest({ verify: true }), fakeContext());
    expect(whole.exit).toBe(0);
    expect(whole.report.verify).toMatchObject({ differences: 0, collections: [{ compared: 60 }] });
    const context = fakeContext();
    const onEvent: typeof context.onEvent = (event) => {
      if (event.type !== "phase" || event.phase !== "verify") return;
      const { records } = source.collection("a");
      records.push({ id: "new", vector: [1, 2, 3, 4] });
      records.splice(10, 1);
      source.record("a", "a-20").metadata = '{"count":20.0}';
      source.record("a", "a-30").vector = [9, 9, 9, 9];
      source.failing.set("a-40", "torn");
    };
    const { exit, report } = await runBackup(
      source,
      { ...place, stands: true },
      backupRequest({ verify: true }),
      { ...context, onEvent },
    );
    expect(exit).toBe(4);
    const [found] = report.verify?.collections ?? [];
    expect(found?.differences).toEqual({
      missing: 1,
      "deleted-at-source": 1,
      "changed-at-source": 2,
      unreadable: 1,
    });
    const named = found?.examples.map(({ id }) => id).sort();
    expect(named).toEqual(["a-10", "a-20", "a-30", "a-40", "new"]);
  });

  it("is one at a time", async () => {
    const source = new FakeSource([fakeCollection("a", 50)]);
    const place = archivePlace();
    const context = fakeContext();
    // Who has the lock reads nothing until the other is refused.
    const twice = (start: () => Promise<unknown>) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      source.beforeRead = () => promise;
      const runs = [start(), start()];
      for (const run of runs) run.catch(() => resolve());
      return Promise.allSettled(runs);
    };
    const both = await twice(() => runBackup(source, place, backupRequest(), context));
    const refused = both.filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject([{ reason: { code: "E_LOCKED" } }]);
    // Also where they do not share a state folder.
    const elsewhere = archivePlace();
    const apart = await twice(() => runBackup(source, elsewhere, backupRequest(), fakeContext()));
    expect(apart.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

const disk = mkdtempSync(join(tmpdir(), "vecferry-full-"));
const mounted = mountSmall(disk);

afterAll(() => {
  if (mounted) spawnSync("umount", [disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** A file system of 1 MB, which only root on Linux may make. */
function mountSmall(folder: string): boolean {
  if (process.platform !== "linux") return false;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  return status === 0 && statfsSync(folder).blocks * statfsSync(folder).bsize <= 2 ** 20;
}

describe.skipIf(!mounted)(
  `a backup onto a small disk${mounted ? "" : " (skipped: no small file system can be mounted here)"}`,
  () => {
    const records = (count: number) => [fakeCollection("a", count)];

    it("is refused before it writes what has no room", async () => {
      const place = archivePlace(join(disk, "before"));
      await expect(
        runBackup(new FakeSource(records(20_000)), place, backupRequest(), fakeContext()),
      ).rejects.toMatchObject({
        code: "E_DISK_FULL",
        message: expect.stringMatching(
          /will take about \d+ MB more, and the disk .* has \d+ MB free/,
        ),
        next: expect.stringContaining("run the same command again"),
      });
      expect(existsSync(place.path)).toBe(false);
    });

    it("that fills up meanwhile ends it, and it goes on when there is room", async () => {
      const ballast = join(disk, "ballast");
      mkdirSync(disk, { recursive: true });
      const source = new FakeSource([
        fakeCollection("a", 100),
        ...records(2000).map((one) => ({ ...one, name: "b" })),
      ]);
      source.beforeRead = (ids) => {
        if (isBatchWith("a-1500", ids) && !existsSync(ballast)) fill(ballast);
      };
      const place = archivePlace(join(disk, "meanwhile"));
      const context = fakeContext();
      const request = backupRequest({ batchSize: 50 });
      await expect(runBackup(source, place, request, context)).rejects.toMatchObject({
        code: "E_DISK_FULL",
        exit: 5,
      });
      expect(existsSync(`${place.path}.partial`)).toBe(true);
      rmSync(ballast);
      source.beforeRead = () => undefined;
      const { exit, report } = await runBackup(source, place, request, context);
      expect(exit).toBe(0);
      expect(report.notes.join()).toContain("gone on with");
      expect((await rawArchive(place.path)).map(({ rows }) => rows.length)).toEqual([100, 2000]);
    });

    function fill(file: string): void {
      for (let size = 2 ** 20; size > 1000; size /= 2) {
        try {
          writeFileSync(file, Buffer.alloc(size), { flag: "a" });
        } catch {
          // Then half of it.
        }
      }
    }
  },
);
