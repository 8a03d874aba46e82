/** A change of points, which is an operation of its own and may be one of a batch. */
import { decoded, isLate } from "../errors.ts";
import type { Host } from "../host.ts";
import { updated, waits } from "./answer.ts";
import { Members } from "./body.ts";
import { changingPoints, type Operation } from "./operation.ts";
import type { RestRequest } from "./request.ts";

/** Makes a change of a collection. @throws VectorError with nothing changed */
type Make = (host: Host, collection: string) => void;

/** Reads a body as a whole; what it gives makes the change. @throws E_INPUT, E_NOT_SUPPORTED */
export type Change = (body: Members) => Make;

/** An operation that makes one change. */
export function change(read: Change): Operation {
  return changingPoints((host, request) => {
    const make = decoded(() => read(Members.of(request)));
    return made(request, host, make);
  });
}

/** Makes a change and answers it. Qdrant acknowledges to who does not wait before it looks for `late` faults. @throws VectorError */
export function made(request: RestRequest, host: Host, make: Make): string {
  try {
    make(host, request.collection);
  } catch (error) {
    if (!isLate(error) || waits(request)) throw error;
  }
  return updated(request);
}
