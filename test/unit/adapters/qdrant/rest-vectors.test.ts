import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  columnsOf as answered,
  upsertBodies,
} from "../../../../src/adapters/qdrant/rest-points.ts";
import { shardKeysOf } from "../../../../src/adapters/qdrant/shards.ts";
import { columnsOf, manyPoints, manyShapes } from "../../../support/random-vectors.ts";

describe("vectors of every kind by REST", () => {
  it("are read as they were written, bit for bit", () => {
    fc.assert(
      fc.property(manyPoints, (points) => {
        // JSON has no infinite numbers.
        fc.pre(!/Infinity/.test(inspect(points, { depth: null })));
        const columns = {
          points: points.map(({ point }) => point),
          vectors: columnsOf(points),
          payloads: points.map(() => null),
        };
        const bodies = [...upsertBodies(columns, 1000, 10_000, {})].map(String);
        const array = bodies.map((body) => body.slice('{"points":['.length, -2)).join(",");
        expect(answered(`[${array}]`, manyShapes)).toEqual({
          ...columns,
          payloads: points.map(() => "{}"),
        });
      }),
    );
  });

  it("come in the order of indices", () => {
    const answer = '[{"id":1,"vector":{"words":{"indices":[7,4294967295,0],"values":[1,2,3]}}}]';
    expect(answered(answer, manyShapes).vectors.get("words")).toEqual({
      kind: "sparse",
      offsets: Uint32Array.of(0, 3),
      indices: Uint32Array.of(0, 7, 4_294_967_295),
      values: Float32Array.of(3, 1, 2),
      present: null,
    });
  });

  it.each([
    '{"words":{"indices":[1],"values":[1,2]}}',
    '{"words":[1,2]}',
    '{"late":[[1,2],[3]]}',
    '{"late":[1,2]}',
    '{"a/é":[1,2]}',
    '{"a/é":[1,2,null]}',
  ])("refuses %s", (vector) => {
    expect(() => answered(`[{"id":1,"vector":${vector}}]`, manyShapes)).toThrow(SyntaxError);
  });

  it("names the shard and the mode of an upsert", () => {
    const columns = { points: ["1"], vectors: new Map(), payloads: [null] };
    const [body] = upsertBodies(columns, 1000, 1000, { mode: "insert_only", shard: '"eu"' });
    expect(JSON.parse(String(body))).toEqual({
      update_mode: "insert_only",
      shard_key: "eu",
      points: [{ id: 1, vector: {}, payload: {} }],
    });
  });
});

describe("shardKeysOf", () => {
  it("counts the shards and the copies of each key, and tells texts from numbers", () => {
    const cluster = `{"local_shards":[{"shard_id":1,"shard_key":"7"},{"shard_id":2,"shard_key":18446744073709551615}],
      "remote_shards":[{"shard_id":1,"shard_key":"7"},{"shard_id":3,"shard_key":"7"},{"shard_id":3,"shard_key":"7"}]}`;
    expect(shardKeysOf(cluster)).toEqual([
      { key: '"7"', shards: 2, replicas: 2 },
      { key: "18446744073709551615", shards: 1, replicas: 1 },
    ]);
    expect(shardKeysOf('{"local_shards":[{"shard_id":0}]}')).toEqual([]);
  });
});
