/** Points with vectors of every kind in an archive. */
import fc from "fast-check";
import { ByteWriter } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { openArchive, writeArchive } from "../../../../src/adapters/archive/index.ts";
import {
  readMulti,
  readSparse,
  writeNested,
} from "../../../../src/adapters/archive/nested-column.ts";
import type { VectorShape } from "../../../../src/model/collection.ts";
import { digestPoints } from "../../../../src/model/digest.ts";
import type { MultiColumn, PointBatch, SparseColumn } from "../../../../src/model/record.ts";
import { pickRows } from "../../../../src/model/rows.ts";
import { archiveInfo, archiveSource, smallBounds } from "../../../support/archive-scene.ts";
import { temporaryFolder } from "../../../support/fixtures.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const runs = { seed, numRuns: 200 };

/** A row: how many items its vector has; null = it has none. */
const rowsOf = (max: number) =>
  fc.array(fc.option(fc.integer({ min: 0, max }), { freq: 4 }), { maxLength: 40 });

function offsetsOf(rows: readonly (number | null)[]): Uint32Array {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((items, row) => {
    offsets[row + 1] = (offsets[row] ?? 0) + (items ?? 0);
  });
  return offsets;
}

function presentOf(rows: readonly (number | null)[]): Uint8Array | null {
  return rows.includes(null) ? Uint8Array.from(rows, (one) => (one === null ? 0 : 1)) : null;
}

function sparseOf(rows: readonly (number | null)[]): SparseColumn {
  const offsets = offsetsOf(rows);
  const count = offsets.at(-1) ?? 0;
  return {
    kind: "sparse",
    offsets,
    indices: Uint32Array.from({ length: count }, (_, at) => 4_294_967_295 - at * 7),
    values: Float32Array.from({ length: count }, (_, at) => at / 3 - 5),
    present: presentOf(rows),
  };
}

function multiOf(rows: readonly (number | null)[], dimension: number): MultiColumn {
  const offsets = offsetsOf(rows);
  const data = Float32Array.from({ length: (offsets.at(-1) ?? 0) * dimension }, (_, at) => -at / 7);
  return { kind: "multi", dimension, offsets, data, present: presentOf(rows) };
}

/** The bytes of each of a column's chunks. */
function chunksOf(column: SparseColumn | MultiColumn): Uint8Array[] {
  const writer = new ByteWriter();
  const chunks = writeNested(writer, [["a"], ["b"]], column);
  const bytes = writer.getBytes().slice();
  return chunks.map(({ meta_data }) => {
    const start = Number(meta_data?.data_page_offset);
    return bytes.subarray(start, start + Number(meta_data?.total_compressed_size));
  });
}

