import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import { pointOf } from "../../../src/migrate/collection-plan.ts";
import { Journal } from "../../../src/migrate/journal/journal.ts";
import type { MigrateRequest } from "../../../src/migrate/request.ts";
import { runMigrate } from "../../../src/migrate/run.ts";
import { readStatus } from "../../../src/migrate/status.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../support/fake-migration.ts";
import { type FakeRecord, FakeSource, FakeTarget } from "../../support/fake-store.ts";

/** Few, and more than a test of numbers reads. */
const few = 120;
const many = 1050;

/** A source of one collection and a target, migrated once. `numbered`: as a folder, it numbers its writes. */
async function migrated(numbered: boolean, count = few, tenant: string | null = null) {
  const docs = fakeCollection("docs", count);
  let last = 0;
  /** Writes to a record, as the source itself would: another number. */
  const write = (record: FakeRecord | undefined, changes: Partial<FakeRecord> = {}): void => {
    if (record === undefined) throw new Error("no record");
    last += 1;
    Object.assign(record, changes, numbered ? { version: last } : {});
  };
  for (const record of docs.records) write(record);
  const source = new FakeSource([docs], {
    live: !numbered,
    batchSizeMax: 200,
    vectorUlps: 2,
  });
  const target = new FakeTarget();
  const context = fakeContext();
  const shape = tenant === null ? {} : { targetCollection: "docs", defaultTenant: tenant };
  const run = (changes: Partial<Omit<MigrateRequest, "shape">> = {}, signal = context.signal) =>
    runMigrate(source, target, migrateRequest(shape, changes), { ...context, signal });
  expect((await run()).exit).toBe(0);
  context.events.length = 0;
  const read: string[] = [];
  source.beforeRead = (ids) => {
    read.push(...ids);
  };
  const record = (id: number) => source.record("docs", `docs-${id}`);
  return {
    source,
    target,
    context,
    run,
    write,
    record,
    read,
    remove: (id: number) => docs.records.splice(docs.records.indexOf(record(id)), 1)[0],
    add: (made: FakeRecord) => {
      docs.records.push(made);
      write(made);
    },
    point: (id: number | string) => {
      using journal = Journal.open(context.stateFolder);
      const [migration] = journal.migrations();
      const [entered] = migration === undefined ? [] : journal.collections(migration);
      if (entered === undefined) throw new Error("no collection");
      const place = pointOf(entered.plan, typeof id === "number" ? `docs-${id}` : id);
      return target.points("docs").get(place);
    },
    delta: () => context.events.find(({ type }) => type === "delta"),
  };
}
type Job = Awaited<ReturnType<typeof migrated>>;

const fresh = (id: string): FakeRecord => ({ id, vector: [1, 2, 3, 4], document: `of ${id}` });

/** Three added, two changed, one of them in its vector alone, one deleted, one deleted and added again. */
function change({ add, write, record, remove }: Job): void {
  for (const id of ["n1", "n2", "n3"]) add(fresh(id));
  write(record(7), { document: "changed" });
  write(record(8), { vector: [4, 3, 2, 1] });
  remove(9);
  const again = remove(10);
  if (again !== undefined) add({ ...again, document: "added again" });
}

/** What the target has to hold for what the source holds. */
function expectEqual({ source, target, point }: Job): void {
  const { records } = source.collection("docs");
  expect(target.points("docs").size).toBe(records.length);
  for (const { id, document } of records)
    if (document != null) expect(point(id)?.payload).toContain(JSON.stringify(document));
  const [x = 0, y = 0] = point(8)?.vector ?? [];
  const [first = 0, second = 0] = source.record("docs", "docs-8").vector;
  expect(x / y).toBeCloseTo(first / second, 5);
}

