import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CompareReport } from "../../../src/migrate/compare/figures.ts";
import { type Gates, noGates } from "../../../src/migrate/compare/gates.ts";
import { type CompareRequest, defaultCompare } from "../../../src/migrate/compare/request.ts";
import { runCompare } from "../../../src/migrate/compare.ts";
import type { Outcome } from "../../../src/migrate/report.ts";
import { defaultRequest, type RunContext } from "../../../src/migrate/request.ts";
import { runMigrate } from "../../../src/migrate/run.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";
import { fakeContext, migrateRequest } from "../../support/fake-migration.ts";
import type { FakeCollection } from "../../support/fake-store.ts";
import { SearchingSource, SearchingTarget } from "../../support/searching-store.ts";

/** Records whose vectors point anywhere; of every three, one is of kind a. */
function randomCollection(name: string, count: number, seed = 1): FakeCollection {
  const random = seededRandom(seed);
  const records = Array.from({ length: count }, (_, index) => ({
    id: `${name}-${index}`,
    vector: Array.from({ length: 8 }, () => Math.fround(random() * 2 - 1)),
    metadata: `{"kind":"${index % 3 === 0 ? "a" : "b"}","number":${index}}`,
  }));
  return { name, distance: "cosine", dimension: 8, records };
}

interface Scene {
  readonly source: SearchingSource;
  readonly target: SearchingTarget;
  readonly context: RunContext;
  compare(changes?: Partial<CompareRequest>): Promise<Outcome>;
}

async function migrated(
  collections: FakeCollection[],
  shape: Parameters<typeof migrateRequest>[0] = {},
): Promise<Scene> {
  const source = new SearchingSource(collections);
  const target = new SearchingTarget();
  const context = fakeContext();
  await runMigrate(source, target, migrateRequest(shape), context);
  const compare = (changes: Partial<CompareRequest> = {}): Promise<Outcome> =>
    runCompare(
      source,
      target,
      null,
      { ...defaultCompare(7), waitGreenMs: 600, ...changes },
      context,
    );
  return { source, target, context, compare };
}

function figures({ report }: Outcome): CompareReport {
  if (report.compare === null) throw new Error("Nothing was compared.");
  return report.compare;
}

const gates = (wanted: Partial<Gates>) => ({ gates: { ...noGates, ...wanted } });

describe("compare of a faithful copy", () => {
  it("finds recall 1 everywhere, overall, with filters, and the same scores", async () => {
    const { compare, source } = await migrated([randomCollection("c", 200)]);
    const outcome = await compare({ queries: 60 });
    expect(outcome.exit).toBe(0);
    const { all, filtered, filters, collections, reference, latency, seed } = figures(outcome);
    expect({ reference, seed }).toEqual({ reference: "source", seed: "7" });
    for (const group of [all, filtered, collections[0]]) {
      expect(group).toMatchObject({
        recall: { source: 1, exact: 1, target: { mean: 1, min: 1 } },
        overlap: 1,
        top1: 1,
        spearman: 1,
      });
      expect(group?.scoreDifference?.max).toBeLessThan(1e-6);
    }
    expect(all?.queries).toBe(60);
    expect(filters).toMatchObject([{ collection: "c", key: "kind" }]);
    expect(latency.source.map(({ inFlight }) => inFlight)).toEqual([1, 8, 32]);
    expect(latency.target.every(({ queries, p95Ms }) => queries > 0 && p95Ms >= 0)).toBe(true);
    expect(source.searched).toBeGreaterThan(60);
  });

  it("is the same again with the same seed, and writes nothing", async () => {
    const { compare, target } = await migrated([randomCollection("c", 100)]);
    target.unseen = (id) => id.endsWith("3");
    const before = structuredClone([...target.points("c")]);
    const one = figures(await compare({ queries: 20 }));
    const two = figures(await compare({ queries: 20 }));
    expect([two.all, two.filters]).toEqual([one.all, one.filters]);
    expect([...target.points("c")]).toEqual(before);
  });

  it("holds a source without a server against the truth alone, and says so", async () => {
    const { target, context } = await migrated([randomCollection("c", 60)]);
    const files = new SearchingSource([randomCollection("c", 60)], { searchesMax: 0 });
    const { all, reference, notes, latency } = figures(
      await runCompare(files, target, null, defaultCompare(1), context),
    );
    expect(files.searched).toBe(0);
    expect(reference).toBe("truth");
    expect(all).toMatchObject({ recall: { source: null, target: { mean: 1 } }, overlap: 1 });
    expect(latency.source).toEqual([]);
    expect(notes.join()).toContain("its side is the truth alone");
  });

  it("asks within each tenant, and tells collections apart that share one", async () => {
    const mapping = new Map([
      ["ants", "acme"],
      ["bees", "bolt"],
      ["cats", "acme"],
    ]);
    const { compare } = await migrated(
      [
        randomCollection("ants", 60, 1),
        randomCollection("bees", 50, 2),
        randomCollection("cats", 40, 3),
      ],
      { targetCollection: "zoo", mapping },
    );
    const { all, tenants, collections } = figures(await compare({ queries: 90 }));
    expect(all?.recall).toMatchObject({ exact: 1, target: { mean: 1 } });
    expect(tenants.map(({ tenant, recall }) => [tenant, recall.target.mean])).toEqual([
      ["acme", 1],
      ["bolt", 1],
    ]);
    expect(collections.map(({ name, queries }) => [name, queries])).toEqual([
      ["ants", 36],
      ["bees", 30],
      ["cats", 24],
    ]);
  });
});

