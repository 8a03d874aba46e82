/** What every store of records must do: what is written there comes back as it was, or is named before it is sent. */
import assert from "node:assert/strict";
import { distances } from "../model/distance.ts";
import type { FailureReason } from "../model/record.ts";
import { denseVector } from "../model/vector-column.ts";
import { floatText } from "../util/json.ts";
import { seededRandom } from "../util/seeded-random.ts";
import type { TestKit } from "./kit.ts";
import {
  assertCode,
  batchOfRecords,
  type RecordTargetSuiteOptions,
  record,
  recordSpec,
  rowsOfRecords,
  withRecords,
} from "./record-target-bench.ts";
import type { FixtureRecord } from "./source-fixture.ts";

/** Declares the tests. Every collection they make has a name of its own and is removed at the end. */
export function recordTargetSuite(
  kit: Pick<TestKit, "describe" | "it">,
  options: RecordTargetSuiteOptions,
): void {
  kit.describe(`${options.name} as a target of records`, () => {
    collections(kit, options);
    writing(kit, options);
    overwriting(kit, options);
    refusals(kit, options);
    removals(kit, options);
  });
}

type Kit = Pick<TestKit, "describe" | "it">;

function collections({ it }: Kit, options: RecordTargetSuiteOptions): void {
  for (const distance of distances) {
    it(`makes a collection of ${distance} with its metadata, and finds it again`, () =>
      withRecords(options, recordSpec({ distance }), async ({ store, spec, collection, write }) => {
        assert.deepEqual([collection.name, collection.dimension], [spec.name, 3]);
        await write(record("a"));
        const { created, collection: found } = await store.ensure(spec);
        assert.equal(created, false);
        const { key, dimension, metadata } = found;
        assert.deepEqual([key, dimension, found.distance], [collection.key, 3, distance]);
        const kept: unknown = JSON.parse(metadata ?? "null");
        const said: unknown = JSON.parse(spec.metadata ?? "null");
        assert.deepEqual(kept, { ...Object(kept), ...Object(said) });
      }));
  }

  it("leaves a collection of another distance or dimension as it is", () =>
    withRecords(options, recordSpec(), async ({ store, spec, write, rows }) => {
      await write(record("a"));
      for (const other of [{ distance: "cosine" } as const, { dimension: 4 }])
        await assertCode(store.ensure({ ...spec, ...other }), "E_SCHEMA_CONFLICT");
      assert.deepEqual(await rows(), rowsOfRecords(batchOfRecords([record("a")])));
    }));

  it("refuses names that it cannot have, and makes nothing", async () => {
    await using store = await options.open();
    const before = (await store.collections()).map(({ name }) => name);
    for (const name of ["", "ab", "a..b", "_ab", "a b", "192.168.0.1", "x".repeat(513)]) {
      assert.throws(() => store.assertName(name), { code: "E_NAME" }, name);
      await assertCode(store.ensure(recordSpec({ name })), "E_NAME");
    }
    store.assertName("a.b-c_D9");
    assert.deepEqual(
      (await store.collections()).map(({ name }) => name),
      before,
    );
  });
}

function writing({ it }: Kit, options: RecordTargetSuiteOptions): void {
  it("gives every record back that it does not name, bit for bit and type for type", () =>
    withRecords(options, recordSpec(), async ({ store, collection, write, rows }) => {
      const records = [...awkward, ...withFloats(400)];
      const failures = await store.faults(collection, batchOfRecords(records));
      const named = new Set(failures.map(({ id }) => id));
      const held = records.filter(({ id }) => !named.has(id));
      for (const { id } of plain) assert.ok(!named.has(id), `${id} can be held anywhere`);
      await write(...held);
      assert.deepEqual(await rows(), rowsOfRecords(batchOfRecords(held)));
      await write(...held);
      assert.equal(await store.count(collection), held.length);
    }));

  it("keeps the nearest of each float that it cannot hold, where that is asked for", () =>
    withRecords(options, recordSpec(), async ({ store, collection, rows }) => {
      const batch = batchOfRecords([
        ...withFloats(200),
        record("minus zero", { metadata: '{"a":-0.0,"b":7,"c":"-0.0"}' }),
      ]);
      const nearest = store.nearest(batch);
      assert.deepEqual(await store.faults(collection, nearest), []);
      await store.write(collection, nearest);
      assert.deepEqual(await rows(), rowsOfRecords(nearest));
      batch.ids.forEach((id, row) => {
        const [one, other] = [batch, nearest].map(({ payload }) =>
          JSON.parse(payload.metadata[row] ?? "{}"),
        );
        const apart = Object.keys(one).map(
          (key) => Math.abs(one[key] - other[key]) / Math.abs(one[key] || 1),
        );
        assert.ok(
          apart.every((part) => Number.isNaN(part) || part < 1e-14),
          id,
        );
      });
    }));

  it("keeps vectors under cosine to within what it allows itself", () =>
    withRecords(options, recordSpec({ distance: "cosine" }), async (bench) => {
      const random = seededRandom(7);
      const records = Array.from({ length: 100 }, (_, row) =>
        record(`r${row}`, { vector: Array.from({ length: 3 }, () => random() * 20 - 10) }),
      );
      await bench.write(...records);
      const ids = records.map(({ id }) => id);
      const { batch } = await bench.store.read(bench.collection, ids);
      const wanted = new Map(records.map(({ id, vector }) => [id, vector]));
      const column = denseVector(batch);
      assert.ok(column !== undefined);
      batch.ids.forEach((id, row) => {
        wanted.get(id)?.forEach((component, at) => {
          const found = column.data[row * 3 + at] ?? Number.NaN;
          const apart = Math.abs(found - Math.fround(component));
          const ulp = 2 ** (Math.floor(Math.log2(Math.abs(component))) - 23);
          assert.ok(apart <= bench.store.capabilities.vectorUlps * ulp, `${id} ${at}`);
        });
      });
    }));
}

