import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { placed } from "../../../../src/migrate/export/lane.ts";
import { defaultExport, type ExportShape } from "../../../../src/migrate/export/request.ts";
import { LanePlans, Router } from "../../../../src/migrate/export/route.ts";
import type { CollectionInfo, SourceNote } from "../../../../src/model/collection.ts";
import type { PointBatch } from "../../../../src/model/record.ts";

const source: SourceNote = {
  run: "r1",
  key: "k",
  name: "docs",
  tenant: "acme",
  database: "prod",
  mappedTenant: null,
  idPrefix: null,
  distance: "ip",
  metadata: '{"owner":"me"}',
  configuration: "{}",
  schema: null,
};

function infoOf(sources: readonly SourceNote[] | null, fields: Partial<CollectionInfo> = {}) {
  const tenanted = sources?.some(({ mappedTenant }) => mappedTenant !== null) ?? false;
  const note = { format: 1, layout: "vecferry", tenanted, sources };
  const info: CollectionInfo = {
    key: "q",
    name: "q",
    tenant: null,
    database: null,
    dimension: 3,
    distance: "cosine",
    distanceFrom: "configuration",
    count: 1,
    metadata: null,
    configuration: null,
    schema: null,
    status: null,
    note: sources === null ? null : JSON.stringify(note),
    ...fields,
  };
  return info;
}

interface Mark {
  readonly run?: string;
  readonly collection?: string;
  readonly tenant?: string;
  readonly rest?: string;
}

function pointWith({ run, collection, tenant, rest }: Mark): PointBatch {
  const payload = { documents: [null], uris: [null], metadata: [null] };
  const batch = placed({ ids: ["a"], vectors: new Map(), payload });
  const placement = {
    ...batch.placement,
    runs: [run ?? null],
    collections: [collection ?? null],
    tenants: [tenant ?? null],
    rest: [rest ?? null],
  };
  return { ...batch, placement };
}

function plansOf(): LanePlans {
  return new LanePlans(() => undefined);
}

function routerOf(info: CollectionInfo, shape: Partial<ExportShape> = {}, plans = plansOf()) {
  return new Router(info, "points", plans, { ...defaultExport, ...shape });
}

/** The name of the collection that a point goes to. */
function homeOf(info: CollectionInfo, mark: Mark, shape: Partial<ExportShape> = {}): string {
  return routerOf(info, shape).planOf(pointWith(mark), 0).spec.name;
}

describe("where a point goes", () => {
  const ofTenant = (name: string, mappedTenant: string) => ({ ...source, name, mappedTenant });
  const two = infoOf([ofTenant("docs", "t1"), ofTenant("notes", "t2")]);

  it("is the collection of the migration that wrote it, with its distance, metadata and configuration", () => {
    const router = routerOf(infoOf([source]));
    expect(router.planOf(pointWith({ run: "r1" }), 0)).toMatchObject({
      spec: { name: "docs", distance: "ip", metadata: '{"owner":"me"}', configuration: "{}" },
      rules: { distance: "ip", tenantKey: false },
    });
  });

  it("is told by the mark's collection, or the tenant, where several share one", () => {
    expect(homeOf(two, { run: "r1", collection: "notes", tenant: "t2" })).toBe("notes");
    expect(homeOf(two, { run: "r1", tenant: "t2" })).toBe("notes");
  });

  it("is the tenant's only collection for what an application wrote since, also without our mark", () => {
    expect(homeOf(two, { tenant: "t2" })).toBe("notes");
    expect(homeOf(two, { rest: '{"tenant_id":"t1","text":"x"}' })).toBe("docs");
    expect(homeOf(infoOf([source]), { rest: '{"text":"x"}' })).toBe("docs");
  });

  it("is the only collection that the mapping gives its tenant", () => {
    const mapping = new Map([
      ["one", "t1"],
      ["two", "t2"],
      ["three", "t2"],
    ]);
    expect(homeOf(infoOf(null), { tenant: "t1" }, { mapping })).toBe("one");
    expect(homeOf(infoOf(null), { tenant: "t2" }, { mapping })).toBe("q");
  });

  it("is the collection's own name else, with the tenant in the metadata, or one for each tenant", () => {
    const router = routerOf(infoOf(null));
    const plan = router.planOf(pointWith({ tenant: "t9" }), 0);
    expect(plan).toMatchObject({ spec: { name: "q" }, rules: { tenantKey: true } });
    const split = routerOf(infoOf(null), { splitTenants: true });
    const own = split.planOf(pointWith({ tenant: "t9" }), 0);
    expect(own).toMatchObject({ spec: { name: "q-t9" }, rules: { tenantKey: false } });
  });

  it("has another name where one is given, for one of two databases too", () => {
    const renames = new Map([["acme/prod/docs", "new"]]);
    expect(homeOf(infoOf([source]), { run: "r1" }, { renames })).toBe("new");
    expect(homeOf(infoOf([source]), { run: "r1" }, { targetCollection: "all" })).toBe("all");
  });
});

describe("the plans of an export", () => {
  it("take no more memory for each tenant whose points go into one collection", () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const router = routerOf(infoOf(null));
    const heapAfter = (from: number, to: number): number => {
      for (let at = from; at < to; at += 1) router.planOf(pointWith({ tenant: `tenant ${at}` }), 0);
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heapAfter(0, 20_000);
    expect(heapAfter(20_000, 120_000) - before).toBeLessThan(4 * 1024 * 1024);
  });

  it("hold every noted collection, also one without a point", () => {
    const plans = plansOf();
    routerOf(infoOf([source, { ...source, name: "empty" }]), {}, plans);
    expect(plans.all.map(({ spec }) => spec.name)).toEqual(["docs", "empty"]);
  });

  it("keep collections of two databases that bear one name apart", () => {
    const other = { ...source, run: "r2", database: "test" };
    expect(() => routerOf(infoOf([source, other]))).toThrow(
      expect.objectContaining({ code: "E_CONFIG" }),
    );
  });

  it("refuse to put two distances into one collection", () => {
    const plans = plansOf();
    const shape = { targetCollection: "all" };
    routerOf(infoOf(null), shape, plans);
    const other = infoOf(null, { key: "p", name: "p", distance: "l2" });
    expect(() => routerOf(other, shape, plans)).toThrow(
      expect.objectContaining({ code: "E_SCHEMA_CONFLICT" }),
    );
  });
});