describe("compare with filters", () => {
  it("leaves out a key by which the stores would mean different records", async () => {
    const mixed = randomCollection("c", 60);
    for (const [index, record] of mixed.records.entries())
      record.metadata = `{"sure":${index % 2},"float":${index % 3 === 0 ? "1.0" : index % 2},"list":${index % 5 === 0 ? "[1]" : index % 2}}`;
    const { compare } = await migrated([mixed]);
    const { filters, all } = figures(await compare());
    expect(filters.map(({ key }) => key)).toEqual(["sure"]);
    expect(all?.recall.target.mean).toBe(1);
  });
});

describe("compare of a copy at fault", () => {
  it("sees vectors that stand with the wrong records, exactly asked too", async () => {
    const { compare, target } = await migrated([randomCollection("c", 120)]);
    const points = [...target.points("c").values()];
    const vectors = points.map(({ vector }) => vector);
    for (const [at, point] of points.entries())
      point.vector = vectors[(at + 1) % vectors.length] ?? point.vector;
    const outcome = await compare(gates({ qdrant: true }));
    const { recall } = figures(outcome).all ?? { recall: null };
    expect(recall?.source).toBe(1);
    expect(recall?.exact).toBeLessThan(0.5);
    expect(recall?.target.mean).toBeLessThan(0.5);
    expect(outcome.exit).toBe(6);
    expect(outcome.report.failure).toMatchObject({ code: "E_GATE" });
    expect(outcome.report.next.join()).toContain("docs/compare.md");
  });

  it("tells an index that misses records from data that lack them", async () => {
    const { compare, target } = await migrated([randomCollection("c", 120)]);
    target.unseen = (id) => Number(id.slice(2)) % 2 === 0;
    const { recall, overlap } = figures(await compare()).all ?? { recall: null, overlap: 0 };
    expect(recall).toMatchObject({ source: 1, exact: 1 });
    expect(recall?.target.mean).toBeLessThan(0.7);
    expect(overlap).toBeLessThan(0.7);
  });

  it("misses a gate for one bad collection among good ones", async () => {
    const { compare, target } = await migrated([
      randomCollection("good", 300, 1),
      randomCollection("bad", 40, 2),
    ]);
    target.unseen = (id) => id.startsWith("bad") && id.endsWith("1");
    const outcome = await compare(gates({ minRecall: 0.95, minOverlap: 0 }));
    expect(outcome.exit).toBe(6);
    const missed = figures(outcome).gates.filter(({ met }) => !met);
    expect(missed).toMatchObject([{ gate: "min recall", of: "bad" }]);
    expect((await compare(gates({ minRecall: 0.5 }))).exit).toBe(0);
  });

  it("goes on where strict mode forbids exact search or a filter, and says so", async () => {
    const { compare, target } = await migrated([randomCollection("c", 60)]);
    target.refuses = ({ exact, filter = [] }) => exact === true || filter.length > 0;
    const { all, filtered, notes } = figures(await compare());
    expect(all?.recall).toMatchObject({ exact: null, target: { mean: 1 } });
    expect(filtered).toBeNull();
    expect(notes).toHaveLength(2);
  });
});

