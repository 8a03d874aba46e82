import { describe, expect, it } from "vitest";
import { runRepair } from "../../../../src/migrate/repair.ts";
import { runVerify } from "../../../../src/migrate/verify.ts";
import { fakeContext, verifyRequest } from "../../../support/fake-migration.ts";
import {
  onlyDifference,
  Scene,
  scenePoint,
  sceneSource,
  withPayload,
} from "../../../support/fake-scene.ts";
import { type FakeRecord, FakeSource, FakeTarget } from "../../../support/fake-store.ts";

async function migrated(source = sceneSource()): Promise<Scene> {
  const scene = new Scene(new FakeTarget(), source);
  await scene.migrate();
  return scene;
}

describe("verify of a source that has changed", () => {
  const changes: [string, (record: FakeRecord, other: FakeRecord) => void, string][] = [
    [
      "a type",
      (record) => {
        record.metadata = record.metadata?.replace('"count":7', '"count":7.0') ?? null;
      },
      'target -> source: metadata "count": integer -> float',
    ],
    [
      "a vector like its neighbour's",
      (record, other) => {
        record.vector = other.vector;
      },
      "target -> source: vector: 4 of 4 components; norm",
    ],
    [
      "a uri",
      (record) => {
        record.uri = "file:///new";
      },
      "target -> source: uri: none -> text",
    ],
    [
      "no document",
      (record) => {
        record.document = null;
      },
      "target -> source: document: text -> none",
    ],
  ];
  it.each(changes)("names a record that has now %s", async (_, change, detail) => {
    const scene = await migrated();
    change(scene.source.record("ants", "ants-7"), scene.source.record("ants", "ants-8"));
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({
      kind: "changed-at-source",
      id: "ants-7",
      detail,
    });
    expect(outcome.exit).toBe(4);
    expect((await scene.verify({ targetOnly: true })).exit).toBe(0);
  });

  it("names a record that was deleted since and still stands at the target", async () => {
    const scene = await migrated();
    scene.source.collection("ants").records.splice(7, 1);
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind: "deleted-at-source", id: "ants-7" });
    expect(outcome.exit).toBe(4);
    expect(outcome.report.next.join()).toContain("--propagate-deletes");
  });

  it("takes a record that is gone at both ends for no loss", async () => {
    const scene = await migrated();
    scene.source.collection("ants").records.splice(7, 1);
    await scene.take(scenePoint("ants", "ants-7"));
    const { exit, report } = await scene.verify();
    expect(exit).toBe(0);
    expect(report.verify?.collections[0]).toMatchObject({ goneAtBothEnds: 1, compared: 59 });
    expect((await scene.verify()).exit).toBe(0);
  });

  it("names every record of a collection that has vanished as deleted, and mends it when asked", async () => {
    const scene = await migrated();
    const { source, target } = scene;
    source.contents.splice(2, 1);
    // A server refuses to list or read what it no longer has.
    const outcome = await scene.verify();
    expect(outcome.exit).toBe(4);
    expect(
      outcome.report.verify?.collections.map(({ differences }) => differences["deleted-at-source"]),
    ).toEqual([undefined, undefined, 10]);
    const verify = verifyRequest();
    const asked = { verify, overwrite: false, deleteExtra: true, dryRun: false };
    const repaired = await runRepair(source, target, asked, scene.context);
    expect(repaired.exit).toBe(0);
    expect(repaired.report.totals.removed).toBe(10);
  });

  it("names a record that is new as missing", async () => {
    const scene = await migrated();
    scene.source.collection("bees").records.push({ id: "new", vector: [1, 2, 3, 4] });
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind: "missing", id: "new" });
  });

  it("names a record that the source no longer gives", async () => {
    const scene = await migrated();
    scene.source.failing.set("cats-3", "unanswerable");
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind: "unreadable", id: "cats-3" });
  });

  it("takes the target's side when both say the same and the journal does not", async () => {
    const scene = await migrated();
    scene.source.record("ants", "ants-7").document = "new";
    await scene.alter(scenePoint("ants", "ants-7"), (batch) =>
      withPayload(batch, { documents: ["new"] }),
    );
    expect((await scene.verify()).exit).toBe(0);
    expect((await scene.verify({ targetOnly: true })).exit).toBe(0);
  });

  it("calls a record that changed at both ends changed at the target, which is the one to be protected", async () => {
    const scene = await migrated();
    scene.source.record("ants", "ants-7").document = "new";
    await scene.alter(scenePoint("ants", "ants-7"), (batch) =>
      withPayload(batch, { documents: ["newer"] }),
    );
    expect(onlyDifference(await scene.verify())).toMatchObject({ kind: "changed-at-target" });
  });

  it("reads a record that differs a second time, so that a single bad answer is no difference", async () => {
    const scene = await migrated();
    const { source } = scene;
    const record = source.record("ants", "ants-7");
    const { document = null } = record;
    let reads = 0;
    source.beforeRead = (ids) => {
      if (!ids.includes("ants-7")) return;
      reads += 1;
      record.document = reads === 2 ? "a bad answer" : document;
    };
    expect((await scene.verify()).exit).toBe(0);
    // Once for the size of a batch, once in its turn, and once more because it differed.
    expect(reads).toBe(3);
  });

  it("leaves out last bits that the source itself does not keep, and says so", async () => {
    const vectorUlps = 2 as const;
    const contents = sceneSource().contents;
    const scene = await migrated(new FakeSource(contents, { vectorUlps }));
    const record = scene.source.record("ants", "ants-7");
    const next = new Float32Array(record.vector);
    const bits = new Uint32Array(next.buffer);
    bits[0] = (bits[0] ?? 0) + 1;
    record.vector = [...next];
    const { exit, report } = await scene.verify();
    expect(exit).toBe(0);
    expect(report.verify?.verdict).toContain("1 vectors came back");
    bits[0] = (bits[0] ?? 0) + 40;
    record.vector = [...next];
    expect((await scene.verify()).exit).toBe(4);
  });
});

