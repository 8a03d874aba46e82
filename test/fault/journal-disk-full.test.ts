/** No room left for the journal: the run ends with a reason, keeps what was done, and goes on once there is room. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runMigrate } from "../../src/migrate/run.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../support/fake-store.ts";
import { smallDisk } from "../support/small-disk.ts";

const { place, reason } = smallDisk();

describe.skipIf(reason !== "")(`a disk that is full${reason}`, () => {
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
