import { describe, expect, it } from "vitest";
import type { CollectionInfo } from "../../../src/model/collection.ts";
import { embeddedFootprint, footprint } from "../../../src/model/footprint.ts";
import {
  QueryTimes,
  QueryTimesByCollection,
  statisticsOf,
} from "../../../src/repository/statistics.ts";

const info = (configuration: string | null): CollectionInfo => ({
  key: "c",
  name: "c",
  tenant: null,
  database: null,
  dimension: 384,
  distance: "cosine",
  distanceFrom: "configuration",
  count: null,
  metadata: null,
  configuration,
  schema: null,
  status: null,
  note: null,
});
const base = {
  kind: "qdrant",
  tenantId: null,
  documentCount: 1000,
  total: 1000,
  times: null,
} as const;
const mb = 1024 * 1024;

describe("statistics", () => {
  it("take the memory as the server tells it, a tenant's by its share", () => {
    const memoryBytes = 8 * mb;
    const whole = statisticsOf({ ...base, info: info(null), memoryBytes });
    expect([whole.memoryUsageMb, whole.memoryFrom]).toEqual([8, "server"]);
    const part = { ...base, tenantId: "a", documentCount: 250 };
    expect(statisticsOf({ ...part, info: info(null), memoryBytes }).memoryUsageMb).toBe(2);
    const none = { ...base, total: 0, documentCount: 0, tenantId: "a" };
    expect(statisticsOf({ ...none, info: info(null), memoryBytes }).memoryUsageMb).toBe(0);
  });

  it("take it from the formula else, by the settings that are known", () => {
    const memory = (configuration: object | null, kind: "qdrant" | "embedded" = "qdrant") => {
      const text = configuration === null ? null : JSON.stringify(configuration);
      const input = { ...base, kind, info: info(text), memoryBytes: undefined };
      const { memoryUsageMb, memoryFrom } = statisticsOf(input);
      expect(memoryFrom).toBe("formula");
      return memoryUsageMb * mb;
    };
    const wanted = (changes: object) =>
      footprint({
        points: 1000,
        dimension: 384,
        m: 16,
        payloadBytes: 0,
        indexedValues: [],
        quantization: null,
        vectorsInRam: true,
        ...changes,
      }).ramBytes;
    expect(memory(null)).toBe(wanted({}));
    expect(memory({ hnsw_config: { m: 0, payload_m: 24 } })).toBe(wanted({ m: 24 }));
    const quantized = {
      params: { vectors: { size: 384, on_disk: true } },
      quantization_config: { scalar: { type: "int8" } },
    };
    const scalar = { quantization: { kind: "scalar" }, vectorsInRam: false };
    expect(memory(quantized)).toBe(wanted(scalar));
    const embedded = { points: 1000, dimension: 384, payloadBytes: 0 };
    expect(memory(null, "embedded")).toBe(embeddedFootprint(embedded).ramBytes);
  });

  it("are JSON with the quantiles of the times", () => {
    const times = new QueryTimes();
    for (let ms = 1; ms <= 100; ms += 1) times.add(ms);
    const memoryBytes = mb;
    const statistics = statisticsOf({ ...base, times, info: info(null), memoryBytes });
    expect(JSON.parse(JSON.stringify(statistics))).toEqual({
      collectionName: "c",
      tenantId: null,
      documentCount: 1000,
      memoryUsageMb: 1,
      memoryFrom: "server",
      avgQueryTimeMs: 50.5,
      queryTimeMs: { count: 100, p50: 50, p95: 100, p99: 100 },
    });
  });
});

describe("query times", () => {
  it("bound every quantile from above by the class it falls into, never above the longest", () => {
    const times = new QueryTimes();
    expect([times.meanMs, times.quantileMs(0.5)]).toEqual([null, null]);
    for (const ms of [0.1, 4, 4.5, 60_000]) times.add(ms);
    expect([0.25, 0.5, 0.75, 1].map((share) => times.quantileMs(share))).toEqual([
      0.25, 5, 5, 60_000,
    ]);
  });

  it("of collections that were asked least lately are forgotten", () => {
    const times = new QueryTimesByCollection(2);
    for (const name of ["a", "b", "a", "c"]) times.add(name, 1);
    expect([times.of("a")?.count, times.of("b"), times.of("c")?.count]).toEqual([2, null, 1]);
  });
});
