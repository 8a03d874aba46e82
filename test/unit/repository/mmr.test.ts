import { describe, expect, it } from "vitest";
import { diversify } from "../../../src/repository/mmr.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";

const candidate = (relevance: number, ...vector: number[]) => ({
  relevance,
  vector: Float32Array.from(vector),
});

/** By the definition, with nothing kept between the steps. */
function byDefinition(
  candidates: readonly { relevance: number; vector: Float32Array }[],
  count: number,
  diversity: number,
): number[] {
  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((s, v, i) => s + v * (y[i] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const taken: number[] = [];
  while (taken.length < Math.min(count, candidates.length)) {
    const scores = candidates.map(({ relevance, vector }, place) => {
      if (taken.includes(place)) return Number.NEGATIVE_INFINITY;
      const alike = taken.map((other) => cosine(vector, candidates[other]?.vector ?? vector));
      const most = alike.length === 0 ? 0 : Math.max(...alike);
      return (1 - diversity) * relevance - diversity * most;
    });
    taken.push(scores.indexOf(Math.max(...scores)));
  }
  return taken;
}

describe("maximal marginal relevance", () => {
  it("takes what the definition takes, of random candidates", () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    for (let round = 0; round < 50; round += 1) {
      const candidates = Array.from({ length: 12 }, () =>
        candidate(random(), random() - 0.5, random() - 0.5, random() - 0.5),
      ).sort((one, other) => other.relevance - one.relevance);
      const diversity = random();
      const options = { count: 7, diversity, distance: "cosine" as const };
      expect(diversify(candidates, options), `seed ${seed}, round ${round}`).toEqual(
        byDefinition(candidates, 7, diversity),
      );
    }
  });

  it("with diversity 0 keeps the order, and takes no more than there are", () => {
    const candidates = [candidate(3, 1, 0), candidate(2, 1, 0), candidate(1, 0, 1)];
    const options = { count: 9, diversity: 0, distance: "cosine" as const };
    expect(diversify(candidates, options)).toEqual([0, 1, 2]);
    expect(diversify([], options)).toEqual([]);
  });

  it("with diversity 1 takes what is least alike, by the collection's own measure", () => {
    const candidates = [candidate(3, 1, 0), candidate(2, 9, 0), candidate(1, 1, 0.5)];
    const taken = (distance: "cosine" | "l2" | "ip") =>
      diversify(candidates, { count: 2, diversity: 1, distance });
    expect([taken("cosine"), taken("l2"), taken("ip")]).toEqual([
      [0, 2],
      [0, 1],
      [0, 2],
    ]);
  });
});
