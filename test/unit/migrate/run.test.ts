import { describe, expect, it, vi } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import { pointOf } from "../../../src/migrate/collection-plan.ts";
import { Journal } from "../../../src/migrate/journal/journal.ts";
import type { RunContext } from "../../../src/migrate/request.ts";
import { runMigrate } from "../../../src/migrate/run.ts";
import { readStatus } from "../../../src/migrate/status.ts";
import { runVerify } from "../../../src/migrate/verify.ts";
import { denseVector } from "../../../src/model/vector-column.ts";
import {
  fakeCollection,
  fakeContext,
  migrateRequest,
  verifyRequest,
} from "../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../support/fake-store.ts";

/** The point of a record in a plain target, as the journal has it. */
function pointAt(context: RunContext, id: string): string {
  using journal = Journal.open(context.stateFolder);
  const [migration] = journal.migrations();
  const [collection] = migration === undefined ? [] : journal.collections(migration);
  if (collection === undefined) throw new Error("no collection");
  return pointOf(collection.plan, id);
}

const only = (name: string) => ({
  collections: [name],
  include: [],
  exclude: [],
  where: null,
  limit: null,
});

/** Runs `migrate` and aborts it at the given read. */
async function interrupted(
  source: FakeSource,
  target: FakeTarget,
  stateFolder: string,
  atRead: number,
  request = migrateRequest(),
): Promise<void> {
  const stop = new AbortController();
  let reads = 0;
  source.beforeRead = () => {
    reads += 1;
    if (reads === atRead) stop.abort();
  };
  const context = { ...fakeContext(stop.signal), stateFolder };
  await expect(runMigrate(source, target, request, context)).rejects.toMatchObject({
    code: "E_ABORTED",
  });
  source.beforeRead = () => undefined;
}

describe("migrate, while others write to the source", () => {
  const count = 300;
  const many = 1200;

  /** Copies, and once the last batch is read, calls `change`; gives what the run said and where it wrote. */
  async function copied(
    change: (source: FakeSource) => void,
    changes: ConstructorParameters<typeof FakeSource>[1] = {},
    records = count,
  ) {
    const source = new FakeSource([fakeCollection("docs", records)], changes);
    const target = new FakeTarget();
    const context = fakeContext();
    source.beforeRead = (ids) => {
      if (!ids.includes(`docs-${count - 1}`)) return;
      source.beforeRead = () => undefined;
      change(source);
    };
    const outcome = await runMigrate(source, target, migrateRequest(), context);
    const payload = (id: string) => target.points("docs").get(pointAt(context, id))?.payload;
    return { ...outcome, payload, size: target.points("docs").size };
  }

  it("carries a record that changed after it was read", async () => {
    const { exit, report, payload } = await copied((source) => {
      source.record("docs", "docs-3").document = "changed";
    });
    expect(payload("docs-3")).toContain('"changed"');
    expect(exit).toBe(0);
    expect(report.notes.join(" ")).toContain('1 records of "docs" changed at the source');
    expect(report.totals).toMatchObject({ carried: count + 1, unchanged: 0 });
  });

  it("carries what is added and names what is deleted in the same run", async () => {
    const { exit, report, payload, size } = await copied((source) => {
      const { records } = source.collection("docs");
      const [first] = records.splice(0, 1);
      if (first !== undefined) records.push({ ...first, id: "new" });
      source.record("docs", "docs-9").document = "changed";
    });
    expect(payload("new")).toBeDefined();
    expect(payload("docs-9")).toContain('"changed"');
    expect(size).toBe(count + 1);
    expect(report.verify?.collections[0]?.differences).toEqual({ "deleted-at-source": 1 });
    expect(exit).toBe(4);
  });

  it("says so where only a part of many records was read again", async () => {
    const said = '1000 of the 1200 records of "docs" were read again, and none has changed';
    const part = await copied(() => undefined, {}, many);
    expect(part.report.notes).toEqual([expect.stringContaining(said)]);
    expect((await copied(() => undefined)).report.notes).toEqual([]);
    expect((await copied(() => undefined, { live: false }, many)).report.notes).toEqual([]);
  });

  it("reads nothing again where nobody can write", async () => {
    const { payload } = await copied(
      (source) => {
        source.record("docs", "docs-3").document = "changed";
      },
      { live: false },
    );
    expect(payload("docs-3")).not.toContain('"changed"');
  });

  it.each([true, false])(
    "carries what changed while it was interrupted (a server: %s)",
    async (live) => {
      const source = new FakeSource([fakeCollection("docs", count)], { live });
      const target = new FakeTarget();
      const context = fakeContext();
      await interrupted(source, target, context.stateFolder, 6);
      for (const record of source.collection("docs").records) record.document = "changed";
      const before = target.points("docs").size;
      const { exit, report } = await runMigrate(source, target, migrateRequest(), context);
      const points = [...target.points("docs").values()];
      expect(points.filter(({ payload }) => !payload.includes('"changed"'))).toEqual([]);
      expect([before > 0, before < count, points.length]).toEqual([true, true, count]);
      expect([exit, report.totals.carried]).toEqual([0, count]);
    },
  );
});

