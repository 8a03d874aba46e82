/** Which way points go: by gRPC only where its port is the same server's; else by REST with a reason, or an error where the port was named. */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import type { QdrantOptions } from "../../src/adapters/qdrant/rest-client.ts";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { listenGrpc } from "../../src/server/grpc/listen.ts";
import { createServer as createRest, listen } from "../../src/server/index.ts";
import { serve } from "../../src/server/serve.ts";
import { batchOf, rowsOf, testSpec } from "../../src/testing/target-records.ts";
import { encodeHealth } from "../../src/wire/health.ts";
import { type Certificate, makeCertificate, noCertificate } from "../support/certificate.ts";
import { startStub } from "../support/stub.ts";
import { startGrpcProxy } from "../support/stub-grpc.ts";

const spec = testSpec();
const batch = batchOf([
  { id: "a", vector: [1, 2, 3] },
  { id: "b", vector: [4, 5, 6] },
]);

/** Starts `server` on a port whose neighbour below is free; gives both. Connections are cut at the end. */
async function beside(server: Server): Promise<{ rest: number; grpc: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined));
  });
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const grpc = address !== null && typeof address === "object" ? address.port : 0;
    if (await isFree(grpc - 1)) {
      return {
        rest: grpc - 1,
        grpc,
        async [Symbol.asyncDispose]() {
          for (const socket of sockets) socket.destroy();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    }
    await new Promise((resolve) => server.close(resolve));
  }
  throw new Error("no two ports next to each other are free");
}

