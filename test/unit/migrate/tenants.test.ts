import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/index.ts";
import { VectorError } from "../../../src/errors.ts";
import { runMigrate } from "../../../src/migrate/run.ts";
import { runTenants } from "../../../src/migrate/tenants/tenants.ts";
import type { TargetStore } from "../../../src/store/port.ts";
import { batchOf } from "../../../src/testing/target-records.ts";
import { fakeContext, migrateRequest } from "../../support/fake-migration.ts";
import { Scene, scenePoint, withPlacement } from "../../support/fake-scene.ts";
import { overridden } from "../../support/overridden.ts";

let scene: Scene;

beforeEach(async () => {
  scene = new Scene(await openEmbedded(":memory:"));
  await scene.migrate();
});

afterEach(() => scene.target[Symbol.asyncDispose]());

const look = (target: TargetStore = scene.target, collection: string | null = null) =>
  runTenants(target, { collection }, scene.context);

describe("tenants", () => {
  it("counts each one's points, and proves that none finds another's", async () => {
    const outcome = await look();
    expect(outcome).toMatchObject({ exit: 0, plain: [], unknown: [], next: [] });
    const [zoo] = outcome.tenanted;
    expect(zoo?.census).toMatchObject({
      points: 100,
      tenants: [
        { tenant: "acme", points: 70 },
        { tenant: "bolt", points: 30 },
      ],
      withoutTenant: 0,
      others: 0,
    });
    expect(zoo?.index).toBe("tenant");
    // Three vectors of its own and three of the other, for each of the two.
    expect(zoo?.isolation).toMatchObject({ tenants: 2, searches: 12, breaches: 0, blind: [] });
    // Every point was found by somebody, and its owner read.
    expect(zoo?.isolation.points).toBe(100);
    expect(outcome.verdict).toBe(
      "Tenants are kept apart: of 100 points, all counted, none belongs to two tenants, and none is another's than it was carried for; in 12 searches as 2 tenants, a sample, none found another's record or one without a tenant.",
    );
  });

  it("names what a search finds that does not keep tenants apart", async () => {
    const target = overridden(scene.target, {
      search: (info, vector, { tenant: _, ...options }) =>
        scene.target.search(info, vector, options),
    });
    const outcome = await look(target);
    expect(outcome.exit).toBe(4);
    const { isolation } = outcome.tenanted[0] ?? {};
    expect(isolation?.breaches).toBeGreaterThan(50);
    expect(isolation?.examples).toHaveLength(20);
    expect(isolation?.examples[0]).toMatchObject({ tenant: "acme", owner: "bolt" });
    expect(outcome.verdict).toMatch(/Tenants are not kept apart: 12 searches as 2 tenants found/);
  });

  it("names a record that now says another tenant than it was carried for", async () => {
    const point = scenePoint("bees", "bees-3");
    await scene.alter(point, (batch) => withPlacement(batch, { tenants: ["acme"] }));
    const outcome = await look();
    expect(outcome.exit).toBe(4);
    expect(outcome.tenanted[0]?.isolation.examples).toMatchObject([
      { tenant: "acme", point, id: "bees-3", owner: "bolt" },
    ]);
  });

  it("names a record of several tenants at once", async () => {
    const point = scenePoint("bees", "bees-3");
    const rest = ['{"tenant_id":["acme","bolt"]}'];
    const target = overridden(scene.target, {
      read: async (...asked) => {
        const found = await scene.target.read(...asked);
        const tenants = found.batch.placement.tenants.map((tenant, row) =>
          found.batch.placement.points[row] === point ? null : tenant,
        );
        return { ...found, batch: withPlacement(found.batch, { tenants, rest }) };
      },
    });
    const outcome = await look(target);
    expect(outcome).toMatchObject({ exit: 4 });
    expect(outcome.tenanted[0]?.isolation.examples).toMatchObject([
      { tenant: "bolt", point, owner: null },
    ]);
  });

  /** No search finds anything but what is the tenant's own. */
  const unseen = (): TargetStore =>
    overridden(scene.target, {
      search: async (info, vector, options) =>
        (await scene.target.search(info, vector, options)).filter(({ id }) => id !== "bees-3"),
    });

  it("counts every point of another tenant than it was carried for, also where no search finds it", async () => {
    const point = scenePoint("bees", "bees-3");
    await scene.alter(point, (batch) => withPlacement(batch, { tenants: ["acme"] }));
    const outcome = await look(unseen());
    expect(outcome).toMatchObject({ exit: 4, verdict: expect.stringContaining("1 point is not") });
    expect(outcome.tenanted[0]).toMatchObject({ isolation: { breaches: 0 } });
    const named = { id: "bees-3", point, owner: "acme", collection: "bees", carriedFor: ["bolt"] };
    expect(outcome.tenanted[0]?.ownership).toEqual({
      mislaid: 1,
      lookedThrough: null,
      examples: [named],
    });
    expect(outcome.next.join()).toContain("repair --overwrite");
  });

  it("reads the points where the server does not count by the mark", async () => {
    const point = scenePoint("bees", "bees-3");
    await scene.alter(point, (batch) => withPlacement(batch, { tenants: ["acme"] }));
    const target = overridden(unseen(), {
      count: async (info, options) => {
        if (options?.mark !== undefined) throw new VectorError("E_REJECTED", "Strict mode.");
        return scene.target.count(info, options);
      },
    });
    const outcome = await look(target);
    expect(outcome.exit).toBe(4);
    expect(outcome.tenanted[0]?.ownership).toMatchObject({ mislaid: 1, lookedThrough: 100 });
  });

  it("counts points of several tenants, also where no search finds them", async () => {
    const point = scenePoint("bees", "bees-3");
    await scene.alter(point, (batch) =>
      withPlacement(batch, { tenants: [null], rest: ['{"tenant_id":["acme","bolt"]}'] }),
    );
    const outcome = await look(unseen());
    expect(outcome.exit).toBe(4);
    const [zoo] = outcome.tenanted;
    expect(zoo?.census).toMatchObject({ points: 100, several: 1, others: 0 });
    expect(zoo?.ownership.examples).toMatchObject([{ id: "bees-3", point, owner: null }]);
    expect(outcome.verdict).toContain("1 point belongs to several tenants");
  });

  it("counts records without a tenant, searches by their vectors, and says what to do", async () => {
    const stray = batchOf([{ id: "stray", vector: [1, 0, 0, 0], run: null }]);
    await scene.put(stray);
    const other = batchOf([{ id: "app", vector: [0, 1, 0, 0], tenant: "crow", run: null }]);
    await scene.put(other);
    const outcome = await look();
    expect(outcome.exit).toBe(0);
    const { census, isolation } = outcome.tenanted[0] ?? {};
    expect(census).toMatchObject({ points: 102, withoutTenant: 1, others: 0, lookedThrough: 102 });
    expect(census?.tenants).toContainEqual({ tenant: "crow", points: 1 });
    // Of three tenants: their own vectors, those of the two others, and the stray one.
    expect(isolation).toMatchObject({
      tenants: 3,
      searches: 3 + 4 + 1 + (3 + 4 + 1) + (1 + 6 + 1),
    });
    expect(outcome.next.join()).toContain("belong to no tenant that is known");
  });

  it("says when a tenant's records are not found at all", async () => {
    const target = overridden(scene.target, { search: async () => [] });
    const outcome = await look(target);
    expect(outcome).toMatchObject({ exit: 4 });
    expect(outcome.tenanted[0]?.isolation.blind).toEqual(["acme", "bolt"]);
  });

  it("tells plain collections, and those of which nothing is known", async () => {
    const context = fakeContext();
    const request = migrateRequest({ renames: new Map([["ants", "plain"]]) });
    const scope = { ...request.scope, collections: ["ants"] };
    await runMigrate(scene.source, scene.target, { ...request, scope }, context);
    const target = overridden(scene.target, {
      collections: async (options) => {
        const found = await scene.target.collections(options);
        return [...found, ...found.slice(0, 1).map((info) => ({ ...info, name: "x", note: null }))];
      },
    });
    const outcome = await look(target);
    expect(outcome).toMatchObject({ exit: 0, plain: ["plain"], unknown: ["x"] });
    const one = await look(target, "plain");
    expect(one).toMatchObject({ tenanted: [], verdict: "No collection here has tenants." });
    await expect(look(target, "none")).rejects.toMatchObject({ code: "E_COLLECTION_NOT_FOUND" });
  });

  it("takes from the journal what a server that keeps no notes cannot tell", async () => {
    const target = overridden(scene.target, {
      collections: async (options) =>
        (await scene.target.collections(options)).map((info) => ({ ...info, note: null })),
    });
    const outcome = await look(target);
    expect(outcome.tenanted[0]?.census.tenants).toHaveLength(2);
    expect(outcome.tenanted[0]?.isolation).toMatchObject({ searches: 12, breaches: 0 });
  });
});
