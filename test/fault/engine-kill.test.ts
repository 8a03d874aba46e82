import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { type Change, Lane, type LaneState, readable, readLane } from "../support/engine-model.ts";
import { programFile } from "../support/programs.ts";

/** 100 of them are a matter of minutes: KILLS=100 npx vitest run test/fault/engine-kill.test.ts */
const kills = Number(process.env["KILLS"] ?? 12);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const lanesCount = 4;
/** A process is killed after up to so many acknowledgements, and up to so much later. */
const changesMax = 60;
const pauseMs = 30;
/** A few are killed in so much time from their start, before they have opened the folder. */
const openingShare = 0.15;
const openingMs = 600;
/** A process that hangs is killed all the same. */
const lifeMsMax = 60_000;
const asker = new URL("./engine-asker.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "vecferry-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A lane, what of it was acknowledged, and the change that is under way. */
interface Runner {
  readonly lane: Lane;
  state: LaneState;
  underWay: Change | null;
  acknowledged: number;
}

function start(): ChildProcessByStdio<Writable, Readable, null> {
  const child = spawn(process.execPath, programFile(asker, folder), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // What is sent while it is killed is lost.
  child.stdin.on("error", () => undefined);
  return child;
}

/** Lets all lanes change what they can, and kills the process at a random moment: a few times before it has even opened. */
async function workAndKill(runners: readonly Runner[], random: () => number): Promise<void> {
  const child = start();
  const faults: string[] = [];
  const send = (lane: number): void => {
    const runner = runners[lane];
    if (runner === undefined) return;
    runner.underWay = runner.lane.next(runner.state);
    child.stdin.write(`${JSON.stringify({ lane, request: runner.underWay.request })}\n`);
  };
  let left = Math.floor(random() * changesMax);
  const enough = new Promise<void>((settle) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "open") return runners.forEach((_runner, lane) => void send(lane));
      const { lane, result, error } = JSON.parse(line);
      const runner = runners[lane];
      if (error !== undefined) faults.push(error);
      if (runner?.underWay === null || runner === undefined) return;
      runner.state = runner.underWay.after(JSON.parse(result ?? "null"));
      runner.acknowledged += 1;
      left -= 1;
      if (left < 0) settle();
      send(lane);
    });
  });
  const gone = once(child, "close");
  if (random() < openingShare) {
    await sleep(random() * openingMs);
  } else {
    await Promise.race([enough, gone, sleep(lifeMsMax)]);
    await sleep(random() * pauseMs);
  }
  child.kill("SIGKILL");
  await gone;
  expect(faults).toEqual([]);
}

/** Each lane is as it was after its last acknowledged change, or after the one under way as a whole; goes on from there. */
async function expectWhole(runners: readonly Runner[]): Promise<void> {
  await using engine = await openEngine(folder);
  expect([...engine.damaged]).toEqual([]);
  for (const runner of runners) {
    const found = await readLane(engine, runner.lane.name);
    const { underWay, state } = runner;
    runner.underWay = null;
    const isCreation = underWay?.request.operation === "createSnapshot";
    if (underWay !== null && !isCreation && !isDeepStrictEqual(found, readable(state)))
      runner.state = underWay.after(null);
    expect(found).toEqual(readable(runner.state));
  }
  const files = readdirSync(join(folder, "collections")).filter((name) => name.endsWith(".sqlite"));
  expect(files).toHaveLength((await engine.listCollections()).length);
  if (!existsSync(engine.snapshots)) return;
  const snapshots = readdirSync(engine.snapshots, { recursive: true, encoding: "utf8" });
  expect(snapshots.filter((name) => name.endsWith(".partial"))).toEqual([]);
}

describe("an engine that is killed while it works", () => {
  it(
    `has all that was acknowledged after each of ${kills} kills, and nothing by halves (seed ${seed})`,
    async () => {
      console.log(`${kills} kills, seed ${seed}`);
      const random = seededRandom(seed);
      const runners = Array.from({ length: lanesCount }, (_unused, at): Runner => {
        const lane = new Lane(`lane${at}`, random, join(folder, "snapshots"));
        const state = { collections: new Map(), aliases: new Map(), snapshots: [] };
        return { lane, state, underWay: null, acknowledged: 0 };
      });
      for (let kill = 0; kill < kills; kill += 1) {
        await workAndKill(runners, random);
        await expectWhole(runners);
      }
      const acknowledged = runners.reduce((sum, each) => sum + each.acknowledged, 0);
      console.log(`${acknowledged} changes acknowledged`);
      expect(acknowledged).toBeGreaterThan(kills);
    },
    30_000 + kills * 20_000,
  );
});
