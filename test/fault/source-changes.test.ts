/**
 * Copies from a Chroma server to which others write: at moments that a seed draws, records are added, changed, deleted, and
 * deleted and added anew. What changes until the last look at the source is carried or named; what changes later is named
 * by `verify` and carried by the next run. What stands where says the judge.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { askChroma, chromaAddress, faultless } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { judge } from "../support/judge.ts";
import { inLanes } from "../support/lanes.ts";
import { type ProxiedRequest, type ProxyRules, startProxy } from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";
import { type Kind, SourceWriter } from "../support/source-writer.ts";

const copies = 6;
const lanes = 2;
const records = 600;
const batchSize = 25;
/** Changes during one copy. */
const changes = 12;
const noChroma = chromaAvailable();
const replay = process.env["SEED"];
/** Every change that was made, by its kind, and what became of the records. */
const tally = new Map<string, number>();
const count = (what: string, more: number) => tally.set(what, (tally.get(what) ?? 0) + more);

describe.skipIf(noChroma).each(qdrantKinds)(
  `while others write to a Chroma server, a copy to the $name${noChroma ? `: ${noChroma}` : ""}`,
  ({ skip, start }) => {
    let chroma: ChromaServer;
    let qdrant: QdrantPlace;
    beforeAll(async () => {
      if (skip) return;
      chroma = await startChroma();
      qdrant = await start();
    });
    afterAll(async () => {
      await qdrant?.[Symbol.asyncDispose]();
      await chroma?.[Symbol.asyncDispose]();
    });

    /** Runs `copy` for each seed, and tells what it has met. */
    async function forSeeds(copy: (scene: Scene) => Promise<void>): Promise<void> {
      const first = Math.floor(Math.random() * 2 ** 32);
      const seeds =
        replay === undefined
          ? Array.from({ length: copies }, (_, at) => (first + at) >>> 0)
          : [Number(replay)];
      console.log(`${seeds.length} seeds from ${seeds[0]} on (SEED=… repeats one of them)`);
      tally.clear();
      await inLanes(lanes, seeds, (seed) => withScene(chroma, qdrant, seed, copy));
      console.log([...tally].map(([what, times]) => `${what}: ${times}`).join(", "));
    }

    it.skipIf(skip)(
      "carries what is added and changed before the last look, and names what is deleted",
      { timeout: 300_000 },
      () => forSeeds(changedDuringTheCopy),
    );

    it.skipIf(skip)(
      "that they go on writing to is told from the source, record by record, and made equal by the next",
      { timeout: 300_000 },
      () => forSeeds(changedAllTheTime),
    );
  },
);

interface Scene {
  readonly seed: number;
  readonly random: () => number;
  readonly writer: SourceWriter;
  readonly folder: string;
  /** Called at each request to the source that reads records, with its number. */
  onRead: (number: number) => Promise<void>;
  /** Called at each request to the target, with its number. */
  onTarget: (number: number) => Promise<void>;
  run(verb: string, ...flags: string[]): Promise<Ended>;
  verdict(): ReturnType<typeof judge>;
}

async function withScene(
  chroma: ChromaServer,
  qdrant: QdrantPlace,
  seed: number,
  copy: (scene: Scene) => Promise<void>,
): Promise<void> {
  const random = seededRandom(seed);
  const place = await newPlace(chroma);
  const name = "changing";
  const key = await makeCollection(chroma, place, name);
  const first = Array.from({ length: records }, (_, at) => record(at));
  await addRecords(chroma, place, key, first);
  const target = qdrant.unique(name);
  using folder = temporaryFolder();
  const scene: Scene = {
    seed,
    random,
    writer: new SourceWriter(chroma, place, key, first, random),
    folder: folder.path,
    onRead: async () => undefined,
    onTarget: async () => undefined,
    run: (verb, ...flags) => {
      const rename = verb === "migrate" ? ["--rename", `${name}=${target}`] : [];
      const args = [verb, chromaAddress(source.url, place), to.url, ...rename, ...flags];
      return runCli(args, { cwd: folder.path, env: qdrant.env });
    },
    verdict: async () =>
      judge(qdrant, target, await askChroma(chroma, place, key), { cosine: false }),
  };
  await using source = await startProxy(
    chroma.url,
    numbered(isRead, (number) => scene.onRead(number)),
  );
  await using to = await startProxy(
    qdrant.url,
    numbered(
      () => true,
      (number) => scene.onTarget(number),
    ),
  );
  await copy(scene);
}

