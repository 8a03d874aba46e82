import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SlotSet } from "../../../../src/engine/filter/slot-set.ts";
import { openEngine } from "../../../../src/engine/index.ts";
import { DenseSet } from "../../../../src/engine/vectors/dense-set.ts";
import { growIndexes } from "../../../../src/engine/vectors/hnsw.ts";
import type { NearestOptions, QueryVector } from "../../../../src/engine/vectors/vector-set.ts";
import type { DenseColumn } from "../../../../src/model/record.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";
import { usearchAvailable } from "../../../support/usearch.ts";

/** Recall is a matter of the data: of some it is below what is asked of these. */
const seed = 20261121;
const usearch = usearchAvailable();
if (typeof usearch === "string") console.log(`Skipped: ${usearch}`);
const dimension = 16;
const rows = 6_000;
const everyone = { limit: 10, among: null };

/** Around 50 centres, as embeddings of real texts are. */
function clustered(random: () => number, count: number): Float32Array {
  const centres = Array.from({ length: 50 * dimension }, () => random() * 2 - 1);
  return Float32Array.from({ length: count * dimension }, (_unused, at) => {
    const centre = (Math.imul(Math.floor(at / dimension), 2654435761) >>> 0) % 50;
    return (centres[centre * dimension + (at % dimension)] ?? 0) + (random() - 0.5) * 0.6;
  });
}

function column(data: Float32Array): DenseColumn {
  return { kind: "dense", dimension, data: data.slice(), present: null };
}

/** Has the index take everything. */
function settled(set: DenseSet): void {
  while (growIndexes());
  expect(set.indexed).toBe(set.count);
}

