/** One full example of each message of Qdrant that is read, in the words of the generated classes. */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import {
  CountPointsSchema,
  CountResponseSchema,
  CreateCollectionSchema,
  CreateFieldIndexCollectionSchema,
  DeleteFieldIndexCollectionSchema,
  DeletePointsSchema,
  GetCollectionInfoRequestSchema,
  GetCollectionInfoResponseSchema,
  GetPointsSchema,
  GetResponseSchema,
  HealthCheckReplySchema,
  ListCollectionsResponseSchema,
  PointsOperationResponseSchema,
  QueryPointsSchema,
  QueryResponseSchema,
  ScrollPointsSchema,
  ScrollResponseSchema,
  SearchPointsSchema,
  UpsertPointsSchema,
} from "@qdrant/js-client-grpc";
// Its exports hide these; what the package exports under the same names is an older duplicate.
import type {
  FieldConditionSchema,
  FilterSchema,
} from "../../node_modules/@qdrant/js-client-grpc/dist/types/proto/qdrant_common_pb.js";
import {
  decodeCreate,
  decodeDescription,
  decodeList,
  decodeName,
} from "../../src/wire/collections.ts";
import { decodeCount, decodeCountAnswer } from "../../src/wire/count.ts";
import { decodeDelete } from "../../src/wire/delete.ts";
import { decodeIndexCreation, decodeIndexRemoval } from "../../src/wire/field-index.ts";
import { decodeGet, decodeGetAnswer } from "../../src/wire/get.ts";
import { decodeHealth } from "../../src/wire/health.ts";
import { decodeQuery, decodeQueryAnswer, decodeSearch } from "../../src/wire/query.ts";
import { decodeScroll, decodeScrollAnswer } from "../../src/wire/scroll.ts";
import { decodeUpdateAnswer, decodeUpsert } from "../../src/wire/upsert.ts";
import { bytesOf, fieldsOf, withUnknownFields } from "./qdrant-proto.ts";
import { wantedAlone } from "./vector-columns.ts";

export const uuid = "00112233-4455-6677-8899-aabbccddeeff";
export const numbered = (value: bigint) => ({ pointIdOptions: { case: "num" as const, value } });
export const named = (value: string) => ({ pointIdOptions: { case: "uuid" as const, value } });

/** A vector in the newer form. */
export const dense = (...data: number[]) => ({
  vector: { case: "dense" as const, value: { data } },
});
export const single = (vector: ReturnType<typeof dense> | { data: number[] }) => ({
  vectorsOptions: { case: "vector" as const, value: vector },
});
export const several = (vectors: { [name: string]: ReturnType<typeof dense> }) => ({
  vectorsOptions: { case: "vectors" as const, value: { vectors } },
});
export const enable = (value: boolean) => ({
  selectorOptions: { case: "enable" as const, value },
});

const payload = fieldsOf({
  text: 'a "b" \\ \n é 漢',
  integer: 2n,
  float: 2,
  list: [null, true, { deep: [-1n, 0.5] }],
});

/** A filter with every condition that is understood. */
export const filter: MessageInitShape<typeof FilterSchema> = {
  must: [
    field("keyword", { match: { matchValue: { case: "keyword", value: 'x"' } } }),
    field("integer", { match: { matchValue: { case: "integer", value: -(2n ** 63n) } } }),
    field("bool", { match: { matchValue: { case: "boolean", value: false } } }),
    field("text", { match: { matchValue: { case: "text", value: "a b" } } }),
    field("phrase", { match: { matchValue: { case: "phrase", value: "a b" } } }),
    field("words", { match: { matchValue: { case: "textAny", value: "a b" } } }),
  ],
  should: [
    field("any", { match: { matchValue: { case: "keywords", value: { strings: ["a", "b"] } } } }),
    field("anys", { match: { matchValue: { case: "integers", value: { integers: [1n, -2n] } } } }),
    field("no", { match: { matchValue: { case: "exceptKeywords", value: { strings: ["a"] } } } }),
    field("nos", { match: { matchValue: { case: "exceptIntegers", value: { integers: [3n] } } } }),
  ],
  mustNot: [
    field("range", { range: { lt: 1.5, gt: -1, gte: -0.5, lte: 1e300 } }),
    field("endless", { range: { lt: Number.POSITIVE_INFINITY, gt: Number.NEGATIVE_INFINITY } }),
    field("count", { valuesCount: { lt: 5n, gt: 1n, gte: 2n, lte: 4n } }),
    field("date", { datetimeRange: { gte: { seconds: 1700000000n, nanos: 123456789 } } }),
    field("empty", { isEmpty: true }),
    field("null", { isNull: false }),
  ],
  minShould: {
    minCount: 2n,
    conditions: [
      { conditionOneOf: { case: "isEmpty", value: { key: "e" } } },
      { conditionOneOf: { case: "isNull", value: { key: "n" } } },
      {
        conditionOneOf: {
          case: "hasId",
          value: { hasId: [numbered(2n ** 64n - 1n), named(uuid.toUpperCase())] },
        },
      },
      { conditionOneOf: { case: "hasVector", value: { hasVector: "image" } } },
      {
        conditionOneOf: {
          case: "nested",
          value: { key: "list[].a", filter: { must: [field("b", { isEmpty: false })] } },
        },
      },
      { conditionOneOf: { case: "filter", value: { should: [field("c", { isNull: true })] } } },
    ],
  },
};

