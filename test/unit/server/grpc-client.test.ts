import { toDenseVector, UpdateStatus } from "@qdrant/js-client-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GrpcPlace, grpcKinds } from "../../support/grpc-places.ts";
import {
  type Collections,
  clientsOf,
  create,
  denseVector,
  enabled,
  fill,
  idOf,
  idsSelector,
  nearPoint,
  nearVector,
  type Points,
  uuid,
  whereEqual,
} from "../../support/grpc-scene.ts";

describe.each(grpcKinds)("Qdrant's gRPC client on $name", ({ skip, start }) => {
  let place: GrpcPlace;
  let collections: Collections;
  let points: Points;
  beforeAll(async () => {
    if (skip) return;
    place = await start();
    ({ collections, points } = clientsOf(place.client()));
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  });
  const made = async (name: string): Promise<string> => {
    const collectionName = place.unique(name);
    await create(collections, collectionName);
    await fill(points, collectionName);
    return collectionName;
  };

  it.skipIf(skip)("hears who answers, by both health services", async () => {
    const health = await place.client().api("service").healthCheck({});
    expect(health).toMatchObject({ title: "qdrant - vector search engine", version: "1.18.2" });
  });

  it.skipIf(skip)("makes, describes, lists and deletes collections", async () => {
    const collectionName = place.unique("grpc-collection");
    expect((await create(collections, collectionName)).result).toBe(true);
    expect((await collections.collectionExists({ collectionName })).result?.exists).toBe(true);
    const names = (await collections.list({})).collections.map(({ name }) => name);
    expect(names).toContain(collectionName);
    const { result } = await collections.get({ collectionName });
    expect(result).toMatchObject({ status: 1, pointsCount: 0n });
    expect(result?.config?.params?.vectorsConfig?.config).toMatchObject({
      case: "params",
      value: { size: 2n, distance: 3 },
    });
    await expect(create(collections, collectionName)).rejects.toMatchObject({ code: 6 });
    expect((await collections.delete({ collectionName })).result).toBe(true);
    expect((await collections.delete({ collectionName })).result).toBe(false);
    expect((await collections.collectionExists({ collectionName })).result?.exists).toBe(false);
  });

  it.skipIf(skip).each([
    ["compressed", true],
    ["as they are", false],
  ])("writes and reads points, messages %s", async (_, compression) => {
    const { points } = clientsOf(place.client(compression));
    const collectionName = await made("grpc-points");
    const all = { withPayload: enabled, withVectors: enabled };
    const first = await points.scroll({ collectionName, limit: 3, ...all });
    expect(first.result.map(({ id }) => id?.pointIdOptions.value)).toEqual([
      1n,
      2n,
      18446744073709551615n,
    ]);
    expect(first.nextPageOffset?.pointIdOptions).toEqual({ case: "uuid", value: uuid });
    expect(first.result.map(({ vectors }) => dense(vectors))).toEqual([
      [1, 0],
      [0, 1],
      [0.5, 0.25],
    ]);
    const { n, two, none, list } = first.result[0]?.payload ?? {};
    expect([n?.kind, two?.kind, none?.kind.case, list?.kind.case]).toEqual([
      { case: "integerValue", value: 9007199254740993n },
      { case: "doubleValue", value: 2 },
      "nullValue",
      "listValue",
    ]);
    const offset = idOf(uuid);
    const last = await points.scroll({ collectionName, limit: 3, offset });
    expect(last.result).toMatchObject([{ payload: { city: { kind: { value: "London" } } } }]);
    expect(last.nextPageOffset).toBeUndefined();
    const got = await points.get({ collectionName, ids: [offset, idOf(7n)], withVectors: enabled });
    expect(got.result.map(({ vectors }) => dense(vectors))).toEqual([[-1, 3]]);
    expect(got.result[0]?.payload).toEqual({});
  });

  it.skipIf(skip)("finds, counts and deletes points, all or by a filter", async () => {
    const collectionName = await made("grpc-search");
    const query = (more: object) => points.query({ collectionName, ...more });
    const near = await query({ query: nearVector([1, 0]), limit: 2n });
    expect(near.result.map(({ id, score }) => [id?.pointIdOptions.value, score])).toEqual([
      [1n, 1],
      [18446744073709551615n, 0.5],
    ]);
    const filter = whereEqual("city", "London");
    const filtered = await query({ query: nearVector([1, 0]), filter, withPayload: enabled });
    expect(filtered.result).toMatchObject([{ score: -1, payload: { city: { kind: {} } } }]);
    const others = await query({ query: nearPoint(1n) });
    expect(others.result.map(({ id }) => id?.pointIdOptions.value)).not.toContain(1n);
    expect((await query({})).result).toHaveLength(4);
    const count = async (more: object) =>
      (await points.count({ collectionName, exact: true, ...more })).result?.count;
    expect(await count({})).toBe(4n);
    expect(await count({ filter: whereEqual("n", 2n) })).toBe(1n);
    const ids = idsSelector(1n, uuid);
    const deleted = await points.delete({ collectionName, wait: true, points: ids });
    expect(deleted.result?.status).toBe(UpdateStatus.Completed);
    const fits = { pointsSelectorOneOf: { case: "filter" as const, value: whereEqual("n", 2n) } };
    await points.delete({ collectionName, wait: true, points: fits });
    expect(await count({})).toBe(1n);
  });

  it.skipIf(skip)("takes a message of 2 MB and gives it back bit for bit", async () => {
    const collectionName = place.unique("grpc-big");
    await create(collections, collectionName, 512n);
    const data = Float32Array.from({ length: 1000 * 512 }, (_, at) => Math.sin(at) * 1e3);
    const rows = Array.from({ length: 1000 }, (_, row) => ({
      id: idOf(BigInt(row)),
      vectors: denseVector(data.subarray(row * 512, (row + 1) * 512)),
    }));
    const plain = clientsOf(place.client(false)).points;
    await plain.upsert({ collectionName, wait: true, points: rows });
    const page = await plain.scroll({ collectionName, limit: 1000, withVectors: enabled });
    const read = page.result.flatMap(({ vectors }) => dense(vectors) ?? []);
    expect(Buffer.from(Float32Array.from(read).buffer)).toEqual(Buffer.from(data.buffer));
  });

  it.skipIf(skip)("has many calls in flight on one connection", async () => {
    const collectionName = place.unique("grpc-many");
    await create(collections, collectionName);
    const calls = Array.from({ length: 200 }, async (_, id) => {
      const row = { id: idOf(BigInt(id)), vectors: denseVector([id, 1]) };
      await points.upsert({ collectionName, wait: true, points: [row] });
      const found = await points.get({ collectionName, ids: [row.id], withVectors: enabled });
      return dense(found.result[0]?.vectors)?.[0];
    });
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 200 }, (_, id) => id));
  });
});

type Vectors = Awaited<ReturnType<Points["get"]>>["result"][number]["vectors"];

function dense(vectors: Vectors): number[] | undefined {
  const given = vectors?.vectorsOptions;
  return given?.case === "vector" ? toDenseVector(given.value)?.data : undefined;
}
