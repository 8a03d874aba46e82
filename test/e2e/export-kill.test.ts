/**
 * kill -9 of an export, at its named place and at any moment; the same command again ends it, and a verify finds no difference.
 * VECFERRY_LONG=1 kills it at 20 moments.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { startCli } from "../support/cli.ts";
import { ExportScene } from "../support/export-scene.ts";
import { makeFolder } from "../support/make-folder.ts";

const noChroma = chromaAvailable("1.5.9", true);
const windows = process.platform === "win32";
const long = process.env["VECFERRY_LONG"] === "1";
const kills = long ? 20 : 3;
const records = 600;
const size = ["--batch-size", "20"];

describe.skipIf(noChroma || windows)(
  `an export that is killed${noChroma ? `: ${noChroma}` : ""}`,
  () => {
    let chroma: ChromaServer;
    beforeAll(async () => {
      chroma = await startChroma();
    });
    afterAll(async () => {
      await chroma?.[Symbol.asyncDispose]();
    });

    /** A migrated folder, whose records are in `q`; both distances keep another kind of imprint. */
    async function migrated(): Promise<ExportScene> {
      const scene = await ExportScene.open(chroma);
      for (const [name, distance] of [
        ["near", "cosine"],
        ["far", "l2"],
      ] as const) {
        makeFolder(join(scene.cwd, name), { records, dimension: 8, name, distance });
        const ended = await scene.run("migrate", `./${name}`, "embedded:q");
        expect(ended.status, ended.stderr).toBe(0);
      }
      return scene;
    }

    async function judgeAll(scene: ExportScene): Promise<void> {
      const verified = await scene.both("verify");
      expect(verified.status, verified.stderr).toBe(0);
      expect(verified.report.verify).toMatchObject({
        differences: 0,
        foreign: { near: 0, far: 0 },
      });
      for (const name of ["near", "far"]) {
        const { ids } = await scene.answers(name);
        expect(new Set(ids).size).toBe(records);
        expect(ids).toHaveLength(records);
      }
    }

    it("between a batch and its checkpoint goes on, also where the source has changed since", async () => {
      using scene = await migrated();
      const { cwd, target } = scene;
      const command = ["export", "embedded:q", target, ...size];
      const stopped = startCli(command, { cwd, env: { VECFERRY_STOP_AT: "after-acknowledge:9" } });
      expect((await stopped.ended).status).toBeNull();
      // What was written and never noted must not be taken for another's.
      const payload = { document: "written since" };
      for (const name of ["near", "far"])
        await scene.atQdrant((call) =>
          call("POST", `/collections/${name}/points/payload?wait=true`, { payload, filter: {} }),
        );
      const ended = await scene.export(...size);
      expect(ended.status, ended.stderr).toBe(0);
      await judgeAll(scene);
      const { documents } = await scene.answers("near");
      expect(new Set(documents)).toEqual(new Set(["written since"]));
    });

    it("at any moment goes on", { timeout: long ? 900_000 : 240_000 }, async () => {
      const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`seed ${seed}`);
      const random = seededRandom(seed);
      using scene = await migrated();
      const { cwd, target } = scene;
      for (let kill = 0; kill < kills; kill += 1) {
        const started = startCli(["export", "embedded:q", target, ...size, "--json"], { cwd });
        const begun = started.until(/"type":"phase"/).then(
          () => sleep(random() * (long ? 4000 : 1500)),
          () => undefined,
        );
        await Promise.race([begun, started.ended]);
        started.child.kill("SIGKILL");
        await started.ended;
      }
      const ended = await scene.export(...size);
      expect(ended.status, ended.stderr).toBe(0);
      await judgeAll(scene);
    });
  },
);
