import { create as messageOf, toBinary } from "@bufbuild/protobuf";
import { ConnectError, CountPointsSchema, UpdateStatus } from "@qdrant/js-client-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fastestMs } from "../../support/fastest.ts";
import { frame, rawCall } from "../../support/grpc-call.ts";
import { type GrpcPlace, grpcKinds } from "../../support/grpc-places.ts";
import {
  type Collections,
  clientsOf,
  create,
  denseVector,
  idOf,
  nearVector,
  type Points,
} from "../../support/grpc-scene.ts";

const rows = 5000;
const text = { kind: { case: "stringValue" as const, value: "x".repeat(200) } };

/** Holds for no point, and is tried with each: as slow as wanted. */
function slowFilter(conditions: number) {
  const field = (at: number) => ({
    key: "t",
    match: { matchValue: { case: "text" as const, value: `y${at}` } },
  });
  const condition = (at: number) => ({
    conditionOneOf: { case: "field" as const, value: field(at) },
  });
  return { should: Array.from({ length: conditions }, (_, at) => condition(at)) };
}

async function endOf(call: Promise<object>): Promise<[code: number, message: string]> {
  try {
    await call;
    return [0, ""];
  } catch (error) {
    if (error instanceof ConnectError) return [error.code, error.rawMessage];
    throw error;
  }
}

describe.each(grpcKinds)("a timeout on $name", ({ skip, start }) => {
  let place: GrpcPlace;
  let collections: Collections;
  let points: Points;
  let collectionName: string;
  /** What takes about 4 s. */
  let filter: ReturnType<typeof slowFilter>;

  beforeAll(async () => {
    if (skip) return;
    place = await start();
    ({ collections, points } = clientsOf(place.client()));
    collectionName = place.unique("timeouts");
    await create(collections, collectionName);
    const all = Array.from({ length: rows }, (_, id) => ({
      id: idOf(BigInt(id)),
      vectors: denseVector([id, 1]),
      payload: { t: text },
    }));
    await points.upsert({ collectionName, wait: true, points: all });
    const quick = { collectionName, exact: true, filter: slowFilter(300) };
    filter = slowFilter(Math.ceil((300 * 4000) / (await fastestMs(() => points.count(quick)))));
  }, 120_000);
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
  }, 120_000);

  it.skipIf(skip)("of 0 is refused where messages are checked for it, and else taken", async () => {
    const timeout = 0n;
    const refused = [
      3,
      "Validation error in body: [timeout: value 0 invalid, must be 1 or larger]",
    ];
    const near = { query: nearVector([1, 1]), limit: 1n };
    expect(await endOf(points.query({ collectionName, ...near, timeout }))).toEqual(refused);
    const search = { collectionName, vector: [1, 1], limit: 1n, timeout };
    expect(await endOf(points.search(search))).toEqual(refused);
    expect(await endOf(collections.delete({ collectionName, timeout }))).toEqual(refused);
    const ends = [
      await endOf(points.get({ collectionName, ids: [idOf(1n)], timeout })),
      await endOf(points.scroll({ collectionName, limit: 1, timeout })),
    ];
    // Where a server has much to do, no time at all may be over before it reads.
    for (const [code, words] of ends)
      expect(code === 0 ? "timed out" : words).toContain("timed out");
    const point = { id: idOf(1n), vectors: denseVector([1, 1]), payload: { t: text } };
    const change = { collectionName, points: [point], timeout };
    const { result } = await points.upsert(change);
    expect(result?.status).toBe(UpdateStatus.Acknowledged);
  });

  it.skipIf(skip)("of 2^64 - 1 seconds is one", async () => {
    const timeout = 2n ** 64n - 1n;
    const near = { query: nearVector([1, 1]), limit: 1n };
    expect(await endOf(points.query({ collectionName, ...near, timeout }))).toEqual([0, ""]);
    expect(await endOf(points.count({ collectionName, timeout }))).toEqual([0, ""]);
    const point = { id: idOf(1n), vectors: denseVector([1, 1]), payload: { t: text } };
    const change = { collectionName, wait: true, points: [point], timeout };
    const { result } = await points.upsert(change);
    expect(result?.status).toBe(UpdateStatus.Completed);
  });

  it.skipIf(skip)(
    "ends a question that takes longer, and the next one is answered",
    async () => {
      const timeout = 1n;
      const late = [13, expect.stringMatching(/ timed out after (?:1s|\d+\.\d+ms)$/)];
      const near = { query: nearVector([1, 1]), limit: 1n };
      const slow = { collectionName, filter, timeout };
      expect(await endOf(points.count({ ...slow, exact: true }))).toEqual(late);
      expect(await endOf(points.scroll({ ...slow, limit: 1 }))).toEqual(late);
      expect(await endOf(points.query({ ...slow, ...near }))).toEqual(late);
      expect(await endOf(points.search({ ...slow, vector: [1, 1], limit: 1n }))).toEqual(late);
      expect(await endOf(points.get({ collectionName, ids: [idOf(1n)] }))).toEqual([0, ""]);
    },
    60_000,
  );

  it.skipIf(skip)(
    "in the call's head ends it with Cancelled, wherever it stands",
    async () => {
      const message = messageOf(CountPointsSchema, { collectionName, exact: true, filter });
      const call = (timeout: string, body: Buffer, end = true) => {
        const headers = { ...place.headers, "grpc-timeout": timeout };
        return rawCall(place.port, "/qdrant.Points/Count", { headers, body, end });
      };
      const late = { code: 1, message: "Timeout expired" };
      const whole = frame(toBinary(CountPointsSchema, message));
      expect(await call("100m", whole)).toMatchObject(late);
      expect(await call("50m", whole.subarray(0, 20), false)).toMatchObject(late);
    },
    60_000,
  );

  it.skipIf(skip)(
    "of a change is how long its caller waits for it",
    async () => {
      const selector = { pointsSelectorOneOf: { case: "filter" as const, value: filter } };
      const change = { collectionName, points: selector, timeout: 1n };
      const { result: told } = await points.delete({ ...change, wait: true });
      expect(told?.status).toBe(UpdateStatus.WaitTimeout);
      const point = { id: idOf(BigInt(rows)), vectors: denseVector([1, 1]) };
      const next = { collectionName, points: [point], wait: true };
      // It has not had its turn: the one before it is still being made.
      const { result: waiting } = await points.upsert({ ...next, timeout: 1n });
      expect(waiting?.status).toBe(UpdateStatus.WaitTimeout);
      const wide = { ...next, points: [{ ...point, vectors: denseVector([1, 1, 1]) }] };
      expect(await endOf(points.upsert({ ...wide, timeout: 1n }))).toEqual([
        3,
        expect.stringContaining("expected dim: 2, got 3"),
      ]);
      const { result: waited } = await points.upsert(next);
      expect(waited?.status).toBe(UpdateStatus.Completed);
      const { result } = await points.count({ collectionName, exact: true });
      expect(result?.count).toBe(BigInt(rows + 1));
    },
    120_000,
  );
});
