import { describe, expect, it } from "vitest";
import { VectorError } from "../../../../src/errors.ts";
import type { CollectionInfo } from "../../../../src/model/collection.ts";
import { codesOf, examine, fakeLook, only } from "../../../support/doctor-scene.ts";
import { type FakeRecord, FakeSource } from "../../../support/fake-store.ts";

const sound: FakeRecord[] = [
  { id: "a", vector: [1, 0, 0] },
  { id: "b", vector: [0, 2, 0], metadata: '{"kind":"x"}' },
];

/** A source with one collection `notes` of three dimensions. */
function notes(records: readonly FakeRecord[], distance: "cosine" | "l2" = "cosine"): FakeSource {
  return new FakeSource([
    { name: "notes", distance, dimension: 3, records: [...sound, ...records] },
  ]);
}

describe("doctor on what records are like", () => {
  it("finds nothing amiss with sound ones", async () => {
    expect(codesOf(await examine({ source: notes([]) }))).toEqual([]);
  });

  it("names zero and tiny vectors, under cosine", async () => {
    const records = [
      { id: "zero", vector: [0, 0, 0] },
      { id: "tiny", vector: [1e-5, 0, 0] },
    ];
    const findings = await examine({ source: notes(records) });
    expect(codesOf(findings)).toEqual(["zero-vectors", "tiny-norms"]);
    expect(only(findings, "zero-vectors")).toMatchObject({
      severity: "warning",
      end: "source",
      collection: "notes",
      evidence: { records: 4, looked: 4, complete: true, faulty: 1, examples: ["zero"] },
    });
    expect(only(findings, "tiny-norms").evidence["examples"]).toEqual(["tiny"]);
    expect(codesOf(await examine({ source: notes(records, "l2") }))).toEqual([]);
  });

  it("names vectors that are not finite", async () => {
    const bad = { id: "bad", vector: [Number.NaN, 1, 1] };
    const found = only(await examine({ source: notes([bad]) }), "not-finite");
    expect(found.evidence["examples"]).toEqual(["bad"]);
    expect(found.remedy).toBe("vecferry backup ./source archive:./before");
  });

  it.each([
    ["no-vector", "missing-vectors"],
    ["stale-vector", "stale-vectors"],
    ["wrong-dimension", "mixed-dimensions"],
    ["unanswerable", "records-unreadable"],
    ["torn", "records-unreadable"],
  ] as const)("calls records that the source fails with %s %s", async (reason, code) => {
    const source = notes([{ id: "odd", vector: [1, 1, 1] }]);
    source.failing.set("odd", reason);
    const found = only(await examine({ source }), code);
    expect(found).toMatchObject({
      collection: "notes",
      evidence: { faulty: 1, examples: ["odd"] },
    });
  });

  it("counts the dimensions where they are mixed", async () => {
    class Mixed extends FakeSource {
      override async read(info: CollectionInfo, keys: readonly string[]) {
        const asked = keys.includes("wide") ? { ...info, dimension: 4 } : info;
        return super.read(asked, keys);
      }
    }
    const records = [{ id: "wide", vector: [1, 1, 1, 1] }];
    const source = new Mixed([{ name: "notes", distance: "cosine", dimension: 3, records }]);
    expect(only(await examine({ source }), "mixed-dimensions").evidence).toMatchObject({
      dimension: 3,
      dimensions: [{ dimension: 4, records: 1 }],
    });
  });

  it("names metadata that is no JSON", async () => {
    const source = notes([{ id: "text", vector: [1, 1, 1], metadata: "no JSON" }]);
    expect(only(await examine({ source }), "metadata-not-json").evidence["faulty"]).toBe(1);
  });

  it("names keys that the chosen layout keeps for itself, and the layouts that fit", async () => {
    const source = notes([{ id: "r", vector: [1, 1, 1], metadata: '{"document":"x","n":1}' }]);
    expect(codesOf(await examine({ source }))).toEqual([]);
    const found = only(await examine({ source, shape: { layout: "flat" } }), "reserved-keys");
    expect(found).toMatchObject({
      severity: "error",
      evidence: { layout: "flat", keys: ["document"], faulty: 1 },
      remedy: "vecferry migrate ./source TARGET --layout vecferry",
    });
    expect(found.evidence["layoutsThatFit"]).not.toContain("flat");
  });

  it("looks at the first records of a server and says of how many; at all when asked", async () => {
    const many = Array.from({ length: 100 }, (_, n) => ({ id: `n${n}`, vector: [1, n, 1] }));
    many[90] = { id: "zero", vector: [0, 0, 0] };
    const source = notes(many);
    expect(codesOf(await examine({ source, sampleMax: 50 }))).toEqual([]);
    expect(only(await examine({ source, sampleMax: null }), "zero-vectors").text).toContain(
      "of 102 records",
    );
  });

  it("goes on with the other collections where one cannot be read", async () => {
    const zero = [{ id: "zero", vector: [0, 0, 0] }];
    const source = new FakeSource([
      {
        name: "broken",
        distance: "cosine",
        dimension: 3,
        records: [{ id: "x", vector: [1, 1, 1] }],
      },
      { name: "whole", distance: "cosine", dimension: 3, records: zero },
    ]);
    source.beforeRead = (ids) => {
      if (ids.includes("x"))
        throw new VectorError("E_SERVER", "500, Error finding id.", { details: { status: 500 } });
    };
    const findings = await examine({ source });
    expect(only(findings, "collection-unreadable").collection).toBe("broken");
    expect(only(findings, "zero-vectors").collection).toBe("whole");
  });

  it("examines the target all the same where the source fails as a whole", async () => {
    class Broken extends FakeSource {
      override async collections(): Promise<never> {
        throw new VectorError("E_TIMEOUT", "GET /collections: nothing came for too long.");
      }
    }
    const target = fakeLook({ access: "none" });
    const findings = await examine({ source: new Broken([]), target });
    expect(codesOf(findings)).toEqual(["no-answer", "key-read-only"]);
  });

  it("tells a quota's refusal from a server's fault", async () => {
    const source = notes([]);
    source.beforeRead = () => {
      throw new VectorError("E_SERVER", "422 Quota exceeded.", {
        details: { status: 422 },
        retryable: false,
      });
    };
    expect(codesOf(await examine({ source }))).toEqual(["quota-refused"]);
  });

  it("says which part failed where nobody had foreseen it", async () => {
    const source = notes([]);
    source.beforeRead = () => {
      throw new VectorError("E_CLOSED", "The store was closed.");
    };
    const found = only(await examine({ source }), "unforeseen");
    expect(found.evidence).toEqual({ error: "E_CLOSED" });
  });

  it("ends when it is interrupted", async () => {
    const source = notes([]);
    source.beforeRead = () => {
      throw new VectorError("E_ABORTED", "Interrupted.");
    };
    await expect(examine({ source })).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});

describe("doctor on a Chroma Cloud", () => {
  class Cloud extends FakeSource {
    override readonly identity = {
      kind: "chroma-cloud",
      address: "https://api.trychroma.com:443",
      tenant: "t",
      database: "d",
      version: null,
    } as const;
  }
  const cloud = (records: FakeRecord[]) =>
    new Cloud([{ name: "notes", distance: "cosine", dimension: 3, records }]);

  it("counts the requests that its quota makes of reading", async () => {
    const records = Array.from({ length: 601 }, (_, n) => ({ id: `n${n}`, vector: [1, n, 1] }));
    const found = only(await examine({ source: cloud(records) }), "cloud-requests");
    expect(found.evidence).toEqual({ records: 601, perRequest: 300, requests: 9 });
  });

  it("names what is larger than its quotas", async () => {
    const vector = [1, 1, 1];
    const source = cloud([
      { id: "i".repeat(129), vector },
      { id: "i".repeat(128), vector },
      { id: "d", vector, document: "ü".repeat(9000) },
      { id: "u", vector, uri: "u".repeat(257) },
      { id: "k", vector, metadata: JSON.stringify({ ["k".repeat(37)]: 1, v: "v".repeat(4097) }) },
      {
        id: "m",
        vector,
        metadata: JSON.stringify(Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, n]))),
      },
    ]);
    const over = (await examine({ source })).filter(({ code }) => code === "over-quota");
    expect(
      over.map(({ evidence }) => [evidence["quota"], evidence["limit"], evidence["largest"]]),
    ).toEqual([
      ["id", 128, 129],
      ["document", 16384, 18000],
      ["uri", 256, 257],
      ["metadata key", 36, 37],
      ["metadata value", 4096, 4097],
      ["metadata keys", 32, 33],
    ]);
    // As much as the quota says is not more than it.
    expect(over.map(({ evidence }) => evidence["faulty"])).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("is not asked after quotas where the source is another", async () => {
    const source = notes([{ id: "i".repeat(200), vector: [1, 1, 1] }]);
    expect(codesOf(await examine({ source }))).toEqual([]);
  });
});
