import { QdrantClient } from "@qdrant/js-client-rest";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { bodyText } from "../../../src/embedded/bodies.ts";
import { openEmbedded } from "../../../src/embedded/open.ts";
import { rawNumber, stringifyPlain } from "../../../src/util/json.ts";

const written = async (value: Record<string, unknown>): Promise<string> => {
  const text = bodyText(value);
  return typeof text === "string" ? text : Buffer.from(await text).toString();
};

class Own {
  readonly x = 1;
  toJSON(): unknown {
    return { own: true };
  }
}

const odd = {
  none: undefined,
  call: () => 1,
  list: [undefined, () => 1, null, true, "é\ud83e\udd80\n", 2n ** 64n - 1n, [], {}, [[]], [{}]],
  numbers: [1, 2.5, -0, Number.NaN, Infinity, 1e300],
  date: new Date(0),
  own: new Own(),
  within: [new Own(), { date: new Date(0), own: new Own() }],
  raw: rawNumber("2.0"),
  raws: [rawNumber("3.0")],
  map: new Map([[1, 2]]),
  bare: Object.assign(Object.create(null), { a: 1 }),
  boxed: [new Number(3), new String("x")],
  'a"b': { "": { "2": 1, "1": undefined } },
  deep: { a: { b: { c: { d: { e: { f: { g: [1, { h: 2 }] } } } } } } },
};

describe("a body as text", () => {
  it("is what JSON has for it", async () => {
    expect(await written(odd)).toBe(stringifyPlain(odd));
    expect(await written({})).toBe("{}");
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.anything({ withDate: true })),
        async (value) => {
          expect(await written(value)).toBe(stringifyPlain(value));
        },
      ),
    );
  });

  it("is the same in bytes of their own where it takes several turns", async () => {
    const value = { odd, list: Array.from({ length: 60_000 }, (_, at) => ({ at, odd: "é🦀" })) };
    const text = bodyText(value);
    expect(text).toBeInstanceOf(Promise);
    const bytes = (await text) as Uint8Array;
    expect(Buffer.from(bytes).toString()).toBe(stringifyPlain(value));
    expect(bytes.length).toBe(bytes.buffer.byteLength);
  });

  it("refuses a value that holds itself", async () => {
    const value: Record<string, unknown> = {};
    value["self"] = [value];
    await expect((async () => written(value))()).rejects.toThrow(TypeError);
  });
});

const rows = 400;
const vector = Array.from({ length: 384 }, (_, at) => at / 7);
const points = Array.from({ length: rows }, (_, id) => ({ id, vector, payload: { n: id } }));
const searches = Array.from({ length: rows }, () => ({ query: vector, limit: 1 }));
const vectorSearches = Array.from({ length: rows }, () => ({ vector, limit: 1 }));
const operations = [
  { upsert: { points } },
  {
    upsert: {
      batch: {
        ids: points.map(({ id }) => id),
        vectors: points.map((each) => each.vector),
      },
    },
  },
];
const conditions = { update_filter: { must: [{ key: "n", range: { gte: 0 } }] } };

describe("what the client asks in process", () => {
  it("is what was handed over, where it is short, however many calls are made in one turn", async () => {
    await using embedded = await openEmbedded(":memory:", { QdrantClient });
    const { client } = embedded;
    await client.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
    const ids = Array.from({ length: 2000 }, (_, id) => id);
    const numbers = async () => {
      const found = await client.retrieve("c", { ids, with_payload: true });
      return found.map((point) => [point.id, point.payload?.["n"]]);
    };
    const wanted = ids.map((id) => [id, id]);
    const payload = { n: 0 };
    const upserts = ids.map((id) => {
      payload.n = id;
      return client.upsert("c", { points: [{ id, vector: [1], payload }] });
    });
    await Promise.all(upserts);
    expect(await numbers()).toEqual(wanted);
    await client.clearPayload("c", { points: ids });
    const changes = ids.map((id) => {
      payload.n = id;
      return client.setPayload("c", { payload, points: [id] });
    });
    await Promise.all(changes);
    expect(await numbers()).toEqual(wanted);
  });

  it.each<[string, (client: QdrantClient) => Promise<unknown>]>([
    ["an upsert with a condition", (client) => client.upsert("c", { points, ...conditions })],
    ["new vectors", (client) => client.updateVectors("c", { points })],
    ["a batch of operations", (client) => client.batchUpdate("c", { operations })],
    ["a batch of queries", (client) => client.queryBatch("c", { searches })],
    ["a batch of searches", (client) => client.searchBatch("c", { searches: vectorSearches })],
    [
      "points by their ids",
      (client) => client.retrieve("c", { ids: points.map(({ id }) => id), with_vector: true }),
    ],
    [
      "groups with vectors",
      (client) =>
        client.queryGroups("c", {
          query: vector,
          group_by: "n",
          limit: rows,
          with_payload: true,
          with_vector: true,
        }),
    ],
  ])("is written and read by small pieces: %s", async (_what, ask) => {
    await using embedded = await openEmbedded(":memory:", { QdrantClient });
    const { client } = embedded;
    await client.createCollection("c", { vectors: { size: 384, distance: "Dot" } });
    await client.upsert("c", { points });
    const [parse, stringify] = [vi.spyOn(JSON, "parse"), vi.spyOn(JSON, "stringify")];
    await ask(client);
    const read = parse.mock.calls.map(([text]) => text.length);
    const told = stringify.mock.results.map(({ value }) => String(value).length);
    vi.restoreAllMocks();
    expect(Math.max(0, ...read)).toBeLessThan(80_000);
    expect(Math.max(0, ...told)).toBeLessThan(80_000);
  });
});
