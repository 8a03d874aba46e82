/** Faults that existing tools have when a server refuses, breaks off or answers wrongly. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChroma } from "../../src/adapters/chroma/index.ts";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { runMigrate } from "../../src/migrate/run.ts";
import { faultless, madeAnswers } from "../support/chroma-answers.ts";
import { askedIds, isGet, numbered } from "../support/chroma-scene.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { migrateRequest } from "../support/fake-migration.ts";
import { type Answers, judge } from "../support/judge.ts";
import { makeFolder } from "../support/make-folder.ts";
import {
  type Instead,
  type ProxiedRequest,
  type ProxyRules,
  startProxy,
} from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds, serveFolder } from "../support/qdrant-places.ts";
import { startStub } from "../support/stub.ts";
import {
  type Intercept,
  internalError,
  type StubRecord,
  stubChroma,
  things,
} from "../support/stub-chroma.ts";

describe.each(qdrantKinds)("the $name", ({ skip, start }) => {
  let qdrant: QdrantPlace;
  beforeAll(async () => {
    if (!skip) qdrant = await start();
  });
  afterAll(() => qdrant?.[Symbol.asyncDispose]());

  it.skipIf(skip)(
    "9: where it refuses a batch for good, the records to blame are named and the rest is carried",
    async () => {
      using folder = temporaryFolder();
      makeFolder(join(folder.path, "chroma"), { records: 700, dimension: 4, name: "made" });
      const name = qdrant.unique("refused");
      const blamed = ["id-41", "id-640"];
      await using proxy = await startProxy(qdrant.url, {
        before: ({ method, path, body }) =>
          method === "PUT" &&
          path.includes("/points") &&
          blamed.some((id) => body.includes(`"${id}"`))
            ? { status: 400, body: '{"status":{"error":"Wrong input: not this one"},"time":0}' }
            : undefined,
      });
      const args = ["migrate", "./chroma", proxy.url, "--rename", `made=${name}`, "--json"];
      const { status, stdout } = await runCli([...args, "--batch-size", "200"], {
        cwd: folder.path,
        env: qdrant.env,
      });
      expect(status).toBe(3);
      const { report, files } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      expect(report.quarantine).toMatchObject({ records: 2, byReason: { rejected: 2 } });
      const lines = readFileSync(files.quarantine, "utf8").trim().split("\n");
      const quarantined = lines.map((line) => JSON.parse(line));
      expect(quarantined.map(({ id }) => id).sort()).toEqual(blamed);
      expect(quarantined[0]).toMatchObject({
        collection: "made",
        reason: "rejected",
        detail: expect.stringContaining("not this one"),
      });
      const verdict = await judge(qdrant, name, madeAnswers(700, 4), { cosine: false });
      expect(verdict).toMatchObject({ ...faultless, missing: blamed });
    },
  );
});

/** What one call of a server may meet, and what the next one does not. */
type Hiccup = Instead | "answer lost";
const hiccups: [string, Hiccup][] = [
  ["429 with Retry-After", { status: 429, headers: { "retry-after": "1" } }],
  ["500", { status: 500, body: '{"error":"InternalError","message":"hiccup"}' }],
  ["502 in HTML", { status: 502, body: "<html>Bad gateway</html>" }],
  ["503", { status: 503, body: "" }],
  ["reset", "reset"],
  ["reset after the work was done", "answer lost"],
];

describe("10: one failed call of every kind, at the source and at the target, does not end a run", () => {
  it.each(hiccups)("%s", async (_, hiccup) => {
    await using scene = await between(100);
    const failed = scene.failOnce(hiccup);
    using folder = temporaryFolder();
    const args = ["migrate", scene.sourceAddress, scene.target.url, "--batch-size", "30"];
    const { status, stderr } = await runCli(args, { cwd: folder.path });
    expect([status, stderr]).toEqual([0, ""]);
    expect(failed.filter((what) => what.startsWith("source"))).toEqual(
      expect.arrayContaining([expect.stringContaining("/get")]),
    );
    expect(failed.filter((what) => what.startsWith("target"))).toEqual(
      expect.arrayContaining([expect.stringMatching(/PUT .*\/points$/)]),
    );
    expect(await scene.judge()).toMatchObject(faultless);
  });

  it("timeout", async () => {
    await using scene = await between(100);
    const failed = scene.failOnce("silence");
    using folder = temporaryFolder();
    const stateFolder = join(folder.path, "state");
    const address = { tenant: null, database: null } as const;
    await using source = await openChroma(
      { kind: "chroma", url: scene.source.url, ...address },
      { timeoutMs: 400 },
    );
    await using target = await openQdrant({ url: scene.target.url }, { timeoutMs: 400 });
    const context = { stateFolder, signal: new AbortController().signal, onEvent: () => undefined };
    const { exit } = await runMigrate(source, target, migrateRequest(), context);
    expect(exit).toBe(0);
    expect(failed.some((what) => what.startsWith("source"))).toBe(true);
    expect(failed.some((what) => what.startsWith("target"))).toBe(true);
    expect(await scene.judge()).toMatchObject(faultless);
  });
});

