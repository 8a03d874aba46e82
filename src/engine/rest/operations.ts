/** The REST door's table: each operation's name and what the worker does. */
import type { Host } from "../host.ts";
import { aliasOperations } from "./aliases.ts";
import { batchOperations } from "./batch.ts";
import { collectionOperations } from "./collections.ts";
import { facetOperations } from "./facet.ts";
import type { Operation, Writes } from "./operation.ts";
import { checkCollectionName, checkParams } from "./params.ts";
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

export function writesOf({ operation }: RestRequest): Writes {
  return operations[operation].writes;
}

/** Answers a question: the JSON text of `result`. @throws VectorError with `details.status` */
export function answer(host: Host, request: RestRequest): string {
  checkCollectionName(request.collection);
  const { writes, run } = operations[request.operation];
  checkParams(request.params, writes !== "nothing");
  return run(host, request);
}
