/** The one table of the REST API: each method and path, what answers it, who may ask, and how many need it. */
import type { RestOperation } from "../engine/index.ts";

/** Tier A: an ordinary application needs it; B: tools do; C: clusters; legacy: deprecated, and called by older clients. */
export type Tier = "A" | "B" | "C" | "legacy";

/** An operation of the engine. */
export interface Asked {
  readonly operation: RestOperation;
  /** With `wait=false` the answer is 202 before it is done. */
  readonly background?: boolean;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As Qdrant's documentation writes it. */
  readonly path: string;
  readonly tier: Tier;
  /** What answers; or what it is that only a Qdrant server has (501). */
  readonly does: Asked | { readonly service: ServiceName } | { readonly missing: string };
  /** Whether the read-only key is good for it; open: it needs none. */
  readonly access: "read" | "write" | "open";
}

/** What is answered without the engine, or not as JSON; services.ts has how. */
export type ServiceName =
  | "version"
  | "health"
  | "ready"
  | "cluster"
  | "telemetry"
  | "metrics"
  | "listIssues"
  | "clearIssues"
  | "downloadSnapshot"
  | "uploadSnapshot"
  | "recoverSnapshot";

const C = "/collections/{collection_name}";
const P = `${C}/points`;

function reads(tier: Tier, method: Route["method"], path: string, operation: RestOperation): Route {
  return { method, path, tier, does: { operation }, access: "read" };
}

function writes(
  tier: Tier,
  method: Route["method"],
  path: string,
  operation: RestOperation,
): Route {
  return { method, path, tier, does: { operation }, access: "write" };
}

function lacks(tier: Tier, method: Route["method"], path: string, missing: string): Route {
  return { method, path, tier, does: { missing }, access: method === "GET" ? "read" : "write" };
}

function serves(
  tier: Tier,
  method: Route["method"],
  path: string,
  service: ServiceName,
  access: Route["access"],
): Route {
  return { method, path, tier, does: { service }, access };
}

const serviceRoutes: readonly Route[] = [
  serves("A", "GET", "/", "version", "open"),
  serves("A", "GET", "/healthz", "health", "open"),
  serves("A", "GET", "/livez", "health", "open"),
  serves("A", "GET", "/readyz", "ready", "open"),
  serves("A", "GET", "/telemetry", "telemetry", "read"),
  serves("A", "GET", "/metrics", "metrics", "read"),
  serves("A", "GET", "/cluster", "cluster", "read"),
  serves("B", "GET", "/issues", "listIssues", "read"),
  serves("B", "DELETE", "/issues", "clearIssues", "write"),
];

const collectionRoutes: readonly Route[] = [
  reads("A", "GET", "/collections", "listCollections"),
  reads("A", "GET", C, "getCollection"),
  writes("A", "PUT", C, "createCollection"),
  writes("A", "PATCH", C, "updateCollection"),
  writes("A", "DELETE", C, "deleteCollection"),
  reads("A", "GET", `${C}/exists`, "collectionExists"),
  reads("B", "GET", `${C}/optimizations`, "getOptimizations"),
  reads("B", "GET", `${C}/cluster`, "getCollectionCluster"),
  writes("B", "PUT", `${C}/vectors/{vector_name}`, "createVectorName"),
  writes("B", "DELETE", `${C}/vectors/{vector_name}`, "deleteVectorName"),
  reads("A", "GET", "/aliases", "listAliases"),
  reads("A", "GET", `${C}/aliases`, "listCollectionAliases"),
  writes("A", "POST", "/collections/aliases", "updateAliases"),
  writes("A", "PUT", `${C}/index`, "createPayloadIndex"),
  writes("A", "DELETE", `${C}/index/{field_name}`, "deletePayloadIndex"),
];

