/** `vecferry rollback` from an embedded Qdrant to a real Chroma: what was written since goes back, and what is newer in Chroma stays. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockMigration } from "../../src/migrate/lock.ts";
import { runRollback } from "../../src/migrate/rollback/run.ts";
import { readStatus } from "../../src/migrate/status.ts";
import { connectRecordTarget, connectTarget } from "../../src/open.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { temporaryFolder } from "../support/cli.ts";
import { overridden } from "../support/overridden.ts";
import { collection, RollbackScene, sceneRecord, sceneRecords } from "../support/rollback-scene.ts";

const noChroma = chromaAvailable("1.5.9", true);
/** Both distances, and what others prove in part, only where VECFERRY_LONG is set. */
const long = Boolean(process.env["VECFERRY_LONG"]);
const newPoint = "0f0e0d0c-0b0a-4908-8706-050403020100";

/** Written at Qdrant: r1's text, r2's vector, one new, r3 deleted, r5's text. At Chroma: r4 and r5 changed, r6 deleted, r100 added. */
async function bothWritten(scene: RollbackScene): Promise<void> {
  await qdrantWritten(scene);
  const documents = ["r4 of Chroma", "r5 of Chroma"];
  await scene.tellChroma("update", { ids: ["r4", "r5"], documents });
  await scene.tellChroma("delete", { ids: ["r6"] });
  const { vector } = sceneRecord(100);
  await scene.tellChroma("add", { ids: ["r100"], embeddings: [vector], documents: ["r100"] });
}

async function qdrantWritten(scene: RollbackScene): Promise<void> {
  await scene.atQdrant(async (call, pointOf) => {
    const points = `/collections/${collection}/points`;
    for (const id of ["r1", "r5"])
      await call("POST", `${points}/payload?wait=true`, {
        points: [pointOf(id)],
        payload: { document: `${id} of Qdrant` },
      });
    const vector = [1, 0, 0, 0, 0, 0, 0, 0];
    await call("PUT", `${points}/vectors?wait=true`, { points: [{ id: pointOf("r2"), vector }] });
    const payload = { document: "New", metadata: { at: 7, where: "Qdrant" } };
    await call("PUT", `${points}?wait=true`, { points: [{ id: newPoint, vector, payload }] });
    await call("POST", `${points}/delete?wait=true`, { points: [pointOf("r3")] });
  });
}

