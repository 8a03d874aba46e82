/** kill -9 of a backup and of a restore, at named places and at any moment; the same command again ends it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { rawArchive } from "../support/archives.ts";
import { faultless, madeAnswers } from "../support/chroma-answers.ts";
import { type Ended, runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { judge } from "../support/judge.ts";
import { makeFolder } from "../support/make-folder.ts";
import { serveFolder } from "../support/qdrant-places.ts";

const records = 600;
const dimension = 8;
const windows = process.platform === "win32";

interface Scene extends Disposable {
  readonly backup: readonly string[];
  readonly restore: readonly string[];
  readonly cwd: string;
  /** The archive and what was restored from it hold what the folder holds. */
  judgeAll(): Promise<void>;
}

function openScene(): Scene {
  const folder = temporaryFolder();
  const cwd = folder.path;
  makeFolder(join(cwd, "chroma"), { records, dimension, name: "killed" });
  const answers = madeAnswers(records, dimension);
  const size = ["--batch-size", "20"];
  return {
    backup: ["backup", "./chroma", "archive:./a", ...size],
    restore: ["restore", "archive:./a", "embedded:q", ...size],
    cwd,
    async judgeAll() {
      const [held] = await rawArchive(join(cwd, "a"));
      expect(held?.rows.map(({ id }) => id).sort()).toEqual([...answers.ids].sort());
      expect(existsSync(join(cwd, "a.partial"))).toBe(false);
      await using served = await serveFolder(join(cwd, "q"));
      expect(await judge(served, "killed", answers, { cosine: false })).toMatchObject(faultless);
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Runs the command until nothing kills it any more. */
async function toTheEnd(args: readonly string[], cwd: string): Promise<Ended> {
  const ended = await runCli(args, { cwd });
  expect(ended.status, ended.stdout + ended.stderr).toBe(0);
  return ended;
}

describe.skipIf(windows)("a backup and a restore that are killed", () => {
  it("between a batch and its acknowledgement go on, and leave everything as if nothing had been", async () => {
    using scene = openScene();
    const { cwd, backup, restore } = scene;
    const stopped = { cwd, env: { VECFERRY_STOP_AT: "after-append:7" } };
    expect((await runCli(backup, stopped)).status).toBeNull();
    expect(existsSync(join(cwd, "a"))).toBe(false);
    await toTheEnd(backup, cwd);
    const cut = { cwd, env: { VECFERRY_STOP_AT: "after-acknowledge:9" } };
    expect((await runCli(restore, cut)).status).toBeNull();
    const ended = await toTheEnd([...restore, "--json"], cwd);
    const { report } = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report.totals.carried).toBeLessThan(records);
    await scene.judgeAll();
  });

  it("at any moment go on", { timeout: 60_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    using scene = openScene();
    for (const args of [scene.backup, scene.restore]) {
      for (let kill = 0; kill < 4; kill += 1) {
        const started = startCli([...args, "--json"], { cwd: scene.cwd });
        const begun = started.until(/"type":"phase"/).then(
          () => sleep(random() * 400),
          () => undefined,
        );
        await Promise.race([begun, started.ended]);
        started.child.kill("SIGKILL");
        await started.ended;
      }
      const last = await runCli(args, { cwd: scene.cwd });
      // One of the killed ones may have come to its end, and told so.
      const finished = last.stderr.includes("is a finished archive");
      if (!finished) expect(last.status, last.stdout + last.stderr).toBe(0);
    }
    await scene.judgeAll();
  });
});
