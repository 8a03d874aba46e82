/** Snapshots over the REST door. Their bytes go by the server: `locateSnapshot` says where they are, `recoverReceived` takes them. */
import { rmSync } from "node:fs";
import { z } from "zod";
import { badInput, collectionNotFound, invalid } from "../errors.ts";
import type { Host } from "../host.ts";
import { fields } from "../struct-list.ts";
import { Members } from "./body.ts";
import { changingCollections, type Operation, reading } from "./operation.ts";
import type { RestRequest } from "./request.ts";

const priorities = ["no_sync", "snapshot", "replica"];

/** Whose snapshots are meant: a collection's, or (null) full ones. @throws E_COLLECTION_NOT_FOUND */
function owner(host: Host, { collection }: RestRequest): string | null {
  if (collection === "") return null;
  if (!host.collectionExists(collection)) throw collectionNotFound(collection);
  return host.resolve(collection);
}

function nameIn({ params }: RestRequest): string {
  return params["snapshot_name"] ?? "";
}

const list: Operation["run"] = (host, request) =>
  JSON.stringify(host.snapshots.list(owner(host, request)));

const create: Operation["run"] = (host, request) =>
  JSON.stringify(host.createSnapshot(owner(host, request)));

const remove: Operation["run"] = (host, request) => {
  host.snapshots.remove(owner(host, request), nameIn(request));
  return "true";
};

/** JSON text of a snapshot's path. */
const locate: Operation["run"] = (host, request) =>
  JSON.stringify(host.snapshots.find(owner(host, request), nameIn(request)));

const recoverFields = fields("location priority? checksum? api_key?");

/** From the place that the body names. */
const recover: Operation["run"] = (host, request) => {
  const body = Members.of(request, recoverFields);
  checkPriority(body.get("priority", z.string()), "Format error in JSON body");
  const checksum = checkedSum(body.get("checksum", z.string()), "JSON body");
  const path = host.snapshots.located(body.need("location", z.string()));
  host.recoverSnapshot(request.collection, path, checksum);
  return "true";
};

/** From the file `received` that the server took in, which goes away; where it has a `received_name`, it is kept under that. */
const recoverReceived: Operation["run"] = (host, { collection, params }) => {
  const { received = "", received_name } = params;
  try {
    checkPriority(params["priority"], "Deserialize error in query parameters");
    const checksum = checkedSum(params["checksum"], "query parameters");
    host.recoverSnapshot(collection, received, checksum);
    if (received_name !== undefined)
      host.snapshots.adopt(host.resolve(collection), received, received_name);
  } finally {
    rmSync(received, { force: true });
  }
  return "true";
};

/** Which side counts where replicas differ; one process has none, so that it only must be one of the three. */
function checkPriority(priority: string | undefined, where: string): void {
  if (priority === undefined || priorities.includes(priority)) return;
  throw badInput(
    `${where}: unknown variant \`${priority.slice(0, 40)}\`, expected one of \`no_sync\`, \`snapshot\`, \`replica\``,
  );
}

function checkedSum(checksum: string | undefined, where: string): string | null {
  if (checksum === undefined || /^[0-9a-f]{64}$/i.test(checksum)) return checksum ?? null;
  throw invalid(`Validation error in ${where}: [checksum: Validation error: invalid_sha256_hash]`);
}

export const snapshotOperations = {
  listSnapshots: reading(list),
  createSnapshot: changingCollections(create),
  deleteSnapshot: changingCollections(remove),
  locateSnapshot: reading(locate),
  recoverSnapshot: changingCollections(recover),
  recoverReceived: changingCollections(recoverReceived),
};
