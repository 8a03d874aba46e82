/** `CollectionClusterInfo`: which peers of a cluster hold a collection. A server that stands alone is a cluster of one. */
import { Reader } from "./protobuf.ts";

/**
 * The ids of the peer that answers and of those that hold shards which it does not, as decimal digits
 * (`CollectionClusterInfoResponse`: 1 = peer_id, 4 = remote_shards; `RemoteShardInfo`: 2 = peer_id).
 * @throws SyntaxError where the bytes are no such message
 */
export function decodePeers(message: Uint8Array): string[] {
  const reader = new Reader(message);
  const peers = new Set<string>();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 8) peers.add(reader.uint64Text());
    else if (tag === 34) {
      const outer = reader.open();
      while (reader.more()) {
        const inner = reader.tag();
        if (inner === 16) peers.add(reader.uint64Text());
        else reader.skip(inner);
      }
      reader.close(outer);
    } else reader.skip(tag);
  }
  return [...peers];
}
