/** What every target must do: what is written there comes back as it was, and nothing else is touched. */
import assert from "node:assert/strict";
import { layouts } from "../model/collection.ts";
import { digestBytes, digestPoints } from "../model/digest.ts";
import { releaseVectors } from "../model/vector-column.ts";
import type { PointDigests } from "../store/port.ts";
import type { TestKit } from "./kit.ts";
import {
  assertRejects,
  findCollection,
  scanAll,
  type TargetSuiteOptions,
  withBench,
} from "./target-bench.ts";
import {
  awkwardRecords,
  batchOf,
  otherRun,
  rowsOf,
  sourceNote,
  type TestRecord,
  testRun,
  testSpec,
  unitRecords,
} from "./target-records.ts";
import { searches } from "./target-search.ts";
import { vectorKinds } from "./target-vectors.ts";

/** Declares the tests. Every collection they make has a name of its own and is removed at the end. */
export function targetSuite(kit: TestKit, options: TargetSuiteOptions): void {
  kit.describe(`${options.name} as a target`, () => {
    roundTrips(kit, options);
    sums(kit, options);
    schemas(kit, options);
    removals(kit, options);
    vectorKinds(kit, options);
    searches(kit, options);
    refusals(kit, options);
  });
}

function plainRecords(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, row) => ({ id: `row ${row}`, vector: [row, 1, 0] }));
}

function roundTrips({ describe, it }: TestKit, options: TargetSuiteOptions): void {
  describe("round trip", () => {
    for (const layout of layouts) {
      it(`gives awkward records back bit for bit and type for type in layout ${layout}`, () =>
        withBench(options, testSpec({ layout }), async ({ store, info, write, rows }) => {
          await write(...awkwardRecords);
          const wanted = rowsOf(batchOf(awkwardRecords));
          assert.deepEqual(await rows(), wanted);
          const { points } = batchOf(awkwardRecords).placement;
          const { batch, absent, failures } = await store.read(await info(), points);
          assert.deepEqual(rowsOf(batch), wanted);
          assert.deepEqual([absent, failures], [[], []]);
        }));
    }

    for (const dimension of [3, 8, 384]) {
      it(`keeps unit vectors of ${dimension} dimensions under cosine as they were sent`, () => {
        const records = unitRecords(300, dimension);
        return withBench(options, testSpec({ dimension, distance: "cosine" }), async (bench) => {
          await bench.write(...records);
          assert.deepEqual(await bench.rows(), rowsOf(batchOf(records)));
        });
      });
    }

    it("scans every point once, in the order of points, in batches no larger than asked", () =>
      withBench(options, testSpec(), async ({ store, info, write }) => {
        const records = plainRecords(250);
        await write(...records);
        const batches = await scanAll(store, await info(), 40);
        assert.ok(batches.every(({ ids }) => ids.length <= 40));
        const points = batches.flatMap(({ placement }) => placement.points);
        assert.deepEqual(points, batchOf(records).placement.points.sort());
        const chunks: string[][] = [];
        for await (const chunk of store.ids(await info(), { chunk: 100 })) chunks.push(chunk);
        assert.deepEqual(chunks.flat(), points);
      }));

    it("reads without vectors, and names what is absent", () =>
      withBench(options, testSpec(), async ({ store, info, write }) => {
        await write(...plainRecords(2));
        const absent = "11111111-1111-5111-8111-111111111111";
        const { points } = batchOf(plainRecords(2)).placement;
        const found = await store.read(await info(), [...points, absent], { vectors: false });
        assert.deepEqual(found.batch.vectors.size, 0);
        assert.deepEqual(found.batch.placement.points.sort(), points.sort());
        assert.deepEqual(found.absent, [absent]);
      }));

    it("writes the same twice without a trace, and another record over it", () =>
      withBench(options, testSpec(), async ({ store, info, write, rows }) => {
        await write(...awkwardRecords);
        await write(...awkwardRecords);
        assert.deepEqual(await rows(), rowsOf(batchOf(awkwardRecords)));
        const changed = { id: "lists", vector: [9, 9, 9], document: null, metadata: '{"b":1}' };
        await write(changed);
        const rest = awkwardRecords.filter(({ id }) => id !== changed.id);
        assert.deepEqual(await rows(), rowsOf(batchOf([...rest, changed])));
        assert.deepEqual(await store.count(await info()), awkwardRecords.length);
      }));

    it("keeps no part of a batch that it has acknowledged: its memory is the caller's again", () =>
      withBench(options, testSpec(), async ({ store, spec, rows }) => {
        const batch = batchOf(awkwardRecords);
        await store.write(spec, batch);
        releaseVectors(batch);
        assert.deepEqual(await rows(), rowsOf(batchOf(awkwardRecords)));
      }));

    if (!options.keeps) return;
    it("has everything when it is opened again", async () => {
      const spec = testSpec();
      {
        await using store = await options.open();
        await store.ensure(spec);
        await store.write(spec, batchOf(awkwardRecords));
      }
      await using store = await options.open();
      const info = await findCollection(store, spec.name);
      const found = rowsOf(...(await scanAll(store, info)));
      await store.remove(info, { everything: true });
      assert.deepEqual(found, rowsOf(batchOf(awkwardRecords)));
    });
  });
}

