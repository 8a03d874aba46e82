/** Interrupting a copy, two runs at once, and a journal that cannot be used: what is kept, what is said, and how it goes on. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { faultless, madeAnswers } from "../support/chroma-answers.ts";
import { type Ended, runCli, type Started, startCli, temporaryFolder } from "../support/cli.ts";
import { judge, type Verdict } from "../support/judge.ts";
import { makeFolder } from "../support/make-folder.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";
import { serveFolder } from "../support/qdrant-places.ts";

const records = 3000;
const windows = process.platform === "win32";

/** A copy of a folder into a served embedded Qdrant, with a proxy between. */
interface Scene extends AsyncDisposable {
  readonly cwd: string;
  readonly proxy: TestProxy;
  readonly args: readonly string[];
  start(): Started;
  run(): Promise<Ended>;
  /** Resolves when the run has had so many batches acknowledged; rejects when it ends before. */
  acknowledged(run: Started, batches: number): Promise<void>;
  judge(): Promise<Verdict>;
}

async function openScene(): Promise<Scene> {
  const folder = temporaryFolder();
  const qdrant = await serveFolder(":memory:");
  const proxy = await startProxy(qdrant.url);
  makeFolder(join(folder.path, "chroma"), { records, dimension: 4, name: "made" });
  const args = ["migrate", "./chroma", proxy.url, "--batch-size", "50"];
  const upserts = (): number =>
    proxy.requests.filter(({ method, path }) => method === "PUT" && path.includes("/points"))
      .length;
  return {
    cwd: folder.path,
    proxy,
    args,
    start: () => startCli(args, { cwd: folder.path }),
    run: () => runCli(args, { cwd: folder.path }),
    async acknowledged({ child, ended }, batches) {
      while (upserts() <= batches) {
        if (child.exitCode !== null) throw new Error(`It ended: ${(await ended).stderr}`);
        await sleep(5);
      }
    },
    judge: () => judge(qdrant, "made", madeAnswers(records, 4), { cosine: false }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await qdrant[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Each upsert takes so long. */
function slowly(proxy: TestProxy, delayMs: number): void {
  proxy.rules = {
    async before({ method, path }) {
      if (method === "PUT" && path.includes("/points")) await sleep(delayMs);
      return undefined;
    },
  };
}

/** The command that the output says goes on, as words. */
function commandIn(stderr: string): string[] {
  const [, command = ""] = /To go on: +vecferry (.*)/.exec(stderr) ?? [];
  return command.split(" ");
}

describe.skipIf(windows)("a copy that is interrupted", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "by %s saves a checkpoint within 5 s, exits 130, says what was kept, and goes on by the command it names",
    async (signal) => {
      await using scene = await openScene();
      slowly(scene.proxy, 60);
      const run = scene.start();
      await scene.acknowledged(run, 10);
      const signalled = performance.now();
      run.child.kill(signal);
      const { status, stderr } = await run.ended;
      expect(performance.now() - signalled).toBeLessThan(5000);
      expect(status).toBe(130);
      expect(stderr).toContain("[E_ABORTED]");
      const [, kept = ""] = /What was kept: ([\d,]+)(?: of [\d,]+)? records/.exec(stderr) ?? [];
      const keptRecords = Number(kept.replaceAll(",", ""));
      expect(keptRecords).toBeGreaterThan(0);
      scene.proxy.rules = {};
      expect(commandIn(stderr)).toEqual(scene.args);
      const again = await runCli(commandIn(stderr), { cwd: scene.cwd });
      expect(again.status).toBe(0);
      const carried = (records - keptRecords).toLocaleString("en");
      expect(again.stdout).toContain(`${carried} records carried`);
      expect(await scene.judge()).toMatchObject(faultless);
    },
  );

  it("while the target says nothing at all ends within 5 s too", async () => {
    await using scene = await openScene();
    scene.proxy.rules = {
      before: ({ method, path }) =>
        method === "PUT" && path.includes("/points") ? "silence" : undefined,
    };
    const run = scene.start();
    await scene.acknowledged(run, 0);
    const signalled = performance.now();
    run.child.kill("SIGINT");
    expect((await run.ended).status).toBe(130);
    expect(performance.now() - signalled).toBeLessThan(5000);
    scene.proxy.rules = {};
    expect((await scene.run()).status).toBe(0);
    expect(await scene.judge()).toMatchObject(faultless);
  });

  it("while it waits to try again, too", async () => {
    await using scene = await openScene();
    scene.proxy.rules = {
      before: ({ method, path }) =>
        method === "PUT" && path.includes("/points")
          ? { status: 429, headers: { "retry-after": "120" } }
          : undefined,
    };
    const run = scene.start();
    await scene.acknowledged(run, 0);
    await sleep(100);
    const signalled = performance.now();
    run.child.kill("SIGTERM");
    expect((await run.ended).status).toBe(130);
    expect(performance.now() - signalled).toBeLessThan(5000);
  });

  it("a second time stops at once, and loses nothing all the same", async () => {
    await using scene = await openScene();
    slowly(scene.proxy, 60);
    const run = scene.start();
    await scene.acknowledged(run, 5);
    // Stopped, it gets both at the same moment.
    for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGCONT"] as const)
      run.child.kill(signal);
    const { status, stderr } = await run.ended;
    expect(status).toBe(130);
    expect(stderr).not.toContain("What was kept");
    scene.proxy.rules = {};
    expect((await scene.run()).status).toBe(0);
    expect(await scene.judge()).toMatchObject(faultless);
  });
});

describe("two runs of one migration at once", () => {
  it("the second is refused with the first's pid, and the first is unharmed", async () => {
    await using scene = await openScene();
    slowly(scene.proxy, 40);
    const first = scene.start();
    await scene.acknowledged(first, 3);
    // It is held where it is, however long the second takes to be there.
    const second = Promise.withResolvers<void>();
    scene.proxy.rules = {
      async before({ method, path }) {
        if (method === "PUT" && path.includes("/points")) await second.promise;
        return undefined;
      },
    };
    const refused = await scene.run().finally(second.resolve);
    expect(refused.stderr).toContain("[E_LOCKED]");
    expect(refused.stderr).toContain(`Process ${first.child.pid} `);
    expect(refused.status).toBe(5);
    expect(first.child.exitCode).toBeNull();
    scene.proxy.rules = {};
    expect((await first.ended).status).toBe(0);
    expect(await scene.judge()).toMatchObject(faultless);
  });

  it("into one embedded folder, too", async () => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "chroma"), { records: 6000, dimension: 4, name: "made" });
    const args = ["migrate", "./chroma", "embedded:./q", "--batch-size", "10"];
    const first = startCli(args, { cwd: folder.path });
    await first.until(/: copy/);
    const second = await runCli(args, { cwd: folder.path });
    expect(second.stderr).toContain("[E_LOCKED]");
    expect(second.stderr).toContain(`Process ${first.child.pid} `);
    expect(second.status).toBe(5);
    expect((await first.ended).status).toBe(0);
  });
});

