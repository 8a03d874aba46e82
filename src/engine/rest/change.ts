/** A change of points, which is an operation of its own and may be one of a batch. */
import { isVectorError } from "../../errors.ts";
import type { Host } from "../host.ts";
import { updated } from "./answer.ts";
import { Members } from "./body.ts";
import { changingPoints, type Operation } from "./operation.ts";
import type { RestRequest } from "./request.ts";

/** Reads its body as a whole, then changes the collection. @throws VectorError with nothing changed */
export type Change = (host: Host, collection: string, body: Members) => void;

/** An operation that makes one change. */
export function change(make: Change): Operation {
  return changingPoints((host, request) => {
    const body = Members.of(request);
    return made(request, () => make(host, request.collection, body));
  });
}

/**
 * Makes a change and answers it. Who does not wait is not told of points that are not there: Qdrant acknowledges before it
 * looks for them. @throws VectorError
 */
export function made(request: RestRequest, make: () => void): string {
  try {
    make();
  } catch (error) {
    const absent = isVectorError(error, "E_INPUT") && error.details["status"] === 404;
    if (!absent || request.params["wait"] === "true") throw error;
  }
  return updated(request);
}
