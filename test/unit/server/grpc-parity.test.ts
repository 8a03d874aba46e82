import { ConnectError, Distance } from "@qdrant/js-client-grpc";
import { describe, expect, it } from "vitest";
import { indexRequests } from "../../support/grpc-index-requests.ts";
import { type GrpcPlace, grpcKinds } from "../../support/grpc-places.ts";
import {
  clientsOf,
  create,
  denseVector,
  double,
  enabled,
  fill,
  idOf,
  idsSelector,
  nearPoint,
  nearVector,
  type Request,
  uuid,
  whereEqual,
} from "../../support/grpc-scene.ts";

const field = (key: string, more: object) => ({
  conditionOneOf: { case: "field" as const, value: { key, ...more } },
});
const size = (value: bigint, distance = Distance.Dot) => ({
  vectorsConfig: { config: { case: "params" as const, value: { size: value, distance } } },
});

/** In this order, on one collection: later ones see what earlier ones did. */
const requests: readonly Request[] = [
  [
    "create a taken name",
    6,
    ({ collections, collectionName }) => create(collections, collectionName),
  ],
  ["create of no dimension", 3, ({ collections, absent }) => create(collections, absent, 0n)],
  ["create of too many", 3, ({ collections, absent }) => create(collections, absent, 65537n)],
  [
    "create without a distance",
    3,
    ({ collections, absent: collectionName }) =>
      collections.create({ collectionName, ...size(2n, Distance.UnknownDistance) }),
  ],
  ["create with a slash", 3, ({ collections }) => create(collections, "a/b")],
  ["create without a name", 3, ({ collections }) => create(collections, "")],
  ["create with a long name", 3, ({ collections }) => create(collections, "a".repeat(256))],
  ["get of none", 5, ({ collections, absent }) => collections.get({ collectionName: absent })],
  [
    "exists of none",
    0,
    ({ collections, absent }) => collections.collectionExists({ collectionName: absent }),
  ],
  [
    "delete of none",
    0,
    ({ collections, absent }) => collections.delete({ collectionName: absent }),
  ],
  ["describe", 0, ({ collections, collectionName }) => collections.get({ collectionName })],
  ...indexRequests,
  ["scroll", 0, ({ points, collectionName }) => points.scroll({ collectionName })],
  [
    "scroll of vectors alone",
    0,
    ({ points, collectionName }) =>
      points.scroll({
        collectionName,
        limit: 2,
        withVectors: enabled,
        withPayload: { selectorOptions: { case: "enable", value: false } },
      }),
  ],
  [
    "scroll of some keys",
    0,
    ({ points, collectionName }) =>
      points.scroll({
        collectionName,
        withPayload: { selectorOptions: { case: "include", value: { fields: ["n", "struct.b"] } } },
      }),
  ],
  [
    "scroll but for some keys",
    0,
    ({ points, collectionName }) =>
      points.scroll({
        collectionName,
        withPayload: { selectorOptions: { case: "exclude", value: { fields: ["n", "struct.b"] } } },
      }),
  ],
  [
    "scroll from a point",
    0,
    ({ points, collectionName }) => points.scroll({ collectionName, offset: idOf(2n), limit: 2 }),
  ],
  [
    "scroll by a range",
    0,
    ({ points, collectionName }) =>
      points.scroll({ collectionName, filter: { must: [field("n", { range: { gte: 1 } })] } }),
  ],
  [
    "scroll by what is empty",
    0,
    ({ points, collectionName }) =>
      points.scroll({
        collectionName,
        filter: { mustNot: [{ conditionOneOf: { case: "isEmpty", value: { key: "city" } } }] },
      }),
  ],
  [
    "scroll by ids",
    0,
    ({ points, collectionName }) =>
      points.scroll({
        collectionName,
        filter: {
          should: [{ conditionOneOf: { case: "hasId", value: { hasId: [idOf(uuid), idOf(2n)] } } }],
        },
      }),
  ],
  [
    "scroll of no rows",
    3,
    ({ points, collectionName }) => points.scroll({ collectionName, limit: 0 }),
  ],
  ["scroll of none", 5, ({ points, absent }) => points.scroll({ collectionName: absent })],
  [
    "get of points",
    0,
    ({ points, collectionName }) =>
      points.get({ collectionName, ids: [idOf(uuid), idOf(7n), idOf(1n)], withPayload: enabled }),
  ],
  ["get of no points", 0, ({ points, collectionName }) => points.get({ collectionName, ids: [] })],
  [
    "get of a point without an id",
    3,
    ({ points, collectionName }) => points.get({ collectionName, ids: [{}] }),
  ],
  [
    "query",
    0,
    ({ points, collectionName }) =>
      points.query({
        collectionName,
        query: nearVector([1, 0.75]),
        withPayload: enabled,
        withVectors: enabled,
      }),
  ],
  [
    "query near a point",
    0,
    ({ points, collectionName }) =>
      points.query({ collectionName, query: nearPoint(1n), limit: 2n }),
  ],
  [
    "query near no point",
    5,
    ({ points, collectionName }) => points.query({ collectionName, query: nearPoint(99n) }),
  ],
  [
    "query near nothing",
    0,
    ({ points, collectionName }) => points.query({ collectionName, offset: 1n, limit: 2n }),
  ],
  [
    "query of as many as can be said",
    0,
    ({ points, collectionName }) => points.query({ collectionName, limit: 2n ** 64n - 1n }),
  ],
  [
    "query behind as many as can be said",
    0,
    ({ points, collectionName }) => points.query({ collectionName, offset: 2n ** 64n - 1n }),
  ],
  [
    "query with a threshold",
    0,
    ({ points, collectionName }) =>
      points.query({ collectionName, query: nearVector([1, 0]), scoreThreshold: 0.25 }),
  ],
  [
    "query of no rows",
    3,
    ({ points, collectionName }) =>
      points.query({ collectionName, query: nearVector([1, 0]), limit: 0n }),
  ],
  [
    "query of another dimension",
    3,
    ({ points, collectionName }) => points.query({ collectionName, query: nearVector([1, 0, 0]) }),
  ],
  [
    "query of another vector",
    3,
    ({ points, collectionName }) =>
      points.query({ collectionName, query: nearVector([1, 0]), using: "other" }),
  ],
  [
    "search",
    0,
    ({ points, collectionName }) =>
      points.search({ collectionName, vector: [0, 1], limit: 2n, withPayload: enabled }),
  ],
  [
    "search of no rows",
    3,
    ({ points, collectionName }) => points.search({ collectionName, vector: [0, 1] }),
  ],
  ["count", 0, ({ points, collectionName }) => points.count({ collectionName, exact: true })],
  [
    "count by a float that is integral",
    0,
    ({ points, collectionName }) =>
      points.count({
        collectionName,
        filter: { must: [field("two", { range: { lte: 2, gte: 2 } })] },
      }),
  ],
  [
    "count by an integer",
    0,
    ({ points, collectionName }) =>
      points.count({ collectionName, filter: whereEqual("n", 9007199254740993n) }),
  ],
  ["count of none", 5, ({ points, absent }) => points.count({ collectionName: absent })],
  [
    "upsert of nothing",
    3,
    ({ points, collectionName }) => points.upsert({ collectionName, points: [] }),
  ],
  [
    "upsert of another dimension",
    3,
    ({ points, collectionName }) =>
      points.upsert({
        collectionName,
        wait: true,
        points: [{ id: idOf(9n), vectors: denseVector([1]) }],
      }),
  ],
  [
    "upsert without an id",
    3,
    ({ points, collectionName }) =>
      points.upsert({ collectionName, wait: true, points: [{ vectors: denseVector([1, 2]) }] }),
  ],
  [
    "upsert without a vector",
    3,
    ({ points, collectionName }) =>
      points.upsert({ collectionName, wait: true, points: [{ id: idOf(9n) }] }),
  ],
  [
    "upsert under no UUID",
    3,
    ({ points, collectionName }) =>
      points.upsert({
        collectionName,
        wait: true,
        points: [{ id: idOf("x"), vectors: denseVector([1, 2]) }],
      }),
  ],
  [
    "upsert of none",
    5,
    ({ points, absent }) =>
      points.upsert({
        collectionName: absent,
        points: [{ id: idOf(9n), vectors: denseVector([1, 2]) }],
      }),
  ],
  [
    "upsert, not waiting",
    0,
    ({ points, collectionName }) =>
      points.upsert({
        collectionName,
        points: [{ id: idOf(2n), vectors: denseVector([3, 4]), payload: { n: double(-0.5) } }],
      }),
  ],
  [
    "upsert",
    0,
    ({ points, collectionName }) =>
      points.upsert({
        collectionName,
        wait: true,
        points: [{ id: idOf(uuid.toUpperCase()), vectors: denseVector([3, 4]) }],
      }),
  ],
  ["delete of nothing", 3, ({ points, collectionName }) => points.delete({ collectionName })],
  [
    "delete of no points",
    3,
    ({ points, collectionName }) => points.delete({ collectionName, points: idsSelector() }),
  ],
  [
    "delete",
    0,
    ({ points, collectionName }) =>
      points.delete({ collectionName, wait: true, points: idsSelector(1n, 77n) }),
  ],
  [
    "delete of none",
    5,
    ({ points, absent }) => points.delete({ collectionName: absent, points: idsSelector(1n) }),
  ],
  [
    "scroll of what is left",
    0,
    ({ points, collectionName }) => points.scroll({ collectionName, withVectors: enabled }),
  ],
];