/** REST over `one` and gRPC over `other`, at ports next to each other. */
async function neighbours(
  one: Engine,
  other: Engine,
  apiKey?: string,
): Promise<{ url: string; grpc: number } & AsyncDisposable> {
  for (let turn = 0; turn < 50; turn += 1) {
    const at = { host: "127.0.0.1", port: 0 };
    const grpc = await listenGrpc(other, apiKey === undefined ? at : { ...at, apiKey });
    if (await isFree(grpc.port - 1)) {
      const rest = await listen(createRest(one), { port: grpc.port - 1 });
      return {
        url: rest.url,
        grpc: grpc.port,
        async [Symbol.asyncDispose]() {
          await Promise.all([rest.close(), grpc.close()]);
        },
      };
    }
    await grpc.close();
  }
  throw new Error("no two ports next to each other are free");
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** Opens the server at `url`, writes and reads; gives what was said of the road. */
async function useBoth(
  address: Parameters<typeof openQdrant>[0],
  options: QdrantOptions = {},
): Promise<string[]> {
  const said: string[] = [];
  const onRoad: QdrantOptions["onRoad"] = ({ text }) => void said.push(text);
  await using store = await openQdrant(address, { onRoad, ...options });
  await store.ensure(spec);
  await store.write(spec, batch);
  const info = (await store.collections()).find(({ name }) => name === spec.name);
  if (info === undefined) throw new Error("no collection");
  const batches = [];
  for await (const one of store.scan(info)) batches.push(one);
  expect(rowsOf(...batches)).toEqual(rowsOf(batch));
  return said;
}

describe("the port behind the REST port, which nobody named", () => {
  it("bears points where it is the same server's", async () => {
    await using engine = await openEngine(":memory:");
    await using ports = await neighbours(engine, engine);
    expect(await useBoth({ url: ports.url })).toEqual([`Qdrant by gRPC at port ${ports.grpc}.`]);
  });

  it("is proven when the collection is made, where points follow", async () => {
    await using engine = await openEngine(":memory:");
    await using ports = await neighbours(engine, engine);
    const said: string[] = [];
    const onRoad: QdrantOptions["onRoad"] = ({ text }) => void said.push(text);
    await using store = await openQdrant({ url: ports.url }, { onRoad });
    await store.ensure(spec);
    expect(said).toEqual([]);
    await store.ensure(spec, { pointsFollow: true });
    expect(said).toEqual([`Qdrant by gRPC at port ${ports.grpc}.`]);
    await store.write(spec, batch);
    expect(said).toHaveLength(1);
  });

  it("is left alone where it is another server's, or takes another key", async () => {
    await using engine = await openEngine(":memory:");
    await using other = await openEngine(":memory:");
    await using ports = await neighbours(engine, other);
    const because = `another server answers gRPC at port ${ports.grpc} (it has no collection "${spec.name}")`;
    expect(await useBoth({ url: ports.url })).toEqual([`Qdrant by REST: ${because}.`]);
    expect(await other.listCollections()).toEqual([]);
    await using locked = await neighbours(engine, engine, "another key");
    const [line] = await useBoth({ url: locked.url }, { apiKey: "a key" });
    expect(line).toBe(`Qdrant by REST: gRPC at port ${locked.grpc} refuses the key.`);
  });

  it.each<[string, () => Server, RegExp]>([
    [
      "speaks HTTP/1",
      () => createHttpServer((_request, response) => response.end("hi")),
      /^Qdrant by REST: what answers at port \d+ does not speak gRPC\.$/,
    ],
    [
      "speaks HTTP/2 without gRPC",
      () => createHttp2Server((_request, response) => response.end("hi")),
      /^Qdrant by REST: what answers at port \d+ does not speak gRPC\.$/,
    ],
    [
      "closes at once",
      () => createServer((socket) => socket.end()),
      /^Qdrant by REST: port \d+ closes the connection, as one that wants TLS does\.$/,
    ],
    [
      "says nothing",
      () => createServer(() => undefined),
      /^Qdrant by REST: nothing answers gRPC at port \d+ in time\.$/,
    ],
  ])("is left alone where it %s", async (_name, make, line) => {
    await using engine = await openEngine(":memory:");
    await using ports = await beside(make());
    await using rest = await listen(createRest(engine), { port: ports.rest });
    expect(await useBoth({ url: rest.url })).toEqual([expect.stringMatching(line)]);
  });

  it("is left alone where nothing answers there, and where none is wanted", async () => {
    await using engine = await openEngine(":memory:");
    await using rest = await listen(createRest(engine), { port: 0 });
    const port = rest.port + 1;
    const [line] = await useBoth({ url: rest.url });
    // Another test's server may stand there by chance.
    expect(line).toMatch(/^Qdrant by REST: /);
    if (await isFree(port))
      expect(line).toBe(`Qdrant by REST: nothing answers gRPC at port ${port}.`);
    expect(await useBoth({ url: rest.url, grpcPort: "off" })).toEqual([
      "Qdrant by REST: no gRPC is wanted.",
    ]);
  });
});

describe("a port that was named", () => {
  const named = "The gRPC port that was named cannot be used: ";
  it.each<[string, () => Server, object]>([
    [
      "speaks HTTP/1",
      () => createHttpServer((_request, response) => response.end("hi")),
      { code: "E_CONFIG", exit: 2, message: expect.stringContaining("does not speak gRPC") },
    ],
    [
      "closes at once",
      () => createServer((socket) => socket.end()),
      { code: "E_UNREACHABLE", exit: 5, message: expect.stringContaining("wants TLS") },
    ],
    [
      "says nothing",
      () => createServer(() => undefined),
      { code: "E_TIMEOUT", exit: 5, message: expect.stringContaining("nothing answers") },
    ],
  ])("is an error where it %s", async (_name, make, error) => {
    await using engine = await openEngine(":memory:");
    await using ports = await beside(make());
    await using rest = await listen(createRest(engine), { port: ports.rest });
    const opening = openQdrant({ url: rest.url, grpcPort: ports.grpc }, { timeoutMs: 200 });
    await expect(opening).rejects.toMatchObject({
      ...error,
      next: expect.stringContaining("Give the gRPC port of the server at"),
    });
    await expect(opening).rejects.toMatchObject({ message: expect.stringContaining(named) });
  });

  it("is an error where nothing answers, and where it takes another key, which is shown nowhere", async () => {
    await using engine = await openEngine(":memory:");
    await using rest = await listen(createRest(engine, { apiKey: "s3cret-key" }), { port: 0 });
    const options = { apiKey: "s3cret-key" };
    const closed = openQdrant({ url: rest.url, grpcPort: 1 }, options);
    await expect(closed).rejects.toMatchObject({ code: "E_UNREACHABLE", exit: 5 });
    const grpc = await listenGrpc(engine, { host: "127.0.0.1", port: 0, apiKey: "another" });
    const opening = openQdrant({ url: rest.url, grpcPort: grpc.port }, options);
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "E_AUTH", exit: 2 });
    expect(JSON.stringify(error) + String(error)).not.toContain("s3cret");
    await grpc.close();
  });
});

