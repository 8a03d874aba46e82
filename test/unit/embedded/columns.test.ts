import type { QdrantClient } from "@qdrant/js-client-rest";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchToColumns, toColumns } from "../../../src/embedded/columns.ts";
import { clientRoads, clientVersions } from "../../support/qdrant-clients.ts";

const point = { id: 1, vector: [1, 2], payload: { a: 1 } };

describe("points as columns", () => {
  it("have a column for each name, and know who has none of it", async () => {
    const points = [
      { id: 7, vector: { a: [1, 2], b: [3] }, payload: { x: [1, { y: null }] } },
      { id: "0F0F0F0F11114222833344444444444F", vector: { b: [-0] } },
    ];
    expect(await toColumns(points)).toEqual({
      ids: ["7", "0f0f0f0f-1111-4222-8333-44444444444f"],
      payloads: ['{"x":[1,{"y":null}]}', null],
      vectors: new Map([
        [
          "a",
          {
            kind: "dense",
            dimension: 2,
            data: Float32Array.of(1, 2, 0, 0),
            present: Uint8Array.of(1, 0),
          },
        ],
        ["b", { kind: "dense", dimension: 1, data: Float32Array.of(3, 0), present: null }],
      ]),
    });
  });

  it.each([
    ["no list", { points: point }],
    ["none", []],
    ["a missing vector", [{ id: 1 }]],
    ["a negative id", [{ ...point, id: -1 }]],
    ["digits as text", [{ ...point, id: "1" }]],
    ["an id over 64 bits", [{ ...point, id: 2n ** 64n }]],
    ["another member", [{ ...point, vectors: [1] }]],
    ["NaN", [{ ...point, vector: [1, Number.NaN] }]],
    ["more than a float32 holds", [{ ...point, vector: [1, 1e39] }]],
    ["text", [{ ...point, vector: ["1", 2] }]],
    ["a typed array", [{ ...point, vector: Float32Array.of(1, 2) }]],
    ["a multivector", [{ ...point, vector: [[1, 2]] }]],
    ["a sparse vector", [{ ...point, vector: { s: { indices: [1], values: [1] } } }]],
    ["two lengths", [point, { ...point, vector: [1] }]],
    ["an empty vector", [{ ...point, vector: [] }]],
    ["a list as payload", [{ ...point, payload: [1] }]],
    ["a date as payload", [{ ...point, payload: new Date(0) }]],
    ["a bigint in a payload", [{ ...point, payload: { a: 1n } }]],
  ])("are left to the server's own checks where there is %s", async (_what, points) => {
    expect(await toColumns(points)).toBeNull();
  });

  it("are the same ones where they are given as lists", async () => {
    const points = [
      { id: 7, vector: { a: [1, 2], b: [3] }, payload: { x: 1 } },
      { id: 8, vector: { a: [3, 4], b: [5] }, payload: null },
    ];
    const ids = [7, 8];
    const named = {
      ids,
      vectors: {
        a: [
          [1, 2],
          [3, 4],
        ],
        b: [[3], [5]],
      },
      payloads: [{ x: 1 }, null],
    };
    expect(await batchToColumns(named)).toEqual(await toColumns(points));
    const plain = ids.map((id) => ({ id, vector: [id, 1] }));
    const vectors = plain.map(({ vector }) => vector);
    expect(await batchToColumns({ ids, vectors })).toEqual(await toColumns(plain));
  });

  it.each([
    ["no ids", { vectors: [[1]] }],
    ["no vectors", { ids: [1] }],
    ["no vector's name", { ids: [1], vectors: {} }],
    ["none", { ids: [], vectors: [] }],
    ["a vector too few", { ids: [1, 2], vectors: [[1]] }],
    ["a payload too few", { ids: [1, 2], vectors: [[1], [2]], payloads: [{}] }],
    ["payloads that are no list", { ids: [1], vectors: [[1]], payloads: {} }],
    ["another member", { ids: [1], vectors: [[1]], shard_key: "a" }],
    ["a text", "batch"],
  ])("as lists are left to the server's own checks where there is %s", async (_what, batch) => {
    expect(await batchToColumns(batch)).toBeNull();
  });

  it("are cut in several turns of the event loop where they are many", async () => {
    const vector = Array.from({ length: 1000 }, (_, at) => at);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const columns = await toColumns(
      Array.from({ length: 20_000 }, (_, at) => ({ id: at, vector })),
    );
    clearInterval(timer);
    expect(columns?.ids).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(1);
  });
});

const component = fc.oneof(
  { weight: 40, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e39, "1", null, -0),
  },
);
const vectorOf = (dimension: number) =>
  fc.array(component, { minLength: dimension, maxLength: dimension });