/** What a server counts for itself; what its segments and threads are; and `usage`, which is empty. */
const own = new Set([
  "time",
  "operationId",
  "version",
  "usage",
  "segmentsCount",
  "indexedVectorsCount",
  "maxOptimizationThreads",
]);

/** What came of each request: the code, and the answer as text. */
async function outcomes(
  place: GrpcPlace,
): Promise<{ what: string; code: number; answer: string }[]> {
  const { collections, points } = clientsOf(place.client());
  const collectionName = place.unique("grpc-parity");
  await create(collections, collectionName);
  await fill(points, collectionName);
  const scene = { collections, points, collectionName, absent: `${collectionName}-absent` };
  const found = [];
  for (const [what, , ask] of requests) {
    try {
      found.push({ what, code: 0, answer: textOf(await ask(scene)) });
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      found.push({ what, code: Number(error.code), answer: "" });
    }
  }
  return found;
}

function textOf(answer: object): string {
  const plain = (value: unknown): unknown => {
    if (typeof value === "bigint") return `${value}n`;
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).filter(([name]) => !own.has(name));
    return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]).sort());
  };
  return JSON.stringify(plain(answer));
}

describe("requests by gRPC", () => {
  const [embedded, real] = grpcKinds;

  it("end with Qdrant's status codes on the embedded Qdrant", async () => {
    await using place = await embedded.start();
    const codes = (await outcomes(place)).map(({ what, code }) => [what, code]);
    expect(codes).toEqual(requests.map(([what, code]) => [what, code]));
  });

  it.skipIf(real.skip)(`are answered as by ${real.name}, field by field`, async () => {
    await using ours = await embedded.start();
    await using theirs = await real.start();
    expect(await outcomes(ours)).toEqual(await outcomes(theirs));
  });
});