const pointRoutes: readonly Route[] = [
  writes("A", "PUT", P, "upsertPoints"),
  reads("A", "POST", P, "retrievePoints"),
  reads("A", "GET", `${P}/{id}`, "getPoint"),
  reads("A", "POST", `${P}/scroll`, "scrollPoints"),
  reads("A", "POST", `${P}/count`, "countPoints"),
  writes("A", "POST", `${P}/delete`, "deletePoints"),
  writes("A", "POST", `${P}/batch`, "batchUpdate"),
  writes("A", "POST", `${P}/payload`, "setPayload"),
  writes("A", "PUT", `${P}/payload`, "overwritePayload"),
  writes("A", "POST", `${P}/payload/delete`, "deletePayload"),
  writes("A", "POST", `${P}/payload/clear`, "clearPayload"),
  writes("A", "PUT", `${P}/vectors`, "updateVectors"),
  writes("A", "POST", `${P}/vectors/delete`, "deleteVectors"),
  reads("A", "POST", `${C}/facet`, "facet"),
];

const queryRoutes: readonly Route[] = [
  reads("A", "POST", `${P}/query`, "queryPoints"),
  reads("A", "POST", `${P}/query/batch`, "queryBatch"),
  reads("A", "POST", `${P}/query/groups`, "queryGroups"),
  reads("legacy", "POST", `${P}/search`, "search"),
  reads("legacy", "POST", `${P}/search/batch`, "searchBatch"),
  reads("legacy", "POST", `${P}/search/groups`, "searchGroups"),
  reads("legacy", "POST", `${P}/recommend`, "recommend"),
  reads("legacy", "POST", `${P}/recommend/batch`, "recommendBatch"),
  reads("legacy", "POST", `${P}/recommend/groups`, "recommendGroups"),
  reads("legacy", "POST", `${P}/discover`, "discover"),
  reads("legacy", "POST", `${P}/discover/batch`, "discoverBatch"),
  lacks("B", "POST", `${P}/search/matrix/offsets`, "distance matrices"),
  lacks("B", "POST", `${P}/search/matrix/pairs`, "distance matrices"),
];

function snapshots(method: Route["method"], path: string, does: Route["does"]): Route {
  return { method, path, tier: "B", does, access: method === "GET" ? "read" : "write" };
}

const snapshotRoutes: readonly Route[] = [`${C}/snapshots`, "/snapshots"].flatMap((path) => [
  snapshots("GET", path, { operation: "listSnapshots" }),
  snapshots("POST", path, { operation: "createSnapshot", background: true }),
  snapshots("GET", `${path}/{snapshot_name}`, { service: "downloadSnapshot" }),
  snapshots("DELETE", `${path}/{snapshot_name}`, { operation: "deleteSnapshot", background: true }),
]);

const snapshotUploadRoutes: readonly Route[] = [
  snapshots("PUT", `${C}/snapshots/recover`, { service: "recoverSnapshot" }),
  snapshots("POST", `${C}/snapshots/upload`, { service: "uploadSnapshot" }),
];

const S = `${C}/shards/{shard_id}`;

const clusterRoutes: readonly Route[] = [
  lacks("C", "POST", `${C}/cluster`, "shards to move"),
  reads("C", "GET", `${C}/shards`, "listShardKeys"),
  lacks("C", "PUT", `${C}/shards`, "shard keys"),
  lacks("C", "POST", `${C}/shards/delete`, "shard keys"),
  lacks("C", "GET", `${S}/snapshot`, "snapshots of shards"),
  lacks("C", "GET", `${S}/snapshots`, "snapshots of shards"),
  lacks("C", "POST", `${S}/snapshots`, "snapshots of shards"),
  lacks("C", "PUT", `${S}/snapshots/recover`, "snapshots of shards"),
  lacks("C", "POST", `${S}/snapshots/upload`, "snapshots of shards"),
  lacks("C", "GET", `${S}/snapshots/{snapshot_name}`, "snapshots of shards"),
  lacks("C", "DELETE", `${S}/snapshots/{snapshot_name}`, "snapshots of shards"),
  lacks("C", "POST", "/cluster/recover", "a cluster"),
  lacks("C", "DELETE", "/cluster/peer/{peer_id}", "a cluster"),
  lacks("C", "GET", "/cluster/telemetry", "a cluster"),
  lacks("C", "GET", "/quotas", "quotas"),
  lacks("C", "PUT", "/quotas", "quotas"),
];

export const routes: readonly Route[] = [
  ...serviceRoutes,
  ...collectionRoutes,
  ...pointRoutes,
  ...queryRoutes,
  ...snapshotRoutes,
  ...snapshotUploadRoutes,
  ...clusterRoutes,
];
