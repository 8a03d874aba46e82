import { QueryPointsSchema, QueryResponseSchema, SearchPointsSchema } from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringifyLossless } from "../../../src/util/json.ts";
import {
  decodeQuery,
  decodeQueryAnswer,
  decodeSearch,
  encodeQuery,
  encodeQueryAnswer,
} from "../../../src/wire/query.ts";
import { dense, enable, named, single, uuid } from "../../support/qdrant-messages.ts";
import { bytesOf, fieldsOf, messageOf, payloadOf } from "../../support/qdrant-proto.ts";
import { column, idOf, rows } from "../../support/random-points.ts";

describe("query", () => {
  const nearest = (...data: number[]) => ({
    variant: {
      case: "nearest" as const,
      value: { variant: { case: "dense" as const, value: { data } } },
    },
  });

  it("asks for the nearest points with their payload", () => {
    const frame = encodeQuery("c", {
      vector: Float32Array.of(0.5, -1),
      limit: 7,
      filter: { must: [{ key: "metadata.kind", match: { value: 'é"' } }] },
    });
    expect(messageOf(QueryPointsSchema, frame)).toMatchObject({
      collectionName: "c",
      query: nearest(0.5, -1),
      limit: 7n,
      withPayload: enable(true),
    });
    expect(decodeQuery(frame.subarray(5))).toEqual({
      collection: "c",
      nearest: { vector: Float32Array.of(0.5, -1) },
      using: "",
      filter: '{"must":[{"key":"metadata.kind","match":{"value":"é\\""}}]}',
      limit: 7,
      offset: 0,
      scoreThreshold: undefined,
      withPayload: true,
      withVector: undefined,
    });
    const all = encodeQuery("c", { vector: new Float32Array(3), limit: 1 });
    expect(messageOf(QueryPointsSchema, all).filter).toBeUndefined();
  });

  it("may ask exactly, for some paths of the payload, and match texts, integers and booleans", () => {
    const frame = encodeQuery("c", {
      vector: Float32Array.of(1),
      limit: 1,
      exact: true,
      paths: ["_vecferry.id"],
      filter: {
        must: [
          { key: "n", match: { value: -9007199254740993n } },
          { key: "flag", match: { value: false } },
        ],
      },
    });
    expect(messageOf(QueryPointsSchema, frame)).toMatchObject({
      params: { exact: true },
      withPayload: {
        selectorOptions: { case: "include", value: { fields: ["_vecferry.id"] } },
      },
    });
    expect(decodeQuery(frame.subarray(5))).toMatchObject({
      filter:
        '{"must":[{"key":"n","match":{"value":-9007199254740993}},{"key":"flag","match":{"value":false}}]}',
      withPayload: { include: ["_vecferry.id"] },
    });
  });

  it("may ask near a point, or near nothing", () => {
    const id = { variant: { case: "id" as const, value: named(uuid) } };
    const near = { variant: { case: "nearest" as const, value: id } };
    expect(decodeQuery(bytesOf(QueryPointsSchema, { query: near })).nearest).toEqual({ id: uuid });
    expect(decodeQuery(bytesOf(QueryPointsSchema, {})).nearest).toBeNull();
  });

  it("has every setting, in its older form too", () => {
    const shared = {
      collectionName: "c",
      scoreThreshold: 0.25,
      limit: 5n,
      offset: 3n,
      withPayload: enable(false),
      withVectors: enable(true),
    };
    const expected = {
      collection: "c",
      nearest: { vector: Float32Array.of(1, 2) },
      using: "image",
      filter: undefined,
      limit: 5,
      offset: 3,
      scoreThreshold: 0.25,
      withPayload: false,
      withVector: true,
    };
    const query = { ...shared, query: nearest(1, 2), using: "image" };
    expect(decodeQuery(bytesOf(QueryPointsSchema, query))).toEqual(expected);
    const search = { ...shared, vector: [1, 2], vectorName: "image" };
    expect(decodeSearch(bytesOf(SearchPointsSchema, search))).toEqual(expected);
  });

  it.each([
    ["prefetch", { prefetch: [{}] }],
    ["lookup_from", { lookupFrom: {} }],
    ["fusion", { query: { variant: { case: "fusion" as const, value: 0 as const } } }],
    ["order_by", { query: { variant: { case: "orderBy" as const, value: {} } } }],
    [
      "relevance_feedback",
      { query: { variant: { case: "relevanceFeedback" as const, value: {} } } },
    ],
    [
      "sparse vectors",
      {
        query: {
          variant: {
            case: "nearest" as const,
            value: { variant: { case: "sparse" as const, value: {} } },
          },
        },
      },
    ],
  ])("names what the engine has not: %s", (what, init) => {
    expect(() => decodeQuery(bytesOf(QueryPointsSchema, init))).toThrow(
      expect.objectContaining({
        code: "E_NOT_SUPPORTED",
        message: expect.stringContaining(what),
      }),
    );
  });

  it("gives scores, both ways", () => {
    fc.assert(
      fc.property(rows(2), (page) => {
        const scores = page.map(({ score }) => score);
        const texts = page.map(({ payload }) => stringifyLossless(payload));
        const message = bytesOf(QueryResponseSchema, {
          result: page.map(({ point, payload, score }) => ({
            id: idOf(point),
            payload: fieldsOf(payload),
            score,
            version: 5n,
          })),
        });
        const read = decodeQueryAnswer(message);
        expect(read.points).toEqual(page.map(({ point }) => point));
        expect(read.scores).toEqual(scores);
        expect(read.vectors).toEqual(new Map());
        const data = page.flatMap(({ vector }) => [...(vector ?? [0, 0])]);
        const points = {
          ids: read.points,
          vectors: new Map([["", column(2, data)]]),
          payloads: texts,
        };
        const frame = encodeQueryAnswer({ ...points, scores: Float32Array.from(scores) }, 0.5);
        const answer = messageOf(QueryResponseSchema, frame);
        expect(answer.result.map(({ score }) => score)).toEqual(scores);
        expect(answer.result.map(({ payload }) => stringifyLossless(payloadOf(payload)))).toEqual(
          texts,
        );
        expect(answer.result.map(({ vectors }) => vectors)).toMatchObject(
          page.map((_, row) => single(dense(...data.slice(row * 2, row * 2 + 2)))),
        );
      }),
    );
  });
});
