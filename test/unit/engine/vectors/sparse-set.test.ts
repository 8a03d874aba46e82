import { describe, expect, it } from "vitest";
import { SlotSet } from "../../../../src/engine/filter/slot-set.ts";
import { SparseSet } from "../../../../src/engine/vectors/sparse-set.ts";
import type { SparseColumn } from "../../../../src/model/record.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

type Sparse = ReadonlyMap<number, number>;

function column(rows: readonly (Sparse | null)[]): SparseColumn {
  const offsets = new Uint32Array(rows.length + 1);
  for (const [row, vector] of rows.entries())
    offsets[row + 1] = (offsets[row] ?? 0) + (vector?.size ?? 0);
  return {
    kind: "sparse",
    offsets,
    indices: Uint32Array.from(rows.flatMap((vector) => [...(vector?.keys() ?? [])])),
    values: Float32Array.from(rows.flatMap((vector) => [...(vector?.values() ?? [])])),
    present: Uint8Array.from(rows, (vector) => (vector === null ? 0 : 1)),
  };
}

function query(vector: Sparse) {
  const { indices, values } = column([vector]);
  return { kind: "sparse", indices, values } as const;
}

function write(set: SparseSet, slot: number, vector: Sparse): void {
  set.write(slot, set.prepare(column([vector]), 1), 0);
}

const dot = (one: Sparse, other: Sparse): number =>
  [...one].reduce((sum, [index, value]) => sum + value * (other.get(index) ?? 0), 0);