/** A server of its own at the gRPC port, with a collection of the same name. */
describe("another server's port", () => {
  let one: Engine;
  let rest: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    one = await openEngine(":memory:");
    rest = await serve(one, { port: 0 });
    await using store = await openQdrant({ url: rest.url, grpcPort: "off" });
    await store.ensure(spec);
    await store.write(spec, batch);
  });
  afterAll(async () => {
    await rest.close();
    await one[Symbol.asyncDispose]();
  });

  const other = { ...spec, name: "other" };
  const euclid = testSpec({ name: spec.name, dimension: 3, distance: "ip" });
  it.each<[string, typeof spec, typeof batch | null, string]>([
    ["has other collections", other, null, "it has other collections"],
    ["describes it otherwise", euclid, null, "otherwise"],
    ["counts otherwise", spec, batchOf([{ id: "a", vector: [1, 2, 3] }]), "it counts 1 points"],
    [
      "has other ids",
      spec,
      batchOf([
        { id: "a", vector: [1, 2, 3] },
        { id: "c", vector: [4, 5, 6] },
      ]),
      "it has other points",
    ],
    [
      "has other vectors",
      spec,
      batchOf([
        { id: "a", vector: [1, 2, 3] },
        { id: "b", vector: [4, 5, 7] },
      ]),
      "it has other points",
    ],
  ])("is not read from where it %s", async (_name, there, points, difference) => {
    await using two = await openEngine(":memory:");
    const grpc = await serve(two, { port: 0 });
    await using filled = await openQdrant({ url: grpc.url, grpcPort: "off" });
    await filled.ensure(there);
    if (points !== null) await filled.write(there, points);
    const address = { url: rest.url, grpcPort: grpc.grpcPort };
    const counted = async () => {
      await using store = await openQdrant(address);
      const info = (await store.collections())[0];
      return info === undefined ? 0 : await store.count(info);
    };
    await expect(counted()).rejects.toMatchObject({
      code: "E_CONFIG",
      exit: 2,
      message: expect.stringContaining(difference),
    });
    await grpc.close();
  });

  it("is not written to though it has all the same", async () => {
    await using two = await openEngine(":memory:");
    const grpc = await serve(two, { port: 0 });
    await using copy = await openQdrant({ url: grpc.url, grpcPort: "off" });
    await copy.ensure(spec);
    await copy.write(spec, batch);
    await using store = await openQdrant({ url: rest.url, grpcPort: grpc.grpcPort });
    const more = batchOf([{ id: "c", vector: [7, 8, 9] }]);
    await expect(store.write(spec, more)).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("a change of collection"),
    });
    const [info] = await copy.collections();
    expect(info && (await copy.count(info))).toBe(2);
    const described = JSON.stringify(await one.getCollection(spec.name));
    expect(described).not.toContain("vecferry_probe");
    await grpc.close();
  });

  it.each([
    [
      "another version",
      { title: "qdrant - vector search engine", version: "1.0.0" },
      "a Qdrant 1.0.0",
    ],
    ["another product", { title: "elsewhere", version: "1.18.2" }, "greet as Qdrant"],
  ])("is known by %s", async (_name, health, difference) => {
    await using proxy = await startGrpcProxy(`http://127.0.0.1:${rest.grpcPort}`, ({ path }) =>
      path.endsWith("HealthCheck") ? { body: encodeHealth(health).subarray(5) } : undefined,
    );
    await expect(openQdrant({ url: rest.url, grpcPort: proxy.port })).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining(difference),
    });
  });

  it("is not taken for another because a collection came in between", async () => {
    let made = false;
    await using proxy = await startGrpcProxy(`http://127.0.0.1:${rest.grpcPort}`, () => undefined);
    await using store = await openQdrant({ url: rest.url, grpcPort: rest.grpcPort });
    const adding = (async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        const name = `passing-${turn}`;
        await one.createCollection(name, { vectors: { size: 2, distance: "Dot" } });
        await one.deleteCollection(name);
        made = true;
      }
    })();
    for (let turn = 0; turn < 5; turn += 1) {
      await using again = await openQdrant({ url: rest.url, grpcPort: proxy.port });
      expect(again.identity.address).toBe(store.identity.address);
    }
    await adding;
    expect(made).toBe(true);
  });
});

