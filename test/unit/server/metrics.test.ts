import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { createServer, type QdrantApp } from "../../../src/server/index.ts";
import { metricsText } from "../../../src/server/prometheus.ts";

let engine: Engine;
let app: QdrantApp;
beforeEach(async () => {
  engine = await openEngine(":memory:");
  app = createServer(engine);
  await send("PUT", "/collections/c", { vectors: { size: 2, distance: "Dot" } });
  const points = [
    { id: 1, vector: [1, 2] },
    { id: 2, vector: {} },
  ];
  await send("PUT", "/collections/c/points?wait=true", { points });
  await send("PUT", "/collections/c/points", { points: [] });
});
afterEach(() => engine.close());

async function send(method: string, path: string, body?: object): Promise<string> {
  const answer = await app.request(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.text();
}

const telemetry = z.object({
  result: z.object({
    app: z.looseObject({ name: z.string(), version: z.string() }),
    collections: z.looseObject({ number_of_collections: z.number() }),
    requests: z.object({ rest: z.looseObject({ responses: z.unknown() }) }),
  }),
});

async function askTelemetry(query: string) {
  return telemetry.parse(JSON.parse(await send("GET", `/telemetry${query}`))).result;
}

const upsertRoute = "/collections/{collection_name}/points";

describe("telemetry", () => {
  it("counts answers by route and status, and tells no more than numbers at first", async () => {
    const told = await askTelemetry("");
    expect(told.app).toMatchObject({ name: "qdrant", version: "1.18.2" });
    expect(told.collections).toEqual({ number_of_collections: 1 });
    expect(told.requests.rest.responses).toMatchObject({
      [`PUT ${upsertRoute}`]: { 200: { count: 1 }, 400: { count: 1 } },
    });
    expect(told.requests.rest).not.toHaveProperty("per_collection_responses");
  });

  it("tells of the collections from level 1 on, and of their points from level 3 on", async () => {
    expect((await askTelemetry("?details_level=1")).collections["collections"]).toMatchObject([
      { vectors: 1, params: { vectors: { size: 2 } } },
    ]);
    expect((await askTelemetry("?details_level=3")).collections["collections"]).toMatchObject([
      { id: "c", shards: [{ local: { num_points: 2, num_vectors_by_name: { "": 1 } } }] },
    ]);
  });

  it("tells no names where they are to be kept", async () => {
    const text = await send("GET", "/telemetry?details_level=3&anonymize=true&per_collection=true");
    expect(text).not.toContain('"c"');
    expect(text).toContain('"per_collection_responses"');
  });

  it.each([
    ["/telemetry?details_level=x", "invalid digit found in string"],
    ["/telemetry?timeout=0", "timeout: value 0 invalid, must be 1 or larger"],
    ["/telemetry?timeout=1&timeout=2", "duplicate field `timeout`"],
    ["/metrics?anonymize=x", "provided string was not `true` or `false`"],
  ])("refuses %s", async (path, words) => {
    expect(await send("GET", path)).toContain(words);
  });
});

describe("metrics", () => {
  it("are Prometheus' text with Qdrant's names", async () => {
    const text = await send("GET", "/metrics");
    expect(text).toContain('# TYPE app_info gauge\napp_info{name="qdrant",version="1.18.2"} 1\n');
    expect(text).toContain("collections_total 1\n");
    expect(text).toContain('collection_points{id="c"} 2\n');
    expect(text).toContain('collection_vectors{collection="c",vector=""} 1\n');
    const labels = `method="PUT",endpoint="${upsertRoute}"`;
    expect(text).toContain(`rest_responses_total{${labels},status="400"} 1\n`);
    const bucket = `rest_responses_duration_seconds_bucket{${labels},status="200",le="+Inf"} 1\n`;
    expect(text).toContain(bucket);
    expect(text).not.toContain('rest_responses_total{collection="c"');
  });

  it("name the collections of requests where that is asked for", async () => {
    expect(await send("GET", "/metrics?per_collection=true")).toContain(
      `endpoint="${upsertRoute}",status="200",collection="c"} 1\n`,
    );
  });

  it("name no collection that cannot be", async () => {
    await send("GET", `/collections/${"n".repeat(256)}`);
    await send("GET", "/collections/absent");
    const text = await send("GET", "/metrics?per_collection=true");
    expect(text).toContain('collection="absent"');
    expect(text).not.toContain("nnnn");
  });

  it("keep labels apart from the lines they stand in", () => {
    const samples = [{ labels: { id: 'a"b\\c\nd' }, value: 1 }];
    expect(metricsText([{ name: "m", help: "h", type: "gauge", samples }])).toBe(
      '# HELP m h\n# TYPE m gauge\nm{id="a\\"b\\\\c\\nd"} 1\n',
    );
  });
});