describe("sparse vectors", () => {
  it("are ranked by dot product like a comparison with each, through writes and removals", () => {
    const seed = Date.now() % 1e6;
    const random = seededRandom(seed);
    const whole = (bound: number): number => Math.floor(random() * bound);
    const vector = (): Sparse =>
      new Map(Array.from({ length: whole(12) }, () => [whole(60), whole(9) - 4] as const));
    const set = new SparseSet("s", {});
    const truth = new Map<number, Sparse>();
    for (let step = 0; step < 2000; step += 1) {
      const slot = whole(300);
      if (random() < 0.2) {
        set.remove(slot);
        truth.delete(slot);
      } else {
        const fresh = vector();
        write(set, slot, fresh);
        truth.set(slot, fresh);
      }
      if (step % 50 !== 0) continue;
      const asked = vector();
      const expected = [...truth]
        .map(([slot, stored]) => ({ slot, score: dot(asked, stored) }))
        .filter(({ score }) => score !== 0)
        .sort((one, other) => other.score - one.score || one.slot - other.slot)
        .slice(0, 10);
      const found = set.nearest(query(asked), { limit: 10, among: null });
      const label = `seed ${seed}, step ${step}`;
      expect(found.slots, label).toEqual(expected.map(({ slot }) => slot));
      expect(found.similarities, label).toEqual(expected.map(({ score }) => score));
      expect(set.count, label).toBe(truth.size);
    }
  });

  it("that share an index are found among few candidates even where the score is 0, and else not", () => {
    const set = new SparseSet("s", { index: { full_scan_threshold: 2 } });
    write(set, 0, new Map([[1, 0]]));
    write(set, 1, new Map([[2, 5]]));
    write(set, 2, new Map([[1, -3]]));
    const asked = query(new Map([[1, 1]]));
    const slots = (among: number[] | null): readonly number[] => {
      const some = new SlotSet(3);
      for (const slot of among ?? []) some.add(slot);
      return set.nearest(asked, { limit: 5, among: among && some }).slots;
    };
    expect(slots(null)).toEqual([2]);
    expect(slots([0])).toEqual([0]);
    expect(slots([1])).toEqual([]);
    expect(slots([0, 2])).toEqual([2]);
  });

  it("are weighted by how rare an index is where the name says so, as it is at the time of the query", () => {
    const set = new SparseSet("s", { modifier: "idf" });
    write(set, 0, new Map([[1, 1]]));
    write(
      set,
      1,
      new Map([
        [1, 1],
        [2, 1],
      ]),
    );
    write(set, 2, new Map());
    const asked = query(
      new Map([
        [1, 2],
        [2, 3],
      ]),
    );
    const idf = (count: number, frequency: number): number =>
      Math.log((count - frequency + 0.5) / (frequency + 0.5) + 1);
    const scores = (): readonly number[] =>
      set.nearest(asked, { limit: 5, among: null }).similarities;
    expect(scores()[0]).toBeCloseTo(2 * idf(2, 2) + 3 * idf(2, 1), 5);
    expect(set.similarity(asked)(1)).toBeCloseTo(2 * idf(2, 2) + 3 * idf(2, 1), 5);
    expect(set.similarity(asked, false)(1)).toBe(5);
    set.remove(0);
    expect(scores()).toHaveLength(1);
    expect(scores()[0]).toBeCloseTo(2 * idf(1, 1) + 3 * idf(1, 1), 5);
    set.configure({ modifier: "none" });
    expect(scores()).toEqual([5]);
  });

  it("that were deleted count on in the rareness of their indices, as a server counts them", () => {
    const set = new SparseSet("s", { modifier: "idf" });
    for (let slot = 0; slot < 4; slot += 1) write(set, slot, new Map([[slot, 1]]));
    const weight = (): number | undefined =>
      set.nearest(query(new Map([[0, 1]])), { limit: 1, among: null }).similarities[0];
    const before = weight();
    set.remove(3, true);
    expect(weight()).toBe(before);
    write(set, 3, new Map([[3, 1]]));
    expect(weight()).toBeCloseTo(Math.log((5 - 1 + 0.5) / 1.5 + 1), 5);
    set.remove(3);
    expect(weight()).toBe(before);
  });

  it("that fill an empty one do not count, as a server counts them", () => {
    const set = new SparseSet("s", { modifier: "idf" });
    write(set, 0, new Map([[0, 1]]));
    write(set, 1, new Map());
    write(set, 1, new Map([[1, 1]]));
    const found = set.nearest(query(new Map([[0, 1]])), { limit: 1, among: null });
    expect(found.similarities[0]).toBeCloseTo(Math.log(0.5 / 1.5 + 1), 5);
  });

  it("come back from their blocks, empty ones too", () => {
    const set = new SparseSet("s", {});
    write(
      set,
      0,
      new Map([
        [7, 1.5],
        [3, 2],
      ]),
    );
    write(set, 200, new Map());
    set.remove(0);
    write(set, 63, new Map([[2 ** 32 - 1, 1]]));
    const loaded = new SparseSet("s", {});
    for (const { block, bytes } of set.takeChanges())
      expect(loaded.loadBlock(block, bytes)).toBe(true);
    expect(loaded.column([0, 63, 200])).toEqual(set.column([0, 63, 200]));
    expect(loaded.count).toBe(2);
    expect([...set.takeChanges()]).toEqual([]);
  });

  it("refuse blocks that cannot be theirs", () => {
    const set = new SparseSet("s", {});
    write(
      set,
      0,
      new Map([
        [3, 2],
        [7, 1],
      ]),
    );
    const [change] = [...set.takeChanges()];
    const bytes = change?.bytes ?? new Uint8Array();
    const torn = (edit: (words: Uint32Array) => void): boolean => {
      const copy = bytes.slice();
      edit(new Uint32Array(copy.buffer));
      return new SparseSet("s", {}).loadBlock(0, copy);
    };
    expect(torn(() => {})).toBe(true);
    expect(new SparseSet("s", {}).loadBlock(0, bytes.subarray(0, bytes.length - 4))).toBe(false);
    expect(
      torn((words) => {
        words[0] = 4;
      }),
    ).toBe(false);
    expect(
      torn((words) => {
        words[64] = 8;
      }),
    ).toBe(false);
  });
});
