import http2 from "node:http2";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { listenGrpc } from "../../../src/server/grpc/listen.ts";
import { serve } from "../../../src/server/serve.ts";
import { callOn, frame, rawCall } from "../../support/grpc-call.ts";

const health = "/qdrant.Qdrant/HealthCheck";
const list = "/qdrant.Collections/List";
const drop = "/qdrant.Collections/Delete";

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(":memory:");
});
afterEach(() => engine.close());

/** Takes a free port whose neighbour is free too, or a given one. */
function occupy(port = 0): Promise<net.Server & { port: number }> {
  return new Promise((settle, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const taken = server.address() as net.AddressInfo;
      settle(Object.assign(server, { port: taken.port }));
    });
  });
}

describe("serve", () => {
  it("answers gRPC at the port above REST's", async () => {
    const free = await occupy();
    free.close();
    await using serving = await serve(engine, { port: free.port });
    expect(serving).toMatchObject({ port: free.port, grpcPort: free.port + 1, grpcFault: null });
    expect(await rawCall(free.port + 1, health)).toMatchObject({ code: 0 });
  });

  it("takes any free port for gRPC where REST does, or the one that is named", async () => {
    await using any = await serve(engine, { port: 0 });
    expect(await rawCall(any.grpcPort ?? 0, health)).toMatchObject({ code: 0 });
    const free = await occupy();
    free.close();
    await using named = await serve(engine, { port: 0, grpcPort: free.port });
    expect(named.grpcPort).toBe(free.port);
  });

  it("takes a free port for gRPC and not the next one, which another may have just taken", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => serve(engine, { port: 0 })));
    const ports = all.map(({ port, grpcPort }) => ({ next: port + 1, grpc: grpcPort }));
    await Promise.all(all.map((serving) => serving.close()));
    expect(ports.filter(({ grpc }) => grpc === null)).toEqual([]);
    expect(ports.filter(({ next, grpc }) => grpc !== next)).not.toEqual([]);
  });

  it("answers REST alone where the default port is taken, and says why", async () => {
    const taken = await occupy();
    await using serving = await serve(engine, { port: taken.port - 1 });
    expect(serving.grpcPort).toBeNull();
    expect(serving.grpcFault).toContain(`127.0.0.1:${taken.port} cannot be taken`);
    expect((await fetch(serving.url)).status).toBe(200);
    taken.close();
  });

  it("answers REST alone where there is no port above it", async () => {
    await using serving = await serve(engine, { port: 65_535 });
    expect(serving).toMatchObject({ grpcPort: null, grpcFault: "There is no port above 65535." });
  });

  it("answers REST alone without a word where that is wanted", async () => {
    await using serving = await serve(engine, { port: 0, grpcPort: null });
    expect(serving).toMatchObject({ grpcPort: null, grpcFault: null });
  });

  it("fails where the named port is taken, and frees the other", async () => {
    const taken = await occupy();
    const free = await occupy();
    free.close();
    const options = { port: free.port, grpcPort: taken.port };
    await expect(serve(engine, options)).rejects.toMatchObject({
      code: "E_CONFIG",
      next: expect.stringContaining("--grpc-port"),
    });
    (await occupy(free.port)).close();
    taken.close();
  });

  it.each(["its signal", "its end"])("frees both ports with %s", async (what) => {
    const stop = new AbortController();
    const serving = await serve(engine, { port: 0, signal: stop.signal });
    if (what === "its signal") stop.abort();
    await serving.close();
    for (const port of [serving.port, serving.grpcPort ?? 0]) (await occupy(port)).close();
  });
});

describe("keys over gRPC", () => {
  it("are those of REST: the one that writes, and the one that reads", async () => {
    const keys = { apiKey: "full", readOnlyApiKey: "read" };
    const grpc = await listenGrpc(engine, { host: "127.0.0.1", port: 0, ...keys });
    const ask = async (path: string, headers: Record<string, string>) => {
      const body = path === drop ? frame(Buffer.from([0x0a, 1, 0x61])) : frame();
      const { code, message } = await rawCall(grpc.port, path, { headers, body });
      return [code, message];
    };
    expect(await ask(list, { "api-key": "full" })).toEqual([0, ""]);
    expect(await ask(list, { authorization: "Bearer full" })).toEqual([0, ""]);
    expect(await ask(list, { "api-key": "read" })).toEqual([0, ""]);
    expect(await ask(drop, { "api-key": "full" })).toEqual([0, ""]);
    const refused = [7, "Forbidden: Global manage access is required"];
    expect(await ask(drop, { "api-key": "read" })).toEqual(refused);
    const none = [16, "Must provide an API key or an Authorization bearer token"];
    expect(await ask(list, {})).toEqual(none);
    expect(await ask("/a/b", {})).toEqual(none);
    const wrong = [16, "Invalid API key or JWT"];
    expect(await ask(list, { "api-key": "other" })).toEqual(wrong);
    expect(await ask(list, { "api-key": "other", authorization: "Bearer full" })).toEqual(wrong);
    expect(await ask(health, {})).toEqual([0, ""]);
    expect(await ask("/grpc.health.v1.Health/Check", {})).toEqual([0, ""]);
    await grpc.close();
  });
});

describe("a gRPC port that closes", () => {
  it("answers what runs, takes nothing new, and lets silent connections go", async () => {
    const grpc = await listenGrpc(engine, { host: "127.0.0.1", port: 0 });
    const silent = net.connect(grpc.port, "127.0.0.1");
    const idle = http2.connect(`http://127.0.0.1:${grpc.port}`);
    const busy = http2.connect(`http://127.0.0.1:${grpc.port}`);
    await callOn(idle, health);
    const running = callOn(busy, health, { end: false, body: Buffer.alloc(0) });
    await callOn(busy, health);
    const started = performance.now();
    const closed = grpc.close();
    await Promise.all([silent, idle].map((one) => new Promise((gone) => one.once("close", gone))));
    expect(performance.now() - started).toBeLessThan(3000);
    await expect(rawCall(grpc.port, health)).rejects.toThrow();
    await closed;
    await expect(running).resolves.toMatchObject({ code: null });
    expect(performance.now() - started).toBeLessThan(8000);
  });
});
