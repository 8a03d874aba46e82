/** From a Qdrant into a Qdrant: every point and everything that describes its collection, judged by plain HTTP at both ends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { type Ended, runCli, startCli, temporaryFolder } from "../support/cli.ts";
import {
  describedOf,
  madePoint,
  makeEverything,
  pointsOf,
  putPoints,
} from "../support/points-scene.ts";
import {
  type QdrantKind,
  type QdrantPlace,
  qdrantKinds,
  serveFolder,
} from "../support/qdrant-places.ts";
import { startStub } from "../support/stub.ts";

const long = process.env["VECFERRY_LONG"] !== undefined;
const windows = process.platform === "win32";

interface Scene extends AsyncDisposable {
  readonly source: QdrantPlace;
  readonly target: QdrantPlace;
  readonly name: string;
  readonly cwd: string;
  run(verb: "migrate" | "verify" | "plan", ...flags: string[]): Promise<Ended>;
  /** Both ends hold the same, to the last character. */
  expectSame(): Promise<void>;
}

async function openScene(from: QdrantKind, to: QdrantKind, points: number): Promise<Scene> {
  const source = await from.start();
  const target = await to.start();
  const folder = temporaryFolder();
  const name = source.unique("between");
  target.unique("between");
  await makeEverything(source, name, points, `${name}-live`);
  const cwd = folder.path;
  const env = { ...target.env, SOURCE_QDRANT_API_KEY: source.env["QDRANT_API_KEY"] ?? "" };
  return {
    source,
    target,
    name,
    cwd,
    run: (verb, ...flags) =>
      runCli([verb, source.url, target.url, "--include", name, ...flags], { cwd, env }),
    async expectSame() {
      expect(await pointsOf(target, name)).toEqual(await pointsOf(source, name));
      expect(await describedOf(target, name)).toEqual(await describedOf(source, name));
    },
    async [Symbol.asyncDispose]() {
      await target.call("DELETE", `/collections/${name}`).catch(() => undefined);
      folder[Symbol.dispose]();
      await target[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
    },
  };
}

function expectEnd(ended: Ended, status: number): Ended {
  expect(ended.status, ended.stdout + ended.stderr).toBe(status);
  return ended;
}

function reportOf({ stdout }: Ended) {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").report;
}

const [embedded, real] = qdrantKinds;
if (embedded === undefined || real === undefined) throw new Error("no Qdrants");
const pairs = [
  { from: embedded, to: embedded },
  { from: real, to: embedded },
  { from: embedded, to: real },
].map((pair) => ({ ...pair, title: `${pair.from.name} -> ${pair.to.name}` }));

describe.each(pairs)("$title", ({ from, to }) => {
  describe.skipIf(from.skip || to.skip)("points as they are", () => {
    it("arrive with every vector, index, setting and alias, and are verified", async () => {
      await using scene = await openScene(from, to, 1200);
      const plan = expectEnd(await scene.run("plan"), 0);
      expect(plan.stdout).toContain("1,200 points");
      expect(plan.stdout).toContain('"words" (sparse)');
      expectEnd(await scene.run("verify"), 4);
      const { totals, notes, verify } = reportOf(
        expectEnd(await scene.run("migrate", "--json"), 0),
      );
      expect(totals).toMatchObject({ carried: 1200, unchanged: 0 });
      expect(notes).toEqual([]);
      expect(verify.verdict).toMatch(/^All 1200 points .* types\.$/);
      await scene.expectSame();
      const again = reportOf(expectEnd(await scene.run("migrate", "--json"), 0));
      expect(again.totals).toMatchObject({ carried: 0, unchanged: 1200 });
      expectEnd(await scene.run("verify"), 0);
    });

    it("are carried while the source is written to: a pass after the writes leaves no difference", {
      timeout: 60_000,
    }, async () => {
      await using scene = await openScene(from, to, 1500);
      const { source, name } = scene;
      let stop = false;
      const writing = (async () => {
        for (let at = 0; !stop; at += 1) {
          await putPoints(source, name, 2000 + at * 3, 2000 + at * 3 + 3);
          // Points 0 to 398 are changed, 400 to 798 deleted: what is changed is never gone.
          const even = (at % 200) * 2;
          const points = [madePoint(even).id, madePoint(even + 400).id];
          const body = { points: points.slice(0, 1), payload: { at: -at } };
          await source.call("POST", `/collections/${name}/points/payload?wait=true`, body);
          const gone = { points: points.slice(1) };
          await source.call("POST", `/collections/${name}/points/delete?wait=true`, gone);
          await sleep(5);
        }
      })();
      const during = await scene.run("migrate", "--batch-size", "50", "--propagate-deletes");
      stop = true;
      await writing;
      expect([0, 4], during.stdout + during.stderr).toContain(during.status);
      expectEnd(await scene.run("migrate", "--propagate-deletes"), 0);
      await scene.expectSame();
    });

    it.skipIf(windows)("go on after kill -9 at any moment", { timeout: 240_000 }, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      console.log(`seed ${seed}`);
      const random = seededRandom(seed);
      await using scene = await openScene(from, to, 2000);
      const { source, target, name, cwd } = scene;
      const args = ["migrate", source.url, target.url, "--include", name, "--batch-size", "20"];
      const keys = { ...target.env, SOURCE_QDRANT_API_KEY: source.env["QDRANT_API_KEY"] ?? "" };
      const kills = long ? 20 : 3;
      for (let kill = 0; kill < kills; kill += 1) {
        const started = startCli([...args, "--json"], { cwd, env: keys });
        const begun = started.until(/"type":"phase"/).then(
          () => sleep(random() * 500),
          () => undefined,
        );
        await Promise.race([begun, started.ended]);
        started.child.kill("SIGKILL");
        await started.ended;
        // Each kill begins anew now and then: what it leaves is not always nearly whole.
        if (kill % 4 === 3)
          await target.call("DELETE", `/collections/${name}`).catch(() => undefined);
      }
      expectEnd(await runCli(args, { cwd, env: keys }), 0);
      await scene.expectSame();
      expectEnd(await scene.run("verify"), 0);
    });
  });
});