describe.skipIf(noChroma)(`the way back to a Chroma${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => {
    folder = temporaryFolder();
    chroma = await startChroma({ path: folder.path });
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it.each(long ? (["cosine", "l2"] as const) : (["cosine"] as const))(
    "carries what was written since under %s, and writes over nothing newer unless it is told to",
    async (distance) => {
      using scene = await RollbackScene.migrated(chroma, distance);
      await bothWritten(scene);
      const before = await scene.held();

      const dry = await scene.rollback("--dry-run");
      const since = { added: 1, changed: 2, newer: 1, both: 1, lacking: 1, deleted: 1, back: 0 };
      expect(dry).toMatchObject({ exit: 4, since: { ...since, onlyAtChroma: 1 }, left: null });
      expect(dry.examples.map(({ id, kind }) => `${id} ${kind}`).sort()).toEqual([
        "r3 deleted",
        "r4 newer",
        "r5 both",
        "r6 lacking",
      ]);
      const named = readFileSync(dry.named ?? "", "utf8")
        .trim()
        .split("\n");
      expect(named.map((line) => JSON.parse(line))).toEqual(dry.examples);
      expect(await scene.held()).toEqual(before);

      const first = await scene.rollback();
      const rest = { added: 0, changed: 0, newer: 1, both: 1, lacking: 1, deleted: 1, back: 3 };
      expect(first, first.said).toMatchObject({ exit: 4, since, left: rest, deleted: 0 });
      const after = await scene.held();
      expect(after.get("r1")?.document).toBe("r1 of Qdrant");
      expect(after.get("r2")?.vector?.[1]).toBeCloseTo(0, 6);
      expect(after.get(newPoint)).toMatchObject({ document: "New" });
      for (const id of ["r3", "r4", "r5", "r10", "r100"])
        expect(after.get(id)).toEqual(before.get(id));
      expect(after.has("r6")).toBe(false);

      const all = await scene.rollback("--overwrite", "--propagate-deletes");
      expect(all, all.said).toMatchObject({ exit: 0, deleted: 1 });
      const last = await scene.held();
      expect(last.size).toBe(sceneRecords + 1);
      expect(last.get("r4")?.document).toBe("Document 4");
      expect(last.get("r5")?.document).toBe("r5 of Qdrant");
      expect(last.get("r6")?.document).toBe("Document 6");
      expect(last.has("r3")).toBe(false);
      expect(last.get("r100")).toEqual(before.get("r100"));
      const quiet = await scene.rollback();
      expect(quiet, quiet.said).toMatchObject({ exit: 0, named: null });
    },
  );

  it("restores a collection that Chroma has lost, bit for bit, with what was written since", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    const before = await scene.held();
    await qdrantWritten(scene);
    await scene.drop();
    const { exit, said, restored, deleted } = await scene.rollback("--propagate-deletes");
    expect({ exit, restored, deleted }, said).toEqual({
      exit: 0,
      restored: [collection],
      deleted: 1,
    });
    const after = await scene.held();
    expect(after.size).toBe(sceneRecords);
    expect(after.has("r3")).toBe(false);
    expect(after.get("r1")?.document).toBe("r1 of Qdrant");
    expect(after.get("r1")?.vector).toEqual(before.get("r1")?.vector);
    for (const id of ["r0", "r4", "r39"]) expect(after.get(id)).toEqual(before.get(id));
    expect((await scene.run(["verify", scene.target, scene.source])).status).toBe(0);
  });

  it("restores the backup alone, without the Qdrant", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    const before = await scene.held();
    await qdrantWritten(scene);
    await scene.drop();
    rmSync(join(scene.folder.path, "q"), { recursive: true });
    const lost = await scene.run(["rollback", "run"]);
    expect([lost.status, lost.stderr]).toEqual([2, expect.stringContaining("[E_NO_MIGRATION]")]);
    const { exit, said } = await scene.rollback("--restore-only");
    expect(exit, said).toBe(0);
    expect(await scene.held()).toEqual(before);
  });

  it("goes on after it was killed in the middle of the restore, or of what was written since", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    await qdrantWritten(scene);
    await scene.drop();
    const run = ["rollback", "run", "--propagate-deletes"];
    for (const stop of ["1", "2"]) {
      const env = { VECFERRY_STOP_AT: `after-acknowledge:${stop}` };
      expect((await scene.spawn(run, env)).status).toBe(null);
    }
    const { exit, said } = await scene.rollback("--propagate-deletes");
    expect(exit, said).toBe(0);
    const after = await scene.held();
    expect(after.size).toBe(sceneRecords);
    expect(after.get("r5")?.document).toBe("r5 of Qdrant");
  });

  it("knows records of a folder again at its server, which answers other last bits", async () => {
    using scene = await RollbackScene.migrated(chroma, "cosine", "folder");
    await qdrantWritten(scene);
    const ends = [scene.target, scene.source];
    const { exit, said, since } = await scene.rollback(...ends, "--propagate-deletes");
    expect({ exit, since }, said).toMatchObject({
      exit: 0,
      since: { added: 1, changed: 3, deleted: 1, newer: 0, both: 0, lacking: 0 },
    });
  });

  it("goes back without a journal, and names what differs instead of writing over it", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    await qdrantWritten(scene);
    rmSync(join(scene.folder.path, "state"), { recursive: true });
    const before = await scene.held();
    const flags = [scene.target, scene.source, "--backup", scene.backup];
    const careful = await scene.rollback(...flags);
    expect(careful, careful.said).toMatchObject({ exit: 4, since: null });
    expect((await scene.held()).get("r1")).toEqual(before.get("r1"));
    expect((await scene.held()).get(newPoint)?.document).toBe("New");
    const all = await scene.rollback(...flags, "--overwrite");
    expect(all.exit, all.said).toBe(0);
    expect((await scene.held()).get("r1")?.document).toBe("r1 of Qdrant");
  });

  it("is refused beside another run, ends with 130 when it is interrupted, and then goes on", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    await qdrantWritten(scene);
    const [migration] = readStatus(scene.state).migrations;
    {
      await using _lock = await lockMigration(scene.state, migration?.run ?? "");
      const { status, stderr } = await scene.run(["rollback", "run"]);
      expect([status, stderr]).toEqual([5, expect.stringContaining("[E_LOCKED]")]);
    }
    const { status, stderr } = await scene.run(["rollback", "run"], "docs: copy");
    expect([status, stderr]).toEqual([130, expect.stringContaining("[E_ABORTED]")]);
    const { exit, said } = await scene.rollback("--propagate-deletes");
    expect(exit, said).toBe(0);
    expect((await scene.held()).get("r1")?.document).toBe("r1 of Qdrant");
  });

  it.skipIf(!long)("reads a Qdrant that keeps no notes by the journal's", async () => {
    using scene = await RollbackScene.migrated(chroma, "l2");
    await qdrantWritten(scene);
    await using target = await connectTarget(scene.target);
    await using to = await connectRecordTarget(scene.source);
    const capabilities = { ...target.capabilities, notes: false };
    const qdrant = overridden(target, {
      capabilities,
      collections: async (options) =>
        (await target.collections(options)).map((info) => ({ ...info, note: null })),
    });
    const ends = { qdrant, qdrantIdentity: target.identity, chroma: to, backup: null };
    const no = { overwrite: false, restoreOnly: false, nearestFloats: false, dryRun: false };
    const asked = { ...no, propagateDeletes: true };
    const { signal } = new AbortController();
    const context = { stateFolder: scene.state, signal, onEvent: () => undefined };
    const outcome = await runRollback(ends, asked, context);
    expect(outcome).toMatchObject({
      exit: 0,
      since: { added: 1, changed: 3, deleted: 1, both: 0 },
    });
    expect((await scene.held()).get("r1")?.document).toBe("r1 of Qdrant");
  });
});
