import { describe, expect, it } from "vitest";
import { byPoint, type Row } from "../../../../src/adapters/faiss/row.ts";
import { chosen, nearest } from "../../../../src/adapters/faiss/search.ts";
import { plainPointId } from "../../../../src/model/point-id.ts";
import { sortedInTurns, Turns } from "../../../../src/util/turns.ts";

/** Lets others go on whenever it is asked, and counts how often. */
class ManyTurns extends Turns {
  count = 0;

  override get over(): boolean {
    return true;
  }

  override async next(): Promise<void> {
    this.count += 1;
    await super.next();
  }
}

const rows: Row[] = Array.from({ length: 10_000 }, (_, row) => ({
  point: row % 3 === 0 ? String(row * 7919) : plainPointId(`row ${row}`),
  id: `row ${row}`,
  tenant: null,
  document: null,
  uri: null,
  metadata: `{"even":${row % 2 === 0}}`,
  createdAt: null,
  norm: Number.NaN,
  run: null,
  collection: null,
  rest: null,
  vector: Float32Array.of(row, 1, 2, 3, 4),
  label: null,
}));
const where = { key: "even", operator: "$eq", operands: [true] } as const;
const query = Float32Array.of(5000.4, 1, 2, 3, 4);

describe("a search through rows", () => {
  it("finds the nearest of those that are meant, and lets others go on every few rows", async () => {
    const turns = new ManyTurns();
    const found = await nearest(rows, query, { where, limit: 3, distance: "l2" }, turns);
    expect(found.map(({ row }) => row.id)).toEqual(["row 5000", "row 5002", "row 4998"]);
    expect(found[0]?.distance).toBeCloseTo(0.16, 2);
    expect(turns.count).toBeGreaterThan(300);
  });

  it("ends when it is aborted on the way", async () => {
    const stop = new AbortController();
    const turns = new ManyTurns(stop.signal);
    const options = { limit: 3, distance: "ip" } as const;
    const running = nearest(rows, query, options, turns);
    setImmediate(() => stop.abort());
    await expect(running).rejects.toMatchObject({ code: "E_ABORTED" });
    expect(turns.count).toBeLessThan(10);
  });

  it("gives rows in the order of points, numbers first, sorted in turns", async () => {
    const turns = new ManyTurns();
    const some = await chosen(rows, { where }, turns);
    expect(some).toHaveLength(5000);
    const before = turns.count;
    const sorted = await sortedInTurns(some, byPoint, turns);
    expect(turns.count - before).toBeGreaterThan(1);
    expect(sorted).toEqual([...some].sort(byPoint));
    const numbers = sorted.map(({ point }) => Number(point)).filter(Number.isInteger);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(sorted.slice(0, numbers.length).every(({ point }) => /^\d+$/.test(point))).toBe(true);
  });
});
