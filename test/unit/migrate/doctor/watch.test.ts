import { describe, expect, it } from "vitest";
import { codesOf, examine, only } from "../../../support/doctor-scene.ts";
import { fakeCollection } from "../../../support/fake-migration.ts";
import { FakeSource } from "../../../support/fake-store.ts";

describe("doctor on a source that is written to", () => {
  it("finds records that came meanwhile", async () => {
    const source = new FakeSource([fakeCollection("ants", 5), fakeCollection("bees", 5)]);
    source.beforeRead = () => {
      source.collection("ants").records.push({ id: `new ${Math.random()}`, vector: [1, 1, 1, 1] });
      source.beforeRead = () => undefined;
    };
    const found = only(await examine({ source }), "source-changing");
    expect(found).toMatchObject({ collection: "ants", evidence: { before: 5, after: 6 } });
    expect(found.remedy).toBe("vecferry migrate ./source TARGET");
  });

  it("finds a record that took the place of another", async () => {
    const source = new FakeSource([fakeCollection("ants", 5)]);
    source.beforeRead = () => {
      source.collection("ants").records[2] = { id: "other", vector: [1, 1, 1, 1] };
    };
    expect(only(await examine({ source }), "source-changing").text).toContain("other ids");
  });

  it("finds nothing where nothing is written", async () => {
    const source = new FakeSource([fakeCollection("ants", 5)]);
    expect(codesOf(await examine({ source, watchMs: 50 }))).toEqual([]);
  });
});
