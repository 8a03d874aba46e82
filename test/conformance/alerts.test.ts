import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  HybridVectorService,
  MonitoredVectorService,
  openRepository,
  type VectorRepository,
  vectorMetrics,
} from "../../src/index.ts";
import { type Course, firing, readAlerts, readScrape } from "../support/alert-rules.ts";
import { type FaultyRepository, faultyRepository } from "../support/faulty-repository.ts";

/** Prometheus' promtool; without it the rules are only compared with what is scraped. */
const promtool = process.env["PROMTOOL"] || null;
const collection = "notes";
const folder = mkdtempSync(join(tmpdir(), "vecferry-alerts-"));
let stores: VectorRepository[] = [];
let qdrant: FaultyRepository;
let other: FaultyRepository;
let metrics: Registry;
let hybrid: HybridVectorService;
let service: MonitoredVectorService;
let opened = 0;

beforeAll(() => {
  stores = [openRepository(":memory:"), openRepository(":memory:")];
});

beforeEach(async () => {
  for (const store of stores) {
    await store.deleteCollection(collection);
    await store.createCollectionOptimized({ name: collection, vectorSize: 2 });
  }
  const [one, two] = stores.map(faultyRepository);
  if (one === undefined || two === undefined) throw new Error("two stores");
  [qdrant, other] = [one, two];
  metrics = new Registry();
  vectorMetrics(metrics, { countEveryMs: 1 });
  opened += 1;
  hybrid = await HybridVectorService.open({
    qdrant: qdrant.repository,
    other: other.repository,
    queue: join(folder, `${opened}`),
    catchUpMs: 3_600_000,
    shadow: 1,
    breaker: { failures: 3, resetMs: 3_600_000 },
    metrics,
  });
  service = new MonitoredVectorService(hybrid, {
    tenantId: "acme",
    collection,
    metrics,
    model: "slow",
    embed: async (texts) => {
      await sleep(600);
      return texts.map(() => [1, 0]);
    },
  });
  await add();
  await search();
});

afterEach(async () => {
  vi.useRealTimers();
  await hybrid[Symbol.asyncDispose]();
});

afterAll(async () => {
  for (const store of stores) await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const add = () => service.addDocuments([{ id: "a", embedding: [1, 0] }]);
const search = () => service.semanticSearch({ queryEmbedding: [1, 0] });
const scrape = async () => readScrape(await metrics.metrics());
const failing = (work: () => Promise<unknown>) => expect(work()).rejects.toThrow();
const fail = (...stores: FaultyRepository[]) => {
  for (const store of stores) store.fault = "error";
};

/** What each alert is for, caused. Others may fire with it: one that is down is also left alone, say. */
const causes: Readonly<Record<string, () => Promise<void>>> = {
  async VectorSearchErrors() {
    fail(qdrant, other);
    await failing(search);
  },
  async VectorSearchSlow() {
    await service.semanticSearch({ query: "a text" });
  },
  async VectorWriteErrors() {
    fail(qdrant, other);
    await failing(add);
  },
  async VectorTenantEmptied() {
    await service.delete({ ids: ["a"] });
    await expect
      .poll(async () => (await scrape()).get('vector_collection_documents_total{tenant_id="acme"}'))
      .toBe(0);
  },
  async VectorFallbackInUse() {
    fail(qdrant);
    await search();
  },
  async VectorReadsUnanswered() {
    fail(qdrant, other);
    await failing(search);
  },
  async VectorCircuitOpen() {
    fail(qdrant);
    for (let at = 0; at < 3; at += 1) await search();
  },
  async VectorStoreBehind() {
    fail(other);
    await add();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 600_000 });
  },
  async VectorQueueRefused() {
    await stores[1]?.deleteCollection(collection);
    await add();
  },
  async VectorShadowDiffers() {
    await stores[1]?.deleteDocuments(collection, { tenantId: "acme", ids: ["a"] });
    await search();
    await shadowed("compared", 2);
  },
  async VectorShadowErrors() {
    fail(other);
    await search();
    await shadowed("error", 1);
  },
};

async function shadowed(status: string, count: number): Promise<void> {
  const series = `vector_shadow_reads_total{status="${status}"}`;
  await expect.poll(async () => (await scrape()).get(series)).toBe(count);
}

async function courseOf(alert: string, cause: () => Promise<void>): Promise<Course> {
  await shadowed("compared", 1);
  await expect
    .poll(async () => (await scrape()).get('vector_collection_documents_total{tenant_id="acme"}'))
    .toBe(1);
  const before = await scrape();
  await cause();
  const when = alert === "VectorTenantEmptied" ? "after an hour" : "each minute";
  return { before, after: await scrape(), when };
}

describe("the alert rules of deploy/", () => {
  it("have a cause each", () => {
    expect([...readAlerts().keys()].sort()).toEqual(Object.keys(causes).sort());
  });

  it.each(Object.entries(causes))(
    "%s asks for series that its cause brings forth",
    async (alert, cause) => {
      const { before, after } = await courseOf(alert, cause);
      const changed = [...after].filter(([name, value]) => before.get(name) !== value);
      const names = (readAlerts().get(alert) ?? "").match(/vector_\w+(?:\{[^}]*\})?/g) ?? [];
      expect(names.length).toBeGreaterThan(0);
      let touched = false;
      for (const name of names) {
        const [, metric = "", labels = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
        const asked = labels.includes("=~") ? "" : labels;
        const has = ([one]: [string, number]) => one.startsWith(metric) && one.includes(asked);
        expect([...after].some(has), `${name} is not scraped`).toBe(true);
        touched ||= changed.some(has);
      }
      expect(touched, "nothing that it asks for has changed").toBe(true);
    },
  );

  it("has a Grafana dashboard that asks only for what is scraped", async () => {
    const file = join(import.meta.dirname, "../../deploy/grafana-dashboard.json");
    const asked = new Set(readFileSync(file, "utf8").match(/vector_\w+/g));
    const scraped = [...(await scrape()).keys()].map((name) => name.replace(/\{.*/, ""));
    expect([...asked].filter((name) => !scraped.includes(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(10);
  });

  it.skipIf(promtool === null).each(Object.entries(causes))(
    "%s fires when promtool is told what was scraped (PROMTOOL)",
    async (alert, cause) => {
      expect(firing(promtool ?? "", await courseOf(alert, cause))).toContain(alert);
    },
  );

  it.skipIf(promtool === null)("are silent while all is well (PROMTOOL)", async () => {
    const course = await courseOf("none", async () => {
      await add();
      await search();
      await shadowed("compared", 2);
    });
    expect(firing(promtool ?? "", course)).toEqual([]);
  });
});
