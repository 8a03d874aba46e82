/** Requests that are messages, and still cannot be done: in Qdrant's words, with the HTTP status that REST would answer. */
import { VectorError } from "../errors.ts";

/** A request that Qdrant refuses as malformed (gRPC: INVALID_ARGUMENT). */
export function badInput(message: string): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 400 } });
}

/** Something that Qdrant has and the embedded engine has not (gRPC: UNIMPLEMENTED). */
export function notImplemented(what: string): VectorError {
  return new VectorError(
    "E_NOT_SUPPORTED",
    `The embedded engine does not have ${what} yet; a Qdrant server has.`,
    { details: { status: 501 } },
  );
}
