import {
  GetPointsSchema,
  GetResponseSchema,
  ScrollPointsSchema,
  ScrollResponseSchema,
  UpsertPointsSchema,
} from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TestPoint, TestVector } from "../../../src/testing/vector-points.ts";
import { decodeGetAnswer, encodeGet } from "../../../src/wire/get.ts";
import { decodeScrollAnswer, encodeScroll, encodeScrollAnswer } from "../../../src/wire/scroll.ts";
import { decodeUpsert, encodeUpsert } from "../../../src/wire/upsert.ts";
import { numbered, several, single } from "../../support/qdrant-messages.ts";
import { bytesOf, messageOf } from "../../support/qdrant-proto.ts";
import { columnsOf, manyPoints, manyShapes } from "../../support/random-vectors.ts";

/** A vector of the generated classes, as Qdrant writes it since 1.12.2. */
function newer(vector: TestVector) {
  if ("dense" in vector)
    return { vector: { case: "dense" as const, value: { data: [...vector.dense] } } };
  if ("multi" in vector) {
    const vectors = vector.multi.map((data) => ({ data: [...data] }));
    return { vector: { case: "multiDense" as const, value: { vectors } } };
  }
  const indices = vector.sparse.map(([index]) => index);
  const values = vector.sparse.map(([, value]) => value);
  return { vector: { case: "sparse" as const, value: { indices, values } } };
}

/** The same in the form of before. */
function older(vector: TestVector) {
  if ("dense" in vector) return { data: [...vector.dense] };
  if ("multi" in vector) return { data: vector.multi.flat(), vectorsCount: vector.multi.length };
  const indices = { data: vector.sparse.map(([index]) => index) };
  return { data: vector.sparse.map(([, value]) => value), indices };
}

type Spelling = (vector: TestVector) => ReturnType<typeof newer>;

/** Vectors of a point; one without a name that is alone stands alone, as at a server. */
function vectorsOf({ vectors }: TestPoint, spell = newer as Spelling) {
  const own = Object.entries(vectors);
  const [first] = own;
  if (own.length === 1 && first?.[0] === "") return single(spell(first[1]) as never);
  return several(Object.fromEntries(own.map(([name, one]) => [name, spell(one)])) as never);
}

const bare = (points: readonly TestPoint[]) => ({
  points: points.map(({ point }) => point),
  vectors: columnsOf(points),
  payloads: points.map(() => null),
});