function field(key: string, test: Partial<MessageInitShape<typeof FieldConditionSchema>>) {
  return { conditionOneOf: { case: "field" as const, value: { key, ...test } } };
}

/** What `filter` is in REST's JSON. */
export const filterJson = {
  should: [
    { key: "any", match: { any: ["a", "b"] } },
    { key: "anys", match: { any: [1n, -2n] } },
    { key: "no", match: { except: ["a"] } },
    { key: "nos", match: { except: [3n] } },
  ],
  must: [
    { key: "keyword", match: { value: 'x"' } },
    { key: "integer", match: { value: -(2n ** 63n) } },
    { key: "bool", match: { value: false } },
    { key: "text", match: { text: "a b" } },
    { key: "phrase", match: { phrase: "a b" } },
    { key: "words", match: { text_any: "a b" } },
  ],
  must_not: [
    { key: "range", range: { lt: 1.5, gt: -1n, gte: -0.5, lte: 1e300 } },
    {
      key: "endless",
      range: { lt: Number.POSITIVE_INFINITY, gt: Number.NEGATIVE_INFINITY },
    },
    { key: "count", values_count: { lt: 5n, gt: 1n, gte: 2n, lte: 4n } },
    { key: "date", range: { gte: "2023-11-14T22:13:20.123456Z" } },
    { key: "empty", is_empty: true },
    { key: "null", is_null: false },
  ],
  min_should: {
    conditions: [
      { is_empty: { key: "e" } },
      { is_null: { key: "n" } },
      { has_id: [2n ** 64n - 1n, uuid] },
      { has_vector: "image" },
      { nested: { key: "list[].a", filter: { must: [{ key: "b", is_empty: false }] } } },
      { should: [{ key: "c", is_null: true }] },
    ],
    min_count: 2n,
  },
};

const collectionName = "a/é";

/** One message, as the generated classes write it, and what reads it. */
export interface Example {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly withUnknown: Uint8Array;
  readonly decode: (message: Uint8Array) => unknown;
}

function example<Desc extends DescMessage>(
  schema: Desc,
  decode: (message: Uint8Array) => unknown,
  init: MessageInitShape<Desc>,
): Example {
  const bytes = bytesOf(schema, init);
  return { name: schema.name, bytes, withUnknown: withUnknownFields(schema, init), decode };
}

const info = {
  status: 1,
  optimizerStatus: { ok: true },
  segmentsCount: 3n,
  pointsCount: 17n,
  config: {
    params: {
      shardNumber: 2,
      vectorsConfig: { config: { case: "params", value: { size: 384n, distance: 1 } } },
    },
    hnswConfig: { m: 16n, onDisk: false },
    optimizerConfig: { deletedThreshold: 0.2 },
    walConfig: { walCapacityMb: 32n },
    metadata: payload,
  },
  payloadSchema: { tenant: { dataType: 1, points: 5n } },
} satisfies MessageInitShape<typeof GetCollectionInfoResponseSchema>["result"];

