/** Points by gRPC while the way there, or the server, is at fault: what passes is tried again, what does not has a code. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import type { QdrantOptions } from "../../src/adapters/qdrant/rest-client.ts";
import { openEngine } from "../../src/engine/index.ts";
import type { CollectionSpec } from "../../src/model/collection.ts";
import { digestPoints } from "../../src/model/digest.ts";
import { serve } from "../../src/server/serve.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { findCollection, scanAll } from "../../src/testing/target-bench.ts";
import { batchOf, rowsOf, testSpec } from "../../src/testing/target-records.ts";
import {
  frameOf,
  type GrpcCall,
  type GrpcStubAnswer,
  startGrpcProxy,
} from "../support/stub-grpc.ts";

/** A fault in place of an answer; "pass" lets the call through, "silence" never answers. */
type Fault = GrpcStubAnswer | "pass" | "silence" | ((call: GrpcCall) => void);

interface Scene extends AsyncDisposable {
  readonly store: TargetStore;
  readonly spec: CollectionSpec;
  /** Codes of what was tried again. */
  readonly retried: string[];
  readonly roads: string[];
  /** Everything in the collection. */
  rows(): Promise<object[]>;
}

/** What calls of a path meet, one after the other; the last one stays. */
const faults = new Map<string, Fault[]>();
const meet = (method: string, ...some: readonly Fault[]): void => {
  faults.set(`/qdrant.${method}`, [...some]);
};

const engine = await openEngine(":memory:");
const server = await serve(engine, { port: 0 });
const proxy = await startGrpcProxy(`http://127.0.0.1:${server.grpcPort}`, (call) => {
  const [fault = "pass", ...others] = faults.get(call.path) ?? [];
  if (others.length > 0) faults.set(call.path, others);
  if (fault === "pass") return undefined;
  if (fault === "silence") return "by hand";
  if (typeof fault !== "function") return fault;
  fault(call);
  return "by hand";
});
afterEach(() => faults.clear());
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.close();
  await engine[Symbol.asyncDispose]();
});

/** A store before the proxy, and a collection of its own. */
async function startScene(options: QdrantOptions = {}): Promise<Scene> {
  const retried: string[] = [];
  const roads: string[] = [];
  const address = { url: server.url, grpcPort: proxy.port };
  const store = await openQdrant(address, {
    timeoutMs: 500,
    onRetry: ({ code }) => retried.push(code),
    onRoad: ({ road }) => roads.push(road),
    ...options,
  });
  const spec = testSpec();
  await store.ensure(spec);
  const info = (await store.collections()).find(({ name }) => name === spec.name);
  if (info === undefined) throw new Error("no collection");
  return {
    store,
    spec,
    retried,
    roads,
    async rows() {
      const batches = [];
      for await (const batch of store.scan(info)) batches.push(batch);
      return rowsOf(...batches);
    },
    async [Symbol.asyncDispose]() {
      faults.clear();
      await store.remove(info, { everything: true });
      await store[Symbol.asyncDispose]();
    },
  };
}

const records = Array.from({ length: 50 }, (_, row) => ({
  id: `row ${row}`,
  vector: [row, 1, 2],
}));
const batch = batchOf(records);
const expected = rowsOf(batch);

const garbage = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]);
/** The field that a page's points stand in, longer than the message. */
const torn = Buffer.from([0x12, 0x7f, 0x0a, 0x05]);

const passing: readonly [name: string, fault: Fault, code: string][] = [
  ["UNAVAILABLE", { status: 14, message: "starting" }, "E_UNREACHABLE"],
  ["CANCELLED by the server", { status: 1 }, "E_UNREACHABLE"],
  ["RESOURCE_EXHAUSTED", { status: 8 }, "E_RATE_LIMITED"],
  ["DEADLINE_EXCEEDED", { status: 4 }, "E_TIMEOUT"],
  ["INTERNAL", { status: 13 }, "E_SERVER"],
  ["UNKNOWN", { status: 2 }, "E_SERVER"],
  ["ABORTED", { status: 10 }, "E_SERVER"],
  ["FAILED_PRECONDITION, as by REST", { status: 9 }, "E_SERVER"],
  ["silence", "silence", "E_TIMEOUT"],
  ["a reset call", ({ stream }) => stream.close(2), "E_UNREACHABLE"],
  ["a refused call", ({ stream }) => stream.close(7), "E_UNREACHABLE"],
  ["a lost connection", ({ stream }) => stream.session?.destroy(), "E_UNREACHABLE"],
  ["GOAWAY with an error", ({ stream }) => stream.session?.goaway(2), "E_UNREACHABLE"],
  ["a message cut short", { raw: frameOf(Buffer.alloc(100)).subarray(0, 50) }, "E_BAD_RESPONSE"],
  ["a garbled message", { body: garbage }, "E_BAD_RESPONSE"],
  ["a torn message", { body: torn }, "E_BAD_RESPONSE"],
  ["a compressed message", { raw: Buffer.from([1, 0, 0, 0, 0]) }, "E_BAD_RESPONSE"],
  [
    "a proxy's 503",
    ({ stream }) => {
      stream.respond({ ":status": 503, "content-type": "text/html" });
      stream.end("<h1>Soon</h1>");
    },
    "E_UNREACHABLE",
  ],
  [
    "a proxy's 404",
    ({ stream }) => {
      stream.respond({ ":status": 404, "content-type": "text/plain" });
      stream.end("404 page not found");
    },
    "E_UNREACHABLE",
  ],
  [
    "a proxy's 429",
    ({ stream }) => {
      stream.respond({ ":status": 429 });
      stream.end();
    },
    "E_RATE_LIMITED",
  ],
];

