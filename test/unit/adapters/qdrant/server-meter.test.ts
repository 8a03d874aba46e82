import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ServerMeter } from "../../../../src/adapters/qdrant/server-meter.ts";
import type { CollectionInfo } from "../../../../src/model/collection.ts";
import { standingCollection } from "../../../support/doctor-scene.ts";
import { type StubHandler, type StubRequest, startStub } from "../../../support/stub.ts";

const { signal } = new AbortController();

interface Params {
  readonly exact?: boolean;
  readonly hnsw_ef?: number;
  readonly quantization?: { readonly rescore?: boolean };
}

/** A Qdrant of 20 stored vectors, whose searches find the first `found(params)` of the ten nearest. */
function searched(found: (params: Params) => number, stored: object = {}): StubHandler {
  return ({ path, body }) => {
    const { params = {} } = Object(body);
    const points = Array.from({ length: 20 }, (_, id) => ({ id, vector: [id, 1], ...stored }));
    if (path.endsWith("/points/scroll")) return { body: { result: { points } } };
    const right = params.exact === true ? 10 : found(params);
    const hits = Array.from({ length: 10 }, (_, at) =>
      at < right ? { id: at, score: 1 - at / 100 } : { id: 100 + at, score: 0.1 },
    );
    return { body: { result: { points: hits } } };
  };
}

/** A server that never answers the search of this number (from 1), and the end of a step's time as that search comes. */
function hanging(at: number, found: (params: Params) => number) {
  let searches = 0;
  let ends = new AbortController();
  const late = (): AbortSignal => {
    ends = new AbortController();
    return ends.signal;
  };
  const handler: StubHandler = (request, response) => {
    searches += request.path.endsWith("/scroll") ? 0 : 1;
    if (searches < at) return searched(found)(request, response);
    ends.abort();
    return undefined;
  };
  return { handler, late };
}

async function recall(
  handler: StubHandler,
  info: Partial<CollectionInfo> = {},
  tenanted = false,
  late?: () => AbortSignal,
) {
  await using stub = await startStub(handler);
  const meter = new ServerMeter(stub.url, { apiKey: "k3y" }, late);
  try {
    const measure = await meter.recall(standingCollection("a b", { info }).info, {
      tenanted,
      signal,
    });
    return { measure, requests: stub.requests };
  } finally {
    meter.close();
  }
}

const bodies = (requests: readonly StubRequest[]) => requests.map(({ body }) => Object(body));

