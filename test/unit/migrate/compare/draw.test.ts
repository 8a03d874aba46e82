import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { drawRecords } from "../../../../src/migrate/compare/draw.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";
import { FakeSource } from "../../../support/fake-store.ts";

const seed = randomInt(2 ** 32);

async function draw(wanted: number, with_: number, vectors: (index: number) => number[]) {
  const records = Array.from({ length: 30 }, (_, index) => ({
    id: `r${index}`,
    vector: vectors(index),
    metadata: `{"n":${index}}`,
  }));
  const source = new FakeSource([{ name: "c", distance: "cosine", dimension: 2, records }]);
  const [info] = await source.collections();
  if (info === undefined) throw new Error("no collection");
  const signal = new AbortController().signal;
  const reading = { source, info, where: null, limit: null, signal };
  return drawRecords(reading, wanted, seededRandom(with_));
}

describe(`records drawn to search by (seed ${seed})`, () => {
  it("are the same for one seed, each once, with their own vectors and metadata", async () => {
    const one = await draw(10, seed, (index) => [index + 1, 1]);
    expect(await draw(10, seed, (index) => [index + 1, 1])).toEqual(one);
    expect(new Set(one.ids).size).toBe(10);
    for (const [at, id] of one.ids.entries()) {
      const index = Number(id.slice(1));
      expect([...one.vectors.subarray(at * 2, at * 2 + 2)]).toEqual([index + 1, 1]);
      expect(one.metadata[at]).toBe(`{"n":${index}}`);
    }
  });

  it("are each as likely as any other", async () => {
    const counts = new Map<string, number>();
    for (let round = 0; round < 300; round += 1) {
      const { ids } = await draw(10, seed + round, (index) => [index + 1, 1]);
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    // A third of 300 each; six standard deviations are 49.
    expect(counts.size).toBe(30);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(49);
  });

  it("are all there are where more are wanted, less those without a direction", async () => {
    const odd = await draw(99, seed, (index) => (index === 3 ? [0, 0] : [1, index]));
    expect(odd.ids).toHaveLength(29);
    expect(odd.ids).not.toContain("r3");
    const broken = await draw(99, seed, (index) => [1, index === 4 ? Number.NaN : 1]);
    expect(broken.ids).not.toContain("r4");
  });
});
