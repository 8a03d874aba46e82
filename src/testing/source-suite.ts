/**
 * What every source must do, as a suite that runs under any test runner with `describe` and `it`.
 * Whoever writes a store fills it with records of their choice and tells the suite what is in it.
 */
import assert from "node:assert/strict";
import { isVectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import type { RecordBatch } from "../model/record.ts";
import { denseVector, releaseVectors } from "../model/vector-column.ts";
import type { SourceStore } from "../store/port.ts";
import { canonicalJson } from "../util/canonical.ts";
import type { TestKit } from "./kit.ts";
import { eachCollection, type FixtureRecord, type SourceSuiteOptions } from "./source-fixture.ts";
import { checkSearch, checkSearchOptions } from "./source-search.ts";

type Check = (store: SourceStore, options: SourceSuiteOptions) => Promise<void>;

const checks: Readonly<Record<string, Check>> = {
  "lists each collection once, with its dimension and its true distance, ordered by name":
    checkCollections,
  "counts the records": checkCount,
  "lists every id once, in chunks of any size": checkIds,
  "lists as many ids as limit says": checkLimit,
  "lists the ids that a where chooses": checkWhere,
  "numbers the writes to each listed record, or none": checkVersions,
  "reads every record as it was written": checkRecords,
  "puts every asked key into exactly one of batch, absent and failures": checkAbsent,
  "reads without vectors": checkWithoutVectors,
  "gives each read vectors of its own": checkOwnVectors,
  "finds the nearest records, nearest first": checkSearch,
  "searches among records with a value of the metadata, with documents or without":
    checkSearchOptions,
  "names a collection that does not exist, and makes none": checkMisspelt,
  "ends with E_ABORTED soon after an abort": checkAbort,
};

/** Declares the suite. */
export function sourceSuite(
  kit: Pick<TestKit, "describe" | "it">,
  options: SourceSuiteOptions,
): void {
  kit.describe(`${options.name} as a source`, () => {
    for (const [name, check] of Object.entries(checks)) {
      kit.it(name, async () => {
        await using store = await options.open();
        await check(store, options);
      });
    }
    kit.it("refuses every call with E_CLOSED once it is closed", () => checkClosed(options));
  });
}

async function checkCollections(
  store: SourceStore,
  { collections }: SourceSuiteOptions,
): Promise<void> {
  const seen = await store.collections();
  const shown = seen.map(({ name, dimension, distance }) => ({ name, dimension, distance }));
  const expected = collections().map(({ name, dimension, distance }) => ({
    name,
    dimension,
    distance,
  }));
  assert.deepEqual(
    shown,
    expected.sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  assert.equal(new Set(seen.map(({ key }) => key)).size, seen.length, "keys differ");
}

async function checkCount(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    assert.equal(await store.count(collection), records.length);
  });
}

async function checkIds(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    const expected = records.map(({ id }) => id).sort();
    for (const chunk of [undefined, 7, 1000]) {
      const ids: string[] = [];
      for await (const some of store.ids(collection, chunk === undefined ? {} : { chunk })) {
        assert.ok(
          some.length > 0 && some.length <= (chunk ?? Number.POSITIVE_INFINITY),
          "size of a chunk",
        );
        ids.push(...some);
      }
      assert.deepEqual(ids.sort(), expected);
    }
  });
}

async function checkLimit(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    const all = records.length;
    for (const [limit, chunk] of [
      [0, 3],
      [1, 3],
      [5, 3],
      [Math.max(1, all - 1), 1000],
    ] as const) {
      const ids = await collect(store.ids(collection, { limit, chunk }));
      assert.equal(new Set(ids).size, Math.min(limit, all));
      assert.equal(ids.length, Math.min(limit, all));
    }
  });
}

async function checkWhere(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  if (!store.capabilities.where) return;
  await eachCollection(store, options, async (collection, { where }) => {
    if (where === undefined) return;
    const ids = await collect(store.ids(collection, { where: where.filter }));
    assert.deepEqual(ids.sort(), [...where.ids].sort());
  });
}

