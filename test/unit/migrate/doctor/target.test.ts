import { describe, expect, it } from "vitest";
import type { StrictCaps } from "../../../../src/store/look.ts";
import {
  codesOf,
  examine,
  fakeLook,
  only,
  standingCollection,
  strictCaps,
} from "../../../support/doctor-scene.ts";
import { fakeCollection } from "../../../support/fake-migration.ts";
import { FakeSource } from "../../../support/fake-store.ts";

const source = new FakeSource([fakeCollection("ants", 50)]);

/** What is found about a collection `ants` under strict mode, with 50 records of 4 dimensions to come. */
function under(caps: Partial<StrictCaps>, settings = {}) {
  const strict = strictCaps(caps);
  const collections = [standingCollection("ants", { info: { dimension: 4 }, strict })];
  return examine({ source, target: fakeLook({ collections }), settings });
}

describe("doctor on strict mode", () => {
  it("finds nothing where it forbids nothing that is needed", async () => {
    expect(
      codesOf(await under({ pointsMax: 50, vectorBytesMax: 800, payloadIndexesMax: 0 })),
    ).toEqual([]);
  });

  it.each([
    ["strict-points", { pointsMax: 49 }, 50],
    ["strict-vector-bytes", { vectorBytesMax: 799 }, 800],
    ["strict-payload-bytes", { payloadBytesMax: 100 }, null],
  ] as const)(
    "finds %s, with the number that is wanted in its remedy",
    async (code, caps, wanted) => {
      const found = only(await under(caps), code);
      expect(found).toMatchObject({ severity: "error", end: "target", collection: "ants" });
      if (wanted !== null) expect(found.evidence["wanted"]).toBe(wanted);
      expect(found.remedy).toContain(`:${found.evidence["wanted"]}}}'`);
    },
  );

  it("counts the payload indexes that are wanted", async () => {
    const settings = { indexes: [{ key: "count", type: "integer" }] };
    const found = only(await under({ payloadIndexesMax: 0 }, settings), "strict-indexes");
    expect(found.evidence).toMatchObject({ limit: 0, wanted: 1 });
  });

  it("tells what it forbids and bounds", async () => {
    const caps = {
      exactSearch: false,
      upsertRowsMax: 10,
      pageRowsMax: 20,
      unindexedRetrieve: false,
    };
    const findings = await under({ ...caps, writesPerMinute: 1, readsPerMinute: 2 });
    expect(codesOf(findings)).toEqual([
      "strict-exact",
      "strict-upsert-rows",
      "strict-page-rows",
      "strict-unindexed",
      "strict-rate",
    ]);
    // Five writes of ten points, one a minute; three pages of twenty, two a minute.
    expect(only(findings, "strict-rate").evidence["minutes"]).toBe(5 + 2);
  });

  it("is told of every collection where no source is looked at", async () => {
    const strict = strictCaps({ exactSearch: false });
    const collections = ["a b", "c"].map((name) => standingCollection(name, { strict }));
    const findings = await examine({ target: fakeLook({ collections }) });
    expect(findings.map(({ code, collection }) => [code, collection])).toEqual([
      ["strict-exact", "a b"],
      ["strict-exact", "c"],
    ]);
    expect(findings[0]?.remedy).toContain("/collections/a%20b'");
  });
});

describe("doctor on a target's health", () => {
  const about = (changes: Parameters<typeof standingCollection>[1]) =>
    examine({ target: fakeLook({ collections: [standingCollection("ants", changes)] }) });

  it.each([
    ["not-green", { info: { status: "yellow" } }],
    ["optimizer-fault", { optimizerFault: "out of disk", info: { status: "red" } }],
    ["indexing-off", { indexing: "off" }],
  ] as const)("finds %s", async (code, changes) => {
    expect(codesOf(await about(changes))).toEqual([code]);
  });

  it("tells how far the index is, while it is built and where it is not begun", async () => {
    const at = (count: number, vectors: number, status = "green", dimension = 1024) =>
      about({ info: { count, status, dimension, index: { vectors, offBy: null } } });
    const building = only(await at(4, 1, "yellow"), "still-indexing");
    expect(building.evidence).toEqual({ status: "yellow", indexed: 1, vectors: 4, share: 0.25 });
    expect(building.text).toContain("25 % of its vectors are in an index (1 of 4)");
    expect(codesOf(await at(4, 4, "yellow"))).toEqual(["not-green"]);
    expect(codesOf(await at(20_000, 9_999))).toEqual(["unindexed"]);
    expect(codesOf(await at(20_000, 10_000))).toEqual([]);
    expect(codesOf(await at(19_999, 0))).toEqual([]);
    // So few bytes lie in segments that no server indexes.
    expect(codesOf(await at(20_000, 0, "green", 1023))).toEqual([]);
  });

  it("finds nothing where a migration holds the index back", async () => {
    expect(codesOf(await about({ indexing: "held" }))).toEqual([]);
  });
});