describe("migrate, run again", () => {
  it("goes on with a look for changes that was interrupted, and carries them", async () => {
    const source = new FakeSource([fakeCollection("docs", 200)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest(), context);
    source.record("docs", "docs-190").document = "changed";
    await interrupted(source, target, context.stateFolder, 3);
    const { report } = await runMigrate(source, target, migrateRequest(), context);
    expect(report.totals.carried).toBe(1);
    expect(target.points("docs").get(pointAt(context, "docs-190"))?.payload).toContain('"changed"');
  });

  it("leaves alone what was changed at the target, also when its record was deleted and added again", async () => {
    const source = new FakeSource([fakeCollection("docs", 20)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest(), context);
    const point = target.points("docs").get(pointAt(context, "docs-3"));
    if (point === undefined) throw new Error("no point");
    point.payload = point.payload.replace("document 3", "edited at the target");
    const records = source.collection("docs").records;
    const removed = records.splice(3, 1);
    await runMigrate(source, target, migrateRequest(), context);
    records.push(...removed);
    const { exit } = await runMigrate(source, target, migrateRequest(), context);
    expect(target.points("docs").get(pointAt(context, "docs-3"))?.payload).toContain(
      "edited at the target",
    );
    expect(exit).toBe(4);
  });

  it("names a collection that the source has no more, and takes its points away only when asked", async () => {
    const source = new FakeSource([fakeCollection("a", 10), fakeCollection("b", 20)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest(), context);
    source.contents.pop();
    const kept = await runMigrate(source, target, migrateRequest(), context);
    expect(kept.exit).toBe(4);
    expect(kept.report.notes.join(" ")).toContain('The source has no collection "b" any more.');
    expect(target.points("b").size).toBe(20);
    const taken = await runMigrate(
      source,
      target,
      migrateRequest({}, { propagateDeletes: true }),
      context,
    );
    expect(taken.exit).toBe(0);
    expect(target.points("b").size).toBe(0);
    expect(target.points("a").size).toBe(10);
  });

  it("takes over the points of a collection that was deleted and made anew", async () => {
    const source = new FakeSource([fakeCollection("docs", 20)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest(), context);
    const collections = source.collections.bind(source);
    source.collections = async () =>
      (await collections()).map((info) => ({ ...info, key: "another uuid" }));
    source.record("docs", "docs-1").document = "of the new one";
    expect((await runMigrate(source, target, migrateRequest(), context)).exit).toBe(0);
    expect(target.points("docs").get(pointAt(context, "docs-1"))?.payload).toContain(
      "of the new one",
    );
  });
});

describe("the state of a migration", () => {
  it("is not verified while another of its collections has records to carry", async () => {
    const source = new FakeSource([fakeCollection("a", 200), fakeCollection("b", 10)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await interrupted(
      source,
      target,
      context.stateFolder,
      3,
      migrateRequest({}, { scope: only("a") }),
    );
    await runMigrate(source, target, migrateRequest({}, { scope: only("b") }), context);
    const [migration] = readStatus(context.stateFolder).migrations;
    expect(migration?.state).toBe("PAUSED");
  });

  it("survives --restart with a plan that cannot be made", async () => {
    const source = new FakeSource([fakeCollection("a", 20)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest(), context);
    const typo = migrateRequest({}, { scope: only("typo"), restart: true });
    await expect(runMigrate(source, target, typo, context)).rejects.toMatchObject({
      code: "E_COLLECTION_NOT_FOUND",
    });
    expect(
      (await runMigrate(source, target, migrateRequest(), context)).report.totals,
    ).toMatchObject({ carried: 0, unchanged: 20 });
  });
});

describe("migrate never mixes", () => {
  it("refuses two collections in one plain target, in one run or in two", async () => {
    const source = new FakeSource([fakeCollection("a", 5), fakeCollection("b", 5)]);
    const target = new FakeTarget();
    const context = fakeContext();
    const renamed = { renames: new Map([["a", "b"]]) };
    await expect(
      runMigrate(source, target, migrateRequest(renamed), context),
    ).rejects.toMatchObject({ code: "E_UNMAPPED" });
    expect(target.contents.size).toBe(0);
    await runMigrate(source, target, migrateRequest({}, { scope: only("b") }), context);
    await expect(
      runMigrate(source, target, migrateRequest(renamed, { scope: only("a") }), context),
    ).rejects.toMatchObject({ code: "E_UNMAPPED" });
    expect(target.points("b").size).toBe(5);
  });

  it("never writes over a point that another run took while the copy went on", async () => {
    const source = new FakeSource([fakeCollection("docs", 60)]);
    const other = new FakeSource([fakeCollection("docs", 61)]);
    Object.assign(other.identity, { address: "http://other:8000" });
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(
      other,
      target,
      migrateRequest({}, { scope: { ...only("docs"), limit: 61 } }),
      fakeContext(),
    );
    for (const [point, { payload }] of target.points("docs")) {
      if (!payload.includes('"docs-60"')) target.points("docs").delete(point);
    }
    source.beforeRead = () => {
      source
        .collection("docs")
        .records.splice(60, 1, ...other.collection("docs").records.slice(60));
    };
    await expect(runMigrate(source, target, migrateRequest(), context)).rejects.toMatchObject({
      code: "E_POINT_TAKEN",
    });
    const [taken] = [...target.points("docs").values()].filter(({ payload }) =>
      payload.includes('"docs-60"'),
    );
    expect(taken?.payload).not.toContain(context.stateFolder);
    expect(
      (await runVerify(other, target, verifyRequest(), fakeContext())).report.verify?.differences,
    ).not.toBe(0);
  });

  it("quarantines a record whose key the layout keeps for itself, also when it comes later", async () => {
    const source = new FakeSource([fakeCollection("docs", 10)]);
    const target = new FakeTarget();
    const context = fakeContext();
    await runMigrate(source, target, migrateRequest({ layout: "flat" }), context);
    source.record("docs", "docs-2").metadata = '{"document":"of the metadata"}';
    const { report } = await runMigrate(
      source,
      target,
      migrateRequest({ layout: "flat" }),
      context,
    );
    expect(report.quarantine.byReason).toEqual({ "reserved-key": 1 });
  });

  it("quarantines records that are too large, even when a whole batch of them is", async () => {
    const source = new FakeSource([fakeCollection("docs", 4)]);
    const target = new FakeTarget();
    target.write = () => {
      const tooLarge = new VectorError("E_REJECTED", "Too large.", { details: { tooLarge: true } });
      return Promise.reject(tooLarge);
    };
    const { exit, report } = await runMigrate(source, target, migrateRequest(), fakeContext());
    expect(exit).toBe(3);
    expect(report.quarantine.byReason).toEqual({ "too-large": 4 });
  });
});

describe("migrate, with memory", () => {
  it.each(["cosine", "l2"] as const)(
    "gives vectors back that it has carried (%s)",
    async (distance) => {
      const read: Float32Array[] = [];
      const source = new FakeSource([fakeCollection("docs", 120, { distance })], { live: false });
      Object.assign(source, { recordBytes: async () => 100 });
      const original = source.read.bind(source);
      source.read = async (...asked) => {
        const result = await original(...asked);
        read.push(denseVector(result.batch)?.data ?? new Float32Array(0));
        return result;
      };
      const target = new FakeTarget();
      const { exit } = await runMigrate(source, target, migrateRequest(), fakeContext());
      expect(exit).toBe(0);
      expect(read.map(({ buffer }) => (buffer as ArrayBuffer).detached)).not.toContain(false);
    },
  );

  it("reads the first records while the target is made, and no record twice", async () => {
    const steps: string[] = [];
    const source = new FakeSource([fakeCollection("docs", 120)], { live: false });
    source.beforeRead = (ids) => void steps.push(`read ${ids.length}`);
    Object.assign(source, { recordBytes: async () => 100 });
    const target = new FakeTarget();
    const ensure = target.ensure.bind(target);
    target.ensure = async (...asked) => {
      // It is called once more for the index.
      if (!steps.includes("made")) {
        await vi.waitFor(() => expect(steps).toEqual(["read 50"]), { timeout: 20_000 });
        steps.push("made");
      }
      return await ensure(...asked);
    };
    const { report } = await runMigrate(source, target, migrateRequest(), fakeContext());
    expect(steps).toEqual(["read 50", "made", "read 50", "read 20"]);
    expect(report.totals.carried).toBe(120);
  });

  it("reads the first records again where they could not be read beside the making of the target", async () => {
    const source = new FakeSource([fakeCollection("docs", 120)], { live: false });
    Object.assign(source, { recordBytes: async () => 100 });
    let reads = 0;
    source.beforeRead = () => {
      reads += 1;
      if (reads === 1) throw new Error("not now");
    };
    const target = new FakeTarget();
    const { exit, report } = await runMigrate(source, target, migrateRequest(), fakeContext());
    expect([exit, report.totals.carried, reads]).toEqual([0, 120, 4]);
  });

  it("reads no records to know their size where the source tells it", async () => {
    const asked: number[] = [];
    const source = new FakeSource([fakeCollection("docs", 120)], { live: false });
    source.beforeRead = (ids) => void asked.push(ids.length);
    Object.assign(source, { recordBytes: async () => 100_000 });
    const { report } = await runMigrate(source, new FakeTarget(), migrateRequest(), fakeContext());
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(120);
    expect(report.collections[0]?.batchSize).toBe(50);
    expect(report.collections[0]?.batchesInFlight).toBe(8);
  });
});