describe("a journal", () => {
  /** A file system of 2 MB below `folder`, which only root on Linux may make; null where it cannot be made. */
  function mountSmall(folder: string): Disposable | null {
    const path = join(folder, "small");
    mkdirSync(path);
    const options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", path];
    if (process.platform !== "linux" || spawnSync("mount", options).status !== 0) return null;
    return { [Symbol.dispose]: () => void spawnSync("umount", ["-l", path]) };
  }

  it("whose disk becomes full in mid-copy ends the run with exit 5, and goes on when there is room", async ({
    skip,
  }) => {
    await using scene = await openScene();
    using small = mountSmall(scene.cwd);
    if (small === null) return skip("no small file system can be mounted here");
    const args = [...scene.args, "--state", "small/state"];
    slowly(scene.proxy, 20);
    const run = startCli(args, { cwd: scene.cwd });
    await scene.acknowledged(run, 5);
    const ballast = join(scene.cwd, "small/ballast");
    fillUp(ballast);
    const { status, stderr } = await run.ended;
    expect(stderr).toContain("[E_DISK_FULL]");
    expect(stderr).toContain("Free some room");
    expect(status).toBe(5);
    rmSync(ballast);
    scene.proxy.rules = {};
    expect((await runCli(args, { cwd: scene.cwd })).status).toBe(0);
    expect(await scene.judge()).toMatchObject(faultless);
  });

  it.each<[string, (journal: string) => void, string]>([
    ["cut in half", (journal) => truncateSync(journal, 100_000), "E_JOURNAL_DAMAGED"],
    [
      "of a newer format",
      (journal) => {
        using db = new DatabaseSync(journal);
        db.exec("UPDATE meta SET value='9' WHERE key='format'");
      },
      "E_JOURNAL_FORMAT",
    ],
  ])(
    "that is %s is refused with its code before the target is asked anything",
    async (_, damage, code) => {
      await using scene = await openScene();
      expect((await scene.run()).status).toBe(0);
      const journal = join(scene.cwd, ".vecferry/journal.sqlite");
      damage(journal);
      const before = readFileSync(journal);
      scene.proxy.requests.length = 0;
      const { status, stderr } = await scene.run();
      expect(stderr).toContain(`[${code}]`);
      expect(status).toBe(1);
      expect(scene.proxy.requests.filter(({ method }) => method !== "GET")).toEqual([]);
      expect(readFileSync(journal).equals(before)).toBe(true);
    },
  );
});

/** Writes until there is no more room. */
function fillUp(file: string): void {
  for (let chunk = 65_536; chunk >= 512; ) {
    try {
      writeFileSync(file, Buffer.alloc(chunk), { flag: "a" });
    } catch {
      chunk /= 2;
    }
  }
}
