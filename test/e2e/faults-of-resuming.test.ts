/** Faults that existing tools have when a copy is killed, or when others write to the source meanwhile. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { askChroma, chromaAddress, faultless, madeAnswers } from "../support/chroma-answers.ts";
import {
  addRecords,
  collectionsUrl,
  makeCollection,
  newPlace,
  send,
} from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { type Answers, judge, readPoints } from "../support/judge.ts";
import { makeFolder } from "../support/make-folder.ts";
import { startProxy } from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds, serveFolder } from "../support/qdrant-places.ts";

const noChroma = chromaAvailable();
const isUpsert = ({ method, path }: { method: string; path: string }): boolean =>
  method === "PUT" && /\/points(\?|$)/.test(path);

describe.skipIf(noChroma)(
  `6: rows deleted and added at a Chroma server during the copy${noChroma ? `: ${noChroma}` : ""}`,
  () => {
    const count = 3000;
    let chroma: ChromaServer;
    let qdrant: QdrantPlace;
    beforeAll(async () => {
      chroma = await startChroma();
      qdrant = await serveFolder(":memory:");
    });
    afterAll(async () => {
      await chroma?.[Symbol.asyncDispose]();
      await qdrant?.[Symbol.asyncDispose]();
    });

    const record = (id: string, at: number): FixtureRecord => ({
      id,
      vector: [at, 1, -at],
      document: id,
      uri: null,
      metadata: `{"at":${at}}`,
    });

    /** Copies while rows go and come at the source; gives what the source held at the end and what the command said. */
    async function copiedWhileChanging(...flags: string[]) {
      using folder = temporaryFolder();
      const place = await newPlace(chroma);
      const name = `moving-${crypto.randomUUID()}`;
      const key = await makeCollection(chroma, place, name);
      const first = Array.from({ length: count }, (_, at) => record(`r${at}`, at));
      await addRecords(chroma, place, key, first);
      const deleted = [...first.slice(0, 200), ...first.slice(2700, 2900)].map(({ id }) => id);
      const added = Array.from({ length: 150 }, (_, at) => record(`new${at}`, at));
      let reads = 0;
      await using proxy = await startProxy(chroma.url, {
        async after({ path, body }) {
          if (!path.endsWith("/get") || !body.includes('"embeddings"')) return undefined;
          reads += 1;
          if (reads !== 5) return undefined;
          const below = (what: string): string => collectionsUrl(chroma, place, `/${key}/${what}`);
          await send(below("delete"), "POST", JSON.stringify({ ids: deleted }));
          await addRecords(chroma, place, key, added);
          return undefined;
        },
      });
      const args = ["migrate", chromaAddress(proxy.url, place), qdrant.url, "--batch-size", "100"];
      const ended = await runCli([...args, ...flags], { cwd: folder.path });
      expect(reads).toBeGreaterThan(5);
      const answers = await askChroma(chroma, place, key);
      expect(answers.ids).toHaveLength(count - deleted.length + added.length);
      return { ended, verdict: await judge(qdrant, name, answers, { cosine: false }), deleted };
    }

    it("loses nothing that stands, carries what appeared, and names what vanished", async () => {
      const { ended, verdict, deleted } = await copiedWhileChanging();
      expect(verdict).toMatchObject({ missing: [], faults: [] });
      // Rows that were carried before they were deleted are the only ones too many, and every one of them is counted.
      expect(verdict.extra.length).toBeGreaterThan(0);
      expect(deleted).toEqual(expect.arrayContaining(verdict.extra));
      expect(ended.stdout).toMatch(/150 records of "moving-\S+" appeared at the source/);
      expect(ended.stdout).toMatch(
        new RegExp(
          `${verdict.extra.length} records of "moving-\\S+" are at the target and no longer at the source`,
        ),
      );
      expect(ended.stdout).toContain("--propagate-deletes");
      expect(ended.status).toBe(4);
    });

    it("takes away what vanished with --propagate-deletes, and ends well", async () => {
      const { ended, verdict } = await copiedWhileChanging("--propagate-deletes");
      expect(verdict).toMatchObject(faultless);
      expect(ended.status).toBe(0);
    });
  },
);

