import { afterAll, describe, expect, it } from "vitest";
import type { PointColumns } from "../../../../src/adapters/qdrant/api.ts";
import { GrpcPoints } from "../../../../src/adapters/qdrant/grpc.ts";
import { GrpcClient } from "../../../../src/adapters/qdrant/grpc-client.ts";
import { decodeUpsert } from "../../../../src/wire/upsert.ts";
import { type GrpcStub, startGrpcStub } from "../../../support/stub-grpc.ts";
import { alone, unnamed } from "../../../support/vector-columns.ts";

/** What was sent, one entry a call: the road, and the points in their order. */
const sent: string[] = [];
/** UpdateResult { operation_id: 1, status: Completed } */
const completed = Buffer.from([0x0a, 4, 0x08, 1, 0x10, 2]);
/** Answers of the calls that come next, in the place of "completed". */
const refusals: number[] = [];
const stub: GrpcStub = await startGrpcStub(({ frame }) => {
  const { points, wait, collection } = decodeUpsert(frame.subarray(5));
  sent.push(`grpc ${collection} ${wait} ${points.ids.join(" ")}`);
  const status = refusals.shift();
  return status === undefined ? { body: completed } : { status };
});
const client = new GrpcClient(stub.url, {});
const points = new GrpcPoints(client, {
  async upsert(name, columns) {
    sent.push(
      `rest ${name} ${columns.points.join(" ")} ${unnamed(new Map(columns.vectors)).join(" ")}`,
    );
  },
  retrieve: () => Promise.reject(new Error("nothing is read")),
});
afterAll(async () => {
  client.close();
  await stub[Symbol.asyncDispose]();
});

function columnsOf(payloads: readonly string[]): PointColumns {
  return {
    points: payloads.map((_, row) => String(row)),
    vectors: alone(1, Float32Array.from(payloads.keys())),
    payloads: [...payloads],
  };
}

const fits = '{"a":1}';
const odd = '{"a":9223372036854775808}';

/** Payloads that take a message of memory of its own. */
const large = Array.from({ length: 40 }, () => JSON.stringify({ a: "x".repeat(5_000) }));

/** Points of which each message is seen on its way. */
function watched() {
  const frames: Buffer[] = [];
  const seen = new GrpcPoints(
    Object.assign(Object.create(client), {
      send: (method: string, frame: Buffer, ...rest: [never]) => {
        frames.push(frame);
        return client.send(method, frame, ...rest);
      },
    }),
    { upsert: async () => undefined, retrieve: () => Promise.reject() },
  );
  return { frames, write: (payloads = large) => seen.upsert("c", columnsOf(payloads)) };
}

describe("GrpcPoints.upsert", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["all that fit in one message", [fits, fits, fits], ["grpc c true 0 1 2"]],
    ["nothing where there is nothing", [], []],
    ["what gRPC cannot say by REST", [odd], ["rest c 0 0"]],
    [
      "all rows in their order, and neighbours together",
      [fits, odd, odd, fits, odd, fits, fits],
      ["grpc c true 0", "rest c 1 2 1 2", "grpc c true 3", "rest c 4 4", "grpc c true 5 6"],
    ],
    [
      "also what stands first and last",
      [odd, odd, fits, odd],
      ["rest c 0 1 0 1", "grpc c true 2", "rest c 3 3"],
    ],
  ])("sends %s", async (_name, payloads, expected) => {
    sent.length = 0;
    await points.upsert("c", columnsOf(payloads));
    expect(sent).toEqual(expected);
  });

  it("keeps messages near 4 MiB, whatever a batch holds", async () => {
    sent.length = 0;
    const third = JSON.stringify({ a: "x".repeat(1_500_000) });
    await points.upsert("c", columnsOf([third, third, third, third, third]));
    expect(sent).toEqual(["grpc c true 0 1", "grpc c true 2 3", "grpc c true 4"]);
  });

  it("puts the next message into the memory of one that was taken, and never of one that was sent twice", async () => {
    const { frames, write } = watched();
    await write();
    // UNAVAILABLE
    refusals.push(14);
    await write();
    await write();
    const [first, second, third] = frames.map(({ buffer }) => buffer);
    expect(second === first).toBe(true);
    expect(third === second).toBe(false);
    await Promise.all([write(), write(), write(), write(), write(), write()]);
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(7);
    await Promise.all([write(), write(), write(), write()]);
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(7);
  });

  it("keeps that memory where the row that the next message would begin with goes another way", async () => {
    const { frames, write } = watched();
    await write();
    await write([odd, ...large]);
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(1);
  });

  it("refuses a point that no answer could bring back, by its name", async () => {
    sent.length = 0;
    const huge = JSON.stringify({ a: "x".repeat(129 * 1024 * 1024) });
    await expect(points.upsert("c", columnsOf([fits, huge]))).rejects.toMatchObject({
      code: "E_REJECTED",
      details: { tooLarge: true, point: "1" },
    });
    expect(sent).toEqual(["grpc c true 0"]);
  });
});
