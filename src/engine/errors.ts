/** The engine's errors in Qdrant's words, each with the HTTP status that Qdrant answers as `details.status`. */
import { VectorError } from "../errors.ts";

/** A request that Qdrant answers with 400. */
export function badInput(message: string, details: Record<string, unknown> = {}): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 400, ...details } });
}

/** A request that is well formed and breaks a rule: 422. */
export function invalid(message: string): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 422 } });
}

export function collectionNotFound(name: string): VectorError {
  return new VectorError(
    "E_COLLECTION_NOT_FOUND",
    `Not found: Collection \`${name}\` doesn't exist!`,
    {
      details: { status: 404, collection: name },
    },
  );
}

/** Something that Qdrant has and this engine has not: 501. */
export function notImplemented(what: string): VectorError {
  return new VectorError(
    "E_NOT_SUPPORTED",
    `The embedded engine does not have ${what} yet; a Qdrant server has.`,
    {
      details: { status: 501 },
    },
  );
}
