/** Requests in the words of Qdrant's own gRPC client, short enough to read. */
import { Distance, type QdrantClient } from "@qdrant/js-client-grpc";

export type Collections = ReturnType<typeof clientsOf>["collections"];
export type Points = ReturnType<typeof clientsOf>["points"];

export function clientsOf(client: QdrantClient) {
  return { collections: client.api("collections"), points: client.api("points") };
}

export interface Scene {
  readonly collections: Collections;
  readonly points: Points;
  /** A collection with four points. */
  readonly collectionName: string;
  /** The name of one that is not there. */
  readonly absent: string;
}

/** Asked of a scene; `code`: what Qdrant ends the call with. */
export type Request = readonly [what: string, code: number, ask: (scene: Scene) => Promise<object>];

export const uuid = "550e8400-e29b-41d4-a716-446655440000";

export function idOf(id: string | bigint) {
  const value =
    typeof id === "bigint"
      ? { case: "num" as const, value: id }
      : { case: "uuid" as const, value: id };
  return { pointIdOptions: value };
}

export function denseVector(data: number[] | Float32Array) {
  const dense = { case: "dense" as const, value: { data: Array.from(data) } };
  return { vectorsOptions: { case: "vector" as const, value: { vector: dense } } };
}

const integer = (value: bigint) => ({ kind: { case: "integerValue" as const, value } });
export const double = (value: number) => ({ kind: { case: "doubleValue" as const, value } });
const string = (value: string) => ({ kind: { case: "stringValue" as const, value } });
const bool = (value: boolean) => ({ kind: { case: "boolValue" as const, value } });
const nothing = { kind: { case: "nullValue" as const, value: 0 as const } };

export const enabled = { selectorOptions: { case: "enable" as const, value: true } };

/** Points whose `key` fits a keyword or an integer. */
export function whereEqual(key: string, value: string | bigint) {
  const matchValue =
    typeof value === "bigint"
      ? { case: "integer" as const, value }
      : { case: "keyword" as const, value };
  const field = { key, match: { matchValue } };
  return { must: [{ conditionOneOf: { case: "field" as const, value: field } }] };
}

export function nearVector(data: number[]) {
  const input = { variant: { case: "dense" as const, value: { data } } };
  return { variant: { case: "nearest" as const, value: input } };
}

export function nearPoint(id: bigint) {
  const input = { variant: { case: "id" as const, value: idOf(id) } };
  return { variant: { case: "nearest" as const, value: input } };
}

export function idsSelector(...ids: (string | bigint)[]) {
  const value = { ids: ids.map(idOf) };
  return { pointsSelectorOneOf: { case: "points" as const, value } };
}

/** Makes a collection of one unnamed vector. */
export function create(collections: Collections, collectionName: string, size = 2n) {
  const params = { size, distance: Distance.Dot };
  const vectorsConfig = { config: { case: "params" as const, value: params } };
  return collections.create({ collectionName, vectorsConfig });
}

/** Four points of two dimensions: three numbers and a UUID, with payload of every kind of value in the first. */
export function fill(points: Points, collectionName: string) {
  const list = {
    kind: { case: "listValue" as const, value: { values: [integer(2n), string("x")] } },
  };
  const struct = { kind: { case: "structValue" as const, value: { fields: { b: double(0.5) } } } };
  return points.upsert({
    collectionName,
    wait: true,
    points: [
      {
        id: idOf(1n),
        vectors: denseVector([1, 0]),
        payload: {
          n: integer(9007199254740993n),
          two: double(2),
          yes: bool(true),
          none: nothing,
          city: string("Köln"),
          list,
          struct,
        },
      },
      { id: idOf(2n), vectors: denseVector([0, 1]) },
      {
        id: idOf(18446744073709551615n),
        vectors: denseVector([0.5, 0.25]),
        payload: { n: integer(2n) },
      },
      { id: idOf(uuid), vectors: denseVector([-1, 3]), payload: { city: string("London") } },
    ],
  });
}
