/** A change of points, which is an operation of its own and may be one of a batch. */
import type { Host } from "../host.ts";
import { updated } from "./answer.ts";
import { Members } from "./body.ts";
import { changingPoints, type Operation } from "./operation.ts";

/** Reads its body as a whole, then changes the collection. @throws VectorError with nothing changed */
export type Change = (host: Host, collection: string, body: Members) => void;

/** An operation that makes one change. */
export function change(make: Change): Operation {
  return changingPoints((host, request) => {
    make(host, request.collection, Members.of(request));
    return updated(request);
  });
}
