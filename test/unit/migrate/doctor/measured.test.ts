import { describe, expect, it } from "vitest";
import { VectorError } from "../../../../src/errors.ts";
import type {
  EncodingMeasure,
  RecallMeasure,
  SearchMeter,
  TenantsSeen,
} from "../../../../src/store/look.ts";
import {
  codesOf,
  examine,
  fakeLook,
  only,
  standingCollection,
  strictCaps,
} from "../../../support/doctor-scene.ts";

const indexed = {
  count: 9,
  index: { vectors: 9, offBy: null },
  configuration: JSON.stringify({ hnsw_config: { m: 4, ef_construct: 10 } }),
};

/** A meter that finds this, and keeps what it was asked. */
function meterOf(recall: Partial<RecallMeasure> | null, encoding: EncodingMeasure | null = null) {
  const asked: string[] = [];
  const meter: SearchMeter = {
    recall: async ({ name }, { tenanted }) => {
      asked.push(`recall ${name}${tenanted ? " as tenants" : ""}`);
      return recall && { searches: 20, plain: 1, rescored: null, wider: null, ...recall };
    },
    encoding: async ({ name }) => {
      asked.push(`encoding ${name}`);
      return encoding;
    },
  };
  return { meter, asked };
}

const found = (meter: SearchMeter, info: object = indexed, others: object = {}) =>
  examine({
    target: fakeLook({ meter, collections: [standingCollection("ants", { info, ...others })] }),
  });

describe("doctor on searches beside exact ones", () => {
  it.each([
    ["recall-unrescored", { rescored: 0.97, wider: { ef: 512, recall: 1 } }, '"rescore":true'],
    ["recall-ef-small", { rescored: 0.6, wider: { ef: 512, recall: 0.95 } }, '{"hnsw_ef":512}'],
    [
      "recall-graph-thin",
      { rescored: null, wider: { ef: 512, recall: 0.7 } },
      '{"hnsw_config":{"m":16,"ef_construct":200}}',
    ],
  ] as const)("finds %s by what mends it", async (code, measure, remedy) => {
    const findings = await found(meterOf({ plain: 0.5, ...measure }).meter);
    const finding = only(findings, code);
    expect(finding).toMatchObject({ severity: "warning", collection: "ants" });
    expect(finding.text).toContain("find 50 %");
    expect(finding.evidence).toMatchObject({ plain: 0.5, m: 4, efConstruct: 10 });
    expect(finding.remedy).toContain(remedy);
  });

  it("mends the graphs of tenants where there is none for all", async () => {
    const configuration = JSON.stringify({ hnsw_config: { m: 0, payload_m: 12 } });
    const { meter } = meterOf({ plain: 0.5, wider: { ef: 512, recall: 0.6 } });
    const finding = only(await found(meter, { ...indexed, configuration }), "recall-graph-thin");
    expect(finding.evidence).toMatchObject({ payload_m: 12 });
    expect(finding.remedy).toContain('{"hnsw_config":{"payload_m":24,"ef_construct":200}}');
  });

  it("finds nothing where they are near enough, or could not be measured", async () => {
    expect(codesOf(await found(meterOf({ plain: 0.9 }).meter))).toEqual([]);
    expect(codesOf(await found(meterOf(null).meter))).toEqual([]);
  });

  it.each([
    ["is being indexed", { ...indexed, status: "yellow" }, {}, ["encoding ants"]],
    ["has no index", { count: 9 }, {}, ["encoding ants"]],
    ["is empty", { ...indexed, count: 0 }, {}, []],
    ["counts requests", indexed, { strict: strictCaps({ readsPerMinute: 5 }) }, []],
    [
      "forbids exact search",
      indexed,
      { strict: strictCaps({ exactSearch: false }) },
      ["encoding ants"],
    ],
    ["is too large", { ...indexed, count: 1_000_001 }, {}, ["encoding ants"]],
  ])("asks for no more than it may of a collection that %s", async (_, info, others, wanted) => {
    const { meter, asked } = meterOf(null);
    await found(meter, info, others);
    expect(asked).toEqual(wanted);
  });

  it("searches as tenants where there are any, and any size with --full", async () => {
    const note = JSON.stringify({ format: 1, layout: "vecferry", tenanted: true, sources: [] });
    const { meter, asked } = meterOf(null);
    const info = { ...indexed, count: 1_000_001, note };
    const collections = [standingCollection("ants", { info })];
    await examine({ target: fakeLook({ meter, collections }), sampleMax: null });
    expect(asked).toEqual(["recall ants as tenants", "encoding ants"]);
  });

  it("measures the ten largest collections, and the way of answers once", async () => {
    const { meter, asked } = meterOf(null);
    const collections = Array.from({ length: 12 }, (_, at) =>
      standingCollection(`c${at}`, { info: { ...indexed, count: at + 1 } }),
    );
    await examine({ target: fakeLook({ meter, collections }) });
    expect(asked.filter((one) => one.startsWith("encoding"))).toEqual(["encoding c11"]);
    expect(asked.filter((one) => one.startsWith("recall"))).toHaveLength(10);
    expect(asked).not.toContain("recall c1");
  });
});

