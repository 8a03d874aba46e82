/** A collection of records to test on, made for one test and removed after it, and what may be written there. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type ErrorCode, VectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import { defaultVector, type RecordBatch } from "../model/record.ts";
import { denseVector } from "../model/vector-column.ts";
import type { RecordCollectionSpec, RecordTarget } from "../store/record-target.ts";
import { canonicalJson } from "../util/canonical.ts";
import type { FixtureRecord } from "./source-fixture.ts";

export interface RecordTargetSuiteOptions {
  /** How the store is called in the names of tests. */
  readonly name: string;
  /** Opens the store. It is the same one every time. */
  readonly open: () => Promise<RecordTarget>;
}

export interface RecordBench {
  readonly store: RecordTarget;
  readonly spec: RecordCollectionSpec;
  readonly collection: CollectionInfo;
  write(...records: readonly FixtureRecord[]): Promise<void>;
  /** Everything in the collection, as `rowsOfRecords` gives it. */
  rows(): Promise<object[]>;
}

/** A collection of a name that nobody has. */
export function recordSpec(changes: Partial<RecordCollectionSpec> = {}): RecordCollectionSpec {
  return {
    name: `suite-${randomBytes(6).toString("hex")}`,
    distance: "l2",
    dimension: 3,
    metadata: '{"float":2.5,"mark":"ours","number":7}',
    configuration: null,
    ...changes,
  };
}

export async function withRecords(
  { open }: RecordTargetSuiteOptions,
  spec: RecordCollectionSpec,
  use: (bench: RecordBench) => Promise<void>,
): Promise<void> {
  await using store = await open();
  const { collection } = await store.ensure(spec);
  try {
    await use({
      store,
      spec,
      collection,
      write: (...records) => store.write(collection, batchOfRecords(records)),
      rows: async () => {
        const ids: string[] = [];
        for await (const some of store.ids(collection)) ids.push(...some);
        const { batch, absent, failures } = await store.read(collection, ids);
        assert.deepEqual([absent, failures], [[], []]);
        return rowsOfRecords(batch);
      },
    });
  } finally {
    await store.drop(spec.name);
  }
}

/** Fails unless `call` fails with `code`; the error. */
export async function assertCode(call: Promise<unknown>, code: ErrorCode): Promise<VectorError> {
  let caught: VectorError | undefined;
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof VectorError);
    assert.equal(error.code, code);
    caught = error;
    return true;
  });
  assert.ok(caught);
  return caught;
}

export function record(id: string, changes: Partial<FixtureRecord> = {}): FixtureRecord {
  return { id, vector: [1, 2, 3], document: "text", uri: null, metadata: null, ...changes };
}

/** An empty vector stands for none. */
export function batchOfRecords(records: readonly FixtureRecord[]): RecordBatch {
  const dimension = Math.max(0, ...records.map(({ vector }) => vector.length));
  const data = new Float32Array(records.length * dimension);
  records.forEach(({ vector }, row) => {
    data.set(vector, row * dimension);
  });
  const present = Uint8Array.from(records, ({ vector }) => (vector.length === 0 ? 0 : 1));
  return {
    ids: records.map(({ id }) => id),
    vectors: new Map([
      [
        defaultVector,
        { kind: "dense", dimension, data, present: present.includes(0) ? present : null },
      ],
    ]),
    payload: {
      documents: records.map(({ document }) => document),
      uris: records.map(({ uri }) => uri),
      metadata: records.map(({ metadata }) => metadata),
    },
  };
}

/** The rows as plain data, by id: vectors as hex digits of their bits, metadata in its canonical text. */
export function rowsOfRecords(batch: RecordBatch): object[] {
  const column = denseVector(batch);
  const { documents, metadata, uris } = batch.payload;
  const rows = batch.ids.map((id, row) => ({
    id,
    vector: column === undefined ? null : bitsOf(column.data, row, column.dimension),
    document: documents[row],
    uri: uris[row],
    metadata: canonicalJson(metadata[row] ?? "{}"),
  }));
  return rows.sort((one, other) => (one.id < other.id ? -1 : 1));
}

function bitsOf(data: Float32Array, row: number, dimension: number): string {
  const vector = data.slice(row * dimension, (row + 1) * dimension);
  return Buffer.from(vector.buffer).toString("hex");
}