describe("13: servers of 0.4 to 0.6 that answer fewer embeddings than ids", () => {
  it.each(["v1", "v2"] as const)(
    "over API %s: neighbours keep their own vectors, and the records without are named",
    async (api) => {
      const without = [3, 50, 99];
      await using scene = await between(100, { api, without });
      using folder = temporaryFolder();
      const ended = await runCli(["migrate", scene.sourceAddress, scene.target.url, "--json"], {
        cwd: folder.path,
      });
      expect(ended.status).toBe(3);
      expect(namedIn(ended.stdout)).toEqual(without.map((n) => [`r${n}`, "no-vector"]));
      const missing = without.map((n) => `r${n}`);
      expect(await scene.judge()).toMatchObject({ ...faultless, missing, components: 97 * 2 });
    },
  );

  it("13: one record that the server answers with 500 is isolated and named, and the page goes on", async () => {
    await using scene = await between(100);
    scene.poisoned.add("r17");
    using folder = temporaryFolder();
    const ended = await runCli(["migrate", scene.sourceAddress, scene.target.url, "--json"], {
      cwd: folder.path,
    });
    expect(ended.status).toBe(3);
    expect(namedIn(ended.stdout)).toEqual([["r17", "unanswerable"]]);
    expect(await scene.judge()).toMatchObject({ ...faultless, missing: ["r17"] });
  });
});

/** Ids and reasons of the quarantine file that the result's line names. */
function namedIn(stdout: string): [string, string][] {
  const { files } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  const lines = readFileSync(files.quarantine, "utf8").trim().split("\n");
  return lines.map((line) => {
    const { id, reason } = JSON.parse(line);
    return [id, reason];
  });
}

/** A scripted Chroma with numbered records, and an embedded Qdrant, each behind a proxy. */
async function between(count: number, { api = "v2", without = [] }: Scripted = {}) {
  const records = numbered(count, without);
  const poisoned = new Set<string>();
  const intercept: Intercept = (request) =>
    isGet(request) && askedIds(request).some((id) => poisoned.has(id)) ? internalError : undefined;
  const version = api === "v1" ? "0.4.24" : "0.6.3";
  const chroma = await startStub(stubChroma({ api, records, version, intercept }));
  const qdrant = await serveFolder(":memory:");
  const source = await startProxy(chroma.url);
  const target = await startProxy(qdrant.url);
  return {
    source,
    target,
    poisoned,
    sourceAddress: source.url.replace(/^http/, "chroma"),
    /** From now on the first call of every kind fails; the list tells which did. */
    failOnce(hiccup: Hiccup): string[] {
      const failed: string[] = [];
      source.rules = once(hiccup, "source", failed);
      target.rules = once(hiccup, "target", failed);
      return failed;
    },
    judge: () => judge(qdrant, things.name, answersOf(records), { cosine: true }),
    async [Symbol.asyncDispose]() {
      for (const one of [source, target, chroma, qdrant]) await one[Symbol.asyncDispose]();
    },
  };
}

interface Scripted {
  readonly api?: "v1" | "v2";
  /** Numbers of the records that have no vector. */
  readonly without?: readonly number[];
}

/** Reading and writing records: each of these waits a second when that is what it is asked for. */
const work = /\/(get|points)(\?|$)/;

/** Rules by which the first call of each method and path fails. */
function once(hiccup: Hiccup, end: string, failed: string[]): ProxyRules {
  const isFirst = ({ method, path }: ProxiedRequest): boolean => {
    const what = `${end} ${method} ${path.replace(/\?.*/, "")}`;
    const waits = typeof hiccup === "object" && hiccup.headers?.["retry-after"] !== undefined;
    if (failed.includes(what) || (waits && !work.test(path))) return false;
    failed.push(what);
    return true;
  };
  if (hiccup === "answer lost") return { after: (call) => (isFirst(call) ? "reset" : undefined) };
  return { before: (call) => (isFirst(call) ? hiccup : undefined) };
}

function answersOf(records: readonly StubRecord[]): Answers {
  return {
    ids: records.map(({ id }) => id),
    embeddings: records.map(({ embedding }) => [...(embedding ?? [])]),
    documents: records.map(({ document }) => document ?? null),
    metadatas: records.map((_, n) => ({ n: { int: String(n) } })),
    uris: records.map(() => null),
  };
}
