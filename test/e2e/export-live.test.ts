/** An export out of a Qdrant that is being written meanwhile, and one with the bits of an archive: with a real Chroma, in this process. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExport } from "../../src/migrate/export/export.ts";
import { defaultExport } from "../../src/migrate/export/request.ts";
import type { Outcome } from "../../src/migrate/report.ts";
import type { RecordBatch } from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import { connectArchive, connectRecordTarget, connectTarget } from "../../src/open.ts";
import type { ArchiveReader } from "../../src/store/archive.ts";
import type { RecordTarget } from "../../src/store/record-target.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { ExportScene } from "../support/export-scene.ts";
import { makeFolder } from "../support/make-folder.ts";
import { serveFolder } from "../support/qdrant-places.ts";

const noChroma = chromaAvailable("1.5.9", true);

/** The target, which tells of each batch before it writes it. */
function telling(
  target: RecordTarget,
  before: (batch: RecordBatch) => Promise<void>,
): RecordTarget {
  return new Proxy(target, {
    get(real, name) {
      const value: unknown = Reflect.get(real, name, real);
      if (name !== "write") return typeof value === "function" ? value.bind(real) : value;
      return async (...args: Parameters<RecordTarget["write"]>) => {
        await before(args[1]);
        await real.write(...args);
      };
    },
  });
}

describe.skipIf(noChroma)(`an export${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
  });

  function contextOf(scene: ExportScene) {
    const stateFolder = join(scene.cwd, ".vecferry");
    return { stateFolder, signal: new AbortController().signal, onEvent: () => undefined };
  }

  it("of a Qdrant that is written meanwhile ends with what the Qdrant has then", async () => {
    using scene = await ExportScene.open(chroma);
    await using qdrant = await serveFolder(join(scene.cwd, "q"));
    const path = "/collections/live";
    const point = (id: number, at: number) => ({ id, vector: [id, at], payload: { at } });
    await qdrant.call("PUT", path, { vectors: { size: 2, distance: "Euclid" } });
    const points = Array.from({ length: 60 }, (_, id) => point(id, 1));
    await qdrant.call("PUT", `${path}/points?wait=true`, { points });
    let writes = 0;
    await using source = await connectTarget(qdrant.url);
    await using real = await connectRecordTarget(scene.target);
    const target = telling(real, async () => {
      writes += 1;
      if (writes !== 2) return;
      // The first is on its way already, the last is new, and one is gone before it is read again.
      await qdrant.call("PUT", `${path}/points?wait=true`, { points: [point(0, 2), point(99, 2)] });
      await qdrant.call("POST", `${path}/points/delete?wait=true`, { points: [1] });
    });
    const request = { ...defaultExport, batchSize: 10, propagateDeletes: true };
    const { exit, report } = await runExport(source, target, request, contextOf(scene));
    expect({ exit, found: report.verify?.collections[0]?.differences }).toEqual({
      exit: 0,
      found: {},
    });
    expect(report.notes.join()).toContain("written to meanwhile");
    const held = await scene.held("live");
    expect(Object.keys(held)).toHaveLength(60);
    expect(held["0"]?.metadata).toEqual({ at: { int: "2" } });
    expect(held["99"]?.metadata).toEqual({ at: { int: "2" } });
    expect(held["1"]).toBeUndefined();
  });

  it("of a Qdrant from which points are only deleted meanwhile names them, and the rest is verified", async () => {
    using scene = await ExportScene.open(chroma);
    await using qdrant = await serveFolder(join(scene.cwd, "q"));
    const path = "/collections/live";
    await qdrant.call("PUT", path, { vectors: { size: 2, distance: "Euclid" } });
    const points = Array.from({ length: 60 }, (_, id) => ({ id, vector: [id, 1], payload: {} }));
    await qdrant.call("PUT", `${path}/points?wait=true`, { points });
    await using source = await connectTarget(qdrant.url);
    await using real = await connectRecordTarget(scene.target);
    let writes = 0;
    const target = telling(real, async () => {
      writes += 1;
      if (writes === 6)
        await qdrant.call("POST", `${path}/points/delete?wait=true`, { points: [1] });
    });
    const request = { ...defaultExport, batchSize: 10 };
    const { exit, report } = await runExport(source, target, request, contextOf(scene));
    expect({ exit, found: report.verify?.collections[0]?.differences }).toEqual({
      exit: 4,
      found: { "deleted-at-source": 1 },
    });
  });

  it("sends vectors of cosine within 3 ulp of what they were, and with the archive their very bits", async () => {
    using scene = await ExportScene.open(chroma);
    const [records, dimension] = [50, 8];
    const { cwd } = scene;
    makeFolder(join(cwd, "chroma"), { records, dimension, name: "near", distance: "cosine" });
    for (const target of ["embedded:q", "archive:a"])
      expect(
        (await scene.run(target.startsWith("a") ? "backup" : "migrate", "./chroma", target)).status,
      ).toBe(0);
    await using source = await connectTarget(`embedded:${join(cwd, "q")}`);
    await using archive = await connectArchive(`archive:${join(cwd, "a")}`);
    await using real = await connectRecordTarget(scene.target);
    const steps = async (vectorsFrom: typeof archive | null): Promise<number> => {
      let most = 0;
      await real.drop("near");
      const target = telling(real, async (batch) => {
        most = Math.max(most, await stepsFrom(archive, batch));
      });
      const state = {
        ...contextOf(scene),
        stateFolder: join(cwd, `state-${vectorsFrom === null}`),
      };
      const outcome: Outcome = await runExport(
        source,
        target,
        { ...defaultExport, vectorsFrom },
        state,
      );
      expect(outcome.report.totals.carried).toBe(records);
      expect(outcome.exit).toBe(0);
      return most;
    };
    const near = await steps(null);
    expect(near).toBeGreaterThan(0);
    expect(near).toBeLessThanOrEqual(3);
    expect(await steps(archive)).toBe(0);
  });
});

/** The most steps of float32 by which a component is apart from the archive's. */
async function stepsFrom(archive: ArchiveReader, batch: RecordBatch): Promise<number> {
  const [info] = await archive.collections();
  if (info === undefined) throw new Error("The archive is empty.");
  const held = (await archive.read(info, batch.ids)).batch;
  const [sent, kept] = [batch, held].map((one) => {
    const { data = new Float32Array(), dimension = 0 } = denseVector(one) ?? {};
    const rows = one.ids.map(
      (id, row) => [id, data.slice(row * dimension, (row + 1) * dimension)] as const,
    );
    return new Map(rows.map(([id, vector]) => [id, new Int32Array(vector.buffer)]));
  });
  const steps = batch.ids.flatMap((id) =>
    Array.from(sent?.get(id) ?? [], (word, at) => Math.abs(word - (kept?.get(id)?.[at] ?? 0))),
  );
  return Math.max(...steps);
}
