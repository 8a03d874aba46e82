import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyColumn,
  joinColumns,
  pickColumn,
  sliceColumn,
} from "../../../src/model/column-rows.ts";
import { digestPoints } from "../../../src/model/digest.ts";
import type { PointBatch, VectorColumn } from "../../../src/model/record.ts";
import { vectorBytes } from "../../../src/model/vector-column.ts";
import { type TestPoint, vectorBatch } from "../../../src/testing/vector-points.ts";
import { columnsOf, manyPoints, manyShapes } from "../../support/random-vectors.ts";

const every = (points: readonly TestPoint[], change: (column: VectorColumn) => VectorColumn) =>
  new Map(Array.from(columnsOf(points), ([name, column]) => [name, change(column)]));

describe("rows of a column of any kind", () => {
  it("are those of the points, picked in any order and joined", () => {
    fc.assert(
      fc.property(manyPoints, fc.array(fc.nat({ max: 5 })), (points, wanted) => {
        const rows = wanted.filter((row) => row < points.length);
        const picked = rows.flatMap((row) => points.slice(row, row + 1));
        const found = every(points, (column) =>
          joinColumns([[rows.length, pickColumn(column, rows)]]),
        );
        expect(found).toEqual(rows.length === 0 ? found : columnsOf(picked));
      }),
    );
  });

  it("are the same again when they are cut and joined", () => {
    fc.assert(
      fc.property(manyPoints, fc.nat({ max: 6 }), (points, at) => {
        const rows = points.length;
        const cut = Math.min(at, rows);
        const found = every(points, (column) =>
          joinColumns([
            [cut, sliceColumn(column, 0, cut)],
            [rows - cut, sliceColumn(column, cut, rows)],
          ]),
        );
        expect(found).toEqual(columnsOf(points));
      }),
    );
  });

  it("have no vector where a part has no such column", () => {
    for (const [, column] of columnsOf([
      { point: "0", vectors: { words: { sparse: [[1, 2]] } } },
    ])) {
      const { kind } = column;
      const dimension = column.kind === "sparse" ? 0 : column.dimension;
      const joined = joinColumns([
        [2, undefined],
        [1, column],
      ]);
      const same = joinColumns([
        [2, emptyColumn(kind, dimension, 2)],
        [1, column],
      ]);
      expect(joined).toEqual(same);
      expect(joined.present?.subarray(0, 2)).toEqual(Uint8Array.of(0, 0));
    }
  });

  it("are not joined where their kinds differ", () => {
    const kinds = [emptyColumn("dense", 1, 1), emptyColumn("sparse", 0, 1)] as const;
    expect(() => joinColumns(kinds.map((column) => [1, column]))).toThrow("are dense and sparse");
  });
});

describe("the digest of a point with vectors of every kind", () => {
  const digest = (batch: PointBatch): string => Buffer.from(digestPoints(batch)).toString("hex");
  const point: TestPoint = {
    point: "1",
    vectors: {
      "": { dense: [1, 2] },
      "a/é": { dense: [1, 2, 3] },
      late: { multi: [[1, 2]] },
      words: { sparse: [[1, 2]] },
    },
  };
  const of = (vectors: TestPoint["vectors"]) =>
    digest(vectorBatch([{ ...point, vectors: { ...point.vectors, ...vectors } }], manyShapes));

  it("is another for each bit of any of them", () => {
    const others = [
      of({}),
      of({ "": { dense: [1, -2] } }),
      of({ "a/é": { dense: [1, 2, -3] } }),
      of({ late: { multi: [[1, -2]] } }),
      of({
        late: {
          multi: [
            [1, 2],
            [1, 2],
          ],
        },
      }),
      of({ words: { sparse: [[2, 2]] } }),
      of({ words: { sparse: [[1, -2]] } }),
      of({ words: { sparse: [] } }),
      digest(vectorBatch([point], manyShapes.slice(0, 3))),
      digest(vectorBatch([point], manyShapes.slice(0, 1))),
      digest(vectorBatch([{ point: "1", vectors: {} }], manyShapes)),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it("does not depend on the order of the names, nor on names that the point has not", () => {
    const batch = vectorBatch([point], manyShapes);
    expect(digest(vectorBatch([point], [...manyShapes].reverse()))).toBe(digest(batch));
    const plain = { point: "1", vectors: { "": { dense: [1, 2] } } };
    expect(digest(vectorBatch([plain], manyShapes))).toBe(
      digest(vectorBatch([plain], manyShapes.slice(0, 1))),
    );
  });

  it("is another in another shard, and the same where none is named", () => {
    const batch = vectorBatch([point], manyShapes);
    const shards = (shard: string | null) =>
      digest({ ...batch, placement: { ...batch.placement, shards: [shard] } });
    expect(shards(null)).toBe(digest(batch));
    expect(new Set([digest(batch), shards('"7"'), shards("7")]).size).toBe(3);
  });

  it("stays what it is", () => {
    expect(digest(vectorBatch([point], manyShapes))).toMatchInlineSnapshot(
      `"1f301c3578f5bb1cc76b10869a72724c"`,
    );
    expect(vectorBytes(vectorBatch([point], manyShapes))).toBe(8 + 12 + 8 + 8 + 8 + 8 + 4);
  });
});
