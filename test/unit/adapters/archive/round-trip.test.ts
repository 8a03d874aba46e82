import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  openArchive,
  openRecordArchive,
  writeArchive,
} from "../../../../src/adapters/archive/index.ts";
import { KeyIndex } from "../../../../src/adapters/archive/key-index.ts";
import { archiveBounds } from "../../../../src/adapters/archive/row-buffer.ts";
import type { PointBatch, RecordBatch } from "../../../../src/model/record.ts";
import { denseVector } from "../../../../src/model/vector-column.ts";
import type { ArchiveReader } from "../../../../src/store/archive.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../../../support/archive-scene.ts";
import { temporaryFolder } from "../../../support/fixtures.ts";

async function archive(
  folder: string,
  batches: readonly (RecordBatch | PointBatch)[],
  { dimension = 3 as number | null, bounds = smallBounds } = {},
): Promise<ArchiveReader> {
  const path = join(folder, "archive");
  await using writer = await writeArchive(path, { source: archiveSource }, bounds);
  const rows = batches.some((batch) => "placement" in batch) ? "points" : "records";
  const collection = await writer.collection({ rows, info: archiveInfo("docs", dimension) });
  for (const batch of batches) await collection.append(batch);
  await collection.finish();
  await writer.finish();
  return openArchive(path);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function only(store: ArchiveReader) {
  const [info] = await store.collections();
  if (info === undefined) throw new Error("no collection");
  return info;
}

async function allOf(store: ArchiveReader, options = {}): Promise<(RecordBatch | PointBatch)[]> {
  return collect(store.batches(await only(store), options));
}

function wordsOf(batch: RecordBatch): number[] {
  const data = denseVector(batch)?.data ?? new Float32Array(0);
  return [...new Uint32Array(data.buffer, data.byteOffset, data.length)];
}

describe("an archive", () => {
  it("gives back every bit of a vector: NaN's own, −0, infinities, the smallest numbers", async () => {
    await using folder = await temporaryFolder();
    const words = [0x7fa12345, 0xffc00001, 0x7fc00000, 0x80000000, 0x7f800000, 0xff800000, 1, 0, 3];
    const batch = archiveBatch(archiveRecords(3), 3);
    denseVector(batch)?.data.set(new Float32Array(Uint32Array.from(words).buffer));
    await using store = await archive(folder.path, [batch]);
    const [whole] = await allOf(store);
    expect(wordsOf(whole ?? batch)).toEqual(words);
    const read = await store.read(await only(store), ["record 2", "record 0"]);
    expect(read.batch.ids).toEqual(["record 0", "record 2"]);
    expect(wordsOf(read.batch)).toEqual([...words.slice(0, 3), ...words.slice(6)]);
  });

  it("keeps texts apart that look alike: empty and none, a mark of byte order, NUL, numbers as they were written", async () => {
    await using folder = await temporaryFolder();
    const texts = ["", null, "\ufeff", "\ufeffx", "nul\0", "🚢", "x".repeat(1_000_000), "\r\n"];
    const records = texts.map((text, at) => ({
      id: text ?? "no text",
      vector: [at, 0, 1],
      document: text,
      uri: text,
      metadata: ['{"a":2}', '{"a":2.0}', null, "{}", '{"a":9007199254740993}'][at % 5] ?? null,
    }));
    await using store = await archive(folder.path, [archiveBatch(records, 3)]);
    const ids = (await collect(store.ids(await only(store)))).flat();
    expect(ids).toEqual(records.map(({ id }) => id));
    const { batch } = await store.read(await only(store), ids.toReversed());
    expect(batch).toEqual({ ...archiveBatch(records, 3) });
  });

  it("answers reads that follow the file, jump, ask twice or for others as they ask, and tells the size of its records", async () => {
    await using folder = await temporaryFolder();
    const records = archiveRecords(60);
    await using store = await archive(folder.path, [archiveBatch(records, 3)]);
    const info = await only(store);
    const asked = [[0, 1, 2], [3, 4], [5, 5, 6], [8, 9, 7], [10, 11, 30, 12], [13, 14, 99], [15]];
    for (const vectors of [true, false])
      for (const places of [...asked, [...records.keys()].slice(16), [58, 59], [0]]) {
        const keys = places.map((place) => `record ${place}`);
        const { batch, absent } = await store.read(info, keys, { vectors });
        const there = [...new Set(places)].filter((place) => place < 60).sort((a, b) => a - b);
        const wanted = archiveBatch(
          there.flatMap((place) => records.slice(place, place + 1)),
          3,
        );
        expect(batch).toEqual(vectors ? wanted : { ...wanted, vectors: new Map() });
        expect(absent).toEqual(keys.filter((key) => key === "record 99"));
      }
    const bytes = JSON.stringify(
      records.map(({ id, document, uri, metadata }) => [id, document, uri, metadata]),
    );
    expect(await store.recordBytes?.(info)).toBeGreaterThan(bytes.length / 60 / 2);
    expect(await store.recordBytes?.(info)).toBeLessThan((bytes.length / 60) * 4);
  });

  it("leaves every batch as it was read while the groups behind it are read, whatever their size", async () => {
    await using folder = await temporaryFolder();
    const records = archiveRecords(200).map(({ vector, ...record }, at) => ({
      ...record,
      vector: at % 60 > 40 && at % 3 === 0 ? null : vector,
    }));
    await using store = await archive(folder.path, [archiveBatch(records, 3)]);
    const info = await only(store);
    const read: [start: number, RecordBatch][] = [];
    for (const from of [0, 90, 0])
      for (let start = from; start < 200; start += 3) {
        const keys = records.slice(start, start + 3).map(({ id }) => id);
        read.push([start, (await store.read(info, keys)).batch]);
      }
    for (const [start, batch] of read)
      expect(wordsOf(batch)).toEqual(wordsOf(archiveBatch(records.slice(start, start + 3), 3)));
  });

  it("has a null where a record has no vector, in every row group", async () => {
    await using folder = await temporaryFolder();
    const records = archiveRecords(30).map((record, at) => ({
      ...record,
      vector: at % 3 === 0 ? null : record.vector,
    }));
    await using store = await archive(folder.path, [archiveBatch(records, 3)]);
    const [first] = store.manifest.collections;
    expect([first?.info.count, first?.missingVectors]).toEqual([30, 10]);
    const read = await store.read(
      await only(store),
      records.map(({ id }) => id),
    );
    expect(read.batch).toEqual(archiveBatch(records, 3));
    const hits = await store.search(await only(store), Float32Array.of(0, 0.5, 0), { limit: 2 });
    expect(hits.map(({ id }) => id)).toEqual(["record 1", "record 2"]);
  });

  it("has records whose collection never had a vector", async () => {
    await using folder = await temporaryFolder();
    const batch = { ...archiveBatch(archiveRecords(20), 3), vectors: new Map() };
    await using store = await archive(folder.path, [batch], { dimension: null });
    const read = await store.read(await only(store), batch.ids);
    expect(read.batch).toEqual(batch);
    expect(store.manifest.collections[0]?.missingVectors).toBe(20);
  });

  it("gives back points with their places", async () => {
    await using folder = await temporaryFolder();
    const batch: PointBatch = {
      ...archiveBatch(archiveRecords(2), 3),
      ids: ["same", "same"],
      placement: {
        points: ["17", "c0ffee00-0000-4000-8000-000000000001"],
        tenants: ["acme", null],
        norms: Float64Array.of(0.1, Number.NaN),
        runs: ["0123456789abcdef", null],
        collections: [null, "docs"],
        rest: [null, '{"own":1.0}'],
      },
    };
    await using store = await archive(folder.path, [batch]);
    expect(await allOf(store)).toEqual([batch]);
    const info = await only(store);
    const ids = (await collect(store.ids(info))).flat();
    expect(ids).toEqual(batch.placement.points);
    expect((await store.read(info, ids)).batch).toEqual(batch);
    const hits = await store.search(info, Float32Array.of(0, 0, 0), { limit: 2, tenant: "acme" });
    expect(hits).toEqual([{ id: "same", distance: 0.25, document: "document 0" }]);
    await store[Symbol.asyncDispose]();
    await expect(openRecordArchive(join(folder.path, "archive"))).rejects.toMatchObject({
      code: "E_NOT_SUPPORTED",
      next: expect.stringContaining("vecferry restore"),
    });
  });

  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  it(`gives any keys in any order, and names those it does not have (seed ${seed})`, async () => {
    await using folder = await temporaryFolder();
    const next = seededRandom(seed);
    const records = archiveRecords(200);
    const batches = Array.from({ length: 20 }, (_, at) =>
      archiveBatch(records.slice(at * 10, at * 10 + 10), 3),
    );
    await using store = await archive(folder.path, batches);
    const info = await only(store);
    for (let round = 0; round < 40; round += 1) {
      const start = Math.floor(next() * 200);
      const some = records.filter((_, at) =>
        round % 2 === 0 ? at >= start && at < start + 30 : next() < 0.1,
      );
      const keys = [...some.map(({ id }) => id), `gone ${round}`].sort(() => next() - 0.5);
      const vectors = next() < 0.5;
      const { batch, absent } = await store.read(info, keys, { vectors });
      const expected = archiveBatch(some, 3);
      expect(batch).toEqual(
        vectors && some.length > 0 ? expected : { ...expected, vectors: new Map() },
      );
      expect(absent).toEqual([`gone ${round}`]);
    }
  });

  it("makes an index for keys that jump again and again, and none for a sample and then all of them in order", async () => {
    await using folder = await temporaryFolder();
    const records = archiveRecords(200);
    await using store = await archive(folder.path, [archiveBatch(records, 3)]);
    const info = await only(store);
    const ids = records.map(({ id }) => id);
    const indexed = vi.spyOn(KeyIndex.prototype, "add");
    const read = async (keys: string[]) => (await store.read(info, keys)).batch.ids;
    try {
      const sample = ids.filter((_, at) => at % 10 === 0);
      expect(await read(sample)).toEqual(sample);
      for (let at = 0; at < 200; at += 16)
        expect(await read(ids.slice(at, at + 16))).toEqual(ids.slice(at, at + 16));
      expect(indexed).not.toHaveBeenCalled();
      for (const at of [20, 150, 3, 90]) expect(await read([ids[at] ?? ""])).toEqual([ids[at]]);
      expect(indexed).toHaveBeenCalled();
    } finally {
      indexed.mockRestore();
    }
  });

  it("gives its rows in batches of any size, behind any row", async () => {
    await using folder = await temporaryFolder();
    await using store = await archive(folder.path, [archiveBatch(archiveRecords(50), 3)]);
    for (const [batchSize, skip] of [
      [1, 48],
      [3, 0],
      [100, 13],
      [100, 50],
    ] as const) {
      const batches = await allOf(store, { batchSize, skip });
      expect(batches.flatMap(({ ids }) => ids)).toEqual(
        archiveRecords(50 - skip, skip).map(({ id }) => id),
      );
      expect(Math.max(0, ...batches.map(({ ids }) => ids.length))).toBeLessThanOrEqual(batchSize);
    }
  });

  it("puts collections into folders that no file system takes for one", async () => {
    await using folder = await temporaryFolder();
    const names = ["Docs", "docs", "ドキュメント", "../../etc", "CON", "a".repeat(400)];
    const path = join(folder.path, "deep", "archive");
    await using writer = await writeArchive(path, { source: archiveSource });
    for (const name of names) {
      const collection = await writer.collection({ rows: "records", info: archiveInfo(name, 3) });
      await collection.append(archiveBatch(archiveRecords(1), 3));
      await collection.finish();
    }
    await writer.finish();
    const folders = readdirSync(path).filter((name) => name !== "manifest.json");
    expect(folders.sort()).toEqual([
      "0001-docs",
      "0002-docs",
      "0003",
      "0004-etc",
      "0005-con",
      `0006-${"a".repeat(40)}`,
    ]);
    await using store = await openArchive(path);
    expect((await store.collections()).map(({ name }) => name)).toEqual(names.toSorted());
  });
});

describe("what an archive cannot hold whole", () => {
  it("is refused by name, and what comes after it is taken", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    await using writer = await writeArchive(path, { source: archiveSource }, archiveBounds);
    const collection = await writer.collection({ rows: "records", info: archiveInfo("docs", 3) });
    const [record] = archiveRecords(1);
    if (record === undefined) throw new Error("no record");
    const half = archiveBatch([...archiveRecords(2), { ...record, document: "\ud83d" }], 3);
    await expect(collection.append(half)).rejects.toMatchObject({
      code: "E_INPUT",
      message: expect.stringContaining('document of record "record 0"'),
    });
    const other = archiveBatch([{ ...record, vector: [1, 2] }], 2);
    await expect(collection.append(other)).rejects.toMatchObject({ code: "E_INPUT" });
    await collection.append(archiveBatch(archiveRecords(2), 3));
    expect(collection.rows).toBe(2);
    expect((await collection.finish({ failed: 2 })).info.count).toBe(2);
    expect((await writer.finish()).collections[0]?.failed).toBe(2);
  });
});
