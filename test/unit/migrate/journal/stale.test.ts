import { describe, expect, it } from "vitest";
import { Journal } from "../../../../src/migrate/journal/journal.ts";
import type { Ledger } from "../../../../src/migrate/journal/ledger.ts";
import { recordStates } from "../../../../src/migrate/journal/row.ts";
import { plainPointId } from "../../../../src/model/point-id.ts";
import { blankCollection } from "../../../support/blank-collection.ts";
import { planFor } from "../../../support/collection-plan.ts";
import { digested, end } from "../../../support/journal-scene.ts";

const { signal } = new AbortController();

function open() {
  const journal = Journal.open(":memory:");
  const source = { kind: "chroma-folder" as const, ...end };
  const migration = journal.begin("key", "run", source, { kind: "embedded", ...end });
  const plan = planFor(
    blankCollection("c", { key: "key of c", dimension: 2, distance: "l2" as const }),
    { target: "target", merged: true },
  );
  const entered = journal.enter(migration, plan, { where: null, limit: null });
  return { journal, ledger: journal.ledger(entered) };
}

/** Lists ids with the numbers of their last writes; null: without numbers. */
async function list(ledger: Ledger, numbers: Record<string, number | null>) {
  using listing = ledger.list();
  const versions = Object.values(numbers).filter((number) => number !== null);
  const ids = Object.keys(numbers);
  listing.add(ids, plainPointId, versions.length === ids.length ? versions : null);
  return await listing.finish(signal);
}

const ordinalOf = (ledger: Ledger, id: string): number =>
  [recordStates.pending, recordStates.written]
    .flatMap((state) => ledger.page(state, -1, 100))
    .find((row) => row.id === id)?.ordinal ?? -1;

const nothing = { written: digested([]), failures: [], gone: [] };

function carry(ledger: Ledger, ...ids: string[]) {
  const written = digested(ids.map((id) => ordinalOf(ledger, id)));
  ledger.checkpoint({ ...nothing, written });
}

const staleIds = (ledger: Ledger) => ledger.stale.page(-1, 100).map(({ id }) => id);

describe("numbers of writes", () => {
  it("tell which carried records were written to since, and none once these were read again", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 1, b: 2, c: 3 });
    carry(ledger, "a", "b", "c");
    expect(await list(ledger, { a: 1, b: 9, c: 3, d: 10 })).toEqual({
      listed: 4,
      added: 1,
      unseen: 0,
      versioned: true,
      stale: 1,
      backwards: 0,
    });
    expect([staleIds(ledger), ledger.stale.count]).toEqual([["b"], 1]);
    carry(ledger, "b");
    expect([staleIds(ledger), ledger.stale.count]).toEqual([[], 0]);
    expect(await list(ledger, { a: 1, b: 9, c: 3, d: 10 })).toMatchObject({ stale: 0, added: 0 });
  });

  it("count from the listing before the read: a write in between is found by the next listing", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 1 });
    await list(ledger, { a: 2 });
    carry(ledger, "a");
    expect(await list(ledger, { a: 2 })).toMatchObject({ stale: 0 });
    await list(ledger, { a: 3 });
    // A run that was killed before it has read `a` again.
    expect(await list(ledger, { a: 3 })).toMatchObject({ stale: 1 });
    expect(await list(ledger, { a: 4 })).toMatchObject({ stale: 1 });
    carry(ledger, "a");
    expect(await list(ledger, { a: 5 })).toMatchObject({ stale: 1 });
  });

  it("that are lower than they were are told, of new records and of old ones", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 5, b: 6 });
    carry(ledger, "a", "b");
    expect(await list(ledger, { a: 4, b: 7 })).toMatchObject({ stale: 2, backwards: 1 });
  });

  it("that a source does not tell make nothing stale, and say that nothing is known", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: null, b: null });
    carry(ledger, "a", "b");
    expect(await list(ledger, { a: null, b: null })).toMatchObject({ stale: 0, versioned: false });
    expect(await list(ledger, {})).toMatchObject({ listed: 0, versioned: false });
  });

  it("that were never told make every record stale once they are", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: null, b: null });
    carry(ledger, "a", "b");
    expect(await list(ledger, { a: 1, b: 2 })).toMatchObject({ stale: 2, backwards: 0 });
  });

  it("are forgotten of a record that stays as it is at the target, so that it is looked at each time", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 1, b: 2 });
    carry(ledger, "a", "b");
    await list(ledger, { a: 3, b: 2 });
    ledger.checkpoint({ ...nothing, kept: [ordinalOf(ledger, "a")] });
    expect(await list(ledger, { a: 3, b: 2 })).toMatchObject({ stale: 1, backwards: 0 });
    expect(staleIds(ledger)).toEqual(["a"]);
  });

  it("are forgotten so of a record that was deleted and is back, too", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 1, b: 2 });
    carry(ledger, "a", "b");
    await list(ledger, { b: 2 });
    ledger.markGone([ordinalOf(ledger, "a")]);
    expect(await list(ledger, { b: 2, a: 3 })).toMatchObject({ added: 1 });
    ledger.checkpoint({ ...nothing, kept: [ordinalOf(ledger, "a")] });
    expect(await list(ledger, { b: 2, a: 3 })).toMatchObject({ added: 0, stale: 1 });
  });

  it("of all records can be doubted, until each was read again, also by a later run", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    const all = { a: 1, b: 2, c: 3 };
    await list(ledger, all);
    carry(ledger, "a", "b", "c");
    await list(ledger, { ...all, c: 4 });
    expect(ledger.stale.newestOthers(1).map(({ id }) => id)).toEqual(["b"]);
    ledger.stale.addAll();
    expect(staleIds(ledger)).toEqual(["a", "b", "c"]);
    expect(ledger.stale.newestOthers(10)).toEqual([]);
    carry(ledger, "a");
    expect(await list(ledger, { ...all, c: 4 })).toMatchObject({ stale: 2, backwards: 0 });
    expect(staleIds(ledger)).toEqual(["b", "c"]);
    carry(ledger, "b", "c");
    expect(await list(ledger, { ...all, c: 4 })).toMatchObject({ stale: 0 });
  });

  it("of records that have gone, or cannot be carried, leave nothing stale", async () => {
    const { journal, ledger } = open();
    using _ = journal;
    await list(ledger, { a: 1, b: 2, c: 3 });
    carry(ledger, "a", "b", "c");
    await list(ledger, { a: 4, b: 5, c: 3 });
    const [a, b] = ["a", "b"].map((id) => ordinalOf(ledger, id)) as [number, number];
    const failure = { ordinal: b, reason: "no-vector" as const, detail: "" };
    ledger.checkpoint({ written: digested([]), failures: [failure], gone: [a] });
    expect([staleIds(ledger), ledger.stale.count]).toEqual([[], 0]);
    expect(ledger.counts()).toMatchObject({ deleted: 1, quarantined: 1, written: 1 });
  });
});
