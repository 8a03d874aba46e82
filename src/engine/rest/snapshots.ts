/** Snapshots over the REST door; their files go by the server. */
import { missing } from "./operation.ts";

export const snapshotOperations = {
  listSnapshots: missing("snapshots"),
  createSnapshot: missing("snapshots"),
  deleteSnapshot: missing("snapshots"),
};
