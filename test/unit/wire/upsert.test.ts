import { PointsOperationResponseSchema, UpsertPointsSchema } from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { stringifyLossless } from "../../../src/util/json.ts";
import type { PointColumns } from "../../../src/wire/columns.ts";
import {
  decodeUpdateAnswer,
  decodeUpsert,
  encodeUpdateAnswer,
  encodeUpsert,
} from "../../../src/wire/upsert.ts";
import { dense, named, numbered, several, single, uuid } from "../../support/qdrant-messages.ts";
import { bytesOf, fieldsOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";
import { idOf, payloads, points, vectorsOf } from "../../support/random-points.ts";
import { alone } from "../../support/vector-columns.ts";

const unbounded = { from: 0, bytesAim: 2 ** 30 };

const dimension = 5;
const rows = fc.array(
  fc.record({
    point: points,
    payload: fc.option(payloads),
    vector: fc.option(vectorsOf(dimension)),
  }),
  { maxLength: 6 },
);

type Rows = ReturnType<
  typeof fc.sample<typeof rows extends fc.Arbitrary<infer Row> ? Row : never>
>[0];

function columnsOf(list: Rows): PointColumns {
  return {
    points: list.map(({ point }) => point),
    vectors: alone(
      dimension,
      Float32Array.from(list.flatMap(({ vector }) => [...(vector ?? Array(dimension).fill(0))])),
      Uint8Array.from(list, ({ vector }) => (vector === null ? 0 : 1)),
    ),
    payloads: list.map(({ payload }) => (payload === null ? null : stringifyLossless(payload))),
  };
}

/** Columns of `count` rows alike. */
function alike(count: number, payload = '{"a":"x"}'): PointColumns {
  return {
    points: Array.from({ length: count }, (_, row) => String(row)),
    vectors: alone(
      2,
      Float32Array.from({ length: count * 2 }, (_, at) => at),
    ),
    payloads: Array(count).fill(payload),
  };
}

describe("upsert", () => {
  it("says what the generated classes read, bit for bit", () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { frame, end, refused } = encodeUpsert("a/é", columnsOf(list), unbounded);
        expect([end, refused]).toEqual([list.length, null]);
        const request = messageOf(UpsertPointsSchema, frame);
        expect([request.collectionName, request.wait]).toEqual(["a/é", true]);
        expect(request.points).toHaveLength(list.length);
        request.points.forEach((point, row) => {
          const { point: id, payload, vector } = list[row] ?? {};
          expect(point.id).toMatchObject(idOf(id ?? ""));
          expect(stringifyLossless(payloadOf(point.payload))).toBe(
            stringifyLossless(payload ?? {}),
          );
          expect(point.vectors).toMatchObject(vector ? single(dense(...vector)) : several({}));
        });
      }),
    );
  });

  it("gives what the generated classes say, in either form of vectors", () => {
    fc.assert(
      fc.property(rows, fc.boolean(), fc.boolean(), (list, older, wait) => {
        const message = bytesOf(UpsertPointsSchema, {
          collectionName: "c",
          wait,
          points: list.map(({ point, payload, vector }) => ({
            id: idOf(point),
            payload: fieldsOf(payload ?? {}),
            vectors:
              vector === null
                ? several({})
                : single(older ? { data: [...vector] } : dense(...vector)),
          })),
        });
        const { collection, points, ...request } = decodeUpsert(message);
        expect([collection, request.wait]).toEqual(["c", wait]);
        const wanted = columnsOf(list);
        expect(points.ids).toEqual(wanted.points);
        expect(points.payloads.map((text) => canonicalJson(text ?? "{}"))).toEqual(
          wanted.payloads.map((text) => canonicalJson(text ?? "{}")),
        );
        const present = list.map(({ vector }) => (vector === null ? 0 : 1));
        const all = {
          ...wanted.vectors.get(""),
          present: present.includes(0) ? wanted.vectors.get("")?.present : null,
        };
        expect(points.vectors).toEqual(new Map(present.includes(1) ? [["", all]] : []));
      }),
    );
  });

  it("writes points without any vectors", () => {
    const { frame } = encodeUpsert("c", { ...alike(2), vectors: new Map() }, unbounded);
    const { points } = messageOf(UpsertPointsSchema, frame);
    expect(points.map(({ vectors }) => vectors)).toMatchObject([several({}), several({})]);
  });

  it("gives named vectors by name, with the rows that have them", () => {
    const message = bytesOf(UpsertPointsSchema, {
      points: [
        { id: numbered(1n), vectors: several({ a: dense(1, 2), b: dense(3) }) },
        { id: numbered(2n), vectors: several({ b: dense(4), "": dense(5, 6, 7) }) },
      ],
    });
    const column = { kind: "dense" };
    expect(Object.fromEntries(decodeUpsert(message).points.vectors)).toEqual({
      a: {
        ...column,
        dimension: 2,
        data: Float32Array.of(1, 2, 0, 0),
        present: Uint8Array.of(1, 0),
      },
      b: { ...column, dimension: 1, data: Float32Array.of(3, 4), present: null },
      "": {
        ...column,
        dimension: 3,
        data: Float32Array.of(0, 0, 0, 5, 6, 7),
        present: Uint8Array.of(0, 1),
      },
    });
  });

  it("keeps each request near the bytes that are aimed at, and loses no row", () => {
    const columns = alike(100, `{"a":"${"x".repeat(300)}"}`);
    const ids: (bigint | string | undefined)[] = [];
    let requests = 0;
    for (let from = 0; from < 100; requests += 1) {
      const { frame, end } = encodeUpsert("c", columns, { from, bytesAim: 2000 });
      expect(frame.length).toBeLessThanOrEqual(2000);
      expect(frame.length).toBeGreaterThan(1500);
      for (const { id } of messageOf(UpsertPointsSchema, frame).points)
        ids.push(id?.pointIdOptions.value);
      expect(end).toBeGreaterThan(from);
      from = end;
    }
    expect(ids).toEqual(Array.from({ length: 100 }, (_, row) => BigInt(row)));
    expect(requests).toBeGreaterThan(15);
  });

  it("puts a row that is larger than the aim into a request of its own", () => {
    const columns = alike(3, `{"a":"${"漢".repeat(5000)}"}`);
    for (let row = 0; row < 3; row += 1) {
      const { frame, end } = encodeUpsert("c", columns, { from: row, bytesAim: 1000 });
      expect(end).toBe(row + 1);
      expect(messageOf(UpsertPointsSchema, frame).points).toHaveLength(1);
    }
  });

  it("takes no more rows than it may", () => {
    const part = (from: number) => encodeUpsert("c", alike(5), { ...unbounded, from, rowsMax: 2 });
    expect([part(0).end, part(2).end, part(4).end]).toEqual([2, 4, 5]);
  });

  it("stops before a row that gRPC cannot carry, and says why", () => {
    const columns = alike(4);
    const payloads = ['{"a":1}', '{"b":1}', '{"a":18446744073709551615}', '{"c":1}'];
    const part = (from: number) =>
      encodeUpsert("c", { ...columns, payloads }, { ...unbounded, from });
    const first = part(0);
    expect([first.end, first.refused]).toEqual([2, "integer"]);
    const { points } = messageOf(UpsertPointsSchema, first.frame);
    expect(points.map(({ payload }) => payloadOf(payload))).toEqual([{ a: 1n }, { b: 1n }]);
    expect([part(2).end, part(2).refused]).toEqual([2, "integer"]);
    expect([part(3).end, part(3).refused]).toEqual([4, null]);
  });

  it.each([
    ["no id", { vectors: single(dense(1)) }, "E_INPUT"],
    ["an id that is no UUID", { id: named("123"), vectors: single(dense(1)) }, "E_INPUT"],
    ["no vectors", { id: numbered(1n) }, "E_INPUT"],
    ["vectors that say nothing", { id: numbered(1n), vectors: {} }, "E_INPUT"],
    ["an empty vector", { id: numbered(1n), vectors: single(dense()) }, "E_INPUT"],
    ["another dimension", { id: numbered(1n), vectors: single(dense(1, 2)) }, "E_INPUT"],
    [
      "an infinite number",
      { id: numbered(1n), vectors: single(dense(1)), payload: fieldsOf({ a: Number.NaN }) },
      "E_INPUT",
    ],
    [
      "a sparse vector with fewer indices than values",
      {
        id: numbered(1n),
        vectors: several({
          a: { vector: { case: "sparse", value: { values: [1] } } },
        } as unknown as Parameters<typeof several>[0]),
      },
      "E_INPUT",
    ],
  ])("refuses a point with %s", (_, point, code) => {
    const points = [{ id: numbered(0n), vectors: single(dense(1)) }, point];
    const message = bytesOf(UpsertPointsSchema, { points });
    expect(() => decodeUpsert(message)).toThrow(expect.objectContaining({ code }));
  });

  it("says which points it writes, both ways", () => {
    const one = { points: [uuid], vectors: new Map(), payloads: ["{}"] };
    for (const mode of ["upsert", "insert_only", "update_only"] as const) {
      const { frame } = encodeUpsert("c", one, { from: 0, bytesAim: 1000, mode });
      expect(decodeUpsert(frame.subarray(5)).mode).toBe(mode);
    }
    expect(() => decodeUpsert(Uint8Array.of(64, 3))).toThrow("Malformed update mode");
  });

  it("refuses conditions that the engine has not", () => {
    const message = bytesOf(UpsertPointsSchema, { updateFilter: {} });
    expect(() => decodeUpsert(message)).toThrow(
      expect.objectContaining({ code: "E_NOT_SUPPORTED" }),
    );
  });

  it("takes the id of a point in every spelling", () => {
    const points = [{ id: named(uuid.toUpperCase()), vectors: single(dense(1)) }];
    expect(decodeUpsert(bytesOf(UpsertPointsSchema, { points })).points.ids).toEqual([uuid]);
  });
});

describe("the answer to a change", () => {
  it("has its status and number, both ways", () => {
    const statuses = [
      "unknown",
      "acknowledged",
      "completed",
      "clock_rejected",
      "wait_timeout",
    ] as const;
    for (const [number, status] of statuses.entries()) {
      for (const operationId of [null, 0, 2 ** 40]) {
        const frame = encodeUpdateAnswer({ operationId, status }, 0.5);
        expect(messageOf(PointsOperationResponseSchema, frame)).toMatchObject({
          result: {
            status: number,
            ...(operationId === null ? {} : { operationId: BigInt(operationId) }),
          },
          time: 0.5,
        });
        expect(decodeUpdateAnswer(frame.subarray(5))).toEqual({ operationId, status });
      }
    }
    const newer = { result: { status: 77 as 2 } };
    expect(decodeUpdateAnswer(bytesOf(PointsOperationResponseSchema, newer)).status).toBe(
      "unknown",
    );
  });
});