describe.each([
  ["a folder, which numbers its writes", true],
  ["a server, which does not", false],
])("a finished job on %s", (_, numbered) => {
  it.each([null, "acme"])("carries and counts what has changed (tenant %s)", async (tenant) => {
    const job = await migrated(numbered, few, tenant);
    change(job);
    const { exit, report } = await job.run({ propagateDeletes: true });
    const found = { added: 3, changed: 3, deleted: 1 };
    expect(exit).toBe(0);
    expect(job.delta()).toEqual({
      type: "delta",
      collection: "docs",
      ...found,
      text: 'delta of "docs": 3 added, 3 changed, 1 deleted',
    });
    expect(report.delta).toEqual(found);
    expect(report.collections[0]?.delta).toEqual(found);
    expect(report.state).toBe("VERIFIED");
    expect(readStatus(job.context.stateFolder).migrations[0]).toMatchObject({ delta: found });
    expectEqual(job);
  });

  it("finds nothing where nothing has changed, and writes nothing", async () => {
    const job = await migrated(numbered);
    job.target.write = () => Promise.reject(new Error("It writes."));
    const { exit, report } = await job.run();
    expect([exit, report.totals.carried]).toEqual([0, 0]);
    expect(report.delta).toEqual({ added: 0, changed: 0, deleted: 0 });
    expect(report.notes).toEqual([]);
  });

  it("is stale while deletions of the source stand at the target, and names the flag", async () => {
    const job = await migrated(numbered);
    job.remove(9);
    const { exit, report } = await job.run();
    expect([exit, report.state, report.delta?.deleted]).toEqual([4, "STALE", 1]);
    expect(report.notes.join(" ")).toContain("--propagate-deletes");
    expect(job.point(9)).toBeDefined();
    expect((await job.run({ propagateDeletes: true })).report).toMatchObject({
      exit: 0,
      state: "VERIFIED",
      delta: { added: 0, changed: 0, deleted: 0 },
      totals: { removed: 1 },
    });
  });

  it("leaves what was changed at both ends, names it each time, and carries it once it stands as written", async () => {
    const job = await migrated(numbered);
    const point = job.point(6);
    if (point === undefined) throw new Error("no point");
    const written = point.payload;
    point.payload = written.replace("document 6", "edited at the target");
    job.write(job.record(6), { document: "edited at the source" });
    for (const time of [1, 2]) {
      const { exit, report } = await job.run({ propagateDeletes: true });
      expect([exit, report.totals.kept], `time ${time}`).toEqual([4, 1]);
      expect(job.point(6)?.payload).toContain("edited at the target");
    }
    point.payload = written;
    expect((await job.run()).exit).toBe(0);
    expect(job.point(6)?.payload).toContain("edited at the source");
  });

  it("never deletes what was changed at the target, nor another's point in its place", async () => {
    const job = await migrated(numbered);
    const [edited, taken] = [job.point(6), job.point(7)];
    if (edited === undefined || taken === undefined) throw new Error("no point");
    edited.payload = edited.payload.replace("document 6", "edited at the target");
    taken.payload = taken.payload.replace(/"run":"[0-9a-f]{16}"/, '"run":"0123456789abcdef"');
    for (const id of [6, 7, 8]) job.remove(id);
    const { exit, report } = await job.run({ propagateDeletes: true });
    expect([exit, report.totals.removed]).toEqual([4, 1]);
    expect(report.notes.join(" ")).toContain("2 were changed there since and stay");
    expect([job.point(6), job.point(7), job.point(8)]).toEqual([edited, taken, undefined]);
  });

  it("takes what a killed pass has written, and its journal does not know, for what it is", async () => {
    const job = await migrated(numbered);
    job.write(job.record(6), { document: "changed" });
    const point = job.point(6);
    if (point === undefined) throw new Error("no point");
    point.payload = point.payload.replace("document 6", "changed");
    const { exit, report } = await job.run();
    expect([exit, report.notes, report.totals.carried]).toEqual([0, [], 0]);
  });

  it("knows what a killed pass has written for its own, whatever became of the record since", async () => {
    const job = await migrated(numbered);
    for (const id of [6, 7]) job.write(job.record(id), { document: `first ${id}` });
    const write = job.target.write.bind(job.target);
    job.target.write = async (spec, batch) => {
      await write(spec, batch);
      throw new VectorError("E_UNREACHABLE", "Killed between acknowledgement and checkpoint.");
    };
    await expect(job.run()).rejects.toMatchObject({ code: "E_UNREACHABLE" });
    job.target.write = write;
    expect(job.point(6)?.payload).toContain("first 6");
    job.write(job.record(6), { document: "second" });
    job.remove(7);
    const { exit, report } = await job.run({ propagateDeletes: true });
    expect([exit, report.totals.kept, report.totals.removed]).toEqual([0, 0, 1]);
    expectEqual(job);
  });

  it("goes on with a pass that was interrupted, and looks for what has changed meanwhile", async () => {
    const job = await migrated(numbered);
    change(job);
    const stop = new AbortController();
    const write = job.target.write.bind(job.target);
    job.target.write = async (spec, batch) => {
      await write(spec, batch);
      stop.abort();
    };
    await expect(job.run({}, stop.signal)).rejects.toMatchObject({ code: "E_ABORTED" });
    job.target.write = write;
    job.write(job.record(100), { document: "changed meanwhile" });
    const { exit } = await job.run({ propagateDeletes: true });
    expect(exit).toBe(0);
    expectEqual(job);
  });
});

