/** The REST door's table: each operation's name and what the worker does. */
import type { Host } from "../host.ts";
import { withinRoom } from "../memory-limit.ts";
import { secondsDefault, within } from "../time-limit.ts";
import { aliasOperations } from "./aliases.ts";
import { waits } from "./answer.ts";
import { batchOperations } from "./batch.ts";
import { refuseEmpty } from "./body.ts";
import { bodyShapes } from "./body-shapes.ts";
import { collectionOperations } from "./collections.ts";
import { facetOperations } from "./facet.ts";
import type { Operation, Writes } from "./operation.ts";
import { checkCollectionName, checkParams, type ParamsOf } from "./params.ts";
import { payloadOperations } from "./payload.ts";
import { payloadIndexOperations } from "./payload-index.ts";
import { pointOperations } from "./points.ts";
import { queryOperations } from "./query.ts";
import type { RestOperation, RestRequest } from "./request.ts";
import { snapshotOperations } from "./snapshots.ts";
import { telemetryOperations } from "./telemetry.ts";
import { vectorOperations } from "./vector-operations.ts";

const operations: Readonly<Record<RestOperation, Operation>> = {
  ...collectionOperations,
  ...vectorOperations,
  ...aliasOperations,
  ...payloadIndexOperations,
  ...pointOperations,
  ...batchOperations,
  ...payloadOperations,
  ...facetOperations,
  ...queryOperations,
  ...snapshotOperations,
  ...telemetryOperations,
};

/** Operations whose timeout is the collection's own: one of 0 is a fault there. */
const collectionChanges: ReadonlySet<RestOperation> = new Set<RestOperation>([
  "createCollection",
  "updateCollection",
  "deleteCollection",
  "updateAliases",
]);

const descriptions: ReadonlySet<RestOperation> = new Set<RestOperation>([
  ...(Object.keys(aliasOperations) as (keyof typeof aliasOperations)[]),
  ...(Object.keys(collectionOperations) as (keyof typeof collectionOperations)[]),
  "listSnapshots",
  "locateSnapshot",
  "getTelemetry",
]);

function paramsOf(operation: RestOperation): ParamsOf {
  if (collectionChanges.has(operation)) return "collection";
  if (descriptions.has(operation)) return "description";
  if (Object.hasOwn(snapshotOperations, operation)) return "snapshot";
  return operations[operation].writes === "nothing" ? "read" : "write";
}

export function writesOf({ operation }: RestRequest): Writes {
  return operations[operation].writes;
}

/**
 * Answers a question: the JSON text of `result`. `seconds`: what it may take where it does not say so itself; a change may take
 * that long to find its points, and is then made as a whole. @throws VectorError with `details.status`
 */
export function answer(host: Host, request: RestRequest, seconds = secondsDefault): string {
  checkCollectionName(request);
  const { params, operation } = request;
  const { run } = operations[operation];
  const of = paramsOf(operation);
  // Nothing is there before the parameters are.
  if (Object.hasOwn(bodyShapes, operation)) refuseEmpty(request);
  checkParams(params, of, request.twice);
  const allowed = of === "read" ? Number(params["timeout"] ?? seconds) : seconds;
  return within(allowed, () => withinRoom(() => run(host, request)));
}

/** Beside the changes of points, what may be waited for so many seconds. */
const alsoWaitedFor: ReadonlySet<RestOperation> = new Set<RestOperation>([
  "createPayloadIndex",
  "deletePayloadIndex",
  "createVectorName",
]);

/** For how many seconds a change is to be waited for; null = to its end, or not at all. */
export function patienceOf(request: RestRequest): number | null {
  const { params, operation } = request;
  if (params["timeout"] === undefined || !waits(request)) return null;
  const isWaitedFor = operations[operation].writes === "points" || alsoWaitedFor.has(operation);
  return isWaitedFor ? Number(params["timeout"]) : null;
}
