/** A change of points, which is an operation of its own and may be one of a batch. */
import { decoded, isLate } from "../errors.ts";
import type { Host } from "../host.ts";
import { type Changes, unmade } from "../unmade.ts";
import { updated, waits } from "./answer.ts";
import { bodyText } from "./body.ts";
import { changingPoints, type Operation } from "./operation.ts";
import type { RestRequest } from "./request.ts";

/** Makes a change of a collection. @throws VectorError with nothing changed */
type Make = (host: Changes, collection: string) => void;

/** Reads a body's text as a whole; what it gives makes the change. @throws E_INPUT, E_NOT_SUPPORTED */
export type Change = (text: string) => Make;

/** An operation that makes one change. */
export function change(read: Change): Operation {
  return changingPoints((host, request) => {
    const make = decoded(() => read(bodyText(request)));
    return made(request, host, make);
  });
}

/** What makes a request's change; or only judges it, where its caller waits no longer. */
export function changes(host: Host, request: RestRequest): Changes {
  return request.timedOut === true ? unmade(host) : host;
}

/** Makes a change and answers it. Qdrant acknowledges to who does not wait before it looks for `late` faults. @throws VectorError */
export function made(request: RestRequest, host: Host, make: Make): string {
  try {
    host.collection(request.collection);
    make(changes(host, request), request.collection);
  } catch (error) {
    if (!isLate(error) || waits(request)) throw error;
  }
  return updated(request);
}