const anyPoint = fc.record(
  {
    id: fc.oneof(
      { weight: 20, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n) },
      { weight: 20, arbitrary: fc.nat() },
      { weight: 20, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, "x", "7", null) },
    ),
    vector: fc.oneof(
      { weight: 20, arbitrary: fc.record({ a: vectorOf(2) }) },
      { weight: 20, arbitrary: fc.record({ a: vectorOf(2), b: vectorOf(3) }) },
      { weight: 1, arbitrary: fc.constantFrom({ c: [1] }, { a: [1] }, [1, 2], {}, null) },
    ),
    payload: fc.oneof(
      { weight: 20, arbitrary: fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()) },
      { weight: 1, arbitrary: fc.constantFrom(null, [1], "x", { big: 2n ** 63n }) },
    ),
  },
  { requiredKeys: ["id", "vector"] },
);

/** What a client answers to an upsert, and what stands in the collection afterwards. */
async function outcome(client: QdrantClient, points: readonly unknown[]): Promise<unknown> {
  const answer = await client
    .upsert("c", { points: points as never })
    .then(({ status }) => status)
    .catch(({ status, data }) => ({ status, error: data.status.error }));
  const stored = await client.scroll("c", { limit: 100, with_vector: true });
  return { answer, stored };
}

describe("an upsert in process", () => {
  it("answers and stores what the same upsert over HTTP does", async () => {
    const [{ Client }] = clientVersions.slice(-1) as [(typeof clientVersions)[number]];
    const places = await Promise.all(clientRoads.map(({ start }) => start(Client)));
    const vectors = {
      a: { size: 2, distance: "Dot" as const },
      b: { size: 3, distance: "Cosine" as const },
    };
    const random = fc.asyncProperty(
      fc.array(anyPoint, { minLength: 1, maxLength: 4 }),
      async (points) => {
        const outcomes = await Promise.all(
          places.map(async ({ client }) => {
            await client.createCollection("c", { vectors });
            const result = await outcome(client, points);
            await client.deleteCollection("c");
            return result;
          }),
        );
        expect(outcomes[0]).toEqual(outcomes[1]);
      },
    );
    try {
      await fc.assert(random, { numRuns: 20 });
    } finally {
      for (const place of places) await place[Symbol.asyncDispose]();
    }
  });

  it.each([
    [
      "vectors",
      {
        ids: [1, 2],
        vectors: [
          [1, 2],
          [3, 4],
        ],
        payloads: [{ n: 1 }, null],
      },
    ],
    [
      "vectors by name",
      {
        ids: [1, 2],
        vectors: {
          "": [
            [1, 2],
            [3, 4],
          ],
        },
      },
    ],
    ["a vector too few", { ids: [1, 2], vectors: [[1, 2]] }],
    ["a payload too many", { ids: [1], vectors: [[1, 2]], payloads: [{ n: 1 }, null] }],
    ["no vectors", { ids: [1], payloads: [{}] }],
    ["vectors that are null", { ids: [1], vectors: null, payloads: [{}] }],
    ["vectors that are a number", { ids: [1], vectors: 5, payloads: [{}] }],
    ["no vector's name", { ids: [1], vectors: {}, payloads: [{}] }],
    ["a list of vectors by name", { ids: [1], vectors: [{ a: [1, 2] }] }],
    ["a list of none", { ids: [1, 2], vectors: [[1, 2], {}] }],
  ])("takes or refuses lists as the same upsert over HTTP does: %s", async (_what, batch) => {
    const [{ Client }] = clientVersions.slice(-1) as [(typeof clientVersions)[number]];
    const told = clientRoads.map(async ({ start }) => {
      await using place = await start(Client);
      const { client } = place;
      await client.createCollection("c", { vectors: { size: 2, distance: "Dot" } });
      const answer = await client
        .upsert("c", { batch } as never)
        .then(({ status }) => status)
        .catch(({ status, data }) => ({ status, error: data.status.error }));
      return { answer, stored: (await client.scroll("c", { with_vector: true })).points };
    });
    const [here, there] = await Promise.all(told);
    expect(here).toEqual(there);
  });

  it.each([
    ["update_filter", { must: [{ key: "n", match: { value: 5 } }] }],
    ["update_mode", "insert_only"],
    ["shard_key", "a"],
  ])("heeds %s, as over HTTP", async (name, value) => {
    const [{ Client }] = clientVersions.slice(-1) as [(typeof clientVersions)[number]];
    const told = clientRoads.map(async ({ start }) => {
      await using place = await start(Client);
      const { client } = place;
      await client.createCollection("c", { vectors: { size: 2, distance: "Dot" } });
      await client.upsert("c", { points: [{ id: 1, vector: [1, 1], payload: { n: 1 } }] });
      const points = [{ id: 1, vector: [2, 2], payload: { n: 2 } }];
      const answer = await client
        .upsert("c", { points, [name]: value } as never)
        .then(({ status }) => status)
        .catch(({ status }) => status);
      return { answer, stored: (await client.scroll("c", { with_vector: true })).points };
    });
    const [here, there] = await Promise.all(told);
    expect(here).toEqual(there);
    expect(here?.stored).toEqual([{ id: 1, vector: [1, 1], payload: { n: 1 } }]);
  });
});
