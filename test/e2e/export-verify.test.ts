/** What `vecferry verify` looks at after exports, and what it leaves as it is. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collectionsUrl, send } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { ExportScene } from "../support/export-scene.ts";

const noChroma = chromaAvailable("1.5.9", true);
const cosine = { size: 4, distance: "Cosine" };
const vector = [1, 0, 0, 0];

describe.skipIf(noChroma)(`verify of exports${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
  });

  it("is about every collection that was exported, each as was asked of it", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("alpha", cosine, [{ id: 1, vector, payload: { a: { b: 1 } } }]);
    await scene.fill("beta", cosine, [{ id: 1, vector, payload: { a: 1 } }]);
    await scene.fill("gamma", cosine, [{ id: 1, vector, payload: { a: 1 } }]);
    expect((await scene.export("--collection", "alpha", "--flatten")).status).toBe(0);
    const renamed = ["--collection", "beta", "--rename", "beta=delta"];
    expect((await scene.export(...renamed)).status).toBe(0);
    const names = async (...flags: readonly string[]) => {
      const { status, report } = await scene.both("verify", ...flags);
      return { status, targets: report.verify?.collections.map(({ target }) => target) };
    };
    expect(await names()).toEqual({ status: 0, targets: ["alpha", "delta"] });

    await scene.tell("delta", "update", { ids: ["1"], metadatas: [{ a: 2 }] });
    const one = await names("--chromadb-collections", "alpha");
    expect(one).toEqual({ status: 0, targets: ["alpha"] });
    expect(await names()).toEqual({ status: 4, targets: ["alpha", "delta"] });
  });

  it("leaves what is in quarantine there, and names a record that stands under its id", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("alpha", cosine, [
      { id: 1, vector, payload: { a: 1 } },
      { id: 2, vector, payload: { a: null } },
    ]);
    expect((await scene.export()).status).toBe(3);
    const verified = await scene.both("verify");
    expect(verified).toMatchObject({
      status: 0,
      report: { quarantine: { byReason: { rejected: 1 } }, verify: { differences: 0 } },
    });
    expect(scene.quarantine(verified).map(({ id }) => id)).toEqual(["2"]);

    await scene.tell("alpha", "add", { ids: ["2"], embeddings: [vector], documents: ["other"] });
    for (const state of [[], ["--state", "fresh"]]) {
      const { status, report } = await scene.both("verify", ...state);
      expect(status).toBe(4);
      expect(report.verify?.collections[0]?.differences).toEqual({ taken: 1 });
    }
    expect(await scene.export()).toMatchObject({ status: 4 });
  });

  it("names what was deleted in Chroma, and the export that it names writes it; a collection that was dropped is filled anew", async () => {
    using scene = await ExportScene.open(chroma);
    const payload = { a: 1 };
    await scene.fill("alpha", cosine, [
      { id: 1, vector, payload },
      { id: 2, vector, payload },
    ]);
    expect((await scene.export()).status).toBe(0);
    await scene.tell("alpha", "delete", { ids: ["1"] });
    const left = await scene.export();
    expect(left).toMatchObject({ status: 4, report: { totals: { carried: 0 } } });
    expect(left.report.next.join()).toContain("--overwrite");
    expect((await scene.export("--overwrite")).status).toBe(0);

    await send(collectionsUrl(chroma, scene.place, "/alpha"), "DELETE");
    expect(await scene.export()).toMatchObject({ status: 0, report: { totals: { carried: 2 } } });
    expect(Object.keys(await scene.held("alpha"))).toEqual(["1", "2"]);
  });

  it("forgets what was in quarantine of a collection that the source has no more", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("alpha", cosine, [{ id: 1, vector, payload: { a: 1 } }]);
    await scene.fill("beta", cosine, [{ id: 1, vector, payload: { a: null } }]);
    expect((await scene.export()).status).toBe(3);
    await scene.atQdrant((call) => call("DELETE", "/collections/beta"));
    const exported = await scene.export();
    expect(exported).toMatchObject({ status: 0, report: { quarantine: { byReason: {} } } });
  });

  it("leaves out a collection whose export was refused", async () => {
    using scene = await ExportScene.open(chroma);
    for (const name of ["alpha", "beta"])
      await scene.fill(name, cosine, [{ id: 1, vector, payload: { name } }]);
    const all = ["--target-collection", "all", "--merge", "--collection"];
    expect((await scene.export(...all, "alpha")).status).toBe(0);
    expect(await scene.export(...all, "beta")).toMatchObject({
      status: 2,
      failure: { code: "E_ID_COLLISION" },
    });
    expect(await scene.both("verify")).toMatchObject({ status: 0 });
  });
});
