/** Archives read by the tools that people read Parquet with, and by the library's own road for lists. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { writeArchive } from "../../src/adapters/archive/index.ts";
import type { PointBatch, RecordBatch } from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../support/archive-scene.ts";
import { temporaryFolder } from "../support/fixtures.ts";

/** A Python that has pandas, pyarrow, duckdb and polars. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const reason = python === "" ? " (skipped: needs FRAMEWORKS_PYTHON)" : "";

/** 1.5, −0, an infinity, the smallest number; a signalling NaN, a negative NaN with bits, a quiet one, a large number. */
const awkwardBits = [
  [0x3fc00000, 0x80000000, 0x7f800000, 0x00000001],
  [0x7fa12345, 0xffc00001, 0x7fc00000, 0x7f7fffff],
];

function awkwardBatch(): RecordBatch {
  const batch = archiveBatch(
    [
      { id: "", vector: [0, 0, 0, 0], document: "", uri: null, metadata: '{"i":2,"f":2.0}' },
      { id: "nul\0🚢", vector: null, document: null, uri: null, metadata: null },
      {
        id: "\ufeffmark",
        vector: [0, 0, 0, 0],
        document: `\ufeff${"é".repeat(1_000_000)}`,
        uri: "file:///ключ",
        metadata: '{"big":9007199254740993,"s":"\\u0000"}',
      },
    ],
    4,
  );
  const data = denseVector(batch)?.data ?? new Float32Array(0);
  const words = new Uint32Array(data.buffer);
  words.set(awkwardBits[0] ?? [], 0);
  words.set(awkwardBits[1] ?? [], 8);
  return batch;
}

const pointBatch: PointBatch = {
  ...archiveBatch(archiveRecords(2), 3),
  placement: {
    points: ["17", "c0ffee00-0000-4000-8000-000000000001"],
    tenants: ["acme", null],
    norms: Float64Array.of(0.1, Number.NaN),
    runs: ["0123456789abcdef", null],
    collections: [null, "docs"],
    rest: [null, '{"own":1.0}'],
  },
};

async function archiveOf(
  folder: string,
  rows: "records" | "points",
  dimension: number,
  batches: readonly RecordBatch[],
): Promise<string[]> {
  const path = join(folder, rows);
  await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
  const info = archiveInfo("docs", dimension);
  const collection = await writer.collection({ rows, info });
  for (const batch of batches) await collection.append(batch);
  const { parts } = await collection.finish();
  await writer.finish();
  return parts.map(({ file }) => join(path, file));
}

function readByPython(files: readonly string[]): Record<string, unknown> {
  const options = { encoding: "utf8", maxBuffer: 1 << 28 } as const;
  const text = execFileSync(python, ["test/support/read-archive.py", ...files], options);
  return JSON.parse(text);
}

describe.skipIf(python === "")(`an archive${reason}`, () => {
  it("gives pandas, DuckDB and Polars every bit and every text of its records, in natural types", async () => {
    await using folder = await temporaryFolder();
    const batch = awkwardBatch();
    const files = await archiveOf(folder.path, "records", 4, [batch]);
    const { types, ...read } = readByPython(files);
    const expected = batch.ids.map((id, row) => ({
      id,
      vector: [awkwardBits[0], null, awkwardBits[1]][row],
      document: batch.payload.documents[row],
      uri: batch.payload.uris[row],
      metadata: batch.payload.metadata[row],
    }));
    expect(read).toEqual({ pandas: expected, duckdb: expected, polars: expected });
    const columns = (vector: string, text: string) => ({
      id: text,
      vector,
      document: text,
      uri: text,
      metadata: text,
    });
    expect(types).toEqual({
      arrow: columns("list<element: float not null>", "string"),
      duckdb: columns("FLOAT[]", "VARCHAR"),
      polars: columns("List(Float32)", "String"),
    });
  });

  it("gives them the places of points beside, from several row groups and parts", async () => {
    await using folder = await temporaryFolder();
    const files = await archiveOf(folder.path, "points", 3, Array(40).fill(pointBatch));
    expect(files.length).toBeGreaterThan(1);
    const { types, pandas, duckdb, polars } = readByPython(files);
    const [first, second] = [
      {
        point: "17",
        tenant: "acme",
        norm: 0.1,
        run: "0123456789abcdef",
        collection: null,
        rest: null,
      },
      {
        point: "c0ffee00-0000-4000-8000-000000000001",
        tenant: null,
        norm: null,
        run: null,
        collection: "docs",
        rest: '{"own":1.0}',
      },
    ];
    for (const rows of [pandas, duckdb, polars]) {
      expect(rows).toHaveLength(80);
      expect(rows).toMatchObject(Array(40).fill([first, second]).flat());
    }
    expect(types).toMatchObject({ duckdb: { norm: "DOUBLE", point: "VARCHAR" } });
  });
});

describe("an archive", () => {
  it("gives the Parquet library's own reading of lists the same numbers", async () => {
    await using folder = await temporaryFolder();
    const records = archiveRecords(50);
    const files = await archiveOf(folder.path, "records", 3, [archiveBatch(records, 3)]);
    const compressors = { ZSTD: (packed: Uint8Array) => zstdDecompressSync(packed) };
    const read = [];
    for (const path of files) {
      const bytes = readFileSync(path);
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      read.push(...(await parquetReadObjects({ file, compressors })));
    }
    expect(read).toEqual(records);
  });
});
