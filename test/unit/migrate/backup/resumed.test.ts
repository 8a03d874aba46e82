import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runBackup } from "../../../../src/migrate/backup/backup.ts";
import type { RecordFailure } from "../../../../src/model/record.ts";
import { archivePlace, backupRequest, rawArchive } from "../../../support/archives.ts";
import { fakeCollection, fakeContext } from "../../../support/fake-migration.ts";
import { FakeSource } from "../../../support/fake-store.ts";

/** Two collections; the reading of one record of the second breaks off until `broken` is false. */
function scene(live: boolean) {
  const one = fakeCollection("one", 30);
  const source = new FakeSource([one, fakeCollection("two", 30)], { live });
  const fault = { id: "two-5", broken: true };
  const read = source.read.bind(source);
  source.read = async (info, keys, options) => {
    if (fault.broken && keys.includes(fault.id) && options?.vectors !== false)
      throw new Error("broken off");
    return read(info, keys, options);
  };
  const place = archivePlace();
  const context = fakeContext();
  const run = (change: Parameters<typeof backupRequest>[0] = {}, stands = false) =>
    runBackup(source, { ...place, stands }, backupRequest(change), context);
  const ids = async () =>
    (await rawArchive(place.path)).map(({ rows }) => rows.map(({ id }) => String(id)).sort());
  return { one, source, fault, place, run, ids };
}

const part = { ...backupRequest().scope, limit: 10 };

describe.each([
  ["a source that others write to", true],
  ["a source at rest", false],
])("a backup of %s that broke off behind a finished collection", (_, live) => {
  it("takes what that collection has got since, and names what it has lost", async () => {
    const { one, fault, run, ids } = scene(live);
    await expect(run()).rejects.toThrow("broken off");
    one.records.push({ id: "late", vector: [1, 2, 3, 4] });
    one.records.splice(0, 1);
    fault.broken = false;
    const { exit, report } = await run();
    expect(exit).toBe(0);
    expect(report.notes.join(" ")).toContain('1 record ("one-0")');
    const [first, second] = await ids();
    expect([first?.length, second?.length]).toEqual([31, 30]);
    expect(first).toContain("late");
  });

  it("is not gone on with as one of other records", async () => {
    const { fault, run } = scene(live);
    await expect(run({ scope: part })).rejects.toThrow("broken off");
    fault.broken = false;
    await expect(run()).rejects.toMatchObject({ code: "E_PLAN_CHANGED" });
    expect((await run({ scope: part })).exit).toBe(0);
  });

  it("still names what could not be read of what it holds", async () => {
    const { source, fault, run, ids } = scene(live);
    const read = source.read.bind(source);
    source.read = async (info, keys, options) => {
      if (options?.vectors === false) return read(info, keys, options);
      const others = keys.filter((key) => key !== "one-3");
      const found = await read(info, others, options);
      if (others.length === keys.length) return found;
      const failure = {
        id: "one-3",
        reason: "stale-vector",
        detail: "Its vector is an older one.",
      };
      return { ...found, failures: [failure as RecordFailure] };
    };
    await expect(run()).rejects.toThrow("broken off");
    fault.broken = false;
    const { exit, report } = await run();
    expect(exit).toBe(3);
    expect(report.collections[0]?.counts).toMatchObject({ quarantined: 1 });
    expect((await ids())[0]?.length).toBe(30);
  });
});

describe("a backup", () => {
  it("begins anew where nothing is left of what was begun", async () => {
    const { source, fault, place, run, ids } = scene(false);
    source.failing.set("one-3", "stale-vector");
    await expect(run()).rejects.toThrow("broken off");
    rmSync(`${place.path}.partial`, { recursive: true, force: true });
    fault.broken = false;
    expect((await run()).exit).toBe(3);
    expect((await ids())[0]?.length).toBe(29);
  });

  it("becomes a generation of its own where its archive is finished, also after a --verify that broke off", async () => {
    const { source, fault, run, ids } = scene(true);
    fault.broken = false;
    expect((await run()).exit).toBe(0);
    fault.broken = true;
    await expect(run({ verify: true }, true)).rejects.toThrow("broken off");
    fault.broken = false;
    source.collection("one").records.push({ id: "new", vector: [1, 2, 3, 4] });
    const { report } = await run({}, true);
    expect(report.collections.map(({ source, delta }) => [source.name, delta?.added])).toEqual([
      ["one", 1],
      ["two", 0],
    ]);
    expect((await run({ verify: true }, true)).exit).toBe(0);
    expect((await ids())[0]).not.toContain("new");
  });

  it("names a record whose text is no Unicode, and takes the others", async () => {
    const { one, fault, run, ids } = scene(false);
    const [, second] = one.records;
    if (second !== undefined) second.document = "half a pair: \ud800";
    fault.broken = false;
    const { exit } = await run();
    expect([exit, (await ids())[0]?.length]).toEqual([3, 29]);
  });

  it("claims of a part of the records no more than that", async () => {
    const { fault, run } = scene(true);
    fault.broken = false;
    const { report } = await run({ scope: part, verify: true });
    expect(report.verify?.verdict).toContain("the records that were asked for");
  });
});
