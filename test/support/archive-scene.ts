/** Archives made of records at hand. */
import { join } from "node:path";
import { writeArchive } from "../../src/adapters/archive/index.ts";
import { archiveBounds, type Bounds } from "../../src/adapters/archive/row-buffer.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { defaultVector, type RecordBatch } from "../../src/model/record.ts";
import type { ArchiveManifest } from "../../src/store/archive.ts";
import type { StoreIdentity } from "../../src/store/port.ts";
import type { FixtureCollection, FixtureRecord } from "../../src/testing/index.ts";

/** So small that a few rows make several row groups and parts. */
export const smallBounds: Bounds = { ...archiveBounds, groupRows: 7, partBytes: 2_000 };

export const archiveSource: StoreIdentity = {
  kind: "chroma",
  address: "http://127.0.0.1:8000",
  tenant: "default_tenant",
  database: "default_database",
  version: "1.5.9",
};

export function archiveInfo(
  name: string,
  dimension: number | null,
  info: Partial<CollectionInfo> = {},
): CollectionInfo {
  return {
    key: `key of ${name}`,
    name,
    tenant: "default_tenant",
    database: "default_database",
    dimension,
    distance: "l2",
    distanceFrom: "configuration",
    count: null,
    metadata: null,
    configuration: null,
    schema: null,
    status: null,
    note: null,
    ...info,
  };
}

/** A batch of records; `vector` null = it has none. */
export function archiveBatch(
  records: readonly (Omit<FixtureRecord, "vector"> & { vector: readonly number[] | null })[],
  dimension: number,
): RecordBatch {
  const data = new Float32Array(records.length * dimension);
  records.forEach(({ vector }, row) => {
    if (vector !== null) data.set(vector, row * dimension);
  });
  const present = Uint8Array.from(records, ({ vector }) => (vector === null ? 0 : 1));
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

/** `count` records of three dimensions, with everything that records have. */
export function archiveRecords(count: number, start = 0): FixtureRecord[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `record ${start + at}`,
    vector: [start + at, 0.5, -(start + at)],
    document: `document ${start + at}`,
    uri: null,
    metadata: `{"at":${start + at}}`,
  }));
}

/** Writes the collections into a new archive below `folder`. */
export async function makeArchive(
  folder: string,
  collections: readonly FixtureCollection[],
  bounds: Bounds = archiveBounds,
): Promise<{ path: string; manifest: ArchiveManifest }> {
  const path = join(folder, "archive");
  await using writer = await writeArchive(path, { source: archiveSource }, bounds);
  for (const { name, dimension, distance, records } of collections) {
    const info = archiveInfo(name, dimension, { distance });
    const collection = await writer.collection({ rows: "records", info });
    for (let at = 0; at < records.length; at += 10)
      await collection.append(archiveBatch(records.slice(at, at + 10), dimension ?? 0));
    await collection.finish();
  }
  return { path, manifest: await writer.finish() };
}
