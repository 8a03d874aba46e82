import { create, toBinary } from "@bufbuild/protobuf";
import { CollectionClusterInfoResponseSchema } from "@qdrant/js-client-grpc";
import { describe, expect, it } from "vitest";
import { decodePeers } from "../../../src/wire/cluster.ts";

function bytesOf(peerId: bigint, remote: readonly bigint[]): Uint8Array {
  const info = create(CollectionClusterInfoResponseSchema, {
    peerId,
    shardCount: 3n,
    localShards: [{ shardId: 0, pointsCount: 5n, state: 1 }],
    remoteShards: remote.map((peer, shard) => ({ shardId: shard + 1, peerId: peer, state: 1 })),
    shardTransfers: [{ shardId: 1, from: 77n, to: 78n, sync: true }],
  });
  return toBinary(CollectionClusterInfoResponseSchema, info);
}

describe("decodePeers", () => {
  it("gives the peer that answers and those that hold other shards, each once", () => {
    expect(decodePeers(bytesOf(2727354307991921n, []))).toEqual(["2727354307991921"]);
    expect(decodePeers(bytesOf(2n ** 64n - 1n, [7n, 8n, 7n]))).toEqual([
      "18446744073709551615",
      "7",
      "8",
    ]);
  });

  it("refuses what is cut", () => {
    const bytes = bytesOf(5n, [7n]);
    expect(() => decodePeers(bytes.subarray(0, bytes.length - 1))).toThrow(SyntaxError);
  });
});