function overwriting({ it }: Kit, options: RecordTargetSuiteOptions): void {
  it("leaves nothing of what stood under an id", () =>
    withRecords(options, recordSpec(), async ({ write, rows }) => {
      const full = { document: "old", uri: "s3://old", metadata: '{"a":1,"b":"x"}' };
      const before = ["a", "b", "c", "d"].map((id) => record(id, full));
      const after = [
        record("a", { metadata: '{"b":2.0}' }),
        record("b", { document: null, uri: "s3://new" }),
        record("c", { document: null, uri: null, vector: [3, 2, 1] }),
        record("d", { ...full, document: "", metadata: '{"__proto__":1}' }),
      ];
      await write(...before);
      await write(...after);
      assert.deepEqual(await rows(), rowsOfRecords(batchOfRecords(after)));
    }));

  it("keeps the last of two rows with one id", () =>
    withRecords(options, recordSpec(), async ({ write, rows }) => {
      const last = record("a", { document: null, vector: [7, 8, 9] });
      await write(record("a", { metadata: '{"a":1}' }), record("b"), last);
      assert.deepEqual(await rows(), rowsOfRecords(batchOfRecords([last, record("b")])));
    }));

  it("takes more records than a request", () =>
    withRecords(options, recordSpec(), async ({ store, collection, write }) => {
      await write(...Array.from({ length: 2500 }, (_, row) => record(`row ${row}`)));
      assert.equal(await store.count(collection), 2500);
      await write();
    }));
}

function refusals({ it }: Kit, options: RecordTargetSuiteOptions): void {
  it("names each record that it cannot hold, and then writes none of the batch", () =>
    withRecords(options, recordSpec(), async ({ store, collection, write, rows }) => {
      const records = [record("held"), ...unheld.map(([one]) => one)];
      const wanted = unheld.map(([{ id }, reason]) => [id, reason]);
      const failures = await store.faults(collection, batchOfRecords(records));
      assert.deepEqual(
        failures.map(({ id, reason }) => [id, reason]),
        wanted,
      );
      assert.ok(failures.every(({ detail }) => /^[A-Z].*\.$/s.test(detail)));
      const error = await assertCode(write(...records), "E_REJECTED");
      assert.deepEqual(error.details["failures"], failures);
      assert.deepEqual(await rows(), []);
    }));

  it("names vectors of another dimension", () =>
    withRecords(options, recordSpec(), async ({ store, collection }) => {
      const batch = batchOfRecords([record("a", { vector: [1, 2] })]);
      const [failure] = await store.faults(collection, batch);
      assert.equal(failure?.reason, "wrong-dimension");
    }));
}

function removals({ it }: Kit, options: RecordTargetSuiteOptions): void {
  it("takes records away, and whole collections, and nothing where there is none", () =>
    withRecords(options, recordSpec(), async ({ store, spec, collection, write, rows }) => {
      await write(record("a"), record("b"), record("c"));
      await store.remove(collection, ["a", "c", "never was"]);
      assert.deepEqual(await rows(), rowsOfRecords(batchOfRecords([record("b")])));
      await store.drop(spec.name);
      await store.drop(spec.name);
      await assertCode(
        store.write(collection, batchOfRecords([record("a")])),
        "E_COLLECTION_NOT_FOUND",
      );
      const again = await store.ensure(spec);
      assert.equal(again.created, true);
      assert.equal(await store.count(again.collection), 0);
    }));

  it("ends with E_ABORTED after an abort, and refuses every call once it is closed", async () => {
    const store = await options.open();
    const spec = recordSpec();
    const { collection } = await store.ensure(spec);
    const signal = AbortSignal.abort();
    const batch = batchOfRecords([record("a")]);
    await assertCode(store.write(collection, batch, { signal }), "E_ABORTED");
    await store.drop(spec.name);
    await store[Symbol.asyncDispose]();
    await assertCode(store.write(collection, batch), "E_CLOSED");
    await assertCode(store.remove(collection, ["a"]), "E_CLOSED");
    await assertCode(store.ensure(spec), "E_CLOSED");
    await assertCode(store.drop(spec.name), "E_CLOSED");
  });
}

