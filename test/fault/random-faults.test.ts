/**
 * A hundred copies through proxies that do to either end whatever a seed draws: each ends complete and verified, or with
 * exit 5, and then goes on to the end when it is run again. Whether it is complete says the judge.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { askChroma, chromaAddress, faultless } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { type FaultSchedule, faultRules, faultSchedule } from "../support/faults.ts";
import { type GrpcProxy, startFaultyGrpcProxy } from "../support/grpc-proxy.ts";
import { type Answers, judge, readPoints } from "../support/judge.ts";
import { inLanes } from "../support/lanes.ts";
import { startProxy } from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const runs = 100;
const lanes = 8;
const records = 300;
/** Runs of one command at most; before the last, all faults end. */
const attemptsMax = 6;
/** What the first run of a command calls silence. Each further run waits longer, so that a slow machine is none. */
const timeoutMs = 300;
const noChroma = chromaAvailable();
const replay = process.env["SEED"];

interface Source {
  readonly server: ChromaServer;
  readonly place: Place;
  readonly name: string;
  readonly answers: Answers;
}

let source: Source;
const targets: { name: string; place: QdrantPlace }[] = [];
/** How often what happened, for the log. */
const tally = new Map<string, Map<string, number>>();

describe.skipIf(noChroma)(
  `a hundred copies from a Chroma server with faults at either end${noChroma ? `: ${noChroma}` : ""}`,
  () => {
    beforeAll(async () => {
      const server = await startChroma();
      const place = await newPlace(server);
      const name = "through-faults";
      const key = await makeCollection(server, place, name);
      await addRecords(
        server,
        place,
        key,
        Array.from({ length: records }, (_, at) => record(at)),
      );
      source = { server, place, name, answers: await askChroma(server, place, key) };
      for (const { name, skip, start } of qdrantKinds)
        if (!skip) targets.push({ name, place: await start() });
    });
    afterAll(async () => {
      for (const { place } of targets) await place[Symbol.asyncDispose]();
      await source?.server[Symbol.asyncDispose]();
    });

    it("end complete and verified, or with exit 5, and then go on to the end when run again", {
      timeout: 600_000,
    }, async () => {
      const first = Math.floor(Math.random() * 2 ** 32);
      const seeds =
        replay === undefined
          ? Array.from({ length: runs }, (_, at) => (first + at) >>> 0)
          : [Number(replay)];
      console.log(`${seeds.length} seeds from ${seeds[0]} on (SEED=… repeats one of them)`);
      await inLanes(lanes, seeds, oneCopy);
      for (const [what, counts] of tally) console.log(`${what}: ${told(counts)}`);
    });
  },
);

function record(at: number): FixtureRecord {
  return {
    id: `r${at}`,
    vector: Array.from({ length: 8 }, (_, axis) => Math.fround(Math.sin(at * 8 + axis))),
    document: at % 5 === 0 ? null : `Document ${at}`,
    uri: at % 7 === 0 ? `file:///${at}` : null,
    metadata: `{"at":${at},"share":${at}.5,"odd":${at % 2 === 1}}`,
  };
}

/** One copy, its place, its road and its faults drawn by `seed`; every fourth is verified by the verb as well, amid faults. */
async function oneCopy(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const target = targets[Math.floor(random() * targets.length)];
  const schedules = { source: faultSchedule(random()), target: faultSchedule(random()) };
  const byGrpc = random() < 0.5;
  const alsoVerify = random() < 0.25;
  if (target === undefined) throw new Error("There is no target.");
  const { place } = target;
  using folder = temporaryFolder();
  await using chroma = await startProxy(source.server.url, faultRules(schedules.source));
  await using rest = await startProxy(place.url, faultRules(schedules.target));
  await using grpc = byGrpc ? await grpcProxy(place, schedules.target) : null;
  const name = place.unique("faults");
  const road = ["--qdrant-grpc-port", grpc === null ? "off" : String(grpc.port)];
  const ends = [chromaAddress(chroma.url, source.place), rest.url, ...road];
  const shape = ["--rename", `${source.name}=${name}`, "--batch-size", "30"];
  const run = (attempt: number, ...args: string[]): Promise<Ended> =>
    runCli([...args, "--timeout-ms", String(timeoutMs * attempt ** 2)], {
      cwd: folder.path,
      env: place.env,
    });
  const faults = Object.values(schedules);
  const needed = await untilDone(
    (attempt) => run(attempt, "migrate", ...ends, ...shape),
    faults,
    seed,
  );
  if (alsoVerify) await untilDone((attempt) => run(attempt, "verify", ...ends), faults, seed);
  const verdict = await judge(place, name, source.answers, { cosine: false });
  expect(verdict, `SEED=${seed}`).toMatchObject(faultless);
  expect(await readPoints(place, name), `SEED=${seed}`).toHaveLength(records);
  if (grpc !== null) expect(grpc.calls(), `SEED=${seed}`).toBeGreaterThan(0);
  add("target", `${target.name} by ${grpc === null ? "REST" : "gRPC"}`, 1);
  add("runs that a copy took", String(needed), 1);
  for (const [end, schedule] of Object.entries(schedules))
    for (const [fault, times] of schedule.tally) add(`faults at the ${end}`, fault, times);
}

function grpcProxy(place: QdrantPlace, schedule: FaultSchedule): Promise<GrpcProxy> {
  const { protocol, hostname } = new URL(place.url);
  return startFaultyGrpcProxy(`${protocol}//${hostname}:${place.grpcPort}`, schedule);
}

/** Runs a command until it ends with 0; every other end must be 5, and a breakdown is mended after it. Gives the number of runs. */
async function untilDone(
  run: (attempt: number) => Promise<Ended>,
  schedules: readonly FaultSchedule[],
  seed: number,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    if (attempt === attemptsMax) for (const schedule of schedules) schedule.end();
    const { status, stdout, stderr } = await run(attempt);
    if (status === 0) return attempt;
    const said = `SEED=${seed}, run ${attempt}:\n${stdout}${stderr}`;
    expect(status, said).toBe(5);
    expect(attempt, said).toBeLessThan(attemptsMax);
    expect(stderr, said).toMatch(/To go on: +vecferry /);
    for (const schedule of schedules) schedule.mend();
  }
}

function add(what: string, key: string, more: number): void {
  const counts = tally.get(what) ?? new Map<string, number>();
  tally.set(what, counts.set(key, (counts.get(key) ?? 0) + more));
}

function told(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([what, times]) => `${what}: ${times}`)
    .sort()
    .join(", ");
}