describe("compare of a target that searches without an index", () => {
  const off = { vectors: 0, offBy: "indexing_threshold is 0" };

  it("says so, and misses every gate, where indexing is switched off", async () => {
    const { compare, target } = await migrated([randomCollection("c", 60)]);
    target.index = off;
    const without = await compare();
    expect(without.exit).toBe(0);
    expect(figures(without).notes).toEqual([
      'Target collection "c" is searched by brute force: indexing is switched off there (indexing_threshold is 0). The figures flatter: they are not those of an index.',
    ]);
    expect(figures(without).collections).toMatchObject([{ index: "off" }]);
    const { exit, report } = await compare(gates({ minRecall: 0.5 }));
    expect(exit).toBe(6);
    expect(report.failure).toMatchObject({
      code: "E_GATE",
      message: expect.stringContaining('index in "c": its indexing is switched off or held back'),
      next: expect.stringContaining("Let the target build its index"),
    });
  });

  it("says so where a copy that broke off holds the index back", async () => {
    const { compare, target } = await migrated([randomCollection("c", 60)]);
    target.index = off;
    target.held = true;
    const outcome = await compare(gates({ qdrant: true }));
    expect(outcome.exit).toBe(6);
    expect(figures(outcome).collections).toMatchObject([{ index: "held" }]);
    expect(figures(outcome).notes.join()).toContain("`vecferry migrate` with the same ends");
  });

  it("says so of those that are too small for one, once, and their gates hold", async () => {
    const collections = Array.from({ length: 7 }, (_, at) => randomCollection(`c${at}`, 40, at));
    const { compare, target } = await migrated(collections);
    target.index = { vectors: 0, offBy: null };
    const outcome = await compare(gates({ qdrant: true }));
    expect(outcome.exit).toBe(0);
    expect(figures(outcome).notes).toEqual([
      'Target collections "c0", "c1", "c2", "c3", "c4" and 2 more are each searched by brute force: none of its vectors is in an index, for which there are too few, or the server builds none.',
    ]);
    target.index = { vectors: 40, offBy: null };
    expect(figures(await compare()).notes).toEqual([]);
  });
});

describe("compare refuses", () => {
  it("to judge a target that never finishes indexing", async () => {
    const { compare, target } = await migrated([randomCollection("c", 30)]);
    target.status = "yellow";
    await expect(compare()).rejects.toMatchObject({ code: "E_NOT_GREEN", exit: 5 });
  });

  it("more neighbours than any collection has, when they are asked for by name", async () => {
    const { compare } = await migrated([randomCollection("c", 30)]);
    await expect(compare({ k: 31 })).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("the largest holds 30"),
    });
  });

  it("to go on once it is interrupted, and leaves a report that says so", async () => {
    const { source, target, context } = await migrated([randomCollection("c", 30)]);
    const stop = new AbortController();
    source.beforeRead = () => stop.abort();
    const interrupted = { ...context, signal: stop.signal };
    await expect(
      runCompare(source, target, null, defaultCompare(1), interrupted),
    ).rejects.toMatchObject({ code: "E_ABORTED" });
    const [run = ""] = readdirSync(context.stateFolder).filter((name) =>
      /^[0-9a-f]{16}$/.test(name),
    );
    const report = JSON.parse(readFileSync(join(context.stateFolder, run, "report.json"), "utf8"));
    expect(report).toMatchObject({
      command: "compare",
      compare: null,
      failure: { code: "E_ABORTED" },
    });
  });

  it("queries of another dimension, before anything is asked", async () => {
    const { compare, source } = await migrated([randomCollection("c", 30)]);
    const vectors = { count: 1, dimension: 3, data: Float32Array.of(1, 2, 3) };
    await expect(compare({ vectors })).rejects.toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining("3 components"),
    });
    expect(source.searched).toBe(0);
  });
});