describe("doctor on compressed answers", () => {
  it.each([
    [44, 2.5, ["compression-stall"]],
    [44, 30, []],
    [12, 2, []],
  ])("that take %f ms beside %f ms finds %j", async (compressedMs, plainMs, codes) => {
    const { meter } = meterOf(null, { searches: 7, compressedMs, plainMs });
    const findings = await found(meter);
    expect(codesOf(findings)).toEqual(codes);
    for (const { remedy, severity } of findings) {
      expect(severity).toBe("info");
      expect(remedy).toContain('headers: { "accept-encoding": "identity" }');
    }
  });
});

describe("doctor on points without a tenant", () => {
  const note = JSON.stringify({ format: 1, layout: "vecferry", tenanted: true, sources: [] });
  const tenant = JSON.stringify({
    tenant_id: { data_type: "keyword", params: { type: "keyword", is_tenant: true } },
  });
  const seen = (seen: Partial<TenantsSeen>, info: object) =>
    examine({
      target: fakeLook({
        tenants: async () => ({ looked: 9, named: false, without: 0, ...seen }),
        collections: [standingCollection("ants", { info: { count: 9, ...info } })],
      }),
    });

  it("counts them, in a collection that is of tenants by its note, its index or its points", async () => {
    for (const [named, info] of [
      [false, { note, schema: tenant }],
      [false, { schema: tenant }],
      [true, { schema: tenant }],
    ] as const) {
      const finding = only(await seen({ without: 2, named }, info), "tenant-missing");
      expect(finding.evidence).toMatchObject({ without: 2, looked: 9 });
      expect(finding.remedy).toContain('{"is_empty":{"key":"tenant_id"}}');
    }
    expect(codesOf(await seen({ without: 9 }, { schema: "{}" }))).toEqual([]);
    expect(codesOf(await seen({ named: true }, { note, schema: tenant }))).toEqual([]);
  });

  it.each([
    ["E_COLLECTION_NOT_FOUND", []],
    ["E_SERVER", ["server-fault"]],
  ] as const)("goes on to the next collection after %s", async (code, codes) => {
    const findings = await examine({
      target: fakeLook({
        tenants: async ({ name }) => {
          if (name === "ants") throw new VectorError(code, "Gone.");
          return { looked: 9, named: true, without: 1 };
        },
        collections: ["ants", "bees"].map((name) =>
          standingCollection(name, { info: { count: 9, schema: tenant } }),
        ),
      }),
    });
    expect(codesOf(findings)).toEqual([...codes, "tenant-missing"]);
  });

  it("finds tenant-unindexed where the points name tenants, whoever wrote them", async () => {
    expect(codesOf(await seen({ named: true }, { schema: "{}" }))).toEqual(["tenant-unindexed"]);
    expect(codesOf(await seen({ named: true }, { schema: "{}", note }))).toEqual([
      "tenant-unindexed",
    ]);
  });
});