describe("a collection under another name", () => {
  it("is verified by the same flags that carried it", async () => {
    await using scene = await openScene(embedded, embedded, 20);
    const { name } = scene;
    for (const flags of [
      ["--rename", `${name}=${name}-b`],
      ["--target-collection", `${name}-c`],
    ]) {
      expectEnd(await scene.run("migrate", "--no-aliases", ...flags), 0);
      expectEnd(await scene.run("verify", "--no-aliases", ...flags), 0);
    }
    expectEnd(await scene.run("verify", "--no-aliases"), 4);
  });
});

describe("what two Qdrants are not asked for", () => {
  it("is refused before anything is written", async () => {
    await using scene = await openScene(embedded, embedded, 20);
    const { source, target, name, cwd } = scene;
    const refused = async (words: readonly string[], status: number, text: string) => {
      const ended = expectEnd(await runCli(words, { cwd }), status);
      expect(ended.stderr).toContain(text);
    };
    const ends = ["migrate", source.url, target.url];
    await refused(["migrate", source.url, source.url], 2, "one and the same");
    await refused(["migrate", source.url, "chroma://localhost:1"], 2, "a target is a Qdrant");
    await refused([...ends, "--layout", "flat"], 2, "--layout is for records of a Chroma");
    await refused([...ends, "--include", "none"], 2, "E_COLLECTION_NOT_FOUND");
    await refused(["migrate", "./chroma", target.url, "--no-aliases"], 2, "--no-aliases is for");
    await refused(
      ["migrate", source.url, "embedded:./none", "--rename", "x=y"],
      2,
      "--rename names",
    );
    await target.call("PUT", "/collections/other", { vectors: { size: 9, distance: "Dot" } });
    await refused([...ends, "--target-collection", "other"], 2, "E_SCHEMA_CONFLICT");
    const create_alias = { collection_name: "other", alias_name: `${name}-live` };
    await target.call("POST", "/collections/aliases", { actions: [{ create_alias }] });
    await refused(ends, 2, "--no-aliases");
    const { collections } = await target.call<{ collections: object[] }>("GET", "/collections");
    expect(collections).toEqual([{ name: "other" }]);
    expectEnd(await runCli([...ends, "--no-aliases"], { cwd }), 0);
    expectEnd(await scene.run("verify", "--no-aliases"), 0);
    expect(expectEnd(await scene.run("verify"), 4).stdout).toContain("1 of the collections");
  });

  it("is a Qdrant older than 1.10, at either end", async () => {
    await using place = await serveFolder(":memory:");
    await using stub = await startStub(() => ({
      body: { title: "qdrant - vector search engine", version: "1.9.4" },
    }));
    using folder = temporaryFolder();
    for (const ends of [
      [stub.url, place.url],
      [place.url, stub.url],
    ]) {
      const ended = await runCli(["migrate", ...ends], { cwd: folder.path });
      expect(ended.stderr).toContain("E_NOT_SUPPORTED");
      expect(ended.stderr).toContain("1.9.4");
    }
  });

  it("is the target's key for the source", async () => {
    await using engine = await openEngine(":memory:");
    const server = await serve(engine, { port: 0, apiKey: "of-the-source" });
    await using _closed = { [Symbol.asyncDispose]: () => server.close() };
    await using target = await serveFolder(":memory:");
    using folder = temporaryFolder();
    const cwd = folder.path;
    const headers = { "content-type": "application/json", "api-key": "of-the-source" };
    const body = JSON.stringify({ vectors: { size: 2, distance: "Dot" } });
    await fetch(`${server.url}/collections/keyed`, { method: "PUT", headers, body });
    const ends = ["migrate", server.url, target.url];
    const env = { QDRANT_API_KEY: "of-the-source" };
    expect((await runCli(ends, { cwd, env })).stderr).toContain("E_AUTH");
    writeFileSync(join(cwd, "key"), "of-the-source\n");
    const told = await runCli([...ends, "--source-qdrant-api-key-file", "key"], { cwd });
    expectEnd(told, 0);
    expect(told.stdout + told.stderr).not.toContain("of-the-source");
  });
});
