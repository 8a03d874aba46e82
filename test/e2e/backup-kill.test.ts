/**
 * kill -9 of a backup, of one into an archive that stands, and of a restore, at named places and at any moment; the same command again
 * ends it. VECFERRY_LONG=1 kills each at 20 moments.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { rawArchive } from "../support/archives.ts";
import { faultless, madeAnswers } from "../support/chroma-answers.ts";
import { type Ended, runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { judge } from "../support/judge.ts";
import { madeVector, makeFolder } from "../support/make-folder.ts";
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

const long = process.env["VECFERRY_LONG"] === "1";

/** Kills the command at moments of its work, one after the other. */
async function killed(args: readonly string[], cwd: string, random: () => number): Promise<void> {
  for (let kill = 0; kill < (long ? 20 : 3); kill += 1) {
    const started = startCli([...args, "--json"], { cwd });
    const begun = started.until(/"type":"phase"/).then(
      () => sleep(random() * 600),
      () => undefined,
    );
    await Promise.race([begun, started.ended]);
    started.child.kill("SIGKILL");
    await started.ended;
  }
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

  it("at any moment go on", { timeout: long ? 600_000 : 60_000 }, async () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    using scene = openScene();
    await killed(scene.backup, scene.cwd, random);
    await toTheEnd(scene.backup, scene.cwd);
    await killed(scene.restore, scene.cwd, random);
    await toTheEnd(scene.restore, scene.cwd);
    await scene.judgeAll();
  });

  it("at any moment go on into the next generations too", {
    timeout: long ? 600_000 : 60_000,
  }, async () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    using scene = openScene();
    const { cwd } = scene;
    await toTheEnd(scene.backup, cwd);
    // Half of the records are others now, and some have gone.
    rmSync(join(cwd, "chroma"), { recursive: true });
    const fill = (index: number, target: Float32Array): void =>
      madeVector(index < 300 ? index : index + 1, target);
    makeFolder(join(cwd, "chroma"), { records: 550, dimension, name: "killed", fill });
    await killed([...scene.backup, "--keep-last", "2"], cwd, random);
    const verified = [...scene.backup, "--keep-last", "2", "--verify", "--json"];
    const ended = await toTheEnd(verified, cwd);
    const { report } = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report.verify).toMatchObject({ differences: 0, collections: [{ compared: 550 }] });
    await toTheEnd(["check", "archive:./a"], cwd);
    expect(readdirSync(join(cwd, "a")).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});
