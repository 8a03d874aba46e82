/** A collection to test on, made for one test and removed after it. */
import assert from "node:assert/strict";
import { type ErrorCode, VectorError } from "../errors.ts";
import type { CollectionInfo, CollectionSpec } from "../model/collection.ts";
import type { PointBatch } from "../model/record.ts";
import type { TargetStore } from "../store/port.ts";
import { batchOf, rowsOf, type TestRecord } from "./target-records.ts";

export interface TargetSuiteOptions {
  /** How the store is called in the names of tests. */
  readonly name: string;
  /** Opens the store. A store that keeps its data is the same one every time. */
  readonly open: () => Promise<TargetStore>;
  /** Whether what was written is there when it is opened again. */
  readonly keeps: boolean;
  /** "plain": a collection has one dense vector without a name; "all": it may have any. Default "plain": others must be refused. */
  readonly vectors?: "plain" | "all";
}

export interface Bench {
  readonly store: TargetStore;
  readonly spec: CollectionSpec;
  /** The collection as it stands now. */
  info(): Promise<CollectionInfo>;
  write(...records: readonly TestRecord[]): Promise<void>;
  /** Everything in the collection, as `rowsOf` gives it. */
  rows(): Promise<object[]>;
}

export async function withBench(
  { open }: TargetSuiteOptions,
  spec: CollectionSpec,
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  await using store = await open();
  const info = async (): Promise<CollectionInfo> => findCollection(store, spec.name);
  await store.ensure(spec);
  try {
    await use({
      store,
      spec,
      info,
      write: (...records) => store.write(spec, batchOf(records)),
      rows: async () => rowsOf(...(await scanAll(store, await info()))),
    });
  } finally {
    await store.remove(await info(), { everything: true });
  }
}

export async function findCollection(store: TargetStore, name: string): Promise<CollectionInfo> {
  const found = (await store.collections()).find((collection) => collection.name === name);
  if (found === undefined) throw new Error(`no collection ${name}`);
  return found;
}

export async function scanAll(
  store: TargetStore,
  collection: CollectionInfo,
  batchSize?: number,
): Promise<PointBatch[]> {
  const batches: PointBatch[] = [];
  const options = batchSize === undefined ? {} : { batchSize };
  for await (const batch of store.scan(collection, options)) batches.push(batch);
  return batches;
}

/** Fails unless `call` fails with `code`, and with these facts among its details. */
export async function assertRejects(
  call: Promise<unknown>,
  code: ErrorCode,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof VectorError);
    assert.equal(error.code, code);
    for (const [key, value] of Object.entries(facts)) assert.deepEqual(error.details[key], value);
    return true;
  });
}
