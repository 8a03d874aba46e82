/** What a target must do with vectors of every kind: named, sparse, several for a point; or refuse them before it makes anything. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { CollectionInfo, CollectionSpec, VectorShape } from "../model/collection.ts";
import { digestPoints } from "../model/digest.ts";
import { parseJson } from "../util/json.ts";
import type { TestKit } from "./kit.ts";
import {
  assertRejects,
  findCollection,
  scanAll,
  type TargetSuiteOptions,
  withBench,
} from "./target-bench.ts";
import { testSpec } from "./target-records.ts";
import {
  everyPoint,
  everySetting,
  everyShape,
  plainPoints,
  type TestPoint,
  testUuid,
  vectorBatch,
} from "./vector-points.ts";

/** Which vectors a collection may have; the first are those that have a name, as most such collections have them. */
const kinds: Readonly<Record<string, readonly VectorShape[]>> = {
  "vectors with names alone": everyShape.filter(({ name }) => name !== ""),
  "a vector without a name and others beside it": everyShape,
  "sparse vectors alone": everyShape.filter(({ kind }) => kind === "sparse"),
  "several vectors for a point, without a name": [
    { name: "", kind: "multi", dimension: 2, distance: "Dot" },
  ],
};

function specOf(vectors: readonly VectorShape[]): CollectionSpec {
  return testSpec({ dimension: 0, sources: [], vectors });
}

export function vectorKinds(kit: TestKit, options: TargetSuiteOptions): void {
  kit.describe("vectors of every kind", () => {
    if (options.vectors === "all") {
      roundTrips(kit, options);
      rewrites(kit, options);
      fitting(kit, options);
      descriptions(kit, options);
    } else refusals(kit, options);
  });
}

function roundTrips({ it }: TestKit, options: TargetSuiteOptions): void {
  for (const [what, shapes] of Object.entries(kinds)) {
    it(`come back bit for bit: ${what}`, () =>
      withBench(options, specOf(shapes), async ({ store, spec, info }) => {
        const points = what.startsWith("several") ? everyPoint.map(alone) : everyPoint;
        const batch = vectorBatch(points, shapes);
        await store.write(spec, batch);
        const there = await info();
        assert.deepEqual(there.vectors, shapes);
        assert.deepEqual(plainPoints(...(await scanAll(store, there))), plainPoints(batch));
        const read = await store.read(there, [...batch.ids].reverse());
        assert.deepEqual(plainPoints(read.batch), plainPoints(batch));
        assert.deepEqual(digestsOf(read.batch), digestsOf(batch));
        const { batch: bare } = await store.read(there, batch.ids, { vectors: false });
        assert.deepEqual(bare.vectors.size, 0);
      }));
  }

  it("come back in batches as they are asked for, each point once", () =>
    withBench(options, specOf(everyShape), async ({ store, spec, info }) => {
      const many = Array.from({ length: 200 }, (_, row) => ({
        ...(everyPoint[row % everyPoint.length] ?? { vectors: {} }),
        point: String(row),
      }));
      const batch = vectorBatch(many, everyShape);
      await store.write(spec, batch);
      const batches = await scanAll(store, await info(), 30);
      assert.ok(batches.length > 6);
      assert.deepEqual(plainPoints(...batches), plainPoints(batch));
    }));
}

/** The point with its several vectors as those without a name. */
function alone({ vectors: { late }, ...one }: TestPoint): TestPoint {
  return { ...one, vectors: late === undefined ? {} : { "": late } };
}

function digestsOf(batch: ReturnType<typeof vectorBatch>): object {
  const digests = Buffer.from(digestPoints(batch));
  return Object.fromEntries(
    batch.ids.map((id, row) => [id, digests.toString("hex", row * 16, row * 16 + 16)]),
  );
}

function rewrites({ it }: TestKit, options: TargetSuiteOptions): void {
  it("are all another point's when one is written over: none of the old ones stays", () =>
    withBench(options, specOf(everyShape), async ({ store, spec, info }) => {
      await store.write(spec, vectorBatch(everyPoint, everyShape));
      const changed = [
        { point: "7", vectors: { words: { sparse: [[1, 1]] as [number, number][] } } },
        { point: testUuid(3), vectors: { late: { multi: [[5, 6]] } } },
        { point: testUuid(1), vectors: {} },
      ];
      await store.write(spec, vectorBatch(changed, everyShape));
      const rest = everyPoint.filter(({ point }) => changed.every((one) => one.point !== point));
      assert.deepEqual(
        plainPoints(...(await scanAll(store, await info()))),
        plainPoints(vectorBatch([...rest, ...changed], everyShape)),
      );
    }));

  it("under cosine stay as they were sent, where that is of unit length", () => {
    const shapes: VectorShape[] = [
      { name: "one", kind: "dense", dimension: 2, distance: "Cosine" },
      { name: "some", kind: "multi", dimension: 2, distance: "Cosine" },
    ];
    const unit = [0.6, 0.8].map(Math.fround);
    const points = [
      { point: "1", vectors: { one: { dense: unit }, some: { multi: [unit, unit] } } },
    ];
    return withBench(options, specOf(shapes), async ({ store, spec, info }) => {
      await store.write(spec, vectorBatch(points, shapes));
      assert.deepEqual(
        plainPoints(...(await scanAll(store, await info()))),
        plainPoints(vectorBatch(points, shapes)),
      );
    });
  });
}