function sums({ it }: TestKit, options: TargetSuiteOptions): void {
  for (const layout of layouts) {
    it(`sums every point up once, in the order of points, as it stands in layout ${layout}`, () =>
      withBench(options, testSpec({ layout }), async ({ store, info, write }) => {
        if (store.digests === undefined) return;
        const records = [...plainRecords(300), ...awkwardRecords];
        await write(...records);
        const scanned: unknown[] = [];
        for (const batch of await scanAll(store, await info())) {
          const { points, runs, collections } = batch.placement;
          scanned.push(...digestRows({ points, runs, collections, digests: digestPoints(batch) }));
        }
        const sorted = batchOf(records).placement.points.sort();
        const [from = "", to = ""] = [sorted[150], sorted[250]];
        const all: unknown[] = [];
        for await (const page of store.digests(await info())) all.push(...digestRows(page));
        assert.deepEqual(all, scanned);
        assert.equal(all.length, records.length);
        const rest: unknown[] = [];
        for await (const page of store.digests(await info(), { from }))
          rest.push(...digestRows(page));
        assert.deepEqual(rest, scanned.slice(150));
        const between: unknown[] = [];
        for await (const page of store.digests(await info(), { from, to }))
          between.push(...digestRows(page));
        assert.deepEqual(between, scanned.slice(150, 251));
      }));
  }
}

function digestRows({ points, runs, collections, digests }: PointDigests): unknown[] {
  return points.map((point, row) => {
    const digest = digests.subarray(row * digestBytes, (row + 1) * digestBytes);
    return [point, runs[row], collections[row], Buffer.from(digest).toString("hex")];
  });
}

function schemas({ describe, it }: TestKit, options: TargetSuiteOptions): void {
  describe("ensure", () => {
    it("makes a collection once, as it was asked for", () =>
      withBench(options, testSpec({ distance: "ip" }), async ({ store, spec, info }) => {
        assert.deepEqual(await store.ensure(spec), { created: false });
        const { key, dimension, distance, count, status } = await info();
        assert.deepEqual([key, dimension, distance, count], [spec.name, 3, "ip", 0]);
        assert.deepEqual(typeof status, "string");
      }));

    it("takes every setting of graph, quantization, storage and indexes", () =>
      withBench(
        options,
        testSpec({
          tenanted: true,
          indexes: [
            { key: "metadata.a", type: "integer" },
            { key: "metadata.b", type: "keyword" },
          ],
          hnsw: { efConstruct: 64, fullScanThreshold: 10_000, maxIndexingThreads: 1 },
          onDisk: true,
          shards: 1,
          replicas: 1,
          quantization: { kind: "scalar", quantile: 0.99, alwaysRam: true },
        }),
        async ({ write, rows }) => {
          await write(...awkwardRecords);
          assert.deepEqual(await rows(), rowsOf(batchOf(awkwardRecords)));
        },
      ));

    for (const quantization of [
      { kind: "product", compression: "x16", alwaysRam: false },
      { kind: "binary", bits: "two_bits", alwaysRam: true },
      { kind: "turbo", bits: "bits4" },
    ] as const) {
      it(`takes ${quantization.kind} quantization`, () =>
        withBench(options, testSpec({ dimension: 16, quantization }), async ({ store, spec }) => {
          assert.deepEqual(await store.ensure(spec), { created: false });
        }));
    }

    it("refuses a collection of another dimension, distance, layout or id rule, and leaves it", () =>
      withBench(options, testSpec(), async ({ store, spec, info }) => {
        const before = await info();
        for (const [change, words] of [
          [{ dimension: 4 }, { found: 3, wanted: 4 }],
          [{ distance: "cosine" }, { found: "Euclid", wanted: "Cosine" }],
          [{ layout: "flat" }, { found: "vecferry", wanted: "flat" }],
          [{ tenanted: true }, { found: "plain", wanted: "tenanted" }],
        ] as const) {
          await assertRejects(store.ensure({ ...spec, ...change }), "E_SCHEMA_CONFLICT", words);
        }
        assert.deepEqual(await info(), before);
      }));

    it("keeps the notes of earlier sources and replaces those of the same run and key", () =>
      withBench(options, testSpec(), async ({ store, spec, info }) => {
        const other = sourceNote("b", otherRun);
        await store.ensure({ ...spec, sources: [other] });
        const changed = { ...sourceNote("a", testRun), name: "renamed" };
        await store.ensure({ ...spec, sources: [changed] });
        if (!store.capabilities.notes) return;
        assert.deepEqual(JSON.parse((await info()).note ?? "null"), {
          format: 1,
          layout: "vecferry",
          tenanted: false,
          sources: [other, changed],
        });
      }));

    it("refuses names that no collection can have, before anything is made", async () => {
      await using store = await options.open();
      const { name: stem } = testSpec();
      const names = ["/b", ":b", "\0", "x".repeat(256)].map((end) => stem + end);
      for (const name of ["", "..", ...names])
        await assertRejects(store.ensure(testSpec({ name })), "E_NAME");
      // On a server others come and go meanwhile.
      const made = (await store.collections()).map(({ name }) => name);
      assert.deepEqual(
        made.filter((name) => name.startsWith(stem) || ["", "..", "."].includes(name)),
        [],
      );
    });
  });
}

