import { describe, expect, it } from "vitest";
import { plainPointId, tenantPointId } from "../../../../src/model/point-id.ts";
import {
  codesOf,
  examine,
  fakeLook,
  only,
  standingCollection,
} from "../../../support/doctor-scene.ts";
import { fakeCollection } from "../../../support/fake-migration.ts";
import { FakeSource } from "../../../support/fake-store.ts";

/** Two collections whose ids are alike. */
function twins(): FakeSource {
  const ants = fakeCollection("ants", 5);
  return new FakeSource([
    ants,
    { ...ants, name: "bees", records: [...ants.records] },
    fakeCollection("cats", 3),
  ]);
}

describe("doctor on what goes where", () => {
  it("finds nothing amiss with collections that stay apart", async () => {
    expect(codesOf(await examine({ source: twins(), target: fakeLook() }))).toEqual([]);
  });

  it("names the collections that a mapping misses, all at once", async () => {
    const shape = { mapping: new Map([["ants", "acme"]]) };
    const findings = await examine({ source: twins(), shape, flags: "--tenant-mapping map.json" });
    expect(codesOf(findings)).toEqual(["unmapped"]);
    expect(only(findings, "unmapped")).toMatchObject({
      severity: "error",
      evidence: { collections: ["bees", "cats"] },
      remedy: "vecferry migrate ./source TARGET --tenant-mapping map.json --default-tenant NAME",
    });
  });

  it("names what a mapping and the flags name in vain", async () => {
    const shape = {
      mapping: new Map([
        ["ants", "a"],
        ["bees", "b"],
        ["cats", "c"],
        ["dogs", "d"],
      ]),
    };
    const found = only(await examine({ source: twins(), shape }), "mapping-wrong");
    expect(found.text).toContain('"dogs"');
    const renamed = { renames: new Map([["dogs", "cats"]]) };
    expect(codesOf(await examine({ source: twins(), shape: renamed }))).toEqual([
      "collection-not-found",
    ]);
    const scope = { collections: ["dogs"] };
    expect(codesOf(await examine({ source: twins(), scope }))).toEqual(["collection-not-found"]);
  });

  it("names a name that the target refuses, and examines the collection all the same", async () => {
    const source = twins();
    source.collection("ants").records.push({ id: "zero", vector: [0, 0, 0, 0] });
    const shape = { renames: new Map([["ants", "a/b"]]) };
    const findings = await examine({ source, shape });
    expect(codesOf(findings)).toEqual(["name-refused", "zero-vectors"]);
    expect(only(findings, "name-refused")).toMatchObject({
      collection: "ants",
      remedy: "vecferry migrate ./source TARGET --rename ants=NEW",
    });
  });

  it("names collections of one name in two tenants", async () => {
    const source = new FakeSource([fakeCollection("ants", 2), fakeCollection("ants", 2)]);
    expect(codesOf(await examine({ source }))).toContain("same-name");
  });

  it("says where nothing was ever written, and where there is nothing at all", async () => {
    class Empty extends FakeSource {
      override async collections() {
        return (await super.collections()).map((info) => ({ ...info, dimension: null }));
      }
    }
    const findings = await examine({ source: new Empty([fakeCollection("ants", 0)]) });
    expect(codesOf(findings)).toEqual(["never-written"]);
    expect(codesOf(await examine({ source: new FakeSource([]) }))).toEqual(["no-collections"]);
  });

  it("says where the source does not tell a distance, unless a flag does", async () => {
    class Silent extends FakeSource {
      override async collections() {
        return (await super.collections()).map((info) => ({ ...info, distance: null }));
      }
    }
    const source = new Silent([fakeCollection("ants", 2)]);
    expect(codesOf(await examine({ source }))).toEqual(["distance-unknown"]);
    expect(codesOf(await examine({ source, shape: { distance: "ip" } }))).toEqual([]);
  });
});