describe.skipIf(noCertificate !== null)(
  `TLS${noCertificate === null ? "" : ` (skipped: ${noCertificate})`}`,
  () => {
    let engine: Engine;
    let plain: Awaited<ReturnType<typeof serve>>;
    let own: Certificate;
    let stranger: Certificate;
    beforeAll(async () => {
      engine = await openEngine(":memory:");
      plain = await serve(engine, { port: 0 });
      own = makeCertificate();
      stranger = makeCertificate();
    });
    afterAll(async () => {
      await plain.close();
      await engine[Symbol.asyncDispose]();
      own[Symbol.dispose]();
      stranger[Symbol.dispose]();
    });

    /** The REST of the plain server, with TLS before it. */
    const restWithTls = () =>
      startStub(async ({ method, path, body }) => {
        const init = { method, headers: { "content-type": "application/json" } };
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await fetch(plain.url + path, { ...init, ...sent });
        return { status: answer.status, body: await answer.text() };
      }, own);

    it("bears points with the file of the authority", async () => {
      await using rest = await restWithTls();
      const url = `http://127.0.0.1:${plain.grpcPort}`;
      await using grpc = await startGrpcProxy(url, () => undefined, own);
      const said = await useBoth({ url: rest.url, grpcPort: grpc.port }, { caFile: own.caFile });
      expect(said).toEqual([`Qdrant by gRPC at port ${grpc.port}.`]);
    });

    it("is refused at once where the port shows another certificate, or speaks none", async () => {
      await using rest = await restWithTls();
      const url = `http://127.0.0.1:${plain.grpcPort}`;
      await using grpc = await startGrpcProxy(url, () => undefined, stranger);
      const retries: unknown[] = [];
      const options = { caFile: own.caFile, onRetry: () => void retries.push(1) };
      for (const grpcPort of [grpc.port, plain.grpcPort]) {
        const opening = openQdrant({ url: rest.url, grpcPort }, options);
        await expect(opening).rejects.toMatchObject({
          code: "E_UNREACHABLE",
          retryable: false,
          message: expect.stringContaining("no trusted TLS connection"),
        });
      }
      expect(retries).toEqual([]);
    });

    it("that the port wants and the address does not name is told", async () => {
      await using grpc = await startGrpcProxy("http://127.0.0.1:1", () => undefined, own);
      const opening = openQdrant({ url: plain.url, grpcPort: grpc.port });
      await expect(opening).rejects.toMatchObject({
        code: "E_UNREACHABLE",
        message: expect.stringContaining("wants TLS"),
      });
    });
  },
);
