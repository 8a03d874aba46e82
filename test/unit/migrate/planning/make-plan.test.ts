import { describe, expect, it } from "vitest";
import { totalSeconds } from "../../../../src/migrate/planning/estimate.ts";
import { makePlanFile } from "../../../../src/migrate/planning/make-plan.ts";
import { planFileSchema } from "../../../../src/migrate/planning/plan-schema.ts";
import { defaultRequest, type MigrateRequest } from "../../../../src/migrate/request.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../../support/fake-migration.ts";
import { zooSpec } from "../../../support/fake-scene.ts";
import { FakeSource, FakeTarget } from "../../../support/fake-store.ts";

const whole = { sample: "all" } as const;

function scene(live = false) {
  const contents = [fakeCollection("zoo", 60), fakeCollection("park", 7, { distance: "l2" })];
  return { source: new FakeSource(contents, { live }), target: new FakeTarget() };
}

async function planned(request: MigrateRequest = defaultRequest) {
  const { source, target } = scene();
  return await makePlanFile(source, target, request, whole, fakeContext());
}

describe("makePlanFile", () => {
  it("is a plan by its own schema, with everything in it, and leaves both ends as they were", async () => {
    const { source, target } = scene();
    const context = fakeContext();
    const plan = await makePlanFile(source, target, defaultRequest, whole, context);
    expect(planFileSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(target.contents.size).toBe(0);
    expect(plan.collections.map(({ source: { name }, survey }) => [name, survey.records])).toEqual([
      ["zoo", 60],
      ["park", 7],
    ]);
    expect(plan.collections[0]).toMatchObject({
      source: {
        key: "uuid-of-zoo",
        dimension: 4,
        distance: "cosine",
        distanceFrom: "configuration",
      },
      target: { name: "zoo", layout: "vecferry", tenant: null, dimension: 4, distance: "cosine" },
      embeddingFunction: { status: "not-recorded" },
      embed: null,
    });
    expect(plan.targets.map(({ name, exists }) => [name, exists])).toEqual([
      ["zoo", false],
      ["park", false],
    ]);
    const phases = context.events.flatMap((event) =>
      event.type === "phase" ? [`${event.phase} ${event.collection}`] : [],
    );
    expect(phases).toEqual(["plan null", "survey zoo", "survey park"]);
  });

  it("says which target collections stand there, and that a sample is one", async () => {
    const { source, target } = scene(true);
    const request = migrateRequest(
      {},
      { scope: { ...defaultRequest.scope, collections: ["zoo"] } },
    );
    const first = await makePlanFile(source, target, request, { sample: 10 }, fakeContext());
    expect(first.collections[0]?.survey).toMatchObject({
      surveyed: 10,
      records: 60,
      complete: false,
    });
    expect(first.notes.join()).toContain("--full");
    expect(first.targets[0]?.sizing.points).toBe(60);
    await target.ensure({ ...zooSpec, layout: "flat", tenanted: false });
    const second = await makePlanFile(source, target, request, { sample: 10 }, fakeContext());
    expect(second.targets[0]).toMatchObject({ exists: true, layout: "flat" });
    expect(second.request.shape.layout).toBe("flat");
  });

  it("keeps what was asked: tenants, renames, index and quantization", async () => {
    const request = migrateRequest(
      {
        mapping: new Map([
          ["zoo", "acme"],
          ["park", "corp"],
        ]),
        renames: new Map([["zoo", "animals"]]),
        idPrefixes: new Map([["park", "p:"]]),
      },
      {
        settings: {
          ...defaultRequest.settings,
          indexes: [{ key: "count", type: "integer" }],
          quantization: { kind: "scalar", alwaysRam: true },
        },
      },
    );
    const plan = await planned(request);
    expect(plan.request.shape).toMatchObject({
      mapping: { zoo: "acme", park: "corp" },
      renames: { zoo: "animals" },
      idPrefixes: { park: "p:" },
    });
    expect(plan.request.settings.quantization).toEqual({ kind: "scalar", alwaysRam: true });
    expect(plan.targets[0]).toMatchObject({
      name: "animals",
      tenanted: true,
      sources: ["zoo"],
      indexes: [{ key: "metadata.count", type: "integer" }],
    });
  });

  it("refuses a key of the metadata that the planned layout keeps for itself, and notes one that a sample shows", async () => {
    const request = migrateRequest({ layout: "flat" });
    const made = (live: boolean, asked = request) => {
      const { source, target } = scene(live);
      source.record("zoo", "zoo-1").metadata = '{"document":"mine"}';
      const options = live ? { sample: 10 } : whole;
      return makePlanFile(source, target, asked, options, fakeContext());
    };
    await expect(made(false)).rejects.toMatchObject({
      code: "E_RESERVED_KEY",
      message: expect.stringMatching(
        /1 record of collection "zoo" has the key "document", .* flat/,
      ),
      next: expect.stringContaining("--layout vecferry"),
    });
    const { notes } = await made(true);
    expect(notes.join()).toMatch(/"document", which layout flat keeps .* --layout vecferry/);
    expect((await made(false, migrateRequest({ layout: "vecferry" }))).notes).toEqual([]);
  });

  it.each(["a target", "none"])(
    "refuses ids that would meet in one point, with %s",
    async (end) => {
      const { source, target } = scene();
      source.collection("park").distance = "cosine";
      source.collection("park").records.push({ id: "zoo-1", vector: [1, 2, 3, 4] });
      const shape = { targetCollection: "all", defaultTenant: "acme" };
      const made = (prefixes: [string, string][]) =>
        makePlanFile(
          source,
          end === "none" ? null : target,
          migrateRequest({ ...shape, idPrefixes: new Map(prefixes) }),
          whole,
          fakeContext(),
        );
      await expect(made([])).rejects.toMatchObject({
        code: "E_ID_COLLISION",
        message: expect.stringMatching(
          /"zoo-1" of collection "park" .*"zoo-1" of collection "zoo"/,
        ),
        next: expect.stringContaining('--id-prefix "park=TEXT"'),
        details: { ids: ["zoo-1", "zoo-1"], collections: ["zoo", "park"], points: 1 },
      });
      expect((await made([["park", "p:"]])).collections).toHaveLength(2);
    },
  );

  it("without a target it is an inventory, and every figure is there all the same", async () => {
    const { source } = scene();
    const plan = await makePlanFile(source, null, defaultRequest, whole, fakeContext());
    expect(planFileSchema.parse(plan)).toMatchObject({ target: null, run: null });
    expect(plan.targets[0]?.sizing.planned.ramBytes).toBeGreaterThan(0);
    expect(plan.notes.join()).toContain("No target was named");
  });

  it("sizes an embedded target as one, and a server with its replicas", async () => {
    const { source, target } = scene();
    const settings = { ...defaultRequest.settings, replicas: 2 };
    const request = migrateRequest({}, { settings });
    const server = await makePlanFile(source, target, request, whole, fakeContext());
    const one = await planned();
    const sizing = server.targets[0]?.sizing;
    expect(sizing?.planned.ramBytes).toBe(2 * (one.targets[0]?.sizing.planned.ramBytes ?? 0));
    expect(sizing?.choices.map(({ quantization }) => quantization)).toHaveLength(5);
    const identity = { ...target.identity, kind: "embedded" } as const;
    const embedded = Object.assign(new FakeTarget(), { identity });
    const plan = await makePlanFile(source, embedded, request, whole, fakeContext());
    expect(plan.targets[0]?.sizing.planned.ramBytes).toBe(60 * (4 * 4 + 600));
  });

  it("adds up its estimates", async () => {
    const plan = await planned();
    const [zoo, park] = plan.collections.map(({ estimate }) => estimate);
    expect(plan.estimate.bytes).toBe((zoo?.bytes ?? 0) + (park?.bytes ?? 0));
    expect(plan.estimate.writeRequests).toBe(3);
    const seconds = (readSeconds: number, writeSeconds: number) =>
      totalSeconds({ ...plan.estimate, readSeconds, writeSeconds, verifySeconds: 1 });
    expect([seconds(5, 2), seconds(2, 5)]).toEqual([6, 6]);
  });

  it("surveys the records in scope alone: by its where and its limit", async () => {
    const { source, target } = scene();
    const asked: unknown[] = [];
    const ids = source.ids.bind(source);
    source.ids = (info, options) => {
      asked.push([options?.where, options?.limit]);
      return ids(info, options);
    };
    const scope = { ...defaultRequest.scope, where: { count: 1 }, limit: 5 };
    const plan = await makePlanFile(
      source,
      target,
      migrateRequest({}, { scope }),
      whole,
      fakeContext(),
    );
    expect(asked).toEqual([
      [{ count: 1 }, 5],
      [{ count: 1 }, 5],
    ]);
    expect(plan.request.scope).toMatchObject({ where: { count: 1 }, limit: 5 });
    expect(plan.collections.map(({ survey }) => survey.records)).toEqual([5, 5]);
  });

  it("meets what the migration would meet: a mapping that leaves one out is refused before any survey", async () => {
    const { source, target } = scene();
    let reads = 0;
    source.beforeRead = () => {
      reads += 1;
    };
    const request = migrateRequest({ mapping: new Map([["zoo", "acme"]]) });
    await expect(makePlanFile(source, target, request, whole, fakeContext())).rejects.toMatchObject(
      { code: "E_UNMAPPED" },
    );
    expect(reads).toBe(0);
  });
});