describe("last bits that the source does not keep", () => {
  const ulps = () => new FakeSource(sceneSource().contents, { vectorUlps: 2 });

  function bendTarget({ target }: Scene): void {
    if (!(target instanceof FakeTarget)) throw new Error("The scene has another target.");
    const vector = target.points("zoo").get(scenePoint("ants", "ants-7"))?.vector;
    if (vector === undefined) throw new Error("There is no ant.");
    const bits = new Uint32Array(vector.buffer);
    bits[0] = (bits[0] ?? 0) + 1;
  }

  it("are no excuse for a target that is not as it was written", async () => {
    const scene = await migrated(ulps());
    bendTarget(scene);
    const outcome = await scene.verify();
    expect(onlyDifference(outcome)).toMatchObject({ kind: "changed-at-target", id: "ants-7" });
    expect(outcome.exit).toBe(4);
    expect((await scene.verify({ sample: 100 })).exit).toBe(4);
  });

  it("are the limit of a verify without a journal, which says so", async () => {
    const scene = await migrated(ulps());
    bendTarget(scene);
    const { source, target } = scene;
    const { exit, report } = await runVerify(source, target, verifyRequest(), fakeContext());
    expect(exit).toBe(0);
    expect(report.verify?.verdict).toContain(
      "1 vectors differ in their last bits from what the source answers, within the 2 ulp that it allows itself; without a journal nothing tells which of the two was sent.",
    );
    const verify = verifyRequest();
    const repaired = await runRepair(
      source,
      target,
      { verify, overwrite: false, deleteExtra: false, dryRun: false },
      fakeContext(),
    );
    expect(repaired.exit).toBe(0);
    expect(repaired.report.verify?.verdict).toContain("nothing tells which of the two was sent");
  });
});

describe("verify of quarantined records", () => {
  it("lists them and calls them no difference", async () => {
    const source = sceneSource();
    source.record("ants", "ants-3").vector = [0, 0, 0, 0];
    const scene = new Scene(new FakeTarget(), source);
    const copied = await scene.migrate();
    expect(copied.exit).toBe(3);
    const lines: string[] = [];
    const onRecord = ({ sigil, id }: { sigil: string; id: string }) => lines.push(`${sigil} ${id}`);
    const { exit, report, files } = await scene.verify({ onRecord });
    expect(exit).toBe(0);
    expect(report.quarantine).toMatchObject({ records: 1, byReason: { "zero-vector": 1 } });
    expect(report.verify?.verdict).toContain("1 records are in quarantine");
    expect(files.quarantine).not.toBeNull();
    expect(lines.filter((line) => line.startsWith("!"))).toEqual(["! ants-3"]);
  });
});

describe("verify without a journal", () => {
  it("reads both ends, with tenants and id prefixes as the target notes them", async () => {
    const scene = await migrated();
    const context = fakeContext();
    const outcome = await runVerify(scene.source, scene.target, verifyRequest(), context);
    expect(outcome.exit).toBe(0);
    expect(outcome.report.verify).toMatchObject({ readSource: true });
    expect(outcome.report.notes.join()).toContain("no journal");
    expect(outcome.report.verify?.collections.map(({ compared }) => compared)).toEqual([
      60, 30, 10,
    ]);
    await scene.alter(scenePoint("bees", "bees-1"), (batch) => withPayload(batch, { uris: ["x"] }));
    scene.source.collection("cats").records.pop();
    const again = await runVerify(scene.source, scene.target, verifyRequest(), context);
    const found = again.report.verify?.collections.flatMap(({ examples }) => examples) ?? [];
    expect(found.map(({ kind, id }) => [kind, id])).toEqual([
      ["changed-at-target", "bees-1"],
      ["extra", "cats-9"],
    ]);
  });

  it("compares a sample too", async () => {
    const scene = await migrated();
    const { report } = await runVerify(
      scene.source,
      scene.target,
      verifyRequest({ sample: 20 }),
      fakeContext(),
    );
    expect(report.verify?.sample).toMatchObject({ records: 20, mismatches: 0 });
  });

  it("says that there is no migration when there is no source either", async () => {
    const scene = await migrated();
    const request = verifyRequest({ targetOnly: true });
    await expect(runVerify(null, scene.target, request, fakeContext())).rejects.toMatchObject({
      code: "E_NO_MIGRATION",
    });
    expect((await runVerify(null, scene.target, request, scene.context)).exit).toBe(0);
  });
});