/** Every message that is read, at either end. */
export const examples: readonly Example[] = [
  example(UpsertPointsSchema, decodeUpsert, {
    collectionName,
    wait: true,
    points: [
      { id: numbered(7n), payload, vectors: single(dense(1, 2)) },
      { id: named(uuid), vectors: single({ data: [3, 4] }) },
      { id: numbered(8n), payload, vectors: several({ a: dense(1), "": dense(5, 6) }) },
    ],
  }),
  example(PointsOperationResponseSchema, decodeUpdateAnswer, {
    result: { operationId: 12n, status: 2 },
    time: 0.5,
  }),
  example(DeletePointsSchema, decodeDelete, {
    collectionName,
    wait: true,
    points: {
      pointsSelectorOneOf: { case: "points", value: { ids: [numbered(1n), named(uuid)] } },
    },
  }),
  example(CreateFieldIndexCollectionSchema, decodeIndexCreation, {
    collectionName,
    wait: true,
    fieldName: "a.b[]",
    fieldType: 4,
    fieldIndexParams: {
      indexParams: {
        case: "textIndexParams",
        value: { tokenizer: 3, lowercase: false, minTokenLen: 2n, stopwords: { custom: ["The"] } },
      },
    },
    timeout: 5n,
  }),
  example(DeleteFieldIndexCollectionSchema, decodeIndexRemoval, {
    collectionName,
    wait: true,
    fieldName: "a.b[]",
    timeout: 5n,
  }),
  example(ScrollPointsSchema, decodeScroll, {
    collectionName,
    filter,
    offset: named(uuid),
    limit: 1000,
    withPayload: { selectorOptions: { case: "include", value: { fields: ["a", "b"] } } },
    withVectors: { selectorOptions: { case: "include", value: { names: ["", "x"] } } },
  }),
  example(ScrollResponseSchema, (message) => decodeScrollAnswer(message, wantedAlone(2)), {
    nextPageOffset: numbered(9n),
    result: [
      { id: numbered(7n), payload, vectors: single(dense(1, 2)) },
      { id: named(uuid), payload: {}, vectors: several({}) },
      { id: numbered(8n), payload, vectors: several({ other: dense(1), "": dense(5, 6) }) },
    ],
    time: 0.25,
    usage: { hardware: { cpu: 5n } },
  }),
  example(GetPointsSchema, decodeGet, {
    collectionName,
    ids: [numbered(0n), named(uuid)],
    withPayload: { selectorOptions: { case: "exclude", value: { fields: ["a"] } } },
    withVectors: enable(false),
  }),
  example(GetResponseSchema, (message) => decodeGetAnswer(message, wantedAlone(2)), {
    result: [{ id: numbered(7n), payload, vectors: single({ data: [1, 2] }) }],
    time: 0.25,
  }),
  example(CountPointsSchema, decodeCount, { collectionName, filter, exact: true }),
  example(CountResponseSchema, decodeCountAnswer, { result: { count: 2n ** 40n }, time: 1 }),
  example(QueryPointsSchema, decodeQuery, {
    collectionName,
    query: {
      variant: {
        case: "nearest",
        value: { variant: { case: "dense", value: { data: [0.5, -0.5] } } },
      },
    },
    using: "image",
    filter,
    params: { hnswEf: 100n, exact: true },
    scoreThreshold: 0.25,
    limit: 5n,
    offset: 3n,
    withPayload: enable(true),
    withVectors: enable(true),
  }),
  example(SearchPointsSchema, decodeSearch, {
    collectionName,
    vector: [0.5, -0.5],
    vectorName: "image",
    filter,
    params: { hnswEf: 100n },
    scoreThreshold: 0.25,
    limit: 5n,
    offset: 3n,
    withPayload: enable(true),
    withVectors: enable(true),
  }),
  example(QueryResponseSchema, decodeQueryAnswer, {
    result: [
      { id: numbered(7n), payload, score: 0.75, version: 3n, vectors: single(dense(1, 2)) },
      { id: named(uuid), score: -1.5, version: 4n },
    ],
    time: 0.25,
  }),
  example(CreateCollectionSchema, decodeCreate, {
    collectionName,
    hnswConfig: { m: 0n, payloadM: 16n },
    vectorsConfig: { config: { case: "params", value: { size: 384n, distance: 3 } } },
    metadata: payload,
  }),
  example(GetCollectionInfoRequestSchema, decodeName, { collectionName }),
  example(GetCollectionInfoResponseSchema, decodeDescription, { result: info, time: 1 }),
  example(ListCollectionsResponseSchema, decodeList, {
    collections: [{ name: collectionName }, { name: "b" }],
    time: 1,
  }),
  example(HealthCheckReplySchema, decodeHealth, {
    title: "qdrant - vector search engine",
    version: "1.18.2",
    commit: "44ad62f",
  }),
];
