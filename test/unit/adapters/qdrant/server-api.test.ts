import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { PointColumns, QdrantApi } from "../../../../src/adapters/qdrant/api.ts";
import { Choice } from "../../../../src/adapters/qdrant/choice.ts";
import { GrpcPoints } from "../../../../src/adapters/qdrant/grpc.ts";
import { GrpcClient } from "../../../../src/adapters/qdrant/grpc-client.ts";
import { connectRest } from "../../../../src/adapters/qdrant/rest.ts";
import { RestClient } from "../../../../src/adapters/qdrant/rest-client.ts";
import { ServerApi } from "../../../../src/adapters/qdrant/server-api.ts";
import { openEngine } from "../../../../src/engine/index.ts";
import { serve } from "../../../../src/server/serve.ts";
import { type GrpcCall, startGrpcProxy } from "../../../support/stub-grpc.ts";
import { alone } from "../../../support/vector-columns.ts";

/** Calls of these methods wait until then for an answer, or are refused as UNIMPLEMENTED. */
const held = new Map<string, Promise<void> | "refused">();
afterEach(() => held.clear());

const name = "points";
const engine = await openEngine(":memory:");
await engine.createCollection(name, { vectors: { size: 1, distance: "Dot" } });
const server = await serve(engine, { port: 0 });
const proxy = await startGrpcProxy(`http://127.0.0.1:${server.grpcPort}`, (call) => {
  const way = held.get(call.path.slice("/qdrant.".length));
  if (way === undefined) return undefined;
  if (way === "refused") return { status: 12 };
  void way.then(() => answerNothing(call));
  return "by hand";
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.close();
  await engine[Symbol.asyncDispose]();
});

/** An empty message: a page without points, a description without content. */
function answerNothing({ stream }: GrpcCall): void {
  if (stream.destroyed) return;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(5));
}

async function connect(): Promise<{ api: ServerApi; rest: QdrantApi; roads: string[] }> {
  const roads: string[] = [];
  const restClient = new RestClient(server.url, {});
  const rest = await connectRest(restClient, undefined);
  const grpcClient = new GrpcClient(proxy.url, {});
  const grpc = new GrpcPoints(grpcClient, rest);
  const choice = new Choice(server.url, server.port, proxy.port, false, ({ road }) => {
    roads.push(road);
  });
  return { api: new ServerApi({ restClient, rest, grpcClient, grpc }, choice), rest, roads };
}

const columnOf = (component: number) => alone(1, Float32Array.of(component));
const point: PointColumns = { points: ["1"], vectors: columnOf(0), payloads: ["{}"] };

describe("ServerApi", () => {
  it("finds points with the same scores by either road", async () => {
    const { api, rest, roads } = await connect();
    await using _ = api;
    await api.upsert(name, { ...point, vectors: columnOf(0.1) });
    const options = { vector: Float32Array.of(0.3), limit: 1 };
    const { points, scores } = await api.query(name, options);
    expect(points).toEqual(["1"]);
    expect((await rest.query(name, options)).scores).toEqual(scores);
    expect(roads).toEqual(["grpc"]);
    await api.delete(name, { points: ["1"] });
  });

  it("goes on with the proof for others when the call that began it is interrupted", async () => {
    const { api, roads } = await connect();
    await using _ = api;
    const interrupt = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set("Collections/Get", promise);
    const first = api.count(name, { signal: interrupt.signal });
    const second = api.count(name);
    interrupt.abort();
    await expect(first).rejects.toMatchObject({ code: "E_ABORTED" });
    held.clear();
    resolve();
    expect(await second).toBe(0);
    expect(roads).toEqual(["grpc"]);
  });

  it("lets end what is read by gRPC when the port turns out to be no good for writing", async () => {
    const { api, roads } = await connect();
    await using _ = api;
    await api.count(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set("Points/Scroll", promise);
    held.set("Collections/Get", "refused");
    const options = { limit: 1, from: null, payload: true, vectors: [] };
    const reading = api.scroll(name, options);
    await api.upsert(name, point);
    expect(roads).toEqual(["grpc", "rest"]);
    resolve();
    expect((await reading).next).toBe(null);
    expect(await api.count(name)).toBe(1);
    await api.delete(name, { points: ["1"] });
  });
});
