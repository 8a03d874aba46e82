import { describe, expect, it } from "vitest";
import { pointOf } from "../../../../src/migrate/collection-plan.ts";
import { Journal } from "../../../../src/migrate/journal/journal.ts";
import type { Ledger } from "../../../../src/migrate/journal/ledger.ts";
import { recordStates } from "../../../../src/migrate/journal/row.ts";
import { plainPointId } from "../../../../src/model/point-id.ts";
import { blankCollection } from "../../../support/blank-collection.ts";
import { planFor } from "../../../support/collection-plan.ts";
import { digested, end } from "../../../support/journal-scene.ts";

const { signal } = new AbortController();

const planOf = (name: string) =>
  planFor(blankCollection(name, { key: `key of ${name}`, dimension: 2, distance: "l2" as const }), {
    target: "target",
    merged: true,
  });

function open(...names: string[]) {
  const journal = Journal.open(":memory:");
  const migration = journal.begin(
    "key",
    "run",
    { kind: "chroma", ...end },
    { kind: "embedded", ...end },
  );
  const scope = { where: null, limit: null };
  const ledgers = names.map((name) =>
    journal.ledger(journal.enter(migration, planOf(name), scope)),
  );
  return { journal, migration, ledgers };
}

async function list(ledger: Ledger, ...chunks: string[][]) {
  using listing = ledger.list();
  for (const ids of chunks) listing.add(ids, plainPointId);
  return await listing.finish(signal);
}

const idsIn = (ledger: Ledger, state: number) => ledger.page(state, -1, 100).map(({ id }) => id);

function write(ledger: Ledger, ...ids: string[]) {
  const rows = ledger.page(recordStates.pending, -1, 100).filter(({ id }) => ids.includes(id));
  ledger.checkpoint({
    written: digested(rows.map(({ ordinal }) => ordinal)),
    failures: [],
    gone: [],
  });
}

describe("the first listing", () => {
  it("queues every id once, in the source's order", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    const result = await list(ledger, ["z", "a", "", "\0nul"], ["a", "ünï", "z", "m"]);
    expect(result).toMatchObject({ listed: 6, added: 6, unseen: 0 });
    expect(idsIn(ledger, recordStates.pending)).toEqual(["z", "a", "", "\0nul", "ünï", "m"]);
  });

  it("finds two ids of one point before anything is written, names both, and leaves the journal as it was", async () => {
    const {
      journal,
      ledgers: [first, second],
    } = open("one", "two");
    using _ = journal;
    if (first === undefined || second === undefined) throw new Error("no ledger");
    await list(first, ["x", "same"]);
    await expect(list(second, ["y", "same"])).rejects.toMatchObject({
      code: "E_ID_COLLISION",
      details: { ids: ["same", "same"], collections: ["one", "two"] },
    });
    expect(second.counts().listed).toBe(0);
    expect(first.counts().pending).toBe(2);
  });

  it("is whole or did not happen", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    {
      using listing = ledger.list();
      listing.add(["a"], plainPointId);
    }
    expect(ledger.counts().listed).toBe(0);
    await list(ledger, ["b"]);
    expect(idsIn(ledger, recordStates.pending)).toEqual(["b"]);
  });
});

describe("a later listing", () => {
  it("adds what appeared, leaves out what was never carried and has gone, and asks about what was carried", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    await list(ledger, ["a", "b", "c", "d"]);
    write(ledger, "a", "b");
    const result = await list(ledger, ["a", "c", "e"]);
    expect(result).toMatchObject({ listed: 3, added: 1, unseen: 1 });
    expect(ledger.unseen(-1, 10).map(({ id }) => id)).toEqual(["b"]);
    expect(idsIn(ledger, recordStates.pending)).toEqual(["c", "e"]);
    expect(idsIn(ledger, recordStates.left)).toEqual(["d"]);
  });

  it("is not taken for what is known because one id comes twice in place of another", async () => {
    const { ledgers } = open("c");
    const [ledger] = ledgers;
    if (ledger === undefined) throw new Error("no ledger");
    // Ids that are UUIDs are their own points: these two stand in one bucket.
    const [one, other] = [
      "11111111-1111-4111-8111-111111111111",
      "11222222-2222-4222-8222-222222222222",
    ] as const;
    await list(ledger, [one, other]);
    write(ledger, one, other);
    expect(await list(ledger, [other, one])).toMatchObject({ listed: 2, added: 0, unseen: 0 });
    expect(await list(ledger, [one], [one])).toMatchObject({ listed: 1, added: 0, unseen: 1 });
    expect(ledger.unseen(-1, 10).map(({ id }) => id)).toEqual([other]);
  });

  it("queues again what had gone and is back, also when it was carried", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    await list(ledger, ["a", "b"]);
    write(ledger, "a");
    await list(ledger, []);
    ledger.markGone(ledger.unseen(-1, 10).map(({ ordinal }) => ordinal));
    expect(ledger.counts()).toMatchObject({ deleted: 1, left: 1, listed: 0 });
    expect(await list(ledger, ["a", "b"])).toMatchObject({ added: 2 });
    expect(idsIn(ledger, recordStates.pending)).toEqual(["a", "b"]);
  });
});

