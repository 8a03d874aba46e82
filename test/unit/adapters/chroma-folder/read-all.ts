import type { CollectionInfo } from "../../../../src/model/collection.ts";
import type { RecordFailure } from "../../../../src/model/record.ts";
import { denseVector } from "../../../../src/model/vector-column.ts";
import type { SourceStore } from "../../../../src/store/port.ts";
import { canonicalJson } from "../../../../src/util/canonical.ts";

export interface ReadRow {
  readonly id: string;
  readonly vector: Float32Array | undefined;
  readonly document: string | null;
  readonly uri: string | null;
  /** Canonical; null for none and for {}. */
  readonly metadata: string | null;
}

/** `{}` and none count as equal; numbers keep their type. */
export function canonicalMetadata(text: string | null): string | null {
  const canonical = text === null || text === "null" ? null : canonicalJson(text);
  return canonical === "{}" ? null : canonical;
}

export async function allIds(store: SourceStore, collection: CollectionInfo, chunk = 37) {
  const ids: string[] = [];
  for await (const part of store.ids(collection, { chunk })) ids.push(...part);
  return ids;
}

/** Every record, by id, read in batches. */
export async function readAll(store: SourceStore, collection: CollectionInfo, batchSize = 23) {
  const ids = await allIds(store, collection);
  const rows = new Map<string, ReadRow>();
  const failures: RecordFailure[] = [];
  const absent: string[] = [];
  for (let at = 0; at < ids.length; at += batchSize) {
    const result = await store.read(collection, ids.slice(at, at + batchSize));
    failures.push(...result.failures);
    absent.push(...result.absent);
    const { batch } = result;
    const column = denseVector(batch);
    batch.ids.forEach((id, row) => {
      rows.set(id, {
        id,
        vector: column?.data.slice(row * column.dimension, (row + 1) * column.dimension),
        document: batch.payload.documents[row] ?? null,
        uri: batch.payload.uris[row] ?? null,
        metadata: canonicalMetadata(batch.payload.metadata[row] ?? null),
      });
    });
  }
  return { ids, rows, failures, absent };
}

export async function findCollection(
  store: SourceStore,
  name: string,
  tenant = "default_tenant",
): Promise<CollectionInfo> {
  const found = (await store.collections()).find((c) => c.name === name && c.tenant === tenant);
  if (found === undefined) throw new Error(`no collection ${tenant}/${name}`);
  return found;
}

/** How many float32 values lie between two. */
export function ulps(a: number, b: number): number {
  const bits = new Int32Array(new Float32Array([a, b]).buffer);
  const order = (value: number) => (value < 0 ? -(value & 0x7fffffff) : value);
  return Math.abs(order(bits[0] ?? 0) - order(bits[1] ?? 0));
}
