import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { createServer, type Listening, listen } from "../../../src/server/index.ts";

let engine: Engine;
let server: Listening;
let client: QdrantClient;
beforeAll(async () => {
  engine = await openEngine(":memory:");
  server = await listen(createServer(engine, { apiKey: "key" }), { port: 0 });
  client = new QdrantClient({ url: server.url, apiKey: "key", checkCompatibility: true });
});
afterAll(async () => {
  await server.close();
  await engine.close();
});

describe("Qdrant's own client", () => {
  it("works on a port: collections, points, search", async () => {
    await client.createCollection("c", {
      vectors: { size: 4, distance: "Dot" },
      hnsw_config: { m: 0, payload_m: 16 },
    });
    await client.createPayloadIndex("c", {
      field_name: "city",
      field_schema: "keyword",
      wait: true,
    });
    await client.createPayloadIndex("c", {
      field_name: "count",
      field_schema: "integer",
      wait: true,
    });
    const written = await client.upsert("c", {
      wait: true,
      points: [
        { id: 1, vector: [0.05, 0.61, 0.76, 0.74], payload: { city: "Berlin", count: 1_000_000 } },
        { id: 2, vector: [0.19, 0.81, 0.75, 0.11], payload: { city: ["Berlin", "London"] } },
        {
          id: "98a9a4b1-4ef2-46fb-8315-a97d874fe1d7",
          vector: [0.36, 0.55, 0.47, 0.94],
          payload: { city: ["Berlin", "Moscow"] },
        },
        { id: 4, vector: [0.18, 0.01, 0.85, 0.8] },
      ],
    });
    expect(written.status).toBe("completed");
    expect((await client.getCollections()).collections.map(({ name }) => name)).toEqual(["c"]);
    const { points_count, payload_schema, config } = await client.getCollection("c");
    expect(points_count).toBe(4);
    expect(payload_schema["city"]).toEqual({ data_type: "keyword", points: 3 });
    expect(config.params.vectors).toEqual({ size: 4, distance: "Dot" });
    expect((await client.collectionExists("c")).exists).toBe(true);
    expect((await client.count("c")).count).toBe(4);

    const london = { must: [{ key: "city", match: { value: "London" } }] };
    const vector = [0.2, 0.1, 0.9, 0.7];
    const found = await client.search("c", {
      vector,
      limit: 3,
      filter: london,
      with_payload: true,
    });
    expect(found.map(({ id, payload }) => [id, payload])).toEqual([
      [2, { city: ["Berlin", "London"] }],
    ]);
    const nearest = await client.query("c", { query: vector, limit: 2 });
    expect(nearest.points.map(({ id }) => id)).toEqual([4, 1]);
    expect(nearest.points[0]?.score).toBeCloseTo(1.362, 5);
    expect((await client.retrieve("c", { ids: [1], with_vector: true }))[0]?.vector).toEqual([
      0.05, 0.61, 0.76, 0.74,
    ]);
    const page = await client.scroll("c", {
      limit: 3,
      filter: { must_not: [{ is_empty: { key: "city" } }] },
    });
    expect(page.points.map(({ id }) => id)).toEqual([1, 2, "98a9a4b1-4ef2-46fb-8315-a97d874fe1d7"]);
    await client.delete("c", { wait: true, filter: london });
    expect((await client.count("c", { exact: true })).count).toBe(3);
    expect(await client.deleteCollection("c")).toBe(true);
  });

  it("is told of errors by their status", async () => {
    await expect(client.getCollection("absent")).rejects.toMatchObject({ status: 404 });
    const stranger = new QdrantClient({
      url: server.url,
      apiKey: "wrong",
      checkCompatibility: false,
    });
    await expect(stranger.getCollections()).rejects.toMatchObject({ status: 401 });
  });
});

describe("listen", () => {
  it("refuses an address that is taken", async () => {
    await expect(listen(createServer(engine), { port: server.port })).rejects.toMatchObject({
      code: "E_CONFIG",
    });
  });

  it("closes on an abort although a connection is kept alive", async () => {
    const controller = new AbortController();
    const second = await listen(createServer(engine), { port: 0, signal: controller.signal });
    await (await fetch(`${second.url}/healthz`)).text();
    controller.abort();
    const begun = performance.now();
    await second.close();
    expect(performance.now() - begun).toBeLessThan(5000);
    await expect(fetch(`${second.url}/healthz`)).rejects.toThrow();
  });
});