describe("points by gRPC", () => {
  it.each(passing)("are written and read in spite of %s", async (_name, fault, code) => {
    await using scene = await startScene();
    meet("Points/Upsert", fault, "pass");
    await scene.store.write(scene.spec, batch);
    expect(scene.retried).toEqual([code]);
    meet("Points/Scroll", fault, "pass");
    expect(await scene.rows()).toEqual(expected);
    expect(scene.retried).toEqual([code, code]);
    expect(scene.roads).toEqual(["grpc"]);
  });

  it("wait as long as the server asks", async () => {
    await using scene = await startScene();
    meet("Points/Upsert", { status: 8, trailers: { "retry-after": "1" } }, "pass");
    const start = performance.now();
    await scene.store.write(scene.spec, batch);
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  it.each<[string, Fault, object]>([
    ["INVALID_ARGUMENT", { status: 3, message: "no such thing" }, { code: "E_REJECTED" }],
    ["UNAUTHENTICATED", { status: 16 }, { code: "E_AUTH" }],
    ["PERMISSION_DENIED", { status: 7 }, { code: "E_AUTH" }],
    ["NOT_FOUND", { status: 5 }, { code: "E_COLLECTION_NOT_FOUND" }],
    ["ALREADY_EXISTS", { status: 6 }, { code: "E_SCHEMA_CONFLICT" }],
    ["UNIMPLEMENTED", { status: 12 }, { code: "E_NOT_SUPPORTED" }],
    [
      "OUT_OF_RANGE, which is a message too large",
      { status: 11 },
      { code: "E_REJECTED", details: { tooLarge: true } },
    ],
    [
      "a proxy's 413",
      ({ stream }) => {
        stream.respond({ ":status": 413 });
        stream.end();
      },
      { code: "E_REJECTED", details: { tooLarge: true } },
    ],
  ])("fail at once at %s", async (_name, fault, error) => {
    await using scene = await startScene();
    await scene.store.write(scene.spec, batchOf(records.slice(0, 1)));
    meet("Points/Upsert", fault);
    await expect(scene.store.write(scene.spec, batch)).rejects.toMatchObject({
      retryable: false,
      ...error,
    });
    expect(scene.retried).toEqual([]);
  });

  it("fail after several tries where nothing else comes", async () => {
    await using scene = await startScene();
    await scene.store.write(scene.spec, batchOf(records.slice(0, 1)));
    meet("Points/Scroll", { body: garbage });
    await expect(scene.rows()).rejects.toMatchObject({ code: "E_BAD_RESPONSE", exit: 5 });
    expect(scene.retried).toHaveLength(6);
  }, 30_000);

  it("are not taken for written before they are", async () => {
    await using scene = await startScene();
    // UpdateResult { operation_id: 1, status: Acknowledged }
    meet("Points/Upsert", { body: Buffer.from([0x0a, 4, 0x08, 1, 0x10, 1]) });
    await expect(scene.store.write(scene.spec, batch)).rejects.toMatchObject({ code: "E_TIMEOUT" });
  });

  it("end at once when they are interrupted", async () => {
    await using scene = await startScene({ timeoutMs: 60_000 });
    meet("Points/Upsert", "silence");
    const write = scene.store.write(scene.spec, batch, { signal: AbortSignal.timeout(100) });
    await expect(write).rejects.toMatchObject({ code: "E_ABORTED" });
  });

  it("go on over a new connection after a GOAWAY that lets calls end", async () => {
    await using scene = await startScene();
    meet(
      "Points/Upsert",
      (call) => {
        call.stream.session?.goaway(0);
        call.stream.session?.close();
        call.stream.respond(
          { ":status": 200, "content-type": "application/grpc", "grpc-status": "14" },
          { endStream: true },
        );
      },
      "pass",
    );
    const before = proxy.sessions();
    await scene.store.write(scene.spec, batch);
    expect(await scene.rows()).toEqual(expected);
    expect(proxy.sessions()).toBe(before + 1);
  });
});

describe("payload that gRPC cannot say", () => {
  const odd = [
    "9223372036854775808",
    "18446744073709551615",
    "-9223372036854775808",
    "2.0",
    "1e18",
  ];
  const oddBatch = batchOf(
    odd.map((number, row) => ({
      id: `odd ${row}`,
      vector: [row, 0, 0],
      metadata: `{"number":${number}}`,
    })),
  );

  it("goes by REST in the same call, and comes back as it was", async () => {
    await using scene = await startScene();
    const before = proxy.calls.length;
    await scene.store.write(scene.spec, oddBatch);
    expect(await scene.rows()).toEqual(rowsOf(oddBatch));
    // Two of the rows are integers outside int64; the others are one message.
    expect(proxy.calls.slice(before).filter((path) => path.endsWith("/Upsert"))).toHaveLength(1);
  });

  it("is summed up as it is read", async () => {
    await using scene = await startScene();
    await scene.store.write(scene.spec, oddBatch);
    const info = await findCollection(scene.store, scene.spec.name);
    const [scanned] = await scanAll(scene.store, info);
    if (scanned === undefined) throw new Error("nothing was scanned");
    const { points, runs, collections } = scanned.placement;
    const digests = digestPoints(scanned);
    for await (const page of scene.store.digests?.(info) ?? [])
      expect(page).toEqual({ points, runs, collections, digests });
    expect.assertions(1);
  });
});