async function checkVersions(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection) => {
    const list = async (chunk: number, limit: number): Promise<Map<string, number>> => {
      const told: number[][] = [];
      const onVersions = (versions: readonly number[]) => told.push([...versions]);
      const found = new Map<string, number>();
      for await (const ids of store.ids(collection, { chunk, limit, onVersions })) {
        const versions = told.shift();
        if (versions === undefined) continue;
        assert.equal(versions.length, ids.length, "one number for each id, before its chunk");
        ids.forEach((id, row) => {
          found.set(id, versions[row] ?? Number.NaN);
        });
      }
      assert.deepEqual(told, [], "numbers without a chunk");
      return found;
    };
    const all = await list(1000, Number.MAX_SAFE_INTEGER);
    assert.ok([...all.values()].every(Number.isSafeInteger), "whole numbers");
    const first = [...all].slice(0, 5);
    assert.deepEqual([...(await list(3, 5))], first, "the same numbers in other chunks");
  });
}

async function checkRecords(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records, dimension, distance }) => {
    const { batch, absent, failures } = await store.read(
      collection,
      records.map(({ id }) => id),
    );
    assert.deepEqual({ absent, failures }, { absent: [], failures: [] });
    assertColumns(batch);
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const [row, id] of batch.ids.entries()) {
      const record = byId.get(id);
      assert.ok(record, `${JSON.stringify(id)} was written`);
      assertPayload(batch, row, record);
      const vector = denseVector(batch);
      assert.equal(vector?.dimension, dimension);
      const ulps = distance === "cosine" ? store.capabilities.vectorUlps : 0;
      const start = row * record.vector.length;
      const far = ulpsApart(
        vector?.data.subarray(start, start + record.vector.length),
        record.vector,
      );
      assert.ok(
        far <= ulps,
        `the vector of ${JSON.stringify(id)} is ${far} ulps from what was written`,
      );
      byId.delete(id);
    }
    assert.deepEqual([...byId.keys()], [], "records that were not read");
  });
}

async function checkAbsent(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    const some = records.slice(0, 5).map(({ id }) => id);
    const asked = ["no such id", ...some, "nor this", ...some];
    const { batch, absent, failures } = await store.read(collection, asked);
    assert.deepEqual(batch.ids.toSorted(), some.toSorted());
    assert.deepEqual(absent.toSorted(), ["no such id", "nor this"]);
    assert.deepEqual(failures, []);
    const nothing = await store.read(collection, []);
    assert.deepEqual([nothing.batch.ids, nothing.absent, nothing.failures], [[], [], []]);
  });
}

/** Neither what was read beside them nor what is read later is theirs. */
async function checkOwnVectors(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    const ids = records.map(({ id }) => id);
    const middle = ids.length >> 1;
    const read = async (keys: readonly string[]) => (await store.read(collection, keys)).batch;
    const [one, other] = await Promise.all([read(ids.slice(0, middle)), read(ids.slice(middle))]);
    const whole = await read(ids);
    const wanted = rowsOf(other, whole);
    releaseVectors(one);
    assert.deepEqual(rowsOf(other, whole), wanted);
    releaseVectors(other);
    assert.deepEqual(rowsOf(await read(ids.slice(middle)), await read(ids)), wanted);
  });
}

/** Ids with their vectors' bits. */
function rowsOf(...batches: readonly RecordBatch[]): unknown[] {
  return batches.map((batch) => {
    const { data = new Float32Array(0), dimension = 0 } = denseVector(batch) ?? {};
    const bits = batch.ids.map((id, row) => [
      id,
      Buffer.from(data.slice(row * dimension, (row + 1) * dimension).buffer).toString("hex"),
    ]);
    return bits.toSorted();
  });
}

async function checkWithoutVectors(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  await eachCollection(store, options, async (collection, { records }) => {
    const some = records.slice(0, 20);
    const { batch } = await store.read(
      collection,
      some.map(({ id }) => id),
      { vectors: false },
    );
    assert.equal(batch.vectors.size, 0);
    assert.equal(batch.ids.length, some.length);
    assertColumns(batch);
    for (const record of some) assertPayload(batch, batch.ids.indexOf(record.id), record);
  });
}

