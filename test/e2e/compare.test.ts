/** `vecferry compare` and `migrate --compare` between real servers: what a faithful copy shows, and each way in which one is not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompareReport } from "../../src/migrate/compare/figures.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { addRecords, makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const skip = chromaAvailable("1.5.9", true);
const dimension = 48;

function randomRecords(count: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    vector: Array.from({ length: dimension }, () => Math.fround(random() * 2 - 1)),
    document: `text ${index}`,
    uri: null,
    metadata: `{"kind":"${index % 4 === 0 ? "a" : "b"}","part":${index % 3},"own":${index}}`,
  }));
}

interface Result {
  readonly exit: number;
  readonly report: {
    readonly compare: CompareReport;
    readonly failure: { readonly code: string } | null;
    readonly next: readonly string[];
  };
}

/** The result among JSON lines. */
function resultOf({ stdout, stderr }: Ended): Result {
  const lines = stdout.trimEnd().split("\n");
  const result = lines.map((line) => JSON.parse(line)).find(({ type }) => type === "result");
  if (result === undefined) throw new Error(stdout + stderr);
  return result;
}

describe.skipIf(skip)(`between a Chroma and a Qdrant${skip ? ` (skipped: ${skip})` : ""}`, () => {
  let server: ChromaServer;
  let place: Place;
  let source = "";
  beforeAll(async () => {
    server = await startChroma({ version: "1.5.9" });
    place = await newPlace(server);
    for (const [name, space, count] of [
      ["ants", "cosine", 400],
      ["bees", "l2", 150],
      ["cats", "cosine", 60],
    ] as const) {
      const key = await makeCollection(server, place, name, { "hnsw:space": space });
      await addRecords(server, place, key, randomRecords(count, count));
    }
    source = `chroma://${server.url.slice(7)}/${place.tenant}/${place.database}`;
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  describe.each(qdrantKinds)("$name", ({ skip: without, start }) => {
    it.skipIf(without)("finds a copy as good as its source, and says so in figures", async () => {
      using folder = temporaryFolder();
      await using target = await start();
      const names = { ants: target.unique("ants"), bees: target.unique("bees") };
      const renames = Object.entries(names).flatMap(([old, name]) => [
        "--rename",
        `${old}=${name}`,
      ]);
      const options = { cwd: folder.path, env: target.env };
      const asked = ["--compare", "--min-recall", "0.99", "--query-sample", "80", "--json"];
      const migrated = await runCli(
        ["migrate", source, target.url, ...renames, ...asked, "--exclude", "cats"],
        options,
      );
      expect(migrated.status, migrated.stderr).toBe(0);
      const { compare } = resultOf(migrated).report;
      for (const group of [compare.all, compare.filtered, ...compare.collections])
        expect(group).toMatchObject({ recall: { exact: 1 }, spearman: expect.closeTo(1, 1) });
      expect(compare.all?.scoreDifference?.max).toBeLessThan(1e-4);
      expect(compare.collections.map(({ name, records }) => [name, records])).toEqual([
        ["ants", 400],
        ["bees", 150],
      ]);
      expect(compare.filters.map(({ key }) => key).sort()).toEqual([
        "kind",
        "kind",
        "part",
        "part",
      ]);
      for (const side of [compare.latency.source, compare.latency.target])
        expect(side.map(({ inFlight }) => inFlight)).toEqual([1, 8, 32]);
      // 256, or as many as end in ten seconds.
      for (const { queries } of [...compare.latency.source, ...compare.latency.target]) {
        expect(queries).toBeGreaterThan(0);
        expect(queries).toBeLessThanOrEqual(256);
      }
      if (process.platform === "linux")
        expect(compare.residentBytes.source).toBeGreaterThan(1_000_000);
      const seen = await runCli(
        ["compare", "--seed", compare.seed, "--query-sample", "80", "--gate", "qdrant"],
        options,
      );
      expect(seen.status, seen.stderr).toBe(0);
      expect(seen.stdout).toMatch(/80 queries drawn from the source's records \(seed \d+\)/);
      expect(seen.stdout).toMatch(/recall@10 +\d\.\d{3} +\d\.\d{3}/);
      expect(seen.stdout).toContain("met.");
    });

    it.skipIf(without)("asks within each tenant where several share a collection", async () => {
      using folder = temporaryFolder();
      await using target = await start();
      const name = target.unique("zoo");
      const options = { cwd: folder.path, env: target.env };
      writeFileSync(join(folder.path, "tenants.json"), '{ "ants": "acme", "cats": "bolt" }');
      const shape = ["--target-collection", name, "--tenant-mapping", "tenants.json"];
      const scope = ["--chromadb-collections", "ants", "cats"];
      const asked = ["--compare", "--min-recall", "0.99", "--query-sample", "60", "--json"];
      const ended = await runCli(
        ["migrate", source, target.url, ...shape, ...asked, ...scope],
        options,
      );
      expect(ended.status, ended.stderr).toBe(0);
      const { tenants } = resultOf(ended).report.compare;
      expect(tenants).toMatchObject([
        { tenant: "acme", recall: { exact: 1 } },
        { tenant: "bolt", recall: { exact: 1 } },
      ]);
    });

    it.skipIf(without)("sees vectors that stand with the wrong records", async () => {
      using folder = temporaryFolder();
      await using target = await start();
      const name = target.unique("bees");
      const options = { cwd: folder.path, env: target.env };
      const scope = ["--chromadb-collections", "bees"];
      const to = ["--rename", `bees=${name}`];
      expect((await runCli(["migrate", source, target.url, ...to, ...scope], options)).status).toBe(
        0,
      );
      await shuffle(target, name);
      const ended = await runCli(
        ["compare", "--query-sample", "50", "--gate", "qdrant", "--json"],
        options,
      );
      expect(ended.status).toBe(6);
      expect(ended.stderr).toContain("[E_GATE]");
      const { report } = resultOf(ended);
      expect(report.failure?.code).toBe("E_GATE");
      expect(report.compare.all?.recall.exact).toBeLessThan(0.5);
      expect(report.compare.all?.recall.source).toBeGreaterThan(0.9);
      expect(report.next.join()).toContain("docs/compare.md");
    });
  });

  const [, real] = qdrantKinds;
  it.skipIf(real?.skip)(
    "tells an index that misses records from data that lack them, and waits for none for ever (needs QDRANT_URL)",
    async () => {
      using folder = temporaryFolder();
      await using target = (await real?.start()) as QdrantPlace;
      const name = target.unique("ants");
      const options = { cwd: folder.path, env: target.env };
      const to = ["--rename", `ants=${name}`, "--chromadb-collections", "ants"];
      expect((await runCli(["migrate", source, target.url, ...to], options)).status).toBe(0);
      await target.call("PATCH", `/collections/${name}`, {
        hnsw_config: { m: 2, ef_construct: 4, full_scan_threshold: 10 },
        optimizers_config: { indexing_threshold: 1 },
      });
      const ended = await runCli(
        ["compare", "--query-sample", "80", "--min-recall", "0.99", "--json"],
        options,
      );
      expect(ended.status, ended.stderr).toBe(6);
      const { all } = resultOf(ended).report.compare;
      expect(all?.recall.exact).toBe(1);
      expect(all?.recall.target.mean).toBeLessThan(0.95);
      expect(ended.stderr).toContain("its index's choice, not its data's");
      await target.call("PATCH", `/collections/${name}`, {
        hnsw_config: { m: 8 },
        optimizers_config: { max_optimization_threads: 0 },
      });
      const waited = await runCli(["compare", "--wait-green-ms", "1500"], options);
      expect(waited.status, waited.stdout).toBe(5);
      expect(waited.stderr).toMatch(/has not finished indexing after \d s.*\[E_NOT_GREEN\]/);
    },
  );

  it.skipIf(real?.skip)(
    "does not take brute force for an index that is switched off (needs QDRANT_URL)",
    async () => {
      using folder = temporaryFolder();
      await using target = (await real?.start()) as QdrantPlace;
      const name = target.unique("cats");
      const options = { cwd: folder.path, env: target.env };
      const to = ["--rename", `cats=${name}`, "--chromadb-collections", "cats"];
      expect((await runCli(["migrate", source, target.url, ...to], options)).status).toBe(0);
      const small = await runCli(["compare", "--gate", "qdrant"], options);
      expect(small.status, small.stderr).toBe(0);
      expect(small.stdout).toContain("none of its vectors is in an index");
      await target.call("PATCH", `/collections/${name}`, {
        optimizers_config: { indexing_threshold: 0 },
      });
      const off = await runCli(["compare", "--gate", "qdrant"], options);
      expect(off.status, off.stdout).toBe(6);
      expect(off.stdout).toContain("indexing is switched off there (indexing_threshold is 0)");
      expect(off.stdout + off.stderr).toContain('index in "cats": its indexing is switched off');
      expect(off.stdout).not.toContain("answers the same");
    },
  );
});

/** Gives every point the vector of the next one. */
async function shuffle(target: QdrantPlace, name: string): Promise<void> {
  const { points } = await target.call<{
    points: { id: string; vector: number[]; payload: object }[];
  }>("POST", `/collections/${name}/points/scroll`, {
    limit: 1000,
    with_vector: true,
    with_payload: true,
  });
  const turned = points.map((point, at) => ({
    ...point,
    vector: points[(at + 1) % points.length]?.vector,
  }));
  await target.call("PUT", `/collections/${name}/points?wait=true`, { points: turned });
}

describe("of a folder", () => {
  it("holds the target against the truth alone, with queries from a file too, and refuses those that do not fit", async () => {
    using folder = temporaryFolder();
    const chroma = unpackChroma("1.5.9", folder.path);
    const options = { cwd: folder.path };
    const ends = [
      `chroma-folder:${chroma}?tenant=default_tenant&database=default_database`,
      "embedded:./target",
    ];
    const migrated = await runCli(["migrate", ...ends], options);
    expect([0, 3], migrated.stderr).toContain(migrated.status);
    const ended = await runCli(["compare", ...ends, "--json"], options);
    expect(ended.status, ended.stderr).toBe(0);
    const { compare } = resultOf(ended).report;
    expect(compare).toMatchObject({
      reference: "truth",
      all: { recall: { source: null, exact: 1 } },
    });
    expect(ended.stderr).toContain("its side is the truth alone");

    const [first] = compare.collections;
    const file = join(folder.path, "queries.jsonl");
    writeFileSync(file, "[1,2]\n");
    const asked = ["compare", ...ends, "--queries", file];
    const refused = await runCli(asked, options);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/2 components, and collection ".*" has \d+\. \[E_INPUT\]/);
    const many = await runCli(["compare", ...ends, "--k", "1000"], options);
    expect(many.status).toBe(2);
    expect(many.stderr).toMatch(/--k 1000 is more than any of the collections has.*\[E_CONFIG\]/);
    expect(first?.records).toBeGreaterThan(0);
  });
});