describe.skipIf(typeof usearch === "string")(`an HNSW index (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const before = process.env["VECFERRY_USEARCH"];
  beforeAll(() => {
    if (typeof usearch !== "string") process.env["VECFERRY_USEARCH"] = usearch.path;
  });
  afterAll(() => {
    if (before === undefined) delete process.env["VECFERRY_USEARCH"];
    else process.env["VECFERRY_USEARCH"] = before;
  });

  const clusters = clustered(random, rows);
  const queryOf = (row: number, data = clusters): QueryVector => ({
    kind: "dense",
    data: data.slice(row * dimension, (row + 1) * dimension),
  });

  function filled(distance: "Cosine" | "Dot" | "Euclid" | "Manhattan", data = clusters): DenseSet {
    const set = new DenseSet("", { size: dimension, distance });
    set.indexBy({ fromBytes: 100 * 1024, m: 16, efConstruct: 100 });
    const prepared = set.prepare(column(data), rows);
    for (let slot = 0; slot < rows; slot += 1) set.write(slot, prepared, slot);
    return set;
  }

  /** The share of the exact nearest that are found, and that all scores are exact. */
  function recall(set: DenseSet, options: NearestOptions, data = clusters): number {
    let found = 0;
    const queries = 100;
    for (let at = 0; at < queries; at += 1) {
      const query = queryOf(at * 53, data);
      const exact = set.nearest(query, { ...options, exact: true });
      const given = set.nearest(query, options);
      const similarity = set.similarity(query);
      expect(given.slots).toHaveLength(exact.slots.length);
      for (const [rank, slot] of given.slots.entries())
        expect(similarity(slot)).toBe(given.similarities[rank]);
      const bound = exact.similarities.at(-1) ?? 0;
      found += given.similarities.filter((each) => each >= bound).length / options.limit;
    }
    return found / queries;
  }

  it.each(["Cosine", "Dot", "Euclid"] as const)(
    "under %s finds 99 of 100, each with its exact score",
    (distance) => {
      const set = filled(distance);
      settled(set);
      expect(set.isIndexing).toBe(false);
      expect(recall(set, everyone)).toBeGreaterThanOrEqual(0.99);
      set.indexBy(null);
    },
  );

  it("under Cosine finds 99 of 100 of vectors that all point nearly the same way", () => {
    const alike = clusters.map((component) => component + 8);
    const set = filled("Cosine", alike);
    settled(set);
    expect(recall(set, everyone, alike)).toBeGreaterThanOrEqual(0.99);
    set.indexBy(null);
  });

  it("is kept right under deletions and overwrites, at once and later", () => {
    const set = filled("Cosine");
    settled(set);
    const gone = new Set<number>();
    for (let slot = 0; slot < 300; slot += 1) {
      gone.add(slot * 3);
      set.remove(slot * 3);
    }
    // Row 1 is written over with itself, and comes to slot 4,000 too.
    const one = clusters.slice(dimension, 2 * dimension);
    const written = set.prepare(column(one), 1);
    for (const slot of [1, 4_000]) set.write(slot, written, 0);
    const check = () => {
      // Asked first, before the index can have taken the changes.
      expect(set.nearest(queryOf(1), everyone).slots.slice(0, 2)).toEqual([1, 4_000]);
      for (let at = 0; at < 30; at += 1) {
        const { slots } = set.nearest(queryOf(at * 3), { limit: 20, among: null });
        expect(slots.filter((slot) => gone.has(slot))).toEqual([]);
      }
    };
    check();
    settled(set);
    check();
    expect(recall(set, everyone)).toBeGreaterThanOrEqual(0.99);
    set.indexBy(null);
  });

  it("searches filters that let much through, and leaves the others to a scan", () => {
    const set = filled("Cosine");
    settled(set);
    for (const step of [2, 50]) {
      const some = new SlotSet(rows);
      for (let slot = 0; slot < rows; slot += step) some.add(slot);
      expect(recall(set, { limit: 10, among: some })).toBeGreaterThanOrEqual(0.99);
    }
    set.indexBy(null);
  });

  it("looks at as many as hnsw_ef says", () => {
    const set = filled("Cosine");
    settled(set);
    expect(recall(set, { ...everyone, ef: 400 })).toBe(1);
    expect(recall(set, { ...everyone, ef: 1 })).toBeLessThan(1);
    set.indexBy(null);
  });

  it("is not made under Manhattan, below the threshold, nor where it is switched off", () => {
    const manhattan = filled("Manhattan");
    const small = new DenseSet("", { size: dimension, distance: "Dot" });
    small.indexBy({ fromBytes: 1024 * 1024, m: 16, efConstruct: 100 });
    const prepared = small.prepare(column(clusters), rows);
    for (let slot = 0; slot < 100; slot += 1) small.write(slot, prepared, slot);
    for (const set of [manhattan, small]) {
      expect(set.isIndexing).toBe(false);
      expect(set.indexed).toBe(0);
    }
  });

  it("of an engine tells how much it holds, and an open index lets the engine close", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection("c", {
      vectors: { size: dimension, distance: "Cosine" },
      optimizers_config: { indexing_threshold: 100 },
    });
    const ids = Array.from({ length: rows }, (_unused, row) => String(row));
    const vectors = new Map([["", column(clusters)]]);
    await engine.upsert("c", { ids, payloads: ids.map(() => null), vectors });
    const indexed = async () => (await engine.getCollection("c")).indexed_vectors_count;
    await expect.poll(indexed, { timeout: 20_000 }).toBe(rows);
    expect((await engine.getCollection("c")).status).toBe("green");
    await engine.updateCollection("c", { optimizers_config: { indexing_threshold: 0 } });
    expect(await indexed()).toBe(0);
  });
});

describe("an engine whose usearch cannot be loaded", () => {
  it("searches exactly, and nobody waits for an index", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vecferry-usearch-"));
    const broken = join(folder, "usearch.cjs");
    writeFileSync(broken, "throw new Error('no binary for this platform');");
    vi.stubEnv("VECFERRY_USEARCH", broken);
    try {
      await using engine = await openEngine(":memory:");
      await engine.createCollection("c", {
        vectors: { size: dimension, distance: "Dot" },
        optimizers_config: { indexing_threshold: 10 },
      });
      const count = 2000;
      const ids = Array.from({ length: count }, (_unused, row) => String(row));
      const data = Float32Array.from({ length: count * dimension }, (_unused, at) => at);
      const vectors = new Map([["", column(data)]]);
      await engine.upsert("c", { ids, payloads: ids.map(() => null), vectors });
      const status = async () => (await engine.getCollection("c")).status;
      await expect.poll(status, { timeout: 5000 }).toBe("green");
      const nearest = await engine.search("c", { vector: data.slice(0, dimension), limit: 1 });
      expect(nearest.ids).toEqual([String(count - 1)]);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
