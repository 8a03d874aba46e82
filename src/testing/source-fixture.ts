/** What a source is said to hold while it is tested. */
import assert from "node:assert/strict";
import type { CollectionInfo } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import type { SourceStore } from "../store/port.ts";

export interface FixtureRecord {
  readonly id: string;
  /** Its components as float32 values. */
  readonly vector: readonly number[];
  readonly document: string | null;
  readonly uri: string | null;
  /** JSON text of an object; null = none. */
  readonly metadata: string | null;
}

/** What a collection of the store holds: records that can be read, all of them. */
export interface FixtureCollection {
  readonly name: string;
  readonly distance: Distance;
  /** null = nothing was ever written. */
  readonly dimension: number | null;
  readonly records: readonly FixtureRecord[];
  /** A filter in Chroma's words, and the ids that it chooses. */
  readonly where?: { readonly filter: object; readonly ids: readonly string[] };
}

export interface SourceSuiteOptions {
  /** Name of the store. */
  readonly name: string;
  /** Opens the store anew; it is asked once a test. */
  open(): Promise<SourceStore>;
  /** Everything in the scope of the store. */
  collections(): readonly FixtureCollection[];
}

/** Runs a check on every collection that the store is said to hold. */
export async function eachCollection(
  store: SourceStore,
  options: SourceSuiteOptions,
  run: (info: CollectionInfo, fixture: FixtureCollection) => Promise<void>,
): Promise<void> {
  const infos = await store.collections();
  for (const fixture of options.collections()) {
    const info = infos.find(({ name }) => name === fixture.name);
    assert.ok(info, `the store lists ${fixture.name}`);
    await run(info, fixture);
  }
}
