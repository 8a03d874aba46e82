import { describe, expect, it } from "vitest";
import { DigestedRows } from "../../../../src/migrate/journal/digested-rows.ts";

/** Three digests, one behind the other. */
const digests = Uint8Array.from({ length: 48 }, (_, at) => at);
const digestOf = (row: number) => [...digests.subarray(row * 16, row * 16 + 16)];

function runsOf(rows: DigestedRows) {
  return [...rows.runs()].map(({ first, last, digests }) => ({
    first,
    last,
    digests: [...digests],
  }));
}

describe("DigestedRows", () => {
  it("gives records that follow one another as one run", () => {
    const rows = new DigestedRows(3);
    rows.add(7, digests, 0);
    rows.add(8, digests, 1);
    rows.add(10, digests, 2);
    expect(runsOf(rows)).toEqual([
      { first: 7, last: 8, digests: [...digestOf(0), ...digestOf(1)] },
      { first: 10, last: 10, digests: digestOf(2) },
    ]);
    expect(rows.ordinals).toEqual([7, 8, 10]);
    expect([...rows.digestAt(2)]).toEqual(digestOf(2));
  });

  it("sorts records that come in another order, each with its digest", () => {
    const rows = new DigestedRows(3);
    rows.add(9, digests, 0);
    rows.add(7, digests, 1);
    rows.add(8, digests, 2);
    expect(runsOf(rows)).toEqual([
      { first: 7, last: 9, digests: [...digestOf(1), ...digestOf(2), ...digestOf(0)] },
    ]);
  });

  it("enters a record that comes twice with the digest that came last", () => {
    const rows = new DigestedRows(0);
    rows.add(7, digests, 0);
    rows.add(7, digests, 1);
    expect(runsOf(rows).map(({ digests }) => digests)).toEqual([digestOf(0), digestOf(1)]);
  });

  it("takes more than it was told of", () => {
    const rows = new DigestedRows();
    for (let ordinal = 0; ordinal < 1000; ordinal += 1) rows.add(ordinal, digests, ordinal % 3);
    const [run, ...others] = runsOf(rows);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ first: 0, last: 999 });
    expect(run?.digests.slice(-16)).toEqual(digestOf(0));
  });

  it("has no runs where nothing was added", () => {
    expect(runsOf(new DigestedRows(5))).toEqual([]);
  });
});
