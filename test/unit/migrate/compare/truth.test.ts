import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { trueDistance } from "../../../../src/migrate/compare/distances.ts";
import { findTruth } from "../../../../src/migrate/compare/truth.ts";
import type { TruthBlock, TruthSearch } from "../../../../src/migrate/compare/truth-scan.ts";
import { distances } from "../../../../src/model/distance.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const seed = randomInt(2 ** 32);
const signal = new AbortController().signal;
const dimension = 13;
const rows = 700;

/** Rows of which some are equal, one is zero, and three are not finite. */
function randomRows(random: () => number): Float32Array {
  const data = Float32Array.from({ length: rows * dimension }, () => random() * 4 - 2);
  data.copyWithin(0, 5 * dimension, 6 * dimension);
  data.fill(0, 9 * dimension, 10 * dimension);
  for (const [row, value] of [
    [11, Number.NaN],
    [12, Number.POSITIVE_INFINITY],
    [13, Number.NEGATIVE_INFINITY],
  ] as const)
    data[row * dimension + 3] = value;
  return data;
}

async function* blocksOf(data: Float32Array, filters: Uint32Array): AsyncGenerator<TruthBlock> {
  for (let start = 0; start < rows; start += 97) {
    const end = Math.min(rows, start + 97);
    yield {
      ids: Array.from({ length: end - start }, (_, row) => `r${start + row}`),
      data: data.subarray(start * dimension, end * dimension),
      filters: filters.subarray(start, end),
    };
  }
}

describe(`the truth by brute force (seed ${seed})`, () => {
  it.each(distances)(
    "under %s is that of a plain double loop, with filters and without",
    async (distance) => {
      const random = seededRandom(seed);
      const data = randomRows(random);
      const queries = Float32Array.from({ length: 6 * dimension }, () => random() * 2 - 1);
      const filters = Uint32Array.from({ length: rows }, () => Math.floor(random() * 4));
      const searches: TruthSearch[] = [0, 1, 2].flatMap((filter) =>
        Array.from({ length: 6 }, (_, query) => ({ query, filter })),
      );
      const found = await findTruth(
        { distance, dimension, queries, searches, kept: 25 },
        blocksOf(data, filters),
        20_000,
        signal,
      );
      for (const [at, { query, filter }] of searches.entries()) {
        const vector = queries.subarray(query * dimension, (query + 1) * dimension);
        const naive = Array.from({ length: rows }, (_, row) => ({
          row,
          distance: trueDistance(distance, vector, data, row * dimension),
        }))
          .filter(({ row }) => filter === 0 || ((filters[row] ?? 0) & filter) !== 0)
          .filter((one) => Number.isFinite(one.distance))
          .sort((one, other) => one.distance - other.distance)
          .slice(0, 25);
        expect(found[at]?.distances).toHaveLength(25);
        for (const [rank, expected] of naive.entries())
          expect(found[at]?.distances[rank]).toBeCloseTo(expected.distance, 10);
        // Each id stands with its own distance, whichever of equals is kept.
        for (const [rank, id] of (found[at]?.ids ?? []).entries()) {
          const row = Number(id.slice(1));
          const own = trueDistance(distance, vector, data, row * dimension);
          expect(found[at]?.distances[rank]).toBeCloseTo(own, 10);
        }
        expect(new Set(found[at]?.ids).size).toBe(25);
      }
    },
  );

  it("gives all there are where they are fewer than asked for", async () => {
    const one: TruthBlock = { ids: ["a"], data: Float32Array.of(1, 0), filters: null };
    const found = await findTruth(
      {
        distance: "ip",
        dimension: 2,
        queries: Float32Array.of(2, 0),
        searches: [{ query: 0, filter: 0 }],
        kept: 10,
      },
      (async function* () {
        yield one;
      })(),
      1,
      signal,
    );
    expect(found).toEqual([{ ids: ["a"], distances: [-1] }]);
  });

  it("has a vector without direction at 1 under cosine, and one that is not finite nowhere", async () => {
    const data = Float32Array.of(0, 0, 1, 1, Number.NaN, 0, -1, 0, Number.POSITIVE_INFINITY, 1);
    const block: TruthBlock = { ids: ["zero", "near", "nan", "back", "far"], data, filters: null };
    const asked = {
      distance: "cosine",
      dimension: 2,
      queries: Float32Array.of(1, 0),
      searches: [{ query: 0, filter: 0 }],
      kept: 10,
    } as const;
    const blocks = (async function* () {
      yield block;
    })();
    const [found] = await findTruth(asked, blocks, 5, signal);
    expect(found?.ids).toEqual(["near", "zero", "back"]);
    expect(found?.distances[1]).toBe(1);
  });

  const question = {
    distance: "l2",
    dimension,
    queries: new Float32Array(dimension),
    searches: [{ query: 0, filter: 0 }],
    kept: 5,
  } as const;
  const data = () => randomRows(seededRandom(seed));

  it("ends with what the reading of the source failed with", async () => {
    const failing = (async function* (): AsyncGenerator<TruthBlock> {
      yield* blocksOf(data(), new Uint32Array(rows));
      throw new Error("the source is gone");
    })();
    await expect(findTruth(question, failing, 20_000, signal)).rejects.toThrow(
      "the source is gone",
    );
  });

  it("ends soon after an abort", async () => {
    const stop = new AbortController();
    const endless = (async function* (): AsyncGenerator<TruthBlock> {
      for (;;) {
        yield* blocksOf(data(), new Uint32Array(rows));
        stop.abort();
      }
    })();
    await expect(findTruth(question, endless, 20_000, stop.signal)).rejects.toMatchObject({
      code: "E_ABORTED",
    });
  });
});
