/** Archives of several generations and of every kind of vector, read by the Python that docs/archive-format.md shows. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeArchive } from "../../src/adapters/archive/index.ts";
import type { PointBatch, VectorColumn } from "../../src/model/record.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../support/archive-scene.ts";
import { temporaryFolder } from "../support/fixtures.ts";

const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const reason = python === "" ? " (skipped: needs FRAMEWORKS_PYTHON)" : "";

type Row = Readonly<Record<string, unknown>>;

function readByPython(path: string, generation?: number): Record<string, Row[]> {
  const script = ["test/support/read-generation.py", path, "docs/archive-format.md"];
  const options = { encoding: "utf8", maxBuffer: 1 << 28 } as const;
  const args = generation === undefined ? script : [...script, String(generation)];
  return JSON.parse(execFileSync(python, args, options));
}

/** Writes the next generation: rows of the one before that are dropped, and new ones. */
async function grow(path: string, dropped: readonly string[], start: number, count: number) {
  await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
  const head = { rows: "records", info: archiveInfo("docs", 3) } as const;
  const docs = await writer.collection(head);
  for await (const { batch, drop } of docs.baseBatches({ batchSize: 4 }))
    drop(batch.ids.flatMap((id, row) => (dropped.includes(id) ? [row] : [])));
  if (count > 0) await docs.append(archiveBatch(archiveRecords(count, start), 3));
  await docs.finish();
  await writer.finish();
}

const points: PointBatch = {
  ...archiveBatch(archiveRecords(3), 3),
  vectors: new Map<string, VectorColumn>([
    [
      "",
      {
        kind: "dense",
        dimension: 2,
        data: Float32Array.of(1, 2, 0, 0, 5, 6),
        present: Uint8Array.of(1, 0, 1),
      },
    ],
    [
      "words",
      {
        kind: "sparse",
        offsets: Uint32Array.of(0, 2, 2, 2),
        indices: Uint32Array.of(7, 4_294_967_295),
        values: Float32Array.of(0.5, -1),
        present: Uint8Array.of(1, 1, 0),
      },
    ],
    [
      "to.kens",
      {
        kind: "multi",
        dimension: 2,
        offsets: Uint32Array.of(0, 2, 2, 3),
        data: Float32Array.of(1, 2, 3, 4, 5, 6),
        present: Uint8Array.of(1, 0, 1),
      },
    ],
  ]),
  placement: {
    points: ["1", "2", "3"],
    tenants: [null, null, null],
    norms: new Float64Array(3).fill(Number.NaN),
    runs: [null, null, null],
    collections: [null, null, null],
    rest: [null, null, null],
    shards: ['"eu"', "7", null],
  },
};

describe.skipIf(python === "")(`an archive${reason}`, () => {
  it("of several generations gives pandas, DuckDB and Polars the rows of each as it was", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "rescue");
    await grow(path, [], 0, 30);
    await grow(path, ["record 2", "record 29"], 30, 9);
    await grow(path, ["record 0", "record 30", "record 3"], 39, 1);
    await grow(path, [], 40, 0);
    const expected = archiveRecords(40).filter(
      ({ id }) => !["0", "2", "3", "29", "30"].includes(id.slice(7)),
    );
    const read = readByPython(path);
    // A join gives its rows in any order.
    const placeOf = ({ id }: Readonly<Record<string, unknown>>) => Number(String(id).slice(7));
    for (const library of ["pandas", "duckdb", "polars"])
      expect(read[library]?.toSorted((a, b) => placeOf(a) - placeOf(b))).toEqual(expected);
    const second = readByPython(path, 2)["duckdb"]?.map(({ id }) => id);
    expect(second).toHaveLength(37);
    expect(second).toContain("record 0");
    expect(readByPython(path, 1)["polars"]).toEqual(archiveRecords(30));
  });

  it("of points with vectors of every kind gives them in lists and structs", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "rescue");
    const info = archiveInfo("docs", 2, {
      vectors: [
        { name: "", kind: "dense", dimension: 2, distance: "Dot" },
        { name: "words", kind: "sparse", dimension: null, distance: null },
        { name: "to.kens", kind: "multi", dimension: 2, distance: "Cosine" },
      ],
      shardKeys: [{ key: '"eu"', shards: 1, replicas: 1 }],
    });
    {
      await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
      const docs = await writer.collection({ rows: "points", info });
      await docs.append(points);
      await docs.finish();
      await writer.finish();
    }
    const { pandas, duckdb, polars } = readByPython(path);
    for (const rows of [pandas, duckdb, polars])
      expect(rows).toMatchObject([
        {
          vector: [1, 2],
          "vector:words": { indices: [7, 4_294_967_295], values: [0.5, -1] },
          "vector:to.kens": [
            [1, 2],
            [3, 4],
          ],
          shard: '"eu"',
        },
        {
          vector: null,
          "vector:words": { indices: [], values: [] },
          "vector:to.kens": null,
          shard: "7",
        },
        { vector: [5, 6], "vector:words": null, "vector:to.kens": [[5, 6]], shard: null },
      ]);
  });
});
