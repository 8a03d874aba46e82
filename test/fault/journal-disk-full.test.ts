/** No room left for the journal: the run ends with a reason, keeps what was done, and goes on once there is room. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runMigrate } from "../../src/migrate/run.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../support/fake-store.ts";

const place = mkdtempSync(join(tmpdir(), "vecferry-full-"));
const mounted = mountSmall(place);
const reason = mounted ? "" : " (skipped: no small file system can be mounted here)";

afterAll(() => {
  if (mounted) spawnSync("umount", [place]);
  rmSync(place, { recursive: true, force: true });
});

/** A file system of 1 MB, which only root on Linux may make. */
function mountSmall(folder: string): boolean {
  if (process.platform !== "linux") return false;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  return status === 0 && statfsSync(folder).blocks * statfsSync(folder).bsize <= 2 ** 20;
}

describe.skipIf(!mounted)(`a disk that is full${reason}`, () => {
  it("ends the run with E_DISK_FULL, and the same run goes on when there is room", async () => {
    const stateFolder = join(place, "state");
    const ballast = join(place, "ballast");
    mkdirSync(stateFolder);
    writeFileSync(ballast, Buffer.alloc(700_000));
    const source = new FakeSource([fakeCollection("a", 3000)]);
    const target = new FakeTarget();
    const context = { ...fakeContext(), stateFolder };
    await expect(runMigrate(source, target, migrateRequest(), context)).rejects.toMatchObject({
      code: "E_DISK_FULL",
      exit: 5,
      next: expect.stringContaining("Free some room"),
    });
    rmSync(ballast);
    const smaller = new FakeSource([fakeCollection("a", 1000)]);
    const { exit, report } = await runMigrate(smaller, target, migrateRequest(), context);
    expect(exit).toBe(0);
    expect(report.collections[0]?.counts.written).toBe(1000);
  });
});
