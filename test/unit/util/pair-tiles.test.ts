import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type PairKernel, PairTiles } from "../../../src/util/pair-tiles.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";

const seed = randomInt(2 ** 32);

function sumOf(kernel: PairKernel, one: Float64Array, other: Float64Array): number {
  return one.reduce((sum, value, at) => {
    const there = other[at] ?? 0;
    return sum + (kernel === "product" ? value * there : (value - there) ** 2);
  }, 0);
}

describe(`tiles of pairs (seed ${seed})`, () => {
  for (const kernel of ["product", "square"] as const) {
    it.each([
      [1, 1, 1],
      [4, 2, 2],
      [5, 3, 7],
      [9, 63, 33],
      [2, 1, 384],
    ])(
      `${kernel}: %i queries and %i rows of %i components are summed as one by one`,
      (queries, rows, dimension) => {
        const random = seededRandom(seed);
        const draw = (count: number) =>
          Float64Array.from({ length: count * dimension }, () => Math.fround(random() * 2 - 1));
        const left = draw(queries);
        const right = draw(rows);
        const tiles = new PairTiles(kernel, left, dimension, 64);
        // What an earlier, longer load left behind is nobody's.
        tiles.load(new Float64Array(64 * dimension).fill(Number.NaN), 64);
        tiles.load(right, rows);
        for (let query = 0; query < queries; query += 1) {
          tiles.run(Math.floor(query / 4));
          for (let row = 0; row < rows; row += 1) {
            const expected = sumOf(
              kernel,
              left.subarray(query * dimension, (query + 1) * dimension),
              right.subarray(row * dimension, (row + 1) * dimension),
            );
            expect(tiles.sums[PairTiles.sumAt(query % 4, row)]).toBeCloseTo(expected, 10);
          }
        }
      },
    );
  }
});
