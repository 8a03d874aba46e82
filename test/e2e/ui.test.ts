/** `vecferry ui` beside a migration, both the built command: what it shows meanwhile, and that neither stops the other. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runCli, type Started, startCli, temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";

const records = 3000;
const ends = ["./chroma", "embedded:./q"];
const slow = ["--batch-size", "100", "--max-rows-per-second"];

const running: Started[] = [];
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

function start(cwd: string, ...args: string[]): Started {
  const started = startCli(args, { cwd });
  running.push(started);
  return started;
}

interface Shown {
  readonly state: string;
  readonly runningPid: number | null;
  readonly diedPid: number | null;
  readonly counts: { readonly written: number };
  readonly recordsPerSecond: number | null;
  readonly next: readonly string[];
}

interface Ui {
  readonly process: Started;
  readonly port: number;
  /** The newest migration as JSON; null = none yet. */
  status(): Promise<Shown | null>;
  /** The first word and the sentence of the page, and its steps. */
  page(): Promise<{ readonly word: string; readonly sentence: string; readonly next: string }>;
  /** Asks until it fits. */
  until(fits: (shown: Shown) => boolean): Promise<Shown>;
  /** Stops it by SIGTERM; gives its exit and how long that took. */
  stop(): Promise<{ readonly exit: number | null; readonly tookMs: number }>;
}

async function openUi(cwd: string): Promise<Ui> {
  const process = start(cwd, "ui", ".vecferry", "--port", "0");
  const [, url = ""] = await process.until(/ at (http:\S+)/);
  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(20_000) });
    expect(answer.status).toBe(200);
    return await answer.text();
  };
  const status = async (): Promise<Shown | null> =>
    JSON.parse(await ask("/status.json")).migrations[0] ?? null;
  return {
    process,
    port: Number(new URL(url).port),
    status,
    async page() {
      const text = await ask("/");
      const found = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
      return {
        word: found(/<p class="word">(.*?)<\/p>/),
        sentence: found(/<h1>(.*?)<\/h1>/),
        next: found(/<section id="next">(.*?)<\/section>/),
      };
    },
    async until(fits) {
      for (;;) {
        const shown = await status();
        if (shown !== null && fits(shown)) return shown;
        await sleep(200);
      }
    },
    async stop() {
      const beganMs = performance.now();
      process.child.kill("SIGTERM");
      const { status: exit } = await process.ended;
      return { exit, tookMs: performance.now() - beganMs };
    },
  };
}

function scene(cwd: string): void {
  makeFolder(join(cwd, "chroma"), { records, dimension: 8, name: "shown" });
}

