import { totalmem } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { codesOf, examine, fakeLook, only } from "../../../support/doctor-scene.ts";
import { fakeCollection } from "../../../support/fake-migration.ts";
import { FakeSource } from "../../../support/fake-store.ts";

const disk = vi.hoisted(() => ({ freeBytes: Number.POSITIVE_INFINITY }));
vi.mock("node:fs/promises", async (original) => ({
  ...(await original<typeof import("node:fs/promises")>()),
  statfs: async () => ({ bavail: disk.freeBytes, bsize: 1 }),
}));

afterEach(() => {
  disk.freeBytes = Number.POSITIVE_INFINITY;
});

const source = new FakeSource([fakeCollection("ants", 50)]);
const remote = {
  kind: "qdrant",
  address: "http://far:6333",
  tenant: null,
  database: null,
  version: "1.18.2",
} as const;
const embedded = {
  kind: "embedded",
  address: "/data",
  tenant: null,
  database: null,
  version: null,
} as const;

describe("doctor on memory", () => {
  it("holds what is needed against what the server tells", async () => {
    const small = fakeLook({ identity: remote, ramBytes: 4096, residentBytes: 1024 });
    const found = only(await examine({ source, target: small }), "ram-short");
    expect(found).toMatchObject({
      severity: "warning",
      end: "target",
      evidence: { freeBytes: 3072, totalBytes: 4096 },
      remedy: "vecferry migrate ./source http://target:6333 --quantization scalar --on-disk",
    });
    const large = fakeLook({ identity: remote, ramBytes: totalmem(), residentBytes: 0 });
    expect(codesOf(await examine({ source, target: large }))).toEqual([]);
  });

  it("says where the server does not tell, and it is not here", async () => {
    const found = only(
      await examine({ source, target: fakeLook({ identity: remote }) }),
      "ram-unknown",
    );
    expect(found.evidence["wantedBytes"]).toBeGreaterThan(50 * 16);
    expect(codesOf(await examine({ source, target: fakeLook() }))).toEqual([]);
  });
});

describe("doctor on disk", () => {
  const target = fakeLook({ identity: embedded, folder: "/no/such/folder" });

  it("holds what is needed against what is free, for the points and for the journal", async () => {
    expect(codesOf(await examine({ source, target }))).toEqual([]);
    disk.freeBytes = 8_500;
    const found = only(await examine({ source, target }), "disk-short");
    expect(found).toMatchObject({
      severity: "error",
      end: "target",
      evidence: { folder: "/", freeBytes: 8_500 },
    });
    expect(found.remedy).toBe("df -h /");
    disk.freeBytes = 100;
    const ends = (await examine({ source, target })).map(({ code, end }) => `${code} ${end}`);
    expect(ends).toEqual(["disk-short here", "disk-short target"]);
  });

  it("counts points that stand there already as written", async () => {
    disk.freeBytes = 8_500;
    const info = {
      key: "ants",
      name: "ants",
      tenant: null,
      database: null,
      dimension: 4,
      distance: "cosine",
      distanceFrom: null,
      count: 50,
      metadata: null,
      configuration: null,
      schema: null,
      status: "green",
      note: null,
    } as const;
    const standing = {
      info,
      optimizerFault: null,
      indexing: "on",
      indexes: [],
      strict: null,
    } as const;
    expect(
      codesOf(await examine({ source, target: { ...target, collections: [standing] } })),
    ).toEqual([]);
  });
});