describe.each(qdrantKinds)("11: killed while it copies to the $name", ({ skip, start }) => {
  it.skipIf(skip).each([1, 7, 40])(
    "between the acknowledgement of batch %i and its checkpoint: resumed, nothing is lost or double",
    async (batch) => {
      using folder = temporaryFolder();
      await using qdrant = await start();
      const name = qdrant.unique("killed");
      makeFolder(join(folder.path, "chroma"), { records: 4000, dimension: 4, name: "made" });
      await using proxy = await startProxy(qdrant.url);
      const args = ["migrate", "./chroma", proxy.url, "--rename", `made=${name}`];
      const options = { cwd: folder.path, env: qdrant.env };
      const run = startCli([...args, "--batch-size", "100"], options);
      let acknowledged = 0;
      // The target has done it; nobody here has heard of it when the process ends.
      proxy.rules = {
        after(request) {
          if (isUpsert(request)) acknowledged += 1;
          if (acknowledged >= batch) run.child.kill("SIGKILL");
          return undefined;
        },
      };
      await run.ended;
      expect(run.child.signalCode).toBe("SIGKILL");
      proxy.rules = {};
      const { status, stdout } = await runCli([...args, "--batch-size", "100"], options);
      expect(status).toBe(0);
      const [, carried = ""] = /([\d,]+) records carried/.exec(stdout) ?? [];
      expect(Number(carried.replaceAll(",", ""))).toBeLessThanOrEqual(
        4000 - (batch > 10 ? 100 : 0),
      );
      const verdict = await judge(qdrant, name, madeAnswers(4000, 4), { cosine: false });
      expect(verdict).toMatchObject(faultless);
    },
  );
});

describe("11: killed at ten random moments", () => {
  const records = 8000;
  const answers: Answers = madeAnswers(records, 4);

  /** Kills the command again and again at moments that a seed decides, every other time in the copy; then lets it end. */
  async function killedTenTimes(
    cwd: string,
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<void> {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`seed ${seed} (SEED=${seed} repeats it)`);
    const random = seededRandom(seed);
    const written: number[] = [];
    for (let killed = 0; killed < 10; killed += 1) {
      const run = startCli(args, { cwd, env });
      const inCopy = killed % 2 === 0;
      const before = journaled(cwd);
      while (inCopy && run.child.exitCode === null && journaled(cwd) === before) await sleep(10);
      await Promise.race([run.ended, sleep(random() * (inCopy ? 200 : 1200))]);
      run.child.kill("SIGKILL");
      await run.ended;
      written.push(journaled(cwd));
    }
    console.log(`records in the journal after each kill: ${written.join(", ")}`);
    expect(written.some((count) => count > 0 && count < records)).toBe(true);
    const { status, stderr } = await runCli(args, { cwd, env });
    expect([status, stderr]).toEqual([0, ""]);
  }

  it("on an embedded folder: resumed each time, the target equals the source", async () => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "chroma"), { records, dimension: 4, name: "made" });
    const args = ["migrate", "./chroma", "embedded:./q", "--batch-size", "100"];
    await killedTenTimes(folder.path, args, {});
    await using qdrant = await serveFolder(join(folder.path, "q"));
    expect(await judge(qdrant, "made", answers, { cosine: false })).toMatchObject(faultless);
    expect(await readPoints(qdrant, "made")).toHaveLength(records);
  });

  const [, real] = qdrantKinds;
  it.skipIf(real?.skip)(
    `on a ${real?.name}: resumed each time, the target equals the source`,
    async () => {
      if (real === undefined) return;
      using folder = temporaryFolder();
      await using qdrant = await real.start();
      const name = qdrant.unique("kills");
      makeFolder(join(folder.path, "chroma"), { records, dimension: 4, name });
      const args = ["migrate", "./chroma", qdrant.url, "--batch-size", "100"];
      await killedTenTimes(folder.path, args, qdrant.env);
      expect(await judge(qdrant, name, answers, { cosine: false })).toMatchObject(faultless);
      expect(await readPoints(qdrant, name)).toHaveLength(records);
    },
  );
});

/** Records that the journal in `cwd` has as written; 0 while it is being made. Only read, so that the next run finds it as the kill left it. */
function journaled(cwd: string): number {
  const file = join(cwd, ".vecferry/journal.sqlite");
  if (!existsSync(file)) return 0;
  using db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name='record'").get();
  if (tables?.["n"] === 0) return 0;
  const row = db.prepare("SELECT count(*) AS n FROM record WHERE state=1").get();
  return Number(row?.["n"]);
}
