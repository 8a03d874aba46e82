import { describe, expect, it } from "vitest";
import { runMigrate } from "../../../../src/migrate/run.ts";
import {
  codesOf,
  examine,
  fakeLook,
  only,
  standingCollection,
} from "../../../support/doctor-scene.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../../support/fake-store.ts";

const source = new FakeSource([fakeCollection("ants", 50)]);

/** A target that holds what was migrated there, looked at as the target of this migration, or of another. */
async function filled(whose: "this migration" | "another") {
  const target = new FakeTarget();
  await runMigrate(source, target, migrateRequest({}), fakeContext());
  const [info] = await target.collections();
  return fakeLook({
    ...(whose === "another" ? {} : { identity: target.identity }),
    collections: [standingCollection("ants", { info: info ?? {} })],
    points: async (collection, points) => (await target.read(collection, points)).batch,
  });
}

describe("doctor on places that are taken", () => {
  it("finds another migration's points where ours would be, and the flag that gives them others", async () => {
    const target = await filled("another");
    const flags = "--id-prefix ants=old --layout vecferry";
    const found = only(await examine({ source, target, flags }), "id-collision");
    expect(found).toMatchObject({
      severity: "error",
      end: "target",
      collection: "ants",
      evidence: { collection: "ants", looked: expect.any(Number) },
    });
    expect(found.text).toMatch(
      /^Record "[^"]+" of collection "ants" would be point .* of run [0-9a-f]{16} stands\.$/,
    );
    expect(found.remedy).toMatch(/ --layout vecferry --id-prefix ants=TEXT$/);
  });

  it("finds none where the points are this migration's own", async () => {
    const found = codesOf(await examine({ source, target: await filled("this migration") }));
    expect(found).not.toContain("id-collision");
  });

  it("finds none where another id prefix names other points, and none beyond the records in scope", async () => {
    const target = await filled("another");
    const shape = { idPrefixes: new Map([["ants", "new"]]) };
    expect(codesOf(await examine({ source, target, shape }))).toEqual([]);
    const looked = async (limit: number) =>
      only(await examine({ source, target, scope: { limit } }), "id-collision").evidence["looked"];
    expect(await looked(7)).toBe(7);
  });
});