function record(at: number): FixtureRecord {
  const vector = [at, at / 2, -at, 1];
  return { id: `r${at}`, vector, document: `Document ${at}`, uri: null, metadata: `{"at":${at}}` };
}

const isRead = ({ path, body }: ProxiedRequest): boolean =>
  path.endsWith("/get") && body.includes('"embeddings"');

/** Rules that do something when a request of a kind has been answered, before anyone hears of the answer. */
function numbered(
  fits: (request: ProxiedRequest) => boolean,
  act: (number: number) => Promise<void>,
): ProxyRules {
  let number = 0;
  return {
    async after(request) {
      if (fits(request)) {
        number += 1;
        await act(number);
      }
      return undefined;
    },
  };
}

/** Changes fall between the reads of the copy, the last of them before its last read is answered. */
async function changedDuringTheCopy(scene: Scene): Promise<void> {
  const { seed, random, writer } = scene;
  const due = Array.from({ length: changes }, () =>
    Math.ceil(random() * (records / batchSize)),
  ).sort((one, other) => one - other);
  // Every third copy is one that records are only changed in: no list of ids shows anything.
  const kinds: readonly Kind[] | null = seed % 3 === 0 ? ["update", "upsert"] : null;
  const next = (number: number) =>
    (due[0] ?? Number.POSITIVE_INFINITY) <= number ? due.shift() : undefined;
  scene.onRead = async (number) => {
    while (next(number) !== undefined) count(await writer.change(kinds), 1);
  };
  const propagate = random() < 0.5;
  const flags = ["--batch-size", String(batchSize), ...(propagate ? ["--propagate-deletes"] : [])];
  const { status, stdout, stderr } = await scene.run("migrate", ...flags);
  const said = `SEED=${seed}\n${stdout}${stderr}`;
  expect(due, said).toEqual([]);
  const { extra, ...rest } = await scene.verdict();
  expect(rest, said).toMatchObject({ missing: [], faults: [] });
  expect([...writer.deleted], said).toEqual(expect.arrayContaining(extra));
  if (propagate) expect(extra, said).toEqual([]);
  expect(status, said).toBe(extra.length > 0 ? 4 : 0);
  if (extra.length > 0)
    expect(stdout, said).toContain(`${extra.length} records of "changing" are at the target and`);
  count("named as deleted", extra.length);
}

/** Changes fall anywhere between the first read and the last word of the run, until the target has been read for verifying. */
async function changedAllTheTime(scene: Scene): Promise<void> {
  const { seed, random, writer, folder } = scene;
  const change = async (): Promise<void> => {
    if (random() < 0.2) count(await writer.change(null), 1);
  };
  scene.onRead = change;
  scene.onTarget = change;
  const first = await scene.run("migrate", "--batch-size", String(batchSize));
  // One change at least that the run cannot know of.
  count(await writer.change(null), 1);
  scene.onRead = async () => undefined;
  scene.onTarget = async () => undefined;
  const said = `SEED=${seed}\n${first.stdout}${first.stderr}`;
  expect([0, 4], said).toContain(first.status);
  const found = await scene.verdict();
  const verify = await scene.run("verify", "--combined", join(folder, "combined"));
  const named = combinedLines(join(folder, "combined"));
  const differing = new Set(found.faults.map((fault) => fault.slice(0, fault.indexOf(":"))));
  const words = `${said}${verify.stdout}${verify.stderr}`;
  expect(named.get("+") ?? [], words).toEqual(found.missing.sort());
  expect(named.get("-") ?? [], words).toEqual(found.extra.sort());
  expect(named.get("*") ?? [], words).toEqual([...differing].sort());
  expect(verify.status, words).toBe(4);
  for (const [sigil, ids] of named) count(`lines ${sigil}`, ids.length);
  const second = await scene.run("migrate", "--propagate-deletes");
  expect(second.status, `${said}${second.stdout}${second.stderr}`).toBe(0);
  expect(await scene.verdict(), said).toMatchObject(faultless);
}

/** The ids of `verify --combined`, sorted, by the sign before them. */
function combinedLines(file: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const [sigil = "", , id = ""] = line.split("\t");
    found.set(sigil, [...(found.get(sigil) ?? []), id].sort());
  }
  return found;
}