function removals({ describe, it }: TestKit, options: TargetSuiteOptions): void {
  const ours = [
    { id: "a1", vector: [1, 0, 0], collection: "a" },
    { id: "a2", vector: [2, 0, 0], collection: "a" },
    { id: "b1", vector: [3, 0, 0], collection: "b" },
  ];
  const theirs = [
    { id: "c1", vector: [4, 0, 0], collection: "a", run: otherRun },
    { id: "d1", vector: [5, 0, 0], run: null },
  ];

  describe("remove", () => {
    it("takes the named points away and no other", () =>
      withBench(options, testSpec(), async ({ store, info, write, rows }) => {
        await write(...ours, ...theirs);
        const { points } = batchOf([...ours.slice(0, 1), ...theirs.slice(0, 1)]).placement;
        await store.remove(await info(), { points });
        assert.deepEqual(await rows(), rowsOf(batchOf([...ours.slice(1), ...theirs.slice(1)])));
        await store.remove(await info(), { points });
        assert.deepEqual(await store.count(await info()), 3);
      }));

    it("takes a run's points of one source collection away, then all of the run", () =>
      withBench(options, testSpec(), async ({ store, info, write, rows }) => {
        await write(...ours, ...theirs);
        await store.remove(await info(), { run: testRun, collection: "a" });
        assert.deepEqual(await rows(), rowsOf(batchOf([...ours.slice(2), ...theirs])));
        await store.remove(await info(), { run: testRun });
        assert.deepEqual(await rows(), rowsOf(batchOf(theirs)));
      }));

    it("takes a whole collection away and leaves its neighbour", () =>
      withBench(options, testSpec(), async ({ store, write, rows }) => {
        await write(...ours);
        const neighbour = testSpec();
        await store.ensure(neighbour);
        const collection = await findCollection(store, neighbour.name);
        await store.remove(collection, { everything: true });
        await assertRejects(store.count(collection), "E_COLLECTION_NOT_FOUND");
        assert.deepEqual(await rows(), rowsOf(batchOf(ours)));
      }));
  });
}

function refusals({ describe, it }: TestKit, options: TargetSuiteOptions): void {
  describe("refusals", () => {
    it("names the collections that exist when one is misspelt, and makes none", () =>
      withBench(options, testSpec(), async ({ store, spec, info }) => {
        const misspelt = { ...(await info()), name: `${spec.name}x`, key: `${spec.name}x` };
        const named = { collection: misspelt.name };
        await assertRejects(store.count(misspelt), "E_COLLECTION_NOT_FOUND", named);
        await assertRejects(scanAll(store, misspelt), "E_COLLECTION_NOT_FOUND", named);
        await assertRejects(store.read(misspelt, ["1"]), "E_COLLECTION_NOT_FOUND", named);
        const elsewhere = { ...spec, name: misspelt.name };
        const batch = batchOf([{ id: "a", vector: [1, 2, 3] }]);
        await assertRejects(store.write(elsewhere, batch), "E_COLLECTION_NOT_FOUND", named);
        const names = (await store.collections()).map(({ name }) => name);
        assert.ok(!names.includes(misspelt.name));
      }));

    it("refuses a batch of another dimension for good and writes none of it", () =>
      withBench(options, testSpec(), async ({ store, spec, info }) => {
        const batch = batchOf([{ id: "a", vector: [1, 2] }]);
        await assertRejects(store.write(spec, batch), "E_REJECTED");
        assert.deepEqual(await store.count(await info()), 0);
      }));

    it("stops when its signal aborts", () =>
      withBench(options, testSpec(), async ({ store, spec, info }) => {
        const signal = AbortSignal.abort();
        const batch = batchOf(plainRecords(1));
        await assertRejects(store.write(spec, batch, { signal }), "E_ABORTED");
        await assertRejects(store.count(await info(), { signal }), "E_ABORTED");
        assert.deepEqual(await store.count(await info()), 0);
      }));

    it("is closed once it is disposed of, and twice is harmless", async () => {
      const store = await options.open();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await assertRejects(store.collections(), "E_CLOSED");
    });
  });
}