describe("doctor on ids that meet in one point", () => {
  const shared = {
    mapping: new Map([
      ["ants", "t"],
      ["bees", "t"],
      ["cats", "u"],
    ]),
    targetCollection: "zoo",
  };

  it("finds those of one tenant, with both records", async () => {
    const found = only(await examine({ source: twins(), shape: shared }), "id-collision");
    expect(found.evidence).toMatchObject({ target: "zoo", points: 5 });
    const [example] = found.evidence["examples"] as {
      point: string;
      records: { collection: string; id: string }[];
    }[];
    const [one, other] = example?.records ?? [];
    expect([one?.collection, other?.collection]).toEqual(["ants", "bees"]);
    expect(one?.id).toBe(other?.id);
    expect(example?.point).toBe(tenantPointId("t", one?.id ?? "").replaceAll("-", ""));
    expect(found.remedy).toContain("--id-prefix bees=TEXT");
  });

  it("finds none where a prefix or another tenant keeps them apart", async () => {
    const prefixed = { ...shared, idPrefixes: new Map([["bees", "b:"]]) };
    expect(codesOf(await examine({ source: twins(), shape: prefixed }))).toEqual([]);
    const apart = {
      ...shared,
      mapping: new Map([
        ["ants", "t"],
        ["bees", "v"],
        ["cats", "u"],
      ]),
    };
    expect(codesOf(await examine({ source: twins(), shape: apart }))).toEqual([]);
  });

  it("finds a UUID that is another id's own point, within one collection", async () => {
    const source = new FakeSource(
      [
        {
          name: "ants",
          distance: "cosine",
          dimension: 2,
          records: [
            { id: "x", vector: [1, 1] },
            { id: plainPointId("x"), vector: [1, 2] },
          ],
        },
      ],
      { live: false },
    );
    expect(only(await examine({ source }), "id-collision").evidence["points"]).toBe(1);
  });

  it("looks at the records in scope alone", async () => {
    const source = twins();
    source.collection("bees").records.reverse();
    const scope = { limit: 2 };
    expect(codesOf(await examine({ source, shape: shared, scope }))).toEqual([]);
  });
});

describe("doctor on what the plan meets at the target", () => {
  const source = new FakeSource([fakeCollection("ants", 5)]);

  it.each([
    ["dimension", { dimension: 5 }],
    ["distance", { dimension: 4, distance: "ip" }],
  ] as const)("names a collection of another %s", async (field, info) => {
    const target = fakeLook({ collections: [standingCollection("ants", { info })] });
    const found = only(
      await examine({ source, target, flags: "--layout flat" }),
      "schema-conflict",
    );
    expect(found).toMatchObject({ end: "target", collection: "ants", evidence: { field } });
    expect(found.remedy).toBe(
      "vecferry migrate ./source http://target:6333 --layout flat --rename ants=NEW",
    );
  });

  it.each([
    ["--rename ants=old --rename 'my bees'=b", "--rename 'my bees'=b --rename ants=NEW"],
    ["--rename 'ants=o ld' --limit 5", "--limit 5 --rename ants=NEW"],
    ["--rename=ants=old", "--rename ants=NEW"],
  ])("renames once, whatever was typed: %s", async (flags, remedied) => {
    const collections = [standingCollection("ants", { info: { dimension: 5 } })];
    const found = await examine({ source, target: fakeLook({ collections }), flags });
    expect(only(found, "schema-conflict").remedy).toBe(
      `vecferry migrate ./source http://target:6333 ${remedied}`,
    );
  });

  it("gives one that does not fit another --target-collection, where one was given", async () => {
    const collections = [standingCollection("zoo", { info: { dimension: 5 } })];
    const target = fakeLook({ collections });
    const shape = { targetCollection: "zoo", defaultTenant: "acme" };
    const flags =
      "--chromadb-collections ants 'b ees' --target-collection zoo --default-tenant acme";
    const found = await examine({ source, target, flags, shape });
    expect(only(found, "schema-conflict").remedy).toBe(
      "vecferry migrate ./source http://target:6333 --default-tenant acme --chromadb-collections ants --target-collection NEW",
    );
    const refused = await examine({
      source,
      flags: "--target-collection a/b",
      shape: { targetCollection: "a/b" },
    });
    expect(only(refused, "name-refused").remedy).toBe(
      "vecferry migrate ./source TARGET --target-collection NEW",
    );
  });

  it("names one with named vectors alone", async () => {
    const target = fakeLook({
      collections: [standingCollection("ants", { info: { dimension: null } })],
    });
    expect(codesOf(await examine({ source, target }))).toEqual(["named-vectors"]);
  });

  it("names points that no migration wrote, in the collections of the plan alone", async () => {
    const info = { dimension: 4, count: 9 };
    const collections = ["ants", "others"].map((name) => standingCollection(name, { info }));
    const target = fakeLook({ collections, firstForeign: async () => ({ looked: 3, point: "7" }) });
    const found = only(await examine({ source, target }), "foreign-points");
    expect(found).toMatchObject({
      collection: "ants",
      evidence: { point: "7", looked: 3, points: 9 },
    });
    expect(found.remedy).toBe("vecferry migrate ./source http://target:6333 --merge");
  });

  it("takes a layout that the target's note tells", async () => {
    const note = JSON.stringify({ format: 1, layout: "flat", tenanted: false, sources: [] });
    const target = fakeLook({
      collections: [standingCollection("ants", { info: { dimension: 4, note } })],
    });
    expect(codesOf(await examine({ source, target }))).toEqual([]);
    expect(codesOf(await examine({ source, target, shape: { layout: "vecferry" } }))).toEqual([
      "schema-conflict",
    ]);
  });
});