/** Opens a connection, asks for the page (or half of it), and resets the connection: at once, or when the answer begins. */
async function resetOne(port: number, at: number): Promise<void> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  await once(socket, "connect");
  const asked = `GET ${at % 2 === 0 ? "/" : "/status.json"} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  socket.write(at % 3 === 0 ? asked.slice(0, 20) : asked);
  if (at % 3 === 1) await once(socket, "data");
  socket.resetAndDestroy();
}

/** Files and connections of a process; 0 where the system does not tell. */
function filesOpen({ child }: Started): number {
  return process.platform === "linux" ? readdirSync(`/proc/${child.pid}/fd`).length : 0;
}

describe("vecferry ui beside a migration", () => {
  it("shows more and more records, then that all is verified", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    scene(cwd);
    const ui = await openUi(cwd);
    expect(await ui.status()).toBeNull();
    expect((await ui.page()).word).toBe("Nothing yet");

    const migrate = start(cwd, "migrate", ...ends, ...slow, "500");
    const first = await ui.until(({ counts }) => counts.written > 0);
    expect(first.runningPid).toBe(migrate.child.pid);
    expect(first.counts.written).toBeLessThan(records);
    const page = await ui.page();
    expect(page.word).toBe("At work");
    expect(page.sentence).toMatch(/^[\d,]+ of 3,000 records of 1 collection are at the target/);
    const later = await ui.until(({ counts }) => counts.written > first.counts.written);
    expect(later.counts.written).toBeLessThan(records);
    const rated = await ui.until(({ recordsPerSecond }) => recordsPerSecond !== null);
    expect(rated.runningPid).toBe(migrate.child.pid);
    expect(await ui.page()).not.toEqual(page);

    expect((await migrate.ended).status).toBe(0);
    const last = await ui.until(({ runningPid }) => runningPid === null);
    expect(last).toMatchObject({ state: "VERIFIED", diedPid: null, counts: { written: records } });
    expect(await ui.page()).toMatchObject({
      word: "Verified",
      sentence: "All 3,000 records of 1 collection are at the target, and verified.",
    });
    expect(await ui.stop()).toMatchObject({ exit: 0 });
  });

  it("says that the process died and how to go on, and shows the resumed one to its end", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    scene(cwd);
    const ui = await openUi(cwd);
    const killed = start(cwd, "migrate", ...ends, ...slow, "500");
    await ui.until(({ counts }) => counts.written > 0);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const died = await ui.until(({ diedPid }) => diedPid !== null);
    expect(died).toMatchObject({ diedPid: killed.child.pid, runningPid: null, state: "COPYING" });
    const page = await ui.page();
    expect(page.word).toBe("Interrupted");
    expect(page.sentence).toMatch(/process that worked on it died.* goes on from there/);
    expect(page.next).toContain(`Process ${killed.child.pid} died`);
    expect(page.next).toMatch(/<code>vecferry migrate .*<\/code> goes on where it stopped/);

    const resumed = start(cwd, "migrate", ...ends, ...slow, "1500");
    await ui.until(({ runningPid }) => runningPid === resumed.child.pid);
    expect(await ui.page()).toMatchObject({ word: "At work" });
    expect((await resumed.ended).status).toBe(0);
    await ui.until(({ runningPid, state }) => runningPid === null && state === "VERIFIED");
    expect(await ui.page()).toMatchObject({ word: "Verified" });
    expect(await ui.stop()).toMatchObject({ exit: 0 });
  });

  it("goes on, as the migration does, when browsers go away in the midst of an answer", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    scene(cwd);
    const ui = await openUi(cwd);
    const migrate = start(cwd, "migrate", ...ends, ...slow, "1000");
    await ui.until(({ runningPid }) => runningPid !== null);
    const before = filesOpen(ui.process);
    for (let at = 0; at < 100; at += 1) await resetOne(ui.port, at);
    await vi.waitFor(() => expect(filesOpen(ui.process)).toBeLessThan(before + 10), 20_000);
    // One stays: it has asked for half of a page when the command is told to stop.
    const held = connect(ui.port, "127.0.0.1").on("error", () => {});
    held.write("GET / HTTP/1.1\r\nHo");
    expect((await ui.status())?.runningPid).toBe(migrate.child.pid);
    expect((await migrate.ended).status).toBe(0);
    await ui.until(({ state }) => state === "VERIFIED");
    const { exit, tookMs } = await ui.stop();
    held.destroy();
    expect(exit).toBe(0);
    expect(tookMs).toBeLessThan(5000);
    // Node's warning of listeners that pile up, among others, would stand here.
    expect((await ui.process.ended).stderr).toBe("Stopping; once more stops at once.\n");
  });

  it("is stopped, and started anew, without the migration noticing", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    scene(cwd);
    const migrate = start(cwd, "migrate", ...ends, ...slow, "800");
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const ui = await openUi(cwd);
      await ui.until(({ runningPid }) => runningPid === migrate.child.pid);
      ui.process.child.kill(signal);
      await ui.process.ended;
    }
    expect(await migrate.ended).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("vecferry ui at a port in use", () => {
  it("names the port and how to take another one, and exits 2", async () => {
    using folder = temporaryFolder();
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { status, stdout, stderr } = await runCli(["ui", "--port", port], { cwd: folder.path });
    other.close();
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`127.0.0.1:${port} cannot be taken`);
    expect(stderr).toContain(
      "Give another --port (0 takes a free one), or stop what answers there.",
    );
    expect(stderr).toMatch(/To go on: +vecferry ui --port 0\n/);
    // It has no such flag.
    expect(stderr).not.toContain("--host");
  });
});