describe("the ledger", () => {
  it("sums what stands at the target, also what the source has deleted since", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    await list(ledger, ["a", "b", "c"]);
    write(ledger, "a", "b");
    ledger.markGone(ledger.page(recordStates.written, -1, 1).map(({ ordinal }) => ordinal));
    expect((await ledger.sums(signal)).total).toBe(2);
  });

  it("keeps why a record was not carried, and tries it again when asked", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    await list(ledger, ["a"]);
    const [row] = ledger.page(recordStates.pending, -1, 1);
    ledger.checkpoint({
      written: digested([]),
      failures: [{ ordinal: row?.ordinal ?? -1, reason: "no-vector", detail: "None." }],
      gone: [],
    });
    expect([...ledger.failures()]).toMatchObject([{ id: "a", reason: "no-vector" }]);
    expect(ledger.counts().quarantined).toBe(1);
    ledger.retryQuarantined();
    expect([...ledger.failures()]).toEqual([]);
    expect(ledger.counts().pending).toBe(1);
  });

  it("finds records by point and walks a range of points in order", async () => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    const ids = Array.from({ length: 50 }, (_, index) => `id-${index}`);
    await list(ledger, ids);
    const points = ids.map((id) => pointOf(planOf("c"), id)).sort();
    expect(ledger.byPoint(points[3] ?? "")?.point).toBe(points[3]);
    expect(
      ledger.range(null, "ffffffff-ffff-ffff-ffff-ffffffffffff", 100).map(({ point }) => point),
    ).toEqual(points);
    expect(ledger.range(points[9] ?? "", points[20] ?? "", 5).map(({ point }) => point)).toEqual(
      points.slice(10, 15),
    );
  });
});

describe("the journal", () => {
  it("refuses another plan for a collection that is begun, and takes it for one that is not", async () => {
    const {
      journal,
      migration,
      ledgers: [ledger],
    } = open("c");
    using _ = journal;
    if (ledger === undefined) throw new Error("no ledger");
    const scope = { where: null, limit: null };
    await list(ledger, ["a"]);
    const changed = { ...planOf("c"), idPrefix: "p-" };
    journal.enter(migration, changed, scope);
    expect(journal.collections(migration).map(({ plan }) => plan.idPrefix)).toEqual(["p-"]);
    const [again] = journal.collections(migration);
    if (again === undefined) throw new Error("no collection");
    const fresh = journal.ledger(again);
    await list(fresh, ["a"]);
    write(fresh, "a");
    expect(() => journal.enter(migration, planOf("c"), scope)).toThrow(
      expect.objectContaining({ code: "E_PLAN_CHANGED" }),
    );
  });
});

describe("a listing of more than is in memory at once", () => {
  const first = Array.from({ length: 12_000 }, (_, at) => `id-${at}`);
  const chunked = (ids: readonly string[]): string[][] =>
    Array.from({ length: Math.ceil(ids.length / 5000) }, (_, at) =>
      ids.slice(at * 5000, (at + 1) * 5000),
    );
  const later: Record<string, readonly string[]> = {
    "in the same order": first,
    backwards: first.toReversed(),
    "with most of its beginning gone and new ones before the rest": [
      ...Array.from({ length: 1500 }, (_, at) => `new-${at}`),
      ...first.slice(10_500),
    ],
    "with every third gone and added again at its end": [
      ...first.filter((_, at) => at % 3 !== 0),
      ...first.filter((_, at) => at % 3 === 0),
    ],
    "with some twice, some gone and some new": [
      ...first.filter((_, at) => at % 10 !== 0),
      "new-1",
      "id-5",
      "id-11999",
      "new-1",
      "new-2",
    ],
  };

  it.each(Object.entries(later))("%s tells the same", async (_, ids) => {
    const {
      journal,
      ledgers: [ledger],
    } = open("c");
    using _journal = journal;
    if (ledger === undefined) throw new Error("no ledger");
    await list(ledger, ...chunked(first));
    const carried = ledger.page(recordStates.pending, -1, 30_000);
    ledger.checkpoint({
      written: digested(carried.map(({ ordinal }) => ordinal)),
      failures: [],
      gone: [],
    });
    const listed = new Set(ids);
    const known = new Set(first);
    const added = [...listed].filter((id) => !known.has(id));
    const unseen = first.filter((id) => !listed.has(id));
    const result = await list(ledger, ...chunked(ids));
    expect(result).toMatchObject({
      listed: listed.size,
      added: added.length,
      unseen: unseen.length,
    });
    expect(ledger.unseen(-1, 30_000).map(({ id }) => id)).toEqual(unseen);
    expect(
      ledger
        .page(recordStates.pending, -1, 30_000)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(added.sort());
  });
});
