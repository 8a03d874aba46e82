import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockMigration } from "../../../../src/migrate/lock.ts";
import { runMigrate } from "../../../../src/migrate/run.ts";
import { DatabaseSync } from "../../../../src/util/sqlite.ts";
import { codesOf, examine, fakeLook, only } from "../../../support/doctor-scene.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../../support/fake-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-here-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const look = (stateFolder: string) => examine({ target: fakeLook(), stateFolder });

describe("doctor on this machine", () => {
  it("makes no state folder, and finds nothing amiss where one can be made", async () => {
    expect(codesOf(await look(join(folder, "a/b")))).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)("finds a state folder that cannot be written", async () => {
    chmodSync(folder, 0o500);
    expect(only(await look(join(folder, "state")), "state-not-writable").evidence["held"]).toBe(
      folder,
    );
  });

  it("finds a state folder that cannot be, because a file stands there", async () => {
    writeFileSync(join(folder, "file"), "");
    const found = only(await look(join(folder, "file/state")), "state-not-writable");
    expect(found).toMatchObject({ severity: "error", end: "here" });
  });

  it("finds a journal that is none, and a newer one", async () => {
    const journal = join(folder, "journal.sqlite");
    writeFileSync(journal, "no journal at all, whatever it is called");
    const found = only(await look(folder), "journal-damaged");
    expect(found.remedy).toBe(
      `mv ${journal} ${journal}.damaged && vecferry migrate SOURCE http://target:6333 --restart`,
    );
    rmSync(journal);
    const context = { ...fakeContext(), stateFolder: folder };
    await runMigrate(
      new FakeSource([fakeCollection("ants", 1)]),
      new FakeTarget(),
      migrateRequest(),
      context,
    );
    expect(codesOf(await look(folder))).toEqual([]);
    const database = new DatabaseSync(journal);
    database.exec("update meta set value = '99' where key = 'format'");
    database.close();
    expect(codesOf(await look(folder))).toEqual(["journal-newer"]);
  });

  it("finds a process at work on a migration", async () => {
    const context = { ...fakeContext(), stateFolder: folder };
    const { report } = await runMigrate(
      new FakeSource([fakeCollection("ants", 1)]),
      new FakeTarget(),
      migrateRequest(),
      context,
    );
    await using _lock = await lockMigration(folder, report.migration?.run ?? "");
    const found = only(await look(folder), "migration-running");
    expect(found.evidence["pid"]).toBe(process.pid);
  });

  it("finds a process that died at one", async () => {
    const context = { ...fakeContext(), stateFolder: folder };
    const { report } = await runMigrate(
      new FakeSource([fakeCollection("ants", 1)]),
      new FakeTarget(),
      migrateRequest(),
      context,
    );
    writeFileSync(join(folder, report.migration?.run ?? "", "lock"), "999999 gone\n");
    const found = only(await look(folder), "migration-died");
    expect(found).toMatchObject({ severity: "info", evidence: { pid: 999999 } });
  });

  it("says where vecferry was not tested with this Node", async () => {
    const versions = Object.getOwnPropertyDescriptor(process, "versions");
    Object.defineProperty(process, "versions", {
      value: { ...process.versions, node: "99.0.0" },
      configurable: true,
    });
    try {
      expect(codesOf(await look(folder))).toEqual(["node-untested"]);
    } finally {
      if (versions !== undefined) Object.defineProperty(process, "versions", versions);
    }
  });
});