const subnormal = 2 ** -149;
const largest = (2 - 2 ** -23) * 2 ** 127;

/** What every store of records holds. */
const plain: readonly FixtureRecord[] = [
  record("integers", {
    metadata:
      '{"min":-9223372036854775808,"max":9223372036854775807,"odd":9007199254740993,"two":2}',
  }),
  record("floats", { metadata: '{"two":2.0,"tiny":5e-324,"half":0.5,"small":1e-7}' }),
  record("minus zero", { vector: [-0, 0, -0] }),
  record("subnormal", { vector: [subnormal, -subnormal, 2 ** -130] }),
  record("strings", {
    metadata:
      '{"empty":"","a.b":"dot","a/b~c":"slash","[]":"brackets","__proto__":"x","quote\\"":"\\\\ \\u2028"}',
    document: "",
    uri: "",
  }),
  record("flags", { metadata: '{"yes":true,"no":false}' }),
  record("nul \0 and \u001f", { metadata: '{"nul":"a\\u0000b"}', document: "a\0b" }),
  record("nothing", { document: null }),
  record("empty object", { metadata: "{}" }),
  record("uri alone", { document: null, uri: "file:///ä b.png" }),
  record("00000000-0000-0000-0000-00000000000A"),
  record("日本語 עברית 🦀", { document: "日本語 \u2028 🦀" }),
];

/** And what some hold, and others name. */
const awkward: readonly FixtureRecord[] = [
  ...plain,
  record(""),
  record("largest", { vector: [largest, -largest, 1] }),
  record("lists", {
    metadata: '{"ints":[1,2],"floats":[1.0,0.1],"strings":["",""],"bools":[true,false]}',
  }),
  record("empty key", { metadata: '{"":1}' }),
  record("odd keys", { metadata: '{"#a":1,"$b":2}' }),
  record("x".repeat(1000), { document: "y".repeat(100_000) }),
  record("many keys", {
    metadata: `{${Array.from({ length: 60 }, (_, at) => `"key ${at}":${at}`).join(",")}}`,
  }),
];

/** Floats as programs compute them: most need 16 or 17 digits. The same ones every time. */
function withFloats(count: number): FixtureRecord[] {
  const random = seededRandom(20_261_122);
  return Array.from({ length: count }, (_, row) => {
    const value = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
    return record(`float ${row}`, {
      metadata: `{"alone":${floatText(value)},"time":${floatText(1.7e9 + random() * 1e8)}}`,
    });
  });
}

/** What none holds. */
const unheld: readonly (readonly [FixtureRecord, FailureReason])[] = [
  [record("no vector", { vector: [] }), "no-vector"],
  [record("infinite", { vector: [1, Number.POSITIVE_INFINITY, 0] }), "not-finite"],
  [record("NaN", { vector: [Number.NaN, 1, 0] }), "not-finite"],
  [record("null value", { metadata: '{"a":null}' }), "rejected"],
  [record("nested", { metadata: '{"a":{"b":1}}' }), "rejected"],
  [record("empty list", { metadata: '{"a":[]}' }), "rejected"],
  [record("mixed list", { metadata: '{"a":[1,"b"]}' }), "rejected"],
  [record("list of lists", { metadata: '{"a":[[1]]}' }), "rejected"],
  [record("65 bits", { metadata: '{"a":9223372036854775808}' }), "rejected"],
  [record("infinite value", { metadata: '{"a":1e400}' }), "rejected"],
  [record("minus zero value", { metadata: '{"a":-0.0}' }), "rejected"],
  [record("reserved", { metadata: '{"chroma:document":"a"}' }), "reserved-key"],
  [record("no JSON", { metadata: "[1]" }), "metadata-not-json"],
  [record("half \ud800"), "id-refused"],
  [record("half a document", { document: "\udc00" }), "rejected"],
  [record("half a uri", { uri: "\ud800x" }), "rejected"],
  [record("half a value", { metadata: '{"a":"\\ud800"}' }), "rejected"],
  [record("half a key", { metadata: '{"\\udc00":1}' }), "rejected"],
];