describe("doctor on slow searches", () => {
  const found = async (info: object, others: object = {}) =>
    codesOf(
      await examine({
        target: fakeLook({
          collections: [standingCollection("ants", { info: { count: 9, ...info }, ...others })],
        }),
      }),
    );
  const note = JSON.stringify({ format: 1, layout: "vecferry", tenanted: true, sources: [] });
  const index = (offBy: string | null) => ({ index: { vectors: 0, offBy } });

  it("finds graph-off where a setting keeps the graph away, and no second time what is indexing-off", async () => {
    expect(await found(index("hnsw_config.m is 0"))).toEqual(["graph-off"]);
    expect(await found(index(null))).toEqual([]);
    const off = await found(index("indexing_threshold is 0"), { indexing: "off" });
    expect(off).toEqual(["indexing-off"]);
    expect(await found({ ...index("hnsw_config.m is 0"), count: 0 })).toEqual([]);
  });

  it("finds tenant-unindexed in a collection of tenants alone", async () => {
    const tenant = JSON.stringify({
      tenant_id: { data_type: "keyword", params: { type: "keyword", is_tenant: true } },
    });
    const plain = JSON.stringify({ tenant_id: { data_type: "keyword" } });
    expect(await found({ note, schema: "{}" })).toEqual(["tenant-unindexed"]);
    expect(await found({ note, schema: plain })).toEqual(["tenant-unindexed"]);
    expect(await found({ note, schema: tenant })).toEqual([]);
    expect(await found({ schema: "{}" })).toEqual([]);
  });

  it("finds quantized-unrescored where searches do not rescore by themselves", async () => {
    const quantized = (kind: string) => ({
      configuration: JSON.stringify({ quantization_config: { [kind]: {} } }),
    });
    expect(await found(quantized("scalar"))).toEqual(["quantized-unrescored"]);
    expect(await found(quantized("binary"))).toEqual([]);
    expect(await found({ configuration: '{"quantization_config":null}' })).toEqual([]);
  });

  it("finds memory-only where the target goes with the process", async () => {
    const identity = { ...fakeLook().identity, kind: "embedded", address: ":memory:" } as const;
    expect(codesOf(await examine({ target: fakeLook({ identity }) }))).toEqual(["memory-only"]);
  });
});

describe("doctor on who may write", () => {
  it("finds a key that may not", async () => {
    const found = only(await examine({ target: fakeLook({ access: "none" }) }), "key-read-only");
    expect(found).toMatchObject({ severity: "error", end: "target" });
    expect(found.remedy).toMatch(/--qdrant-api-key-file FILE$/);
  });

  it("finds a key for some collections alone, and names those of the plan that it misses", async () => {
    const found = only(
      await examine({ source, target: fakeLook({ access: ["bees"] }) }),
      "key-limited",
    );
    expect(found.evidence).toEqual({ writable: ["bees"], beyond: ["ants"] });
  });

  it("finds nothing where the server does not tell", async () => {
    expect(codesOf(await examine({ target: fakeLook({ access: null }) }))).toEqual([]);
  });

  it("finds another process in an embedded Qdrant, and none where it is gone", async () => {
    const found = only(
      await examine({ target: fakeLook({ lockedBy: { pid: 7, alive: true } }) }),
      "target-in-use",
    );
    expect(found.remedy).toBe("kill 7");
    const dead = fakeLook({ lockedBy: { pid: 7, alive: false } });
    expect(codesOf(await examine({ target: dead }))).toEqual([]);
  });
});
