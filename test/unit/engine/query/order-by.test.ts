import { describe, expect, it } from "vitest";
import { type OrderBy, orderSlots } from "../../../../src/engine/query/order-by.ts";

const pairs = [
  { slot: 1, value: 5 },
  { slot: 2, value: 9007199254740993n },
  { slot: 3, value: 2.5 },
  { slot: 4, value: 5 },
  { slot: 1, value: 9 },
  { slot: 1, value: 5 },
];

function ordered(by: Partial<OrderBy>, limit = 10) {
  const orderBy = { key: "n", descending: false, startFrom: null, ...by };
  return orderSlots(pairs, orderBy, (one, other) => one - other, limit).map(({ slot, value }) => [
    slot,
    value,
  ]);
}

describe("points in the order of a field", () => {
  it("come once for each value that differs, equal ones by id", () => {
    expect(ordered({})).toEqual([
      [3, 2.5],
      [1, 5],
      [4, 5],
      [1, 9],
      [2, 9007199254740993n],
    ]);
  });

  it("turn round whole, ids too, where it descends", () => {
    expect(ordered({ descending: true }, 4)).toEqual([
      [2, 9007199254740993n],
      [1, 9],
      [4, 5],
      [1, 5],
    ]);
  });

  it.each([
    { startFrom: 5n, descending: false, slots: [1, 4, 1, 2] },
    { startFrom: 8.5, descending: true, slots: [4, 1, 3] },
    { startFrom: 9007199254740992n, descending: false, slots: [2] },
  ])("begin at $startFrom", ({ slots, ...by }) => {
    expect(ordered(by).map(([slot]) => slot)).toEqual(slots);
  });
});
