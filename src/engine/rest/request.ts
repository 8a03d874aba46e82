/** A question of Qdrant's REST API as the engine's worker gets it: which operation, on what, and the body as it came. */
import type { PointColumns } from "../point-columns.ts";

/** Every operation that the worker answers; operations.ts has how. */
export type RestOperation =
  | "listCollections"
  | "getCollection"
  | "collectionExists"
  | "createCollection"
  | "updateCollection"
  | "deleteCollection"
  | "getOptimizations"
  | "getCollectionCluster"
  | "listShardKeys"
  | "getTelemetry"
  | "createVectorName"
  | "deleteVectorName"
  | "listAliases"
  | "listCollectionAliases"
  | "updateAliases"
  | "createPayloadIndex"
  | "deletePayloadIndex"
  | "upsertPoints"
  | "retrievePoints"
  | "getPoint"
  | "scrollPoints"
  | "countPoints"
  | "deletePoints"
  | "batchUpdate"
  | "setPayload"
  | "overwritePayload"
  | "deletePayload"
  | "clearPayload"
  | "updateVectors"
  | "deleteVectors"
  | "facet"
  | "queryPoints"
  | "queryBatch"
  | "queryGroups"
  | "search"
  | "searchBatch"
  | "searchGroups"
  | "recommend"
  | "recommendBatch"
  | "recommendGroups"
  | "discover"
  | "discoverBatch"
  | "listSnapshots"
  | "createSnapshot"
  | "deleteSnapshot"
  | "locateSnapshot"
  | "recoverSnapshot"
  | "recoverReceived";

export interface RestRequest {
  readonly operation: RestOperation;
  /** The collection's name in the path; '' where the path has none. */
  readonly collection: string;
  /** The path's other parameters and those of the query string, by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Parameters that the query string says more than once; `params` has the first. */
  readonly twice?: readonly string[];
  /** Its caller waits no longer: it is judged and answered so, and not made. */
  readonly timedOut?: boolean;
  /** JSON, as it came; null = none. Bytes that fill their buffer are handed over: they are empty afterwards. */
  readonly body: string | Uint8Array | null;
  /** What the body of `upsertPoints` would say, where no body says it; handed over as such bytes are. */
  readonly points?: PointColumns | undefined;
  /** What the member `query` of the body of `queryPoints` would say, where the body has none; handed over as such bytes are. */
  readonly vector?: Float32Array<ArrayBuffer> | undefined;
}
