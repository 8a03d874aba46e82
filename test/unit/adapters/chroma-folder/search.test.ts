import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { Nearest } from "../../../../src/model/nearest.ts";
import { unpackRecorded } from "../../../support/fixtures.ts";
import { findCollection, readAll } from "./read-all.ts";

function distance(kind: string | null, a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  if (kind === "ip") return 1 - dot(a, b);
  if (kind === "cosine") return 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}

describe("search", () => {
  it.each(["squares", "angles", "dots"])(
    "%s gives the nearest of all records, with documents",
    async (name) => {
      await using folder = await unpackRecorded("1.5.9");
      await using store = await openChromaFolder(folder.path);
      const collection = await findCollection(store, name);
      const { rows } = await readAll(store, collection);
      const query = new Float32Array(8).map((_, i) => Math.fround(Math.sin(i + 1)));
      const expected = [...rows.values()]
        .map((row) => ({
          id: row.id,
          distance: distance(collection.distance, query, row.vector ?? query),
          document: row.document,
        }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 7);
      const hits = await store.search(collection, query, { limit: 7 });
      expect(hits.map(({ id, document }) => [id, document])).toEqual(
        expected.map(({ id, document }) => [id, document]),
      );
      hits.forEach((hit, at) => {
        expect(hit.distance).toBeCloseTo(expected[at]?.distance ?? Number.NaN, 12);
      });
    },
  );

  it("refuses a vector of another dimension and finds nothing where nothing was written", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const squares = await findCollection(store, "squares");
    await expect(store.search(squares, new Float32Array(3), { limit: 1 })).rejects.toMatchObject({
      code: "E_INPUT",
    });
    const empty = await findCollection(store, "empty");
    expect(await store.search(empty, new Float32Array(3), { limit: 1 })).toEqual([]);
  });

  it("keeps the nearest in order; of equals the first; never one without a distance", () => {
    const nearest = new Nearest(3);
    const offers: [string, number][] = [
      ["a", 2],
      ["b", Number.NaN],
      ["c", 1],
      ["d", 2],
      ["e", 0.5],
      ["f", 2],
      ["g", 1],
    ];
    for (const [id, found] of offers) nearest.offer(id, found);
    expect(nearest.candidates.map(({ id }) => id)).toEqual(["e", "c", "g"]);
  });
});