describe("compare of little", () => {
  it("asks for what there is: fewer neighbours than k, or none", async () => {
    const { compare } = await migrated([
      randomCollection("four", 4, 1),
      randomCollection("one", 1, 2),
      randomCollection("many", 50, 3),
    ]);
    const { collections, notes, all } = figures(await compare());
    expect(all?.recall.target.mean).toBe(1);
    expect(collections.map(({ name, k }) => [name, k])).toEqual([
      ["four", 3],
      ["many", 10],
    ]);
    expect(notes).toEqual([
      'Collection "four" has 3 neighbours for a query, not 10; it was asked for 3.',
      'Collection "one" has no record with neighbours; nothing was asked.',
    ]);
  });

  it("counts any of many equal records", async () => {
    const same = randomCollection("same", 40);
    const vector = same.records[0]?.vector ?? [];
    for (const record of same.records) record.vector = [...vector];
    const { compare, target } = await migrated([same]);
    target.unseen = (id) => Number(id.slice(5)) < 20;
    const { all } = figures(await compare());
    expect(all).toMatchObject({ recall: { source: 1, target: { mean: 1 } }, overlap: 1, top1: 1 });
    expect(all?.spearman).toBeNull();
  });

  it("asks given queries of every collection, and counts every record for them", async () => {
    const { compare } = await migrated([randomCollection("c", 40)]);
    const random = seededRandom(9);
    const data = Float32Array.from({ length: 5 * 8 }, () => random() - 0.5);
    const { all, queriesFrom } = figures(
      await compare({ vectors: { count: 5, dimension: 8, data }, k: 40 }),
    );
    expect(queriesFrom).toBe("file");
    expect(all).toMatchObject({ queries: 5, recall: { target: { mean: 1 } } });
  });
});

describe("compare of many collections with the queries of a file", () => {
  it("keeps one copy of them for all", async () => {
    const { compare, target } = await migrated([
      randomCollection("a", 30, 1),
      randomCollection("b", 20, 2),
    ]);
    const random = seededRandom(9);
    const data = Float32Array.from({ length: 6 * 8 }, () => random() - 0.5);
    const buffers = new Set<ArrayBufferLike>();
    const search = target.search.bind(target);
    target.search = (info, vector, options) => {
      buffers.add(vector.buffer);
      return search(info, vector, options);
    };
    await compare({ vectors: { count: 6, dimension: 8, data } });
    expect([...buffers]).toEqual([data.buffer]);
  });
});

describe("migrate with a comparison", () => {
  it("ends with it, and a gate missed is exit 6 whatever else differs", async () => {
    const source = new SearchingSource([randomCollection("c", 60)]);
    const target = new SearchingTarget();
    target.unseen = () => true;
    // A record that is quarantined would be exit 3.
    source.record("c", "c-7").vector = new Array(8).fill(0);
    const compare = { ...defaultCompare(3), ...gates({ minRecall: 0.5 }) };
    const outcome = await runMigrate(source, target, { ...defaultRequest, compare }, fakeContext());
    expect(outcome.exit).toBe(6);
    expect(outcome.report.verify?.differences).toBe(0);
    expect(figures(outcome).all?.recall.target.mean).toBe(0);
  });

  it("looks before the copy whether what is asked can be answered", async () => {
    const source = new SearchingSource([randomCollection("c", 20)]);
    const target = new SearchingTarget();
    const compare = { ...defaultCompare(3), k: 500 };
    await expect(
      runMigrate(source, target, { ...defaultRequest, compare }, fakeContext()),
    ).rejects.toMatchObject({ code: "E_CONFIG" });
    expect(target.contents.size).toBe(0);
  });
});