async function checkMisspelt(store: SourceStore): Promise<void> {
  const before = await store.collections();
  const [some] = before;
  assert.ok(some, "the store has a collection");
  const misspelt: CollectionInfo = {
    ...some,
    key: "00000000-0000-4000-8000-000000000000",
    name: "misspelt",
  };
  await rejects(() => store.count(misspelt), "E_COLLECTION_NOT_FOUND");
  await rejects(() => store.read(misspelt, ["a"]), "E_COLLECTION_NOT_FOUND");
  await rejects(() => collect(store.ids(misspelt)), "E_COLLECTION_NOT_FOUND");
  await rejects(
    () => store.search(misspelt, new Float32Array(some.dimension ?? 1), { limit: 1 }),
    "E_COLLECTION_NOT_FOUND",
  );
  assert.deepEqual(await store.collections(), before);
}

/** The longest a call may go on after its abort. */
const abortMs = 2000;

async function checkAbort(store: SourceStore, options: SourceSuiteOptions): Promise<void> {
  const signal = AbortSignal.abort(new Error("enough"));
  await rejects(() => store.collections({ signal }), "E_ABORTED");
  await eachCollection(store, options, async (collection, { records }) => {
    await rejects(() => store.count(collection, { signal }), "E_ABORTED");
    await rejects(() => collect(store.ids(collection, { signal })), "E_ABORTED");
    if (records.length === 0) return;
    const keys = records.map(({ id }) => id);
    await rejects(() => store.read(collection, keys, { signal }), "E_ABORTED");
    const late = new AbortController();
    const start = performance.now();
    const running = store.read(collection, keys, { signal: late.signal }).then(
      () => "done",
      (error: unknown) => error,
    );
    late.abort();
    const end = await running;
    assert.ok(end === "done" || isVectorError(end, "E_ABORTED"), String(end));
    assert.ok(performance.now() - start < abortMs, "ends soon");
  });
}

async function checkClosed(options: SourceSuiteOptions): Promise<void> {
  const store = await options.open();
  const infos = await store.collections();
  const info = infos.find(({ dimension }) => dimension !== null);
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rejects(() => store.collections(), "E_CLOSED");
  if (info === undefined) return;
  await rejects(() => store.count(info), "E_CLOSED");
  await rejects(() => collect(store.ids(info)), "E_CLOSED");
  await rejects(() => store.read(info, ["a"]), "E_CLOSED");
  await rejects(
    () => store.search(info, new Float32Array(info.dimension ?? 1), { limit: 1 }),
    "E_CLOSED",
  );
}

async function collect(chunks: AsyncIterable<string[]>): Promise<string[]> {
  const all: string[] = [];
  for await (const some of chunks) all.push(...some);
  return all;
}

async function rejects(
  call: () => Promise<unknown>,
  code: "E_CLOSED" | "E_ABORTED" | "E_COLLECTION_NOT_FOUND",
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(isVectorError(error, code), `${String(error)} is no ${code}`);
    return true;
  });
}

function assertColumns(batch: RecordBatch): void {
  const { documents, uris, metadata } = batch.payload;
  const rows = batch.ids.length;
  assert.deepEqual([documents.length, uris.length, metadata.length], [rows, rows, rows]);
  for (const vector of batch.vectors.values()) {
    assert.equal(vector.kind, "dense");
    if (vector.kind === "dense") assert.equal(vector.data.length, rows * vector.dimension);
    if (vector.present !== null) assert.equal(vector.present.length, rows);
  }
}

function assertPayload(batch: RecordBatch, row: number, record: FixtureRecord): void {
  const { documents, uris, metadata } = batch.payload;
  const expected = {
    document: record.document,
    uri: record.uri,
    metadata: canonicalJson(record.metadata ?? "{}"),
  };
  const seen = {
    document: documents[row],
    uri: uris[row],
    metadata: canonicalJson(metadata[row] ?? "{}"),
  };
  assert.deepEqual(seen, expected, `payload of ${JSON.stringify(record.id)}`);
}

/** The largest number of float32 steps between components of equal place. */
function ulpsApart(seen: Float32Array | undefined, written: readonly number[]): number {
  if (seen?.length !== written.length) return Number.POSITIVE_INFINITY;
  const steps = (values: ArrayLike<number>): Int32Array =>
    new Int32Array(Float32Array.from(values).buffer).map((bits) =>
      bits < 0 ? -2147483648 - bits : bits,
    );
  const [a, b] = [steps(seen), steps(written)];
  return a.reduce((most, step, at) => Math.max(most, Math.abs(step - (b[at] ?? 0))), 0);
}
