import { describe, expect, it } from "vitest";
import {
  assertPlanFits,
  plannedAddress,
  plannedRequest,
} from "../../../../src/migrate/planning/follow-plan.ts";
import { makePlanFile } from "../../../../src/migrate/planning/make-plan.ts";
import type { PlanFile } from "../../../../src/migrate/planning/plan-schema.ts";
import { defaultRequest, type MigrateRequest } from "../../../../src/migrate/request.ts";
import { fakeCollection, fakeContext, migrateRequest } from "../../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../../support/fake-store.ts";

async function scene(request: MigrateRequest = defaultRequest) {
  const source = new FakeSource([fakeCollection("zoo", 20), fakeCollection("park", 5)]);
  const target = new FakeTarget();
  const context = fakeContext();
  const plan = await makePlanFile(source, target, request, { sample: "all" }, context);
  const fits = (edited: PlanFile = plan) =>
    assertPlanFits(edited, source, target, plannedRequest(edited, defaultRequest), context);
  return { source, target, plan, fits };
}

const layoutFlat = migrateRequest({ layout: "flat" });

describe("plannedRequest", () => {
  it("is what was asked when the plan was made, of the planned collections alone", async () => {
    const asked = migrateRequest(
      { layout: "flat", renames: new Map([["zoo", "animals"]]), defaultTenant: "acme" },
      { settings: { ...defaultRequest.settings, quantization: { kind: "scalar" }, shards: 2 } },
    );
    const { plan } = await scene(asked);
    const request = plannedRequest(plan, defaultRequest);
    expect(request.shape).toEqual(asked.shape);
    expect(request.settings).toEqual(asked.settings);
    expect(request.scope).toEqual({ ...asked.scope, collections: ["zoo", "park"] });
  });

  it("takes from the command line what decides nothing of the result", async () => {
    const { plan } = await scene();
    const given = migrateRequest({}, { batchSize: 7, merge: true, waitGreen: true });
    expect(plannedRequest(plan, given)).toMatchObject({
      batchSize: 7,
      merge: true,
      waitGreen: true,
    });
  });

  it("takes a flag that says the same", async () => {
    const { plan } = await scene(layoutFlat);
    expect(plannedRequest(plan, layoutFlat).shape.layout).toBe("flat");
    const { plan: open } = await scene();
    expect(plannedRequest(open, migrateRequest({ layout: "vecferry" })).shape.layout).toBe(
      "vecferry",
    );
  });

  it.each<[string, MigrateRequest]>([
    ["--layout", migrateRequest({ layout: "langchain" })],
    ["--default-tenant", migrateRequest({ defaultTenant: "other" })],
    ["--tenant-mapping", migrateRequest({ mapping: new Map([["zoo", "x"]]) })],
    ["--rename", migrateRequest({ renames: new Map([["zoo", "x"]]) })],
    ["--limit", migrateRequest({}, { scope: { ...defaultRequest.scope, limit: 5 } })],
    ["--include", migrateRequest({}, { scope: { ...defaultRequest.scope, include: ["z*"] } })],
    [
      "--index",
      migrateRequest(
        {},
        { settings: { ...defaultRequest.settings, indexes: [{ key: "a", type: "keyword" }] } },
      ),
    ],
    [
      "--quantization",
      migrateRequest(
        {},
        { settings: { ...defaultRequest.settings, quantization: { kind: "turbo" } } },
      ),
    ],
  ])("refuses %s that says something else", async (flag, given) => {
    const { plan } = await scene(layoutFlat);
    expect(() => plannedRequest(plan, given)).toThrow(
      expect.objectContaining({ code: "E_USAGE", message: expect.stringContaining(flag) }),
    );
  });
});

