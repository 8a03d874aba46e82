/** `vecferry export` with the built command: from an embedded Qdrant into a real Chroma. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { ExportScene } from "../support/export-scene.ts";
import { makeFolder } from "../support/make-folder.ts";

const noChroma = chromaAvailable("1.5.9", true);
const uuid = "0f0e0d0c-0b0a-4908-8706-050403020100";
const cosine = { size: 4, distance: "Cosine" };

describe.skipIf(noChroma)(`vecferry export${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
  });

  it("brings a mapped migration's collections back, each with its own name, and verifies", async () => {
    using scene = await ExportScene.open(chroma);
    const { cwd } = scene;
    for (const name of ["alpha", "beta"]) {
      makeFolder(join(cwd, name), { records: 40, dimension: 8, name });
      const tenant = ["--default-tenant", `tenant-${name}`, "--target-collection", "all"];
      expect((await scene.run("migrate", `./${name}`, "embedded:q", ...tenant)).status).toBe(0);
    }
    const exported = await scene.export();
    expect(exported.status, exported.stderr).toBe(0);
    expect(exported.report.totals.carried).toBe(80);
    expect([...(await scene.collections()).keys()].sort()).toEqual(["alpha", "beta"]);
    const { ids, metadatas } = await scene.answers("beta");
    expect(ids).toHaveLength(40);
    expect(metadatas[0]).toMatchObject({ k0: { int: expect.any(String) } });

    const again = await scene.export();
    expect(again.report).toMatchObject({ totals: { carried: 0, unchanged: 80 } });
    const verified = await scene.both("verify");
    expect(verified).toMatchObject({ status: 0, report: { verify: { differences: 0 } } });
    const status = await scene.run("status");
    expect(status.stdout).toContain("VERIFIED");
    expect((await scene.run("verify")).stdout).toContain("All 80 records");
  });

  it("carries a collection that was never a Chroma's by the stated rules, and names what no Chroma holds", async () => {
    using scene = await ExportScene.open(chroma);
    const vector = [1, 0, 0, 0];
    await scene.fill("mine", cosine, [
      { id: 7, vector, payload: { colour: "red", count: 3, share: 0.5, tags: ["a", "b"] } },
      { id: uuid, vector, payload: { colour: "blue" } },
      { id: 8, vector, payload: { author: { name: "Ada", born: 1815 } } },
      { id: 9, vector, payload: { colour: null } },
    ]);
    const exported = await scene.export();
    expect(exported.status, exported.stderr).toBe(3);
    expect(exported.report).toMatchObject({
      totals: { carried: 2, failed: 2 },
      quarantine: { byReason: { rejected: 2 } },
      verify: { differences: 0 },
    });
    const named = scene.quarantine(exported);
    expect(named.map(({ id }) => id)).toEqual(["8", "9"]);
    expect(named[0]?.detail).toContain('"author"');
    expect(await scene.held("mine")).toEqual({
      7: {
        document: null,
        uri: null,
        metadata: expect.objectContaining({ colour: "red", count: { int: "3" } }),
      },
      [uuid]: { document: null, uri: null, metadata: { colour: "blue" } },
    });

    const flat = await scene.export("--flatten");
    expect(flat.status, flat.stderr).toBe(0);
    const held = await scene.held("mine");
    expect(held["8"]?.metadata).toEqual({ "author.name": "Ada", "author.born": { int: "1815" } });
    expect(held["9"]?.metadata).toBeNull();
    // What was asked of the export, its verify asks too.
    expect((await scene.both("verify")).status).toBe(0);
  });

  it("asks which of several vectors, and says which stay behind", async () => {
    using scene = await ExportScene.open(chroma);
    const vectors = { text: { size: 2, distance: "Dot" }, image: { size: 3, distance: "Euclid" } };
    await scene.fill("two", vectors, [{ id: 1, vector: { text: [1, 2], image: [3, 4, 5] } }]);
    const refused = await scene.export();
    expect(refused).toMatchObject({ status: 2, failure: { code: "E_CONFIG" } });
    expect(refused.failure.message).toContain('"image"');
    const exported = await scene.export("--vector", "image");
    expect(exported.status, exported.stderr).toBe(0);
    expect(exported.report.notes.join()).toContain('"text"');
    expect((await scene.answers("two")).embeddings).toEqual([[3, 4, 5]]);
  });

  it("carries what has changed since, and deletes only when it is told to", async () => {
    using scene = await ExportScene.open(chroma);
    const points = [1, 2, 3].map((id) => ({ id, vector: [id, 1, 0, 0], payload: { at: id } }));
    await scene.fill("mine", cosine, points);
    await scene.fill("dropped", cosine, [{ id: 1, vector: [1, 1, 1, 1] }]);
    expect((await scene.export()).status).toBe(0);
    await scene.atQdrant((call) => call("DELETE", "/collections/dropped"));
    await scene.fill("mine", cosine, [{ id: 2, vector: [0, 1, 0, 0], payload: { at: 20 } }]);
    await scene.fill("mine", cosine, [{ id: 4, vector: [0, 0, 1, 0], payload: { at: 4 } }]);
    await scene.atQdrant((call) =>
      call("POST", "/collections/mine/points/delete?wait=true", { points: [3] }),
    );
    const again = await scene.export();
    expect(again).toMatchObject({
      status: 4,
      report: {
        totals: { carried: 2, changed: 1, unchanged: 1 },
        verify: {
          differences: 2,
          collections: [
            { target: "mine", differences: { "deleted-at-source": 1 } },
            { target: "dropped", differences: { "deleted-at-source": 1 } },
          ],
        },
      },
    });
    expect(again.report.next.join()).toContain("--propagate-deletes");
    const last = await scene.export("--propagate-deletes");
    expect(last).toMatchObject({ status: 0, report: { totals: { removed: 2 } } });
    expect(Object.keys(await scene.held("mine")).sort()).toEqual(["1", "2", "4"]);
    expect((await scene.held("mine"))["2"]?.metadata).toEqual({ at: { int: "20" } });
  });

  it("names what was changed in Chroma since, and writes over it only when it is told to", async () => {
    using scene = await ExportScene.open(chroma);
    const points = [1, 2, 3].map((id) => ({ id, vector: [id, 1, 0, 0], payload: { at: id } }));
    await scene.fill("mine", cosine, points);
    expect((await scene.export()).status).toBe(0);
    await scene.tell("mine", "update", { ids: ["1", "2"], metadatas: [{ at: 100 }, { at: 200 }] });
    await scene.fill("mine", cosine, [{ id: 2, vector: [2, 1, 0, 0], payload: { at: 22 } }]);
    const again = await scene.export();
    expect(again).toMatchObject({
      status: 4,
      report: {
        totals: { carried: 0 },
        verify: { collections: [{ differences: { "changed-at-target": 2 } }] },
      },
    });
    const examples = again.report.verify?.collections[0]?.examples ?? [];
    expect(examples.map(({ id }) => id).sort()).toEqual(["1", "2"]);
    expect(examples[0]?.detail).toContain('metadata "at"');
    expect((await scene.held("mine"))["2"]?.metadata).toEqual({ at: { int: "200" } });
    expect((await scene.export("--overwrite")).status).toBe(0);
    expect((await scene.held("mine"))["2"]?.metadata).toEqual({ at: { int: "22" } });
    expect((await scene.held("mine"))["1"]?.metadata).toEqual({ at: { int: "1" } });
  });
});