function fitting({ it }: TestKit, options: TargetSuiteOptions): void {
  it("fit a collection that has them, and no other", () =>
    withBench(options, specOf(everyShape), async ({ store, spec }) => {
      assert.deepEqual(await store.ensure(spec), { created: false });
      const changes: Partial<VectorShape>[] = [
        { name: "image é", dimension: 4 },
        { name: "image é", distance: "Cosine" },
        { name: "image é", kind: "multi" },
        { name: "words", kind: "dense", dimension: 2, distance: "Dot" },
      ];
      for (const change of changes) {
        const vectors = everyShape.map((one) =>
          one.name === change.name ? { ...one, ...change } : one,
        );
        await assertRejects(store.ensure({ ...spec, vectors }), "E_SCHEMA_CONFLICT", {
          collection: spec.name,
        });
      }
      const more = { name: "more", kind: "sparse", dimension: null, distance: null } as const;
      const vectors = [...everyShape, more];
      await assertRejects(store.ensure({ ...spec, vectors }), "E_SCHEMA_CONFLICT");
    }));
}

function descriptions({ it }: TestKit, options: TargetSuiteOptions): void {
  it("are made with their settings, indexes, strict mode and metadata as they were described", () =>
    withBench(options, { ...specOf(everyShape), described: everySetting }, async (bench) => {
      const { store, spec, info } = bench;
      const one = await info();
      const { configuration, schema } = one;
      assertSaid(parseJson(everySetting.configuration), parseJson(configuration ?? ""));
      const described = { configuration: configuration ?? "", schema: schema ?? "" };
      const name = `${spec.name}-again`;
      await store.ensure({ ...spec, name, described });
      const other = await findCollection(store, name);
      try {
        assert.deepEqual(settingsOf(other), settingsOf(one));
        assert.deepEqual(other.vectors, one.vectors);
        await store.write({ ...spec, name }, vectorBatch(everyPoint, everyShape));
        assert.deepEqual(await store.count(other), everyPoint.length);
      } finally {
        await store.remove(other, { everything: true });
      }
    }));

  it("keep their index back while it is asked for, and get what was described at the end", () =>
    withBench(options, specOf(everyShape), async ({ store, spec }) => {
      const held = { ...spec, name: `${spec.name}-held`, described: everySetting };
      await store.ensure(held, { holdIndexing: true });
      try {
        assert.deepEqual(thresholdOf(await findCollection(store, held.name)), 0);
        await store.ensure(held, { holdIndexing: true });
        assert.deepEqual(thresholdOf(await findCollection(store, held.name)), 0);
        await store.ensure(held);
        assert.deepEqual(thresholdOf(await findCollection(store, held.name)), 12_345);
      } finally {
        await store.remove(await findCollection(store, held.name), { everything: true });
      }
    }));

  it("are found under the names that are to lead to them, and no other collection loses its own", () =>
    withBench(options, specOf(everyShape), async ({ store, spec, info }) => {
      const suffix = randomBytes(4).toString("hex");
      const aliases = [`b-${suffix}`, `a-${suffix}`];
      await store.ensure(spec, { aliases });
      await store.ensure(spec, { aliases });
      assert.deepEqual((await info()).aliases, [...aliases].sort());
      const neighbour = { ...spec, name: `${spec.name}-neighbour` };
      await store.ensure(neighbour);
      try {
        for (const alias of [aliases[0] ?? "", spec.name]) {
          const refused = store.ensure(neighbour, { aliases: [`c-${suffix}`, alias] });
          await assertRejects(refused, "E_SCHEMA_CONFLICT", { alias });
        }
        assert.deepEqual((await findCollection(store, neighbour.name)).aliases, undefined);
        assert.deepEqual((await info()).aliases, [...aliases].sort());
      } finally {
        await store.remove(await findCollection(store, neighbour.name), { everything: true });
      }
    }));
}

/** Everything that was described is said of the collection, with more beside it. */
function assertSaid(wanted: unknown, found: unknown, path = ""): void {
  if (typeof wanted !== "object" || wanted === null) assert.deepEqual(found, wanted, path);
  else
    for (const [key, value] of Object.entries(wanted))
      assertSaid(value, Object(found)[key], `${path}/${key}`);
}

function settingsOf({ configuration, schema }: CollectionInfo): unknown {
  const fields = Object.entries(Object(parseJson(schema ?? "")));
  const indexes = fields.map(([key, value]) => [key, { ...Object(value), points: 0 }]);
  return [parseJson(configuration ?? ""), Object.fromEntries(indexes)];
}

function thresholdOf({ configuration }: CollectionInfo): unknown {
  return Object(Object(parseJson(configuration ?? "")).optimizer_config).indexing_threshold;
}

function refusals({ it }: TestKit, options: TargetSuiteOptions): void {
  it("are refused, and no collection is made", async () => {
    await using store = await options.open();
    for (const shapes of Object.values(kinds)) {
      const spec = specOf(shapes);
      await assertRejects(store.ensure(spec), "E_NOT_SUPPORTED", { collection: spec.name });
      assert.ok((await store.collections()).every(({ name }) => name !== spec.name));
    }
  });
}
