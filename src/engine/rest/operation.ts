/** What a REST operation is to the worker. */
import type { Host } from "../host.ts";
import type { RestRequest } from "./request.ts";

/** What an operation changes: points (it joins the group commit), collections (it commits by itself), or nothing. */
export type Writes = "points" | "collections" | "nothing";

export interface Operation {
  readonly writes: Writes;
  /** The JSON text of `result`. @throws VectorError with `details.status` */
  run(host: Host, request: RestRequest): string;
}

export function reading(run: Operation["run"]): Operation {
  return { writes: "nothing", run };
}

export function changingPoints(run: Operation["run"]): Operation {
  return { writes: "points", run };
}

export function changingCollections(run: Operation["run"]): Operation {
  return { writes: "collections", run };
}
