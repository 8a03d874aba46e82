import { describe, expect, it } from "vitest";
import { runMigrate } from "../../../src/migrate/run.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../support/fake-store.ts";

/** A finished job of twenty records, whose target can be cut off before or after it has written. */
function scene(numbered: boolean) {
  const docs = fakeCollection("docs", 20);
  let version = 0;
  const write = (row: number, document: string) => {
    const record = docs.records[row];
    if (record === undefined) throw new Error("no such record");
    record.document = document;
    version += 1;
    if (numbered) record.version = version;
  };
  for (const [row, record] of docs.records.entries()) write(row, record.document ?? "");
  const source = new FakeSource([docs], { live: !numbered });
  const target = new FakeTarget();
  const cut: { when: "before" | "after" | null } = { when: null };
  const reached = target.write.bind(target);
  target.write = async (...call) => {
    if (cut.when === "before") throw new Error("cut off");
    await reached(...call);
    if (cut.when === "after") throw new Error("cut off");
  };
  const context = fakeContext();
  const run = () => runMigrate(source, target, migrateRequest({}), context);
  const stands = () =>
    [...target.points("docs").values()]
      .map(({ payload }) => JSON.parse(payload))
      .find(({ _vecferry }) => _vecferry.id === "docs-5").document;
  return { docs, write, run, stands, cut };
}

describe.each([
  ["a source that numbers its writes", true],
  ["a source that does not", false],
])("writes over a carried record that were never acknowledged, from %s", (_, numbered) => {
  it("are known for our own after two runs that broke off", async () => {
    const { write, run, stands, cut } = scene(numbered);
    await run();
    write(5, "first change");
    cut.when = "after";
    await expect(run()).rejects.toThrow("cut off");
    write(5, "second change");
    cut.when = "before";
    await expect(run()).rejects.toThrow("cut off");
    cut.when = null;
    expect((await run()).exit).toBe(0);
    expect(stands()).toBe("second change");
  });

  it("are taken back where the source is again as it was", async () => {
    const { docs, write, run, stands, cut } = scene(numbered);
    await run();
    const { document, version } = { version: undefined, ...docs.records[5] };
    write(5, "a change");
    cut.when = "after";
    await expect(run()).rejects.toThrow("cut off");
    expect(stands()).toBe("a change");
    const record = docs.records[5];
    if (record !== undefined) Object.assign(record, { document, version });
    cut.when = null;
    expect((await run()).exit).toBe(0);
    expect(stands()).toBe(document);
  });
});

describe("a collection that was made anew under another name, in the same target", () => {
  it("takes its points once the deletion of the old one's is allowed", async () => {
    const one = fakeCollection("one", 5);
    const source = new FakeSource([one]);
    const target = new FakeTarget();
    const context = fakeContext();
    const shape = { targetCollection: "all", defaultTenant: "acme" };
    const run = (from: FakeSource, change: object) =>
      runMigrate(from, target, migrateRequest(shape, change), context);
    await run(source, {});
    const renamed = new FakeSource([{ ...one, name: "other" }]);
    await expect(run(renamed, {})).rejects.toMatchObject({ code: "E_ID_COLLISION" });
    expect((await run(renamed, { propagateDeletes: true })).exit).toBe(0);
    const names = [...target.points("all").values()].map(({ payload }) => JSON.parse(payload));
    expect(names.map(({ _vecferry }) => _vecferry.collection)).toEqual(Array(5).fill("other"));
  });
});

describe("a record that has moved from one collection to another of the same target", () => {
  const shape = { targetCollection: "all", defaultTenant: "acme" };

  it("takes its point once the deletion was propagated, and is told the way until then", async () => {
    const [one, other] = [fakeCollection("one", 5), fakeCollection("two", 5)];
    const source = new FakeSource([one, other]);
    const target = new FakeTarget();
    const context = fakeContext();
    const run = (change: object) =>
      runMigrate(source, target, migrateRequest(shape, change), context);
    await run({});
    const [moved] = one.records.splice(2, 1);
    if (moved !== undefined) other.records.push(moved);
    await expect(run({})).rejects.toMatchObject({
      code: "E_ID_COLLISION",
      next: expect.stringContaining("--propagate-deletes"),
    });
    const scope = { ...migrateRequest({}).scope, collections: ["one"] };
    expect((await run({ scope, propagateDeletes: true })).exit).toBe(0);
    expect(target.points("all").size).toBe(9);
    expect((await run({})).exit).toBe(0);
    expect(target.points("all").size).toBe(10);
  });
});