describe("a meter of recall", () => {
  it("holds searches for stored vectors against exact ones", async () => {
    const { measure, requests } = await recall(searched(() => 10));
    expect(measure).toEqual({ searches: 20, plain: 1, rescored: null, wider: null });
    expect(requests).toHaveLength(41);
    expect(new Set(requests.map(({ headers }) => headers["api-key"]))).toEqual(new Set(["k3y"]));
    expect(requests[1]?.path).toMatch(/^\/collections\/a%20b\/points\/query\?timeout=\d+$/);
  });

  it("tries what might mend them: wider, and rescored where they are quantized", async () => {
    const found = ({ hnsw_ef, quantization }: Params) =>
      hnsw_ef === undefined ? (quantization === undefined ? 5 : 8) : 9;
    const plain = await recall(searched(found));
    expect(plain.measure).toEqual({
      searches: 20,
      plain: 0.5,
      rescored: null,
      wider: { ef: 512, recall: 0.9 },
    });
    const configuration = JSON.stringify({
      hnsw_config: { ef_construct: 200 },
      quantization_config: { scalar: { type: "int8" } },
    });
    const quantized = await recall(searched(found), { configuration });
    expect(quantized.measure).toMatchObject({ rescored: 0.8, wider: { ef: 800, recall: 0.9 } });
  });

  it("takes a point that is as near as the last for as good", async () => {
    const { measure } = await recall((request, response) => {
      if (request.path.endsWith("scroll")) return searched(() => 0)(request, response);
      const from = Object(request.body).params?.exact === true ? 0 : 50;
      const points = Array.from({ length: 10 }, (_, at) => ({ id: from + at, score: 0.75 }));
      return { body: { result: { points } } };
    });
    expect(measure?.plain).toBe(1);
  });

  it("searches as the tenant whose vector it is, and by the name that vectors have", async () => {
    const stored = { vector: { text: [1, 2] }, payload: { tenant_id: "a" } };
    const vectors = [{ name: "text", kind: "dense", dimension: 2, distance: "Dot" } as const];
    const info = { dimension: null, vectors };
    const { requests } = await recall(
      searched(() => 10, stored),
      info,
      true,
    );
    expect(bodies(requests)[0]).toMatchObject({
      with_vector: ["text"],
      with_payload: ["tenant_id"],
    });
    expect(bodies(requests)[1]).toMatchObject({
      query: [1, 2],
      using: "text",
      filter: { must: [{ key: "tenant_id", match: { value: "a" } }] },
    });
  });

  it.each([
    ["exact searches", 31, 10, { searches: 15, plain: 1, rescored: null, wider: null }],
    ["other searches", 32, 10, { searches: 15, plain: 1, rescored: null, wider: null }],
    ["exact searches early", 5, 10, null],
    ["other searches early", 6, 10, null],
    [
      "wider searches",
      54,
      5,
      { searches: 20, plain: 0.5, rescored: null, wider: expect.anything() },
    ],
    ["wider searches early", 44, 5, null],
  ] as const)("is given up in time where %s are not answered", async (_, at, right, wanted) => {
    const { handler, late } = hanging(at, () => right);
    const { measure, requests } = await recall(handler, {}, false, late);
    expect(measure).toEqual(wanted);
    expect(requests).toHaveLength(1 + at);
  });

  it("is interrupted as a whole", async () => {
    const interrupt = new AbortController();
    await using stub = await startStub(() => {
      interrupt.abort();
      return undefined;
    });
    const meter = new ServerMeter(stub.url, {});
    const options = { tenanted: false, signal: interrupt.signal };
    const measure = meter.recall(standingCollection("ants").info, options);
    await expect(measure).rejects.toMatchObject({ code: "E_ABORTED" });
    meter.close();
  });

  it.each<[string, StubHandler]>([
    ["refuses", () => ({ status: 403, body: { status: { error: "no" } } })],
    ["has few vectors", () => ({ body: { result: { points: [{ vector: [1] }] } } })],
    ["answers otherwise", () => ({ body: "[]" })],
  ])("measures nothing where the server %s", async (_, handler) => {
    expect((await recall(handler)).measure).toBeNull();
  });
});

describe("a meter of compressed answers", () => {
  it("takes the medians of one search both ways, by turns", async () => {
    const wanted: unknown[] = [];
    await using stub = await startStub(async (request, response) => {
      if (request.path.endsWith("scroll")) return searched(() => 10)(request, response);
      const encoding = request.headers["accept-encoding"];
      wanted.push(encoding);
      if (encoding !== "identity") await sleep(40);
      const headers = encoding === "identity" ? {} : { "content-encoding": "gzip" };
      return { headers, body: "bytes" };
    });
    const meter = new ServerMeter(stub.url, {});
    const measure = await meter.encoding(standingCollection("ants").info, signal);
    meter.close();
    expect(measure?.searches).toBe(7);
    expect(measure?.compressedMs).toBeGreaterThan(39);
    expect(measure?.plainMs).toBeLessThan(measure?.compressedMs ?? 0);
    expect(wanted.slice(0, 2)).toEqual(["gzip, deflate, br", "identity"]);
  });

  it("is given up in time where searches are not answered", async () => {
    const { handler, late } = hanging(7, () => 10);
    await using stub = await startStub(handler);
    const meter = new ServerMeter(stub.url, {}, late);
    expect(await meter.encoding(standingCollection("ants").info, signal)).toBeNull();
    meter.close();
  });

  it("measures nothing where searches fail", async () => {
    await using stub = await startStub((request, response) =>
      request.path.endsWith("scroll")
        ? searched(() => 10)(request, response)
        : { status: 500, body: "" },
    );
    const meter = new ServerMeter(stub.url, {});
    expect(await meter.encoding(standingCollection("ants").info, signal)).toBeNull();
    meter.close();
  });
});
