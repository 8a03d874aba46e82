import {
  CountPointsSchema,
  CountResponseSchema,
  GetPointsSchema,
  GetResponseSchema,
  ScrollPointsSchema,
  ScrollResponseSchema,
} from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { stringifyLossless } from "../../../src/util/json.ts";
import {
  decodeCount,
  decodeCountAnswer,
  encodeCount,
  encodeCountAnswer,
} from "../../../src/wire/count.ts";
import { decodeGet, decodeGetAnswer, encodeGet, encodeGetAnswer } from "../../../src/wire/get.ts";
import {
  decodeScroll,
  decodeScrollAnswer,
  encodeScroll,
  encodeScrollAnswer,
} from "../../../src/wire/scroll.ts";
import {
  dense,
  enable,
  named,
  numbered,
  several,
  single,
  uuid,
} from "../../support/qdrant-messages.ts";
import { bytesOf, fieldsOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";
import { column, idOf, points, rows } from "../../support/random-points.ts";
import { unnamed, wantedAlone } from "../../support/vector-columns.ts";

describe("scroll", () => {
  it("asks for a page", () => {
    const first = encodeScroll("a/é", { limit: 1000, from: null, payload: true, vectors: false });
    expect(messageOf(ScrollPointsSchema, first)).toMatchObject({
      collectionName: "a/é",
      limit: 1000,
      withPayload: enable(true),
      withVectors: enable(false),
    });
    expect(messageOf(ScrollPointsSchema, first).offset).toBeUndefined();
    for (const from of [uuid, "0", "18446744073709551615"]) {
      const later = encodeScroll("c", { limit: 1, from, payload: false, vectors: true });
      expect(messageOf(ScrollPointsSchema, later)).toMatchObject({ offset: idOf(from) });
      expect(decodeScroll(later.subarray(5))).toEqual({
        collection: "c",
        filter: undefined,
        offset: from,
        limit: 1,
        withPayload: false,
        withVector: true,
      });
    }
  });

  it("is told apart from what it does not say", () => {
    expect(decodeScroll(bytesOf(ScrollPointsSchema, { collectionName: "c" }))).toEqual({
      collection: "c",
      filter: undefined,
      offset: undefined,
      limit: undefined,
      withPayload: undefined,
      withVector: undefined,
    });
    const selectors = bytesOf(ScrollPointsSchema, {
      withPayload: { selectorOptions: { case: "exclude", value: { fields: ["a"] } } },
      withVectors: { selectorOptions: { case: "include", value: { names: ["x", ""] } } },
    });
    expect(decodeScroll(selectors)).toMatchObject({
      withPayload: { exclude: ["a"] },
      withVector: ["x", ""],
    });
  });

  it("gives the page that the generated classes wrote, bit for bit", () => {
    fc.assert(
      fc.property(rows(3), fc.option(points), fc.boolean(), (page, next, older) => {
        const message = bytesOf(ScrollResponseSchema, {
          ...(next === null ? {} : { nextPageOffset: idOf(next) }),
          result: page.map(({ point, payload, vector }) => ({
            id: idOf(point),
            payload: fieldsOf(payload),
            ...(vector === null
              ? { vectors: several({}) }
              : { vectors: single(older ? { data: [...vector] } : dense(...vector)) }),
          })),
        });
        const read = decodeScrollAnswer(message, wantedAlone(3));
        expect(read.points).toEqual(page.map(({ point }) => point));
        expect(read.next).toBe(next);
        expect(read.payloads.map((text) => canonicalJson(text ?? ""))).toEqual(
          page.map(({ payload }) => canonicalJson(stringifyLossless(payload))),
        );
        const bits = page.flatMap(({ vector }) => [...(vector ?? [0, 0, 0])]);
        expect(unnamed(read.vectors)).toEqual(Float32Array.from(bits));
        const present = page.map(({ vector }) => (vector === null ? 0 : 1));
        expect(read.vectors.get("")?.present ?? null).toEqual(
          present.includes(0) ? Uint8Array.from(present) : null,
        );
        expect(decodeScrollAnswer(message, []).vectors).toEqual(new Map());
      }),
    );
  });

  it("answers what the generated classes read", () => {
    fc.assert(
      fc.property(rows(3), fc.option(points), (page, nextOffset) => {
        const present = page.map(({ vector }) => (vector === null ? 0 : 1));
        const data = page.flatMap(({ vector }) => [...(vector ?? [0, 0, 0])]);
        const frame = encodeScrollAnswer(
          {
            ids: page.map(({ point }) => point),
            vectors: new Map([["", column(3, data, present)]]),
            payloads: page.map(({ payload }) => stringifyLossless(payload)),
            nextOffset,
          },
          0.125,
        );
        const answer = messageOf(ScrollResponseSchema, frame);
        expect(answer.time).toBe(0.125);
        expect(answer.nextPageOffset).toMatchObject(nextOffset === null ? {} : idOf(nextOffset));
        expect(answer.result.map(({ payload }) => stringifyLossless(payloadOf(payload)))).toEqual(
          page.map(({ payload }) => stringifyLossless(payload)),
        );
        answer.result.forEach(({ id, vectors }, row) => {
          const { point, vector } = page[row] ?? {};
          expect(id).toMatchObject(idOf(point ?? ""));
          expect(vectors).toMatchObject(
            vector === null || vector === undefined ? several({}) : single(dense(...vector)),
          );
        });
      }),
    );
  });
});

describe("answers with vectors", () => {
  const answered = (vectors: Map<string, ReturnType<typeof column>>) =>
    messageOf(
      GetResponseSchema,
      encodeGetAnswer({ ids: ["1", "2"], vectors, payloads: [null, "{}"] }, 0),
    ).result.map((point) => point.vectors);

  it("say nothing of vectors where none were asked for", () => {
    expect(answered(new Map())).toEqual([undefined, undefined]);
  });

  it("give named vectors by name, and to each row those that it has", () => {
    const [first, second] = answered(
      new Map([
        ["a", column(1, [1, 2])],
        ["b", column(2, [3, 4, 0, 0], [1, 0])],
      ]),
    );
    expect(first).toMatchObject(several({ a: dense(1), b: dense(3, 4) }));
    expect(second).toMatchObject(several({ a: dense(2) }));
    expect(second?.vectorsOptions.value).not.toHaveProperty("vectors.b");
  });

  it("are read with floats in one piece, one by one, and in parts", () => {
    const packed = [0x0a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40];
    const one = [0x0d, 0, 0, 0x80, 0x3f];
    const two = [0x0d, 0, 0, 0, 0x40];
    const half = [0x0a, 4, 0, 0, 0x80, 0x3f];
    const forms = [packed, [...one, ...two], [...half, ...two], [...one, 0x12, 0, ...two]];
    for (const floats of forms) {
      const wrapped = (tag: number[], inner: number[]) => [...tag, inner.length, ...inner];
      const newer = wrapped([0xaa, 0x06], floats);
      const isSparse = floats.includes(0x12);
      for (const vector of isSparse ? [newer] : [floats, newer]) {
        const point = [0x0a, 2, 8, 1, ...wrapped([0x22], wrapped([0x0a], vector))];
        const message = Uint8Array.from(wrapped([0x0a], point));
        expect(unnamed(decodeGetAnswer(message, wantedAlone(2)).vectors)).toEqual(
          Float32Array.of(1, 2),
        );
      }
    }
  });

  it.each([
    ["another dimension", single(dense(1, 2, 3))],
    ["no component", single(dense())],
    ["a sparse vector", single({ data: [1, 2], indices: { data: [1, 2] } } as { data: number[] })],
    ["several vectors", single({ data: [1, 2], vectorsCount: 1 } as { data: number[] })],
  ])("are refused where a row has %s", (_, vectors) => {
    const message = bytesOf(GetResponseSchema, { result: [{ id: numbered(1n), vectors }] });
    expect(() => decodeGetAnswer(message, wantedAlone(2))).toThrow(SyntaxError);
    expect(decodeGetAnswer(message, []).points).toEqual(["1"]);
  });

  it("are refused where a row has no id", () => {
    expect(() => decodeGetAnswer(bytesOf(GetResponseSchema, { result: [{}] }), [])).toThrow(
      SyntaxError,
    );
  });

  it("are refused before memory is taken for vectors that are not there", () => {
    const many = Buffer.alloc(2 * 2 ** 20);
    for (let at = 0; at < many.length; at += 2) many[at] = 0x0a;
    expect(() => decodeGetAnswer(many, wantedAlone(65536))).toThrow(SyntaxError);
  });
});

describe("get", () => {
  it("asks for points by id", () => {
    fc.assert(
      fc.property(fc.array(points), fc.boolean(), fc.boolean(), (ids, payload, vectors) => {
        const frame = encodeGet("c", ids, { payload, vectors });
        const request = messageOf(GetPointsSchema, frame);
        expect(request).toMatchObject({
          collectionName: "c",
          ids: ids.map(idOf),
          withPayload: enable(payload),
          withVectors: enable(vectors),
        });
        expect(decodeGet(frame.subarray(5))).toEqual({
          collection: "c",
          ids,
          withPayload: payload,
          withVector: vectors,
        });
      }),
    );
  });

  it("takes a UUID in every spelling that a server takes, in its one spelling", () => {
    const spellings = [
      uuid.toUpperCase(),
      uuid.replaceAll("-", ""),
      `{${uuid}}`,
      `urn:uuid:${uuid}`,
    ];
    const request = bytesOf(GetPointsSchema, { ids: spellings.map(named) });
    expect(decodeGet(request).ids).toEqual(spellings.map(() => uuid));
    for (const id of [named("123"), named(`{${uuid}`), named(""), {}]) {
      expect(() => decodeGet(bytesOf(GetPointsSchema, { ids: [id] }))).toThrow(
        expect.objectContaining({ code: "E_INPUT" }),
      );
    }
  });
});

describe("count", () => {
  it("asks for all points exactly, and gives their number", () => {
    const request = messageOf(CountPointsSchema, encodeCount("c"));
    expect(request).toMatchObject({ collectionName: "c", exact: true });
    expect(request.filter).toBeUndefined();
    expect(decodeCount(encodeCount("c").subarray(5))).toEqual({
      collection: "c",
      filter: undefined,
      exact: true,
    });
    expect(decodeCount(bytesOf(CountPointsSchema, { exact: false }))).toMatchObject({
      exact: false,
    });
    for (const count of [0, 1, 10_000_000]) {
      const frame = encodeCountAnswer(count, 0.5);
      expect(messageOf(CountResponseSchema, frame)).toMatchObject({
        result: { count: BigInt(count) },
        time: 0.5,
      });
      expect(decodeCountAnswer(frame.subarray(5))).toBe(count);
    }
  });
});
