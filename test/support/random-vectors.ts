/** Random points with vectors of every kind, as rows and as columns. */
import fc from "fast-check";
import type { VectorShape } from "../../src/model/collection.ts";
import type { VectorColumn } from "../../src/model/record.ts";
import { type TestPoint, type TestVector, vectorBatch } from "../../src/testing/vector-points.ts";
import { vectorsOf } from "./random-points.ts";

export const manyShapes: readonly VectorShape[] = [
  { name: "", kind: "dense", dimension: 2, distance: "Dot" },
  { name: "a/é", kind: "dense", dimension: 3, distance: "Dot" },
  { name: "late", kind: "multi", dimension: 2, distance: "Dot" },
  { name: "words", kind: "sparse", dimension: null, distance: null },
];

const dense = (dimension: number) =>
  vectorsOf(dimension).map((data): TestVector => ({ dense: [...data] }));
const multi = fc
  .array(vectorsOf(2), { minLength: 1, maxLength: 4 })
  .map((vectors): TestVector => ({ multi: vectors.map((one) => [...one]) }));
const sparse = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff })),
      fc.float({ noNaN: true }),
    ),
    { selector: ([index]) => index, maxLength: 6 },
  )
  .map((pairs): TestVector => ({ sparse: pairs.sort(([one], [other]) => one - other) }));

const vectors = fc
  .record({
    "": fc.option(dense(2)),
    "a/é": fc.option(dense(3)),
    late: fc.option(multi),
    words: fc.option(sparse),
  })
  .map((own): TestPoint["vectors"] =>
    Object.fromEntries(
      Object.entries(own).flatMap(([name, vector]) => (vector === null ? [] : [[name, vector]])),
    ),
  );

/** Points 0, 1, 2, … */
export const manyPoints = fc
  .array(vectors, { maxLength: 6 })
  .map((rows): TestPoint[] => rows.map((own, row) => ({ point: String(row), vectors: own })));

/** The points' columns, as decoding gives them: `present` is null where every row has a vector. */
export function columnsOf(points: readonly TestPoint[]): Map<string, VectorColumn> {
  const { vectors } = vectorBatch(points, manyShapes);
  return new Map(
    Array.from(vectors, ([name, column]) => {
      const present = column.present?.includes(0) ? column.present : null;
      return [name, { ...column, present }];
    }),
  );
}