describe("a finished job on a folder", () => {
  it("reads only what was written to since, and some to put the numbers to the test", async () => {
    const job = await migrated(true, many);
    job.write(job.record(7), { document: "changed" });
    await job.run();
    const read = new Set(job.read);
    expect(read.has("docs-7")).toBe(true);
    expect(read.size).toBeLessThanOrEqual(1001);
  });

  it("reads all again, and says so, where a number is lower than it was", async () => {
    const job = await migrated(true);
    // A folder from a backup, to which as much was written again: one record bears the old number and other content.
    job.record(3).document = "other content under the old number";
    job.write(job.record(5), { document: "changed" });
    job.record(100).version = 2;
    const { exit, report } = await job.run();
    expect(exit).toBe(0);
    expect(report.notes.join(" ")).toContain('Of "docs", 1 records bear lower numbers of writes');
    expect(report.delta).toEqual({ added: 0, changed: 2, deleted: 0 });
    expectEqual(job);
  });

  it("reads all again, and says so, where records are others under the same numbers", async () => {
    const job = await migrated(true);
    for (let id = 100; id < few; id += 1) job.record(id).document = `another ${id}`;
    const { exit, report } = await job.run();
    expect(exit).toBe(0);
    expect(report.notes.join(" ")).toContain("under the same numbers of writes");
    expect(report.delta?.changed).toBe(few - 100);
    expectEqual(job);
  });

  it("does not take the last bits of a flushed vector for a change", async () => {
    const job = await migrated(true);
    for (const { vector } of job.source.collection("docs").records) {
      const [first = 0] = vector;
      vector[0] = Math.fround(first * (1 + 2 ** -23));
    }
    const { exit, report } = await job.run();
    expect([exit, report.notes, report.totals.carried]).toEqual([0, [], 0]);
  });

  it("reads each record once more where its journal is of a version that kept no numbers", async () => {
    const job = await migrated(true);
    job.write(job.record(7), { document: "changed" });
    const db = new DatabaseSync(join(job.context.stateFolder, "journal.sqlite"));
    db.exec("ALTER TABLE record DROP COLUMN version; ALTER TABLE collection DROP COLUMN copied");
    db.exec("DROP TABLE sending");
    db.exec("UPDATE meta SET value='1' WHERE key='format'");
    db.close();
    expect(readStatus(job.context.stateFolder).migrations[0]?.state).toBe("VERIFIED");
    const { exit, report } = await job.run();
    expect([exit, new Set(job.read).size]).toEqual([0, few]);
    expect(report.delta).toEqual({ added: 0, changed: 1, deleted: 0 });
    using kept = new DatabaseSync(join(job.context.stateFolder, "journal.sqlite"));
    const unknown = kept.prepare("SELECT count(*) AS n FROM record WHERE version IS NULL").get();
    expect(unknown?.["n"]).toBe(0);
    expectEqual(job);
  });
});

describe("a finished job on a server", () => {
  it("reads every record again, also those that a sample of a thousand leaves out", async () => {
    const job = await migrated(false, many);
    // Of 1,050 records a sample takes all but every twenty-first.
    job.write(job.record(20), { document: "changed" });
    const { report } = await job.run();
    expect(report.delta?.changed).toBe(1);
    expect(new Set(job.read).size).toBe(many);
  });

  it("reads each record once, whatever others write meanwhile, and says what is left to the next run", async () => {
    const job = await migrated(false);
    let reads = 0;
    job.source.beforeRead = (ids) => {
      job.read.push(...ids);
      reads += 1;
      if (reads === 2) job.add(fresh("meanwhile"));
    };
    const { exit, report } = await job.run();
    expect(exit).toBe(0);
    expect(report.delta).toEqual({ added: 1, changed: 0, deleted: 0 });
    expect(report.notes.join(" ")).toContain("is carried by the next one");
    // One more look at a hundred records settles how many travel in a batch.
    expect(job.read.length).toBeLessThanOrEqual(few + 1 + 2 * 101);
  });
});