describe("a column of vectors that are not dense", () => {
  it(`gives back sparse ones of any length, empty and missing ones (seed ${seed})`, () => {
    fc.assert(
      fc.property(rowsOf(9), (rows) => {
        const column = sparseOf(rows);
        const [indices = new Uint8Array(0), values = new Uint8Array(0)] = chunksOf(column);
        expect(readSparse(indices, values, rows.length)).toEqual(column);
      }),
      runs,
    );
  });

  it(`gives back multivectors of any number (seed ${seed})`, () => {
    fc.assert(
      fc.property(rowsOf(5), fc.integer({ min: 1, max: 5 }), (rows, dimension) => {
        const column = multiOf(rows, dimension);
        const [bytes = new Uint8Array(0)] = chunksOf(column);
        expect(readMulti(bytes, rows.length, dimension)).toEqual(column);
        expect(() => readMulti(bytes, rows.length + 1, dimension)).toThrow();
        if (column.data.length > 0)
          expect(() => readMulti(bytes, rows.length, dimension * 2 + 1)).toThrow();
      }),
      runs,
    );
  });

  it("stands in as many pages as it needs", () => {
    const rows = [300_000, 0, null, 300_000, 1];
    const column = sparseOf(rows);
    const [indices = new Uint8Array(0), values = new Uint8Array(0)] = chunksOf(column);
    expect(readSparse(indices, values, rows.length)).toEqual(column);
    const long = multiOf([1000, null, 1000], 300);
    expect(readMulti(chunksOf(long)[0] ?? new Uint8Array(0), 3, 300)).toEqual(long);
  });

  it(`ends with an error, or as many rows, whatever byte is another (seed ${seed})`, () => {
    const rows = [3, null, 0, 2, 1];
    const [multi = new Uint8Array(0)] = chunksOf(multiOf(rows, 3));
    const at = fc.integer({ min: 0, max: multi.length - 1 });
    fc.assert(
      fc.property(at, fc.integer({ min: 0, max: 255 }), (place, byte) => {
        const bytes = multi.slice();
        bytes[place] = byte;
        try {
          expect(readMulti(bytes, rows.length, 3).offsets).toHaveLength(rows.length + 1);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { seed, numRuns: 1000 },
    );
  });
});

const shapes: VectorShape[] = [
  { name: "", kind: "dense", dimension: 2, distance: "Dot" },
  { name: "image.front", kind: "dense", dimension: 3, distance: "Cosine" },
  { name: "words", kind: "sparse", dimension: null, distance: null },
  { name: "tokens", kind: "multi", dimension: 2, distance: "Cosine" },
];

/** Points of which each third lacks another of its vectors. */
function pointsOf(count: number): PointBatch {
  const all = Array.from({ length: count }, (_, row) => row);
  const lacks = (row: number, which: number): boolean => row % 3 === which;
  const dense = (dimension: number, which: number) => ({
    kind: "dense" as const,
    dimension,
    data: Float32Array.from({ length: count * dimension }, (_, at) =>
      lacks(Math.floor(at / dimension), which) ? 0 : at / 3,
    ),
    present: Uint8Array.from(all, (row) => (lacks(row, which) ? 0 : 1)),
  });
  const none = all.map(() => null);
  return {
    ids: all.map(String),
    vectors: new Map<string, PointBatch["vectors"] extends Map<string, infer One> ? One : never>([
      ["", dense(2, 0)],
      ["image.front", dense(3, 1)],
      ["words", sparseOf(all.map((row) => (lacks(row, 2) ? null : row % 5)))],
      [
        "tokens",
        multiOf(
          all.map((row) => (lacks(row, 0) ? null : 1 + (row % 3))),
          2,
        ),
      ],
    ]),
    payload: { documents: none, uris: none, metadata: none },
    placement: {
      points: all.map(String),
      tenants: none,
      norms: new Float64Array(count).fill(Number.NaN),
      runs: none,
      collections: none,
      rest: all.map((row) => `{"at":${row}}`),
      shards: all.map((row) => (row % 2 === 0 ? '"eu"' : "7")),
    },
  };
}

describe("an archive of points with several vectors", () => {
  it("gives back all of them, and each point's shard, in the order of the file and by key", async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/archive`;
    const info = archiveInfo("docs", 2, {
      vectors: shapes,
      shardKeys: [{ key: '"eu"', shards: 1, replicas: 1 }],
    });
    const points = pointsOf(50);
    {
      await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
      const collection = await writer.collection({ rows: "points", info });
      await collection.append(points);
      const { missingVectors } = await collection.finish();
      expect(missingVectors).toBe(0);
      await writer.finish();
    }
    await using archive = await openArchive(path);
    const [listed] = await archive.collections();
    expect(listed).toMatchObject({ vectors: shapes, shardKeys: info.shardKeys });
    let seen = 0;
    for await (const batch of archive.batches(listed ?? info, { batchSize: 4 })) {
      if (!("placement" in batch)) throw new Error("records");
      const rows = batch.ids.map(Number);
      expect(digestPoints(batch)).toEqual(digestPoints(pickRows(points, rows)));
      expect(batch.placement.shards).toEqual(rows.map((row) => points.placement.shards?.[row]));
      seen += rows.length;
    }
    expect(seen).toBe(50);
    const { batch } = await archive.read(listed ?? info, ["31", "4", "17"]);
    if (!("placement" in batch)) throw new Error("records");
    expect(digestPoints(batch)).toEqual(digestPoints(pickRows(points, [4, 17, 31])));
  });
});
