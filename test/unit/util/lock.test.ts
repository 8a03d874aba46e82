import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, readLock } from "../../../src/util/lock.ts";
import { programText } from "../../support/programs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lockModule = new URL("../../../src/util/lock.ts", import.meta.url).href;

describe("a lock file", () => {
  it("names its process, is private, and goes when it is given back", async () => {
    const file = join(folder, "deep", "lock");
    const lock = await acquireLock(file, "the migration");
    expect(readLock(file)).toEqual({ pid: process.pid, alive: true });
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    await lock[Symbol.asyncDispose]();
    expect(readLock(file)).toBeNull();
  });

  it("refuses a second taker with the number of the first", async () => {
    const file = join(folder, "lock");
    await using _lock = await acquireLock(file, "the migration");
    await expect(acquireLock(file, "the migration")).rejects.toMatchObject({
      code: "E_LOCKED",
      message: `Process ${process.pid} is already at work on the migration.`,
    });
  });

  it("is taken over when its process was killed", async () => {
    const file = join(folder, "lock");
    const program = `import { acquireLock } from ${JSON.stringify(lockModule)};
      await acquireLock(${JSON.stringify(file)}, 'x'); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, programText(program), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(acquireLock(file, "x")).rejects.toMatchObject({ details: { pid: child.pid } });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(readLock(file)).toEqual({ pid: child.pid, alive: false });
    await using _lock = await acquireLock(file, "x");
    expect(readLock(file)).toEqual({ pid: process.pid, alive: true });
  });

  it("is taken over when the number of its process was given to another one", async () => {
    const file = join(folder, "lock");
    writeFileSync(file, `${process.pid} long-ago\n`);
    await using _lock = await acquireLock(file, "x");
    expect(readFileSync(file, "utf8")).not.toContain("long-ago");
  });

  it("is taken over when a kill left it empty", async () => {
    const file = join(folder, "lock");
    writeFileSync(file, "");
    await using _lock = await acquireLock(file, "x");
    expect(readLock(file)).toEqual({ pid: process.pid, alive: true });
  });

  it("has one winner when several processes find a dead one", async () => {
    const file = join(folder, "lock");
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(file, `${pid} gone\n`);
    const program = `import { acquireLock } from ${JSON.stringify(lockModule)};
      const line = await acquireLock(${JSON.stringify(file)}, 'x').then(() => 'won', (error) => error.code);
      console.log(line); setTimeout(() => {}, 1500);`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, programText(program), {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const words = await Promise.all(
      children.map(async (child) => String((await once(child.stdout, "data"))[0]).trim()),
    );
    for (const child of children) child.kill("SIGKILL");
    expect(words.sort()).toEqual(["E_LOCKED", "E_LOCKED", "E_LOCKED", "won"]);
  });
});
