/** Collections over the REST door. */
import { badInput } from "../errors.ts";
import { bodyText } from "./body.ts";
import { changingCollections, type Operation, reading } from "./operation.ts";

/** What may be asked for in `with`: lists that are always empty here, and the one segment. */
const optimizationParts = ["queued", "completed", "idle_segments"];

/** There is nothing to optimize: every collection is one segment. */
const getOptimizations: Operation["run"] = (host, { collection, params }) => {
  const { ids } = host.collection(collection);
  const parts = (params["with"] ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const unknown = parts.find((part) => !optimizationParts.includes(part));
  if (unknown !== undefined)
    throw badInput(`Wrong input: Unknown field in 'with' parameter: ${unknown.slice(0, 40)}`);
  const segment = { uuid: "00000000-0000-0000-0000-000000000000", points_count: ids.count };
  const lists = parts.map((part) => [part, part === "idle_segments" ? [segment] : []]);
  const summary = {
    queued_optimizations: 0,
    queued_segments: 0,
    queued_points: 0,
    idle_segments: 1,
  };
  return JSON.stringify({ summary, running: [], ...Object.fromEntries(lists) });
};

/** The number by which this one process goes where a peer is named. */
const peerId = 1;

const getCollectionCluster: Operation["run"] = (host, { collection }) => {
  const { ids } = host.collection(collection);
  return JSON.stringify({
    peer_id: peerId,
    shard_count: 1,
    local_shards: [{ shard_id: 0, points_count: ids.count, state: "Active" }],
    remote_shards: [],
    shard_transfers: [],
  });
};

export const collectionOperations = {
  listCollections: reading((host) =>
    JSON.stringify({ collections: host.listCollections().map((name) => ({ name })) }),
  ),
  getCollection: reading((host, { collection }) => host.describeCollection(collection)),
  collectionExists: reading((host, { collection }) =>
    JSON.stringify({ exists: host.collectionExists(collection) }),
  ),
  createCollection: changingCollections((host, request) => {
    host.createCollection(request.collection, bodyText(request));
    return "true";
  }),
  updateCollection: changingCollections((host, request) => {
    host.updateCollection(request.collection, bodyText(request));
    return "true";
  }),
  deleteCollection: changingCollections((host, { collection }) =>
    String(host.deleteCollection(collection)),
  ),
  getOptimizations: reading(getOptimizations),
  getCollectionCluster: reading(getCollectionCluster),
  // None has any; the collection must be there all the same.
  listShardKeys: reading((host, { collection }) => {
    host.collection(collection);
    return "{}";
  }),
};
