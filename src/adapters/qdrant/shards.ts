/** Shards that points are put into by hand. */
import type { ShardKey } from "../../model/collection.ts";
import type { PointBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { sliceArray, sliceObject } from "../../util/json.ts";

/** From the answer to `GET /collections/{name}/cluster`, in the order of the shards. @throws SyntaxError */
export function shardKeysOf(cluster: string): ShardKey[] {
  const answer = sliceObject(cluster);
  const shards = ["local_shards", "remote_shards"]
    .flatMap((member) => sliceArray(answer.get(member) ?? "[]"))
    .map(sliceObject)
    .map((shard) => ({ id: Number(shard.get("shard_id")), key: shard.get("shard_key") ?? "null" }))
    .filter(({ key }) => key !== "null")
    .sort((one, other) => one.id - other.id);
  return Array.from(
    Map.groupBy(shards, ({ key }) => key),
    ([key, copies]) => {
      const ids = new Set(copies.map(({ id }) => id));
      return { key, shards: ids.size, replicas: Math.round(copies.length / ids.size) };
    },
  );
}

/** The rows of each shard; those that are in none are under undefined. */
export function byShard(batch: PointBatch): Map<string | undefined, PointBatch> {
  const { shards } = batch.placement;
  if (shards === undefined) return new Map([[undefined, batch]]);
  const rows = Map.groupBy(shards.keys(), (row) => shards[row] ?? undefined);
  return new Map(Array.from(rows, ([shard, own]) => [shard, pickRows(batch, own)]));
}
