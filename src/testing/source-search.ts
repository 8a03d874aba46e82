/** What every source must do when it is searched. */
import assert from "node:assert/strict";
import type { Distance } from "../model/distance.ts";
import type { MetadataMatch } from "../model/filter.ts";
import type { SourceStore } from "../store/port.ts";
import { parseLossless } from "../util/json.ts";
import { eachCollection, type FixtureRecord, type SourceSuiteOptions } from "./source-fixture.ts";

export async function checkSearch(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records, distance }) => {
    const [first] = records;
    const hits = await store.search(collection, Float32Array.from(first?.vector ?? [1, 2, 3]), {
      limit: 5,
    });
    assert.equal(hits.length, Math.min(5, records.length));
    if (first === undefined) return;
    const truth = new Map(
      records.map(({ id, vector }) => [id, compute(distance, first.vector, vector)]),
    );
    const nearest = Math.min(...truth.values());
    assert.ok(isClose(hits[0]?.distance, nearest), "the first hit is the nearest of all");
    for (const [rank, hit] of hits.entries()) {
      assert.ok(isClose(hit.distance, truth.get(hit.id)), `rank ${rank}: ${hit.distance}`);
      assert.ok(hit.distance >= (hits[rank - 1]?.distance ?? hit.distance), "order");
      assert.equal(hit.document, records.find(({ id }) => id === hit.id)?.document);
    }
  });
}

/** Whether a distance computed in float32 stands for `expected`. */
function isClose(distance: number | undefined, expected = Number.NaN): boolean {
  return Math.abs((distance ?? Number.NaN) - expected) <= 1e-4 * (1 + Math.abs(expected));
}

export async function checkSearchOptions(
  store: SourceStore,
  options: SourceSuiteOptions,
): Promise<void> {
  await eachCollection(store, options, async (collection, { records, distance }) => {
    const [first] = records;
    if (first === undefined) return;
    const query = Float32Array.from(first.vector);
    const bare = await store.search(collection, query, { limit: 5, documents: false });
    const whole = await store.search(collection, query, { limit: 5 });
    assert.deepEqual(
      bare,
      whole.map((hit) => ({ ...hit, document: null })),
    );
    for (const filter of matchesIn(records)) {
      const meant = records.filter(
        ({ metadata }) => valueAt(metadata, filter.key) === filter.value,
      );
      const hits = await store.search(collection, query, { limit: 3, filter: [filter] });
      const nearest = Math.min(
        ...meant.map(({ vector }) => compute(distance, first.vector, vector)),
      );
      assert.ok(isClose(hits[0]?.distance, nearest), `the nearest with ${filter.key}`);
      const ids = new Set(meant.map(({ id }) => id));
      for (const { id } of hits) assert.ok(ids.has(id), `${JSON.stringify(id)} does not fit`);
    }
  });
}

/** A text, an integer and a boolean that the metadata of several of the records has, where there are such. */
function matchesIn(records: readonly FixtureRecord[]): MetadataMatch[] {
  const found = new Map<string, MetadataMatch>();
  for (const { metadata } of records) {
    const parsed = metadata === null ? null : parseLossless(metadata);
    for (const [key, value] of Object.entries(parsed ?? {}))
      if (typeof value === "string" || typeof value === "bigint" || typeof value === "boolean")
        found.set(typeof value, found.get(typeof value) ?? { key, value });
  }
  return [...found.values()];
}

function valueAt(metadata: string | null, key: string): unknown {
  const parsed: unknown = metadata === null ? null : parseLossless(metadata);
  return Object.entries(parsed ?? {}).find(([name]) => name === key)?.[1];
}

/** Chroma's distances: l2 = Σ(a−b)², cosine = 1 − cos, ip = 1 − Σab. */
function compute(distance: Distance, a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  if (distance === "l2") return dot(a, a) + dot(b, b) - 2 * dot(a, b);
  if (distance === "ip") return 1 - dot(a, b);
  return 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
