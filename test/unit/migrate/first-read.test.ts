import { describe, expect, it } from "vitest";
import { FirstRead } from "../../../src/migrate/first-read.ts";
import { Journal } from "../../../src/migrate/journal/journal.ts";
import { plainPointId } from "../../../src/model/point-id.ts";
import { blankCollection } from "../../support/blank-collection.ts";
import { planFor } from "../../support/collection-plan.ts";
import { fakeCollection } from "../../support/fake-migration.ts";
import { FakeSource } from "../../support/fake-store.ts";
import { end } from "../../support/journal-scene.ts";

const { signal } = new AbortController();
const flight = { batchSize: 20, workers: 1 };

/** Two collections of one name, in two databases, with the same ids. */
async function begun() {
  const collection = fakeCollection("docs", 50);
  const source = new FakeSource([collection]);
  const ids = collection.records.map(({ id }) => id);
  const journal = Journal.open(":memory:");
  const ends = [
    { kind: "chroma", ...end } as const,
    { kind: "embedded", ...end } as const,
  ] as const;
  const lanes = ["one", "other"].map((database) => {
    const known = { key: database, database, dimension: 4, distance: "cosine" as const };
    const plan = planFor(blankCollection("docs", known), { target: `target of ${database}` });
    const migration = journal.begin(database, database, ...ends);
    const ledger = journal.ledger(journal.enter(migration, plan, { where: null, limit: null }));
    return { source, plan, ledger };
  });
  for (const { ledger } of lanes) {
    using listing = ledger.list();
    listing.add(ids, plainPointId);
    await listing.finish(signal);
  }
  const [one, other] = lanes;
  if (one === undefined || other === undefined) throw new Error("no lanes");
  const first = new FirstRead();
  await first.begin(one, flight, signal);
  return { journal, first, one, other, ids };
}

describe("FirstRead", () => {
  it("gives the first batch of its collection, once", async () => {
    const { journal, first, one, ids } = await begun();
    using _journal = journal;
    expect(first.flightOf(one.ledger)).toBe(flight);
    expect(first.take(one.ledger, ids.slice(0, 20))?.batch.ids).toEqual(ids.slice(0, 20));
    expect(first.take(one.ledger, ids.slice(0, 20))).toBeNull();
    expect(first.flightOf(one.ledger)).toBeNull();
  });

  it("gives nothing of another collection that has its name and its ids, nor of other records", async () => {
    const { journal, first, one, other, ids } = await begun();
    using _journal = journal;
    expect(first.flightOf(other.ledger)).toBeNull();
    expect(first.take(other.ledger, ids.slice(0, 20))).toBeNull();
    expect(first.take(one.ledger, ids.slice(0, 19))).toBeNull();
    expect(first.take(one.ledger, ids.slice(1, 21))).toBeNull();
    expect(first.take(one.ledger, ids.slice(0, 20))?.batch.ids).toHaveLength(20);
  });
});
