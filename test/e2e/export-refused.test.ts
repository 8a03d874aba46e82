/** What `vecferry export` refuses before anything is written, and what it takes all the same when it is told to. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCollection } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { ExportScene } from "../support/export-scene.ts";

const noChroma = chromaAvailable("1.5.9", true);
const dot = { size: 2, distance: "Dot" };
const points = [1, 2, 3].map((id) => ({ id, vector: [id, 1], payload: { at: id } }));

describe("vecferry export without a target", () => {
  it("exits with 2 and says what could be one", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const flags = ["--qdrant-host", "localhost", "--qdrant-port", "6333"];
    const format = ["--output-format", "chromadb", "--collection", "digi_knowledge"];
    const ended = await runCli(["export", ...flags, ...format], { cwd });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain("CHROMA_HOST");
    expect(ended.stderr).toContain("archive:./folder");
    const archive = await runCli(["export", ...flags, "--output-format", "archive"], { cwd });
    expect(archive.status).toBe(2);
    expect(archive.stderr).toContain("archive:./folder");
    const folderOfChroma = await runCli(["export", "embedded:q", "./chroma_data"], { cwd });
    expect(folderOfChroma.stderr).toContain("E_NOT_SUPPORTED");
  });
});

describe.skipIf(noChroma)(`what an export refuses${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(async () => {
    await chroma?.[Symbol.asyncDispose]();
  });

  it("a collection that holds other records, unless --merge is said", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("mine", dot, points);
    await makeCollection(chroma, scene.place, "mine", { "hnsw:space": "ip" });
    await scene.tell("mine", "add", { ids: ["own"], embeddings: [[9, 9]], documents: ["Own."] });
    const refused = await scene.export();
    expect(refused).toMatchObject({ status: 2, failure: { code: "E_FOREIGN_POINTS" } });
    expect(refused.failure.message).toContain('"own"');
    expect(Object.keys(await scene.held("mine"))).toEqual(["own"]);
    const merged = await scene.export("--merge");
    expect(merged).toMatchObject({ status: 0, report: { verify: { foreign: { mine: 1 } } } });
    expect(Object.keys(await scene.held("mine")).sort()).toEqual(["1", "2", "3", "own"]);
  });

  it("another record under one of its ids, where no journal tells that it wrote it", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("mine", dot, points);
    await makeCollection(chroma, scene.place, "mine", { "hnsw:space": "ip" });
    await scene.tell("mine", "add", { ids: ["2"], embeddings: [[9, 9]], documents: ["Own."] });
    const refused = await scene.export();
    expect(refused).toMatchObject({ status: 2, failure: { code: "E_POINT_TAKEN" } });
    const merged = await scene.export("--merge");
    expect(merged).toMatchObject({
      status: 4,
      report: { verify: { collections: [{ differences: { taken: 1 } }] } },
    });
    expect((await scene.held("mine"))["2"]?.document).toBe("Own.");
    expect((await scene.export("--overwrite")).status).toBe(0);
    expect((await scene.held("mine"))["2"]?.document).toBeNull();
  });

  it("a collection of another distance or dimension", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("mine", dot, points);
    await scene.fill("also", dot, points);
    await makeCollection(chroma, scene.place, "mine", { "hnsw:space": "l2" });
    const refused = await scene.export();
    expect(refused).toMatchObject({ status: 2, failure: { code: "E_SCHEMA_CONFLICT" } });
    expect(refused.failure.message).toContain("distance");
    // Nothing was made of the other collection either.
    expect([...(await scene.collections()).keys()]).toEqual(["mine"]);
    const renamed = await scene.export("--rename", "mine=mine-again");
    expect(renamed.status, renamed.stderr).toBe(0);
  });

  it("two points that would be one record, and names both", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("one", dot, points);
    await scene.fill("two", dot, points);
    const refused = await scene.export("--target-collection", "both");
    expect(refused).toMatchObject({ status: 2, failure: { code: "E_ID_COLLISION" } });
    expect(refused.failure.message).toMatch(
      /Point \d of collection "one" and point \d of collection "two"/,
    );
    expect((await scene.collections()).size).toBe(0);
  });

  it("a name that Chroma does not take, a distance that it does not have, a collection that is not there", async () => {
    using scene = await ExportScene.open(chroma);
    await scene.fill("ab", dot, points);
    expect(await scene.export()).toMatchObject({ status: 2, failure: { code: "E_NAME" } });
    expect((await scene.export("--rename", "ab=a-longer-name")).status).toBe(0);
    await scene.fill("block", { size: 2, distance: "Manhattan" }, points);
    const block = ["--collection", "block"];
    expect(await scene.export(...block)).toMatchObject({
      status: 2,
      failure: { code: "E_CONFIG" },
    });
    expect((await scene.export(...block, "--distance-metric", "l2")).status).toBe(0);
    expect(await scene.export("--collection", "gone")).toMatchObject({
      status: 2,
      failure: { code: "E_COLLECTION_NOT_FOUND" },
    });
  });
});
