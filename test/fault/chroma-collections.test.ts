import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { collect, isGet, keysOf, numbered, withChroma } from "../support/chroma-scene.ts";
import { type Intercept, internalError, stubKey, things } from "../support/stub-chroma.ts";

beforeEach(() => {
  // Waits between attempts are random from 0 on: here always 0.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("collections and ids", () => {
  it("tells a collection that is gone, in every version's way of saying so", async () => {
    const ways: [number, object][] = [
      [404, { error: "NotFoundError", message: "Collection [x] does not exist." }],
      [400, { error: "InvalidCollection", message: "Collection x does not exist." }],
      [500, { error: "RuntimeError('coroutine raised StopIteration')" }],
    ];
    for (const [status, body] of ways) {
      const intercept: Intercept = (request) => {
        if (request.path.includes(stubKey)) return { status, body };
        return request.path.includes("/collections?")
          ? {
              body: /offset=0/.test(request.path)
                ? [{ ...things, id: "another", name: "another" }]
                : [],
            }
          : undefined;
      };
      await withChroma({ api: "v2", records: [], intercept }, async ({ store, info, stub }) => {
        const error = {
          code: "E_COLLECTION_NOT_FOUND",
          message: expect.stringContaining('"another"'),
        };
        await expect(store.count(info)).rejects.toMatchObject(error);
        await expect(store.read(info, ["a"])).rejects.toMatchObject(error);
        await expect(store.ids(info)[Symbol.asyncIterator]().next()).rejects.toMatchObject(error);
        expect(
          stub.requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/get")),
        ).toEqual([]);
      });
    }
  });

  it("pages through the listing until a page is empty", async () => {
    const all = Array.from({ length: 205 }, (_, n) => ({
      ...things,
      id: `key-${n}`,
      name: `c-${String(n).padStart(3, "0")}`,
    }));
    const intercept: Intercept = ({ path }) => {
      const [, limit, offset] = /collections\?limit=(\d+)&offset=(\d+)/.exec(path) ?? [];
      return limit === undefined
        ? undefined
        : { body: all.slice(Number(offset), Number(offset) + Number(limit)) };
    };
    await withChroma({ api: "v2", records: [], intercept }, async ({ store }) => {
      expect((await store.collections()).map(({ name }) => name)).toEqual(
        all.map(({ name }) => name),
      );
    });
  });

  it("keeps the texts of metadata, configuration and schema, numbers as they were written", async () => {
    const text = `[{"id":"${stubKey}","name":"things","dimension":2,"metadata":{"b":2.0,"a":9007199254740993},"configuration_json":{"hnsw":{"space":"ip"}},"schema":null}]`;
    const intercept: Intercept = ({ path }) =>
      path.includes("/collections?")
        ? { body: path.includes("offset=0") ? text : "[]" }
        : undefined;
    await withChroma({ api: "v2", records: [], intercept }, async ({ store }) => {
      expect(await store.collections()).toMatchObject([
        {
          metadata: '{"a":9007199254740993,"b":2.0}',
          configuration: '{"hnsw":{"space":"ip"}}',
          schema: null,
          distance: "ip",
        },
      ]);
    });
  });

  it("refuses a server whose lists never end", async () => {
    const same: Intercept = (request) =>
      isGet(request)
        ? { body: { ids: ["a", "b"] } }
        : request.path.includes("/collections?")
          ? { body: [things] }
          : undefined;
    await withChroma({ api: "v2", records: [], intercept: same }, async ({ store, info }) => {
      await expect(collect(store.ids(info))).rejects.toMatchObject({
        code: "E_BAD_RESPONSE",
      });
      await expect(store.collections()).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
    });
  });

  it("lists on after a chunk that is shorter than asked for", async () => {
    const records = numbered(25);
    const capped: Intercept = (request) => {
      const { body } = request;
      if (!isGet(request) || typeof body !== "object" || body === null || !("offset" in body))
        return undefined;
      const offset = Number(body.offset);
      return { body: { ids: keysOf(records.slice(offset, offset + 10)) } };
    };
    await withChroma({ api: "v2", records, intercept: capped }, async ({ store, info }) => {
      expect((await collect(store.ids(info))).map((chunk) => chunk.length)).toEqual([10, 10, 5]);
    });
  });

  it("names a where that the server refuses E_INPUT", async () => {
    const refuse: Intercept = (request) => {
      const { body } = request;
      const where: unknown =
        typeof body === "object" && body !== null && "where" in body ? body.where : undefined;
      return where === undefined
        ? undefined
        : { status: 400, body: { error: "InvalidArgumentError", message: "Invalid where clause" } };
    };
    await withChroma(
      { api: "v2", records: numbered(3), intercept: refuse },
      async ({ store, info }) => {
        await expect(collect(store.ids(info, { where: { a: { $foo: 1 } } }))).rejects.toMatchObject(
          { code: "E_INPUT", exit: 2 },
        );
      },
    );
  });

  it("probes the distance where a server that says l2 computes cosine or ip", async () => {
    // Unit vectors, on which cosine and ip agree unless the query is none.
    const records = numbered(10).map((record, n) => ({
      ...record,
      embedding: [Math.fround(Math.cos(n)), Math.fround(Math.sin(n))],
    }));
    const l2 = [{ ...things, configuration_json: { hnsw: { space: "l2" } } }];
    const answerBy =
      (distance: (query: number[], stored: number[]) => number): Intercept =>
      (request) => {
        const { path, body } = request;
        if (!path.endsWith("/query") || typeof body !== "object" || body === null) return undefined;
        const query =
          "query_embeddings" in body ? JSON.parse(JSON.stringify(body.query_embeddings))[0] : [];
        const stored = records.slice(1, 6).map(({ embedding }) => (embedding ?? []).map(Number));
        return {
          body: {
            ids: [keysOf(records.slice(1, 6))],
            distances: [stored.map((vector) => Math.fround(distance(query, vector)))],
            embeddings: [stored],
            documents: null,
          },
        };
      };
    const dot = (a: number[], b: number[]): number =>
      a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0);
    const found = async (distance: (query: number[], stored: number[]) => number) => {
      let seen: unknown;
      await withChroma(
        { api: "v2", records, collections: l2, intercept: answerBy(distance) },
        async ({ store }) => {
          seen = (await store.collections()).map((info) => [info.distance, info.distanceFrom]);
        },
      );
      return seen;
    };
    expect(await found((a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))).toEqual([
      ["cosine", "probe"],
    ]);
    expect(await found((a, b) => 1 - dot(a, b))).toEqual([["ip", "probe"]]);
    expect(await found((a, b) => dot(a, a) + dot(b, b) - 2 * dot(a, b))).toEqual([
      ["l2", "configuration"],
    ]);
    expect(await found(() => 7)).toEqual([["l2", "configuration"]]);
  });

  it("finds the dimension by reading where the listing has none, though the first records have no vector", async () => {
    const records = numbered(
      60,
      Array.from({ length: 25 }, (_, n) => n),
    );
    const { dimension: _dimension, ...bare } = things;
    await withChroma({ api: "v1", records, collections: [bare] }, async ({ info }) => {
      expect(info.dimension).toBe(2);
    });
    await withChroma({ api: "v1", records: [], collections: [bare] }, async ({ info }) => {
      expect(info.dimension).toBe(null);
    });
  });

  it("lists a collection that the server cannot read", async () => {
    const intercept: Intercept = (request) => (isGet(request) ? internalError : undefined);
    const l2 = [{ ...things, configuration_json: null, metadata: { "hnsw:space": "ip" } }];
    await withChroma(
      { api: "v2", records: numbered(3), collections: l2, intercept },
      async ({ store }) => {
        expect(await store.collections()).toMatchObject([
          { name: "things", dimension: 2, distance: "ip", distanceFrom: "metadata" },
        ]);
      },
    );
  });
});