describe("assertPlanFits", () => {
  it("passes the ends that the plan was made for, also when records and collections have come since", async () => {
    const { source, fits } = await scene();
    source.collection("zoo").records.push({ id: "new", vector: [1, 2, 3, 4] });
    source.contents.push(fakeCollection("new", 3));
    await expect(fits()).resolves.toBeUndefined();
  });

  it.each(["source", "target"] as const)("refuses another %s", async (end) => {
    const { plan, fits } = await scene();
    const edited = {
      ...plan,
      [end]: { ...plan.source, kind: "chroma", address: "http://elsewhere:1" },
    };
    await expect(fits(edited)).rejects.toMatchObject({
      code: "E_PLAN_STALE",
      message: expect.stringContaining(`another ${end}`),
    });
  });

  it("refuses a collection that is gone", async () => {
    const { source, fits } = await scene();
    source.contents.pop();
    await expect(fits()).rejects.toMatchObject({
      code: "E_PLAN_STALE",
      message: expect.stringContaining('no collection "park"'),
    });
  });

  it.each([
    ["dimension", { dimension: 3 }],
    ["distance", { distance: "ip" as const }],
  ])("refuses a collection whose %s is another", async (field, change) => {
    const { source, fits } = await scene();
    Object.assign(source.collection("zoo"), change);
    await expect(fits()).rejects.toMatchObject({
      code: "E_PLAN_STALE",
      message: expect.stringContaining(`its ${field} is`),
    });
  });

  it.each([
    ["layout", "flat"],
    ["name", "elsewhere"],
    ["dimension", 5],
    ["tenant", "acme"],
  ])(
    "refuses a plan whose %s is not what it asks for, and names the field",
    async (field, value) => {
      const { plan, fits } = await scene();
      const [zoo, ...others] = plan.collections;
      if (zoo === undefined) throw new Error("no collection");
      const edited = { ...zoo, target: { ...zoo.target, [field]: value } };
      await expect(fits({ ...plan, collections: [edited, ...others] })).rejects.toMatchObject({
        code: "E_PLAN_FILE",
        details: { field: `collections[0].target.${field}` },
      });
    },
  );

  it.each<[string, (plan: PlanFile) => void]>([
    ["targets[0].dimension", ({ targets: [one] }) => Object.assign(one ?? {}, { dimension: 3 })],
    ["targets[0].distance", ({ targets: [one] }) => Object.assign(one ?? {}, { distance: "l2" })],
    ["targets[0].tenanted", ({ targets: [one] }) => Object.assign(one ?? {}, { tenanted: true })],
    ["targets[0].indexes", ({ targets: [one] }) => Object.assign(one ?? {}, { indexes: [] })],
    ["targets[0].sources", ({ targets: [one] }) => Object.assign(one ?? {}, { sources: ["park"] })],
    ["targets", ({ targets }) => targets.splice(0, 1)],
    ["run", (plan) => Object.assign(plan, { run: "0123456789abcdef" })],
    ["collections[0].source.name", ({ request }) => request.scope.include.push("nothing*")],
    ["collections[1].source.name", ({ request }) => request.scope.exclude.push("p*")],
  ])("refuses a plan whose %s is not what it asks for", async (field, edit) => {
    const indexes = [{ key: "size", type: "integer" }] as const;
    const settings = { ...defaultRequest.settings, indexes };
    const { plan, fits } = await scene({ ...defaultRequest, settings });
    await expect(fits(plan)).resolves.toBeUndefined();
    edit(plan);
    await expect(fits(plan)).rejects.toMatchObject({ code: "E_PLAN_FILE", details: { field } });
  });

  it("refuses a plan about the source alone", async () => {
    const { plan, fits } = await scene();
    await expect(fits({ ...plan, target: null })).rejects.toMatchObject({ code: "E_PLAN_FILE" });
  });
});

describe("plannedAddress", () => {
  it("is what opens the end again", async () => {
    const { plan } = await scene();
    expect(plannedAddress(plan, "source")).toBe("chroma://fake:8000");
    expect(plannedAddress(plan, "target")).toBe("http://fake:6333");
    const edited = { ...plan, source: { ...plan.source, kind: "floppy" } };
    expect(() => plannedAddress(edited, "source")).toThrow(/floppy/);
  });
});