describe("vectors of every kind", () => {
  it("are written as the generated classes read them, bit for bit", () => {
    fc.assert(
      fc.property(manyPoints, (points) => {
        const { frame, end } = encodeUpsert("c", bare(points), { from: 0, bytesAim: 2 ** 30 });
        expect(end).toBe(points.length);
        const message = messageOf(UpsertPointsSchema, frame);
        message.points.forEach((point, row) => {
          const given = points[row];
          if (given === undefined) throw new Error("a point too many");
          const { vectorsOptions } = point.vectors ?? {};
          const read =
            vectorsOptions?.case === "vector"
              ? { "": vectorsOptions.value }
              : (vectorsOptions?.value?.vectors ?? {});
          expect(Object.keys(read).sort()).toEqual(Object.keys(given.vectors).sort());
          for (const [name, vector] of Object.entries(given.vectors))
            expect(read[name]).toMatchObject(newer(vector));
        });
      }),
    );
  });

  it("are read as the generated classes write them, by a server", () => {
    fc.assert(
      fc.property(manyPoints, fc.boolean(), (points, old) => {
        const spell = (old ? older : newer) as Spelling;
        const message = bytesOf(UpsertPointsSchema, {
          collectionName: "c",
          points: points.map((one) => ({
            id: numbered(BigInt(one.point)),
            vectors: vectorsOf(one, spell),
          })),
        });
        const wanted = [...columnsOf(points)].filter(([name]) =>
          points.some(({ vectors }) => name in vectors),
        );
        expect(decodeUpsert(message).points.vectors).toEqual(new Map(wanted));
      }),
    );
  });

  it("are read in either form from an answer", () => {
    fc.assert(
      fc.property(manyPoints, fc.boolean(), (points, old) => {
        const spell = (old ? older : newer) as Spelling;
        const message = bytesOf(ScrollResponseSchema, {
          result: points.map((one) => ({
            id: numbered(BigInt(one.point)),
            vectors: vectorsOf(one, spell) as never,
          })),
        });
        expect(decodeScrollAnswer(message, manyShapes).vectors).toEqual(columnsOf(points));
        const some = manyShapes.filter(({ kind }) => kind !== "dense");
        const { vectors } = decodeScrollAnswer(message, some);
        expect([...vectors.keys()]).toEqual(["late", "words"]);
      }),
    );
  });

  it("are answered as they are read again", () => {
    fc.assert(
      fc.property(manyPoints, (points) => {
        const { points: ids, ...columns } = bare(points);
        const page = { ids, ...columns, nextOffset: null };
        const frame = encodeScrollAnswer({ ...page, vectors: columnsOf(points) }, 0);
        expect(decodeScrollAnswer(frame.subarray(5), manyShapes).vectors).toEqual(
          columnsOf(points),
        );
      }),
    );
  });

  it("come in the order of indices, whatever order they were sent in", () => {
    const value = { indices: [9, 2, 5], values: [0.9, 0.2, 0.5] };
    const vectors = several({ words: { vector: { case: "sparse", value } } } as never);
    const message = bytesOf(GetResponseSchema, { result: [{ id: numbered(1n), vectors }] });
    expect(decodeGetAnswer(message, manyShapes).vectors.get("words")).toMatchObject({
      indices: Uint32Array.of(2, 5, 9),
      values: Float32Array.of(0.2, 0.5, 0.9),
    });
  });

  it.each([
    ["more values than indices", { words: { data: [1, 2], indices: { data: [1] } } }],
    ["a dense vector where there are sparse ones", { words: { data: [1, 2] } }],
    ["several vectors that are cut", { late: { data: [1, 2, 3], vectorsCount: 2 } }],
    [
      "several vectors of two dimensions",
      {
        late: {
          vector: {
            case: "multiDense",
            value: { vectors: [{ data: [1, 2] }, { data: [1] }] },
          },
        },
      },
    ],
  ])("are refused where an answer has %s", (_, given) => {
    const vectors = several(given as never);
    const message = bytesOf(GetResponseSchema, { result: [{ id: numbered(1n), vectors }] });
    expect(() => decodeGetAnswer(message, manyShapes)).toThrow(SyntaxError);
  });

  it("are refused by a server where a multivector is empty, or a vector is to be made of something", () => {
    const upsert = (vectors: unknown) =>
      bytesOf(UpsertPointsSchema, { points: [{ id: numbered(1n), vectors: vectors as never }] });
    const empty = several({ late: newer({ multi: [[]] }) } as never);
    expect(() => decodeUpsert(upsert(empty))).toThrow("must not be empty");
    const made = several({
      a: { vector: { case: "document", value: { text: "a", model: "b" } } },
    } as never);
    expect(() => decodeUpsert(upsert(made))).toThrow(
      expect.objectContaining({ code: "E_NOT_SUPPORTED" }),
    );
  });
});

describe("a shard that points were put into by hand", () => {
  it.each([
    ['"eu \\" é"', { case: "keyword", value: 'eu " é' }],
    ["18446744073709551615", { case: "number", value: 18446744073709551615n }],
    ["0", { case: "number", value: 0n }],
  ])("is named as %s", (shard, key) => {
    const bounds = { from: 0, bytesAim: 1000, shard };
    const { frame } = encodeUpsert("c", bare([{ point: "1", vectors: {} }]), bounds);
    expect(messageOf(UpsertPointsSchema, frame).shardKeySelector?.shardKeys).toMatchObject([
      { key },
    ]);
    const scroll = encodeScroll("c", { limit: 1, from: null, payload: true, vectors: true, shard });
    expect(messageOf(ScrollPointsSchema, scroll).shardKeySelector?.shardKeys).toMatchObject([
      { key },
    ]);
    const get = encodeGet("c", ["1"], { payload: true, vectors: true, shard });
    expect(messageOf(GetPointsSchema, get).shardKeySelector?.shardKeys).toMatchObject([{ key }]);
  });
});
