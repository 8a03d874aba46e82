import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import type { SourceStore } from "../../../../src/store/port.ts";
import {
  fileList,
  type RecordedCollection,
  recordedAnswers,
  recordedVersions,
  sharedAnswers,
  sharedFolders,
  sharedVersions,
  unpack,
  unpackRecorded,
} from "../../../support/fixtures.ts";
import { canonicalMetadata, findCollection, readAll, ulps } from "./read-all.ts";

/** Compares every record with the server's answer; returns how many vectors were compared. */
async function compare(store: SourceStore, recorded: RecordedCollection): Promise<number> {
  const collection = await findCollection(store, recorded.name, recorded.tenant);
  const { ids, rows, failures, absent } = await readAll(store, collection);
  expect(absent).toEqual([]);
  expect([...ids].sort()).toEqual([...recorded.ids].sort());
  expect(await store.count(collection)).toBe(recorded.ids.length);
  const ulpsMax = collection.distance === "cosine" ? 2 : 0;
  const hasAll = recorded.embeddings.length === recorded.ids.length;
  let compared = 0;
  recorded.ids.forEach((id, at) => {
    const row = rows.get(id);
    const expected = hasAll ? recorded.embeddings[at] : null;
    if (row === undefined) {
      expect(expected ?? null).toBeNull();
      expect(failures.find((failure) => failure.id === id)?.reason).toBe("no-vector");
      return;
    }
    expect(row.document).toBe(recorded.documents[at]);
    expect(row.uri).toBe(recorded.uris[at] ?? null);
    expect(row.metadata).toBe(canonicalMetadata(recorded.metadatas[at] ?? null));
    const sent = recorded.sent?.get(id);
    const vector = row.vector ?? new Float32Array();
    if (sent)
      expect(worst(sent, vector)).toBeLessThanOrEqual(collection.distance === "cosine" ? 3 : 0);
    if (expected) expect(worst(expected, vector)).toBeLessThanOrEqual(ulpsMax);
    if (expected || sent) compared += 1;
  });
  return compared;
}

function worst(expected: readonly (number | null)[], actual: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const distances = expected.map((value, i) => {
    const found = actual[i] ?? Number.NaN;
    if (value === null) return Number.isFinite(found) ? Number.POSITIVE_INFINITY : 0;
    return ulps(Math.fround(value), found);
  });
  return Math.max(...distances);
}

describe.each(recordedVersions)("a folder that Chroma %s wrote", (version) => {
  it("gives every record as that server answered it", async () => {
    await using folder = await unpackRecorded(version);
    await using store = await openChromaFolder(folder.path);
    for (const recorded of recordedAnswers(version)) {
      const compared = await compare(store, recorded);
      const vectors = recorded.embeddings.filter((vector) => vector !== null).length;
      expect(compared).toBeGreaterThanOrEqual(vectors);
    }
  });

  it("lists its collections with their distance, dimension and count", async () => {
    await using folder = await unpackRecorded(version);
    await using store = await openChromaFolder(folder.path);
    const collections = await store.collections();
    const found = collections.map(({ tenant, database, name, dimension, distance, count }) =>
      [`${tenant}/${database}/${name}`, dimension, distance, count].join(" "),
    );
    const prefix = "default_tenant/default_database";
    const awkward = recordedAnswers(version).find(({ tenant }) => tenant !== "acme");
    const extra = version.startsWith("1.")
      ? [`${prefix}/configured 8 cosine 96`]
      : [`${prefix}/gaps 8 l2 3`];
    expect(found.sort()).toEqual(
      [
        "acme/prod/awkward 8 cosine 5",
        `${prefix}/angles 8 cosine 96`,
        `${prefix}/awkward 8 l2 ${awkward?.ids.length}`,
        `${prefix}/dots 8 ip 96`,
        `${prefix}/empty  l2 0`,
        `${prefix}/squares 8 l2 96`,
        ...extra,
      ].sort(),
    );
  });

  it("keeps a collection's metadata with integers, floats and booleans apart", async () => {
    await using folder = await unpackRecorded(version);
    await using store = await openChromaFolder(folder.path, { tenant: "default_tenant" });
    const { metadata } = await findCollection(store, "awkward");
    const bool = version === "0.4.24" ? "1" : "true";
    expect(canonicalMetadata(metadata)).toBe(`{"b":${bool},"f":2.0,"n":3,"owner":"x"}`);
  });

  it("is not changed by a byte or a file time", async () => {
    await using folder = await unpackRecorded(version);
    const before = fileList(folder.path);
    {
      await using store = await openChromaFolder(folder.path);
      for (const collection of await store.collections()) {
        await readAll(store, collection);
        const dimension = collection.dimension ?? 8;
        await store.search(collection, new Float32Array(dimension).fill(1), { limit: 3 });
        expect(fileList(folder.path)).toEqual(before);
      }
    }
    expect(fileList(folder.path)).toEqual(before);
  });
});

describe("records that need care", () => {
  it("names a record that never had a vector and gives its neighbours their own", async () => {
    for (const version of ["0.4.24", "0.5.23", "0.6.3"] as const) {
      await using folder = await unpackRecorded(version);
      await using store = await openChromaFolder(folder.path);
      const gaps = await findCollection(store, "gaps");
      const result = await store.read(gaps, ["before", "gap", "after"]);
      expect(result.batch.ids).toEqual(["before", "after"]);
      expect(result.failures.map(({ id, reason }) => [id, reason])).toEqual([["gap", "no-vector"]]);
      const without = await store.read(gaps, ["gap"], { vectors: false });
      expect(without.batch.payload.documents).toEqual(["no vector"]);
    }
  });

  it("answers absent keys and leaves vectors out where they are not asked for", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const keys = ["id-1", "id-5", "nobody", "id-1"];
    const { batch, absent, failures } = await store.read(collection, keys, { vectors: false });
    expect(batch.ids).toEqual(["id-1"]);
    expect(batch.vectors.size).toBe(0);
    expect(absent).toEqual(["id-5", "nobody"]);
    expect(failures).toEqual([]);
  });

  it("lists in the order of the first write, in chunks, up to a limit", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "squares");
    const chunks: string[][] = [];
    for await (const ids of store.ids(collection, { chunk: 4, limit: 10 })) chunks.push(ids);
    for await (const ids of store.ids(collection, { limit: 0 })) chunks.push(ids);
    expect(chunks.map((ids) => ids.length)).toEqual([4, 4, 2]);
    const expected = recordedAnswers("1.5.9").find(({ name }) => name === "squares")?.ids;
    expect(chunks.flat()).toEqual(expected?.slice(0, 10));
  });
});

describe("larger recorded folders", () => {
  const versions = sharedVersions();
  it.skipIf(versions.length === 0)(
    `${versions.length === 0 ? `skipped: ${sharedFolders} is not there: ` : ""}every record is as that server answered it`,
    async () => {
      let compared = 0;
      for (const version of versions) {
        await using folder = await unpack(join(sharedFolders, `${version}.tar.gz`));
        const unpacked = join(folder.path, version);
        await using store = await openChromaFolder(join(unpacked, "folder"));
        for (const recorded of sharedAnswers(unpacked)) compared += await compare(store, recorded);
      }
      expect(compared).toBeGreaterThan(30_000);
    },
    120_000,
  );
});
