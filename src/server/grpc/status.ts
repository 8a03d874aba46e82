/** gRPC's status codes, and which of them an error gets. Source: grpc.github.io/grpc/core/md_doc_statuscodes.html; qdrant 1.18.2, lib/storage/src/content_manager/conversions.rs. */
import { isVectorError, VectorError } from "../../errors.ts";
import { visible } from "../answer.ts";

export const codes = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

type Code = (typeof codes)[keyof typeof codes];

/** By the HTTP status that REST answers to the same error; a question whose time is over (408) is an internal error, as at Qdrant's server. */
const byHttpStatus: Readonly<Record<number, Code>> = {
  400: codes.invalidArgument,
  404: codes.notFound,
  409: codes.alreadyExists,
  422: codes.invalidArgument,
  501: codes.unimplemented,
  503: codes.unavailable,
};

/** The error of a call that ends with `code`. */
export function refusal(code: Code, message: string): VectorError {
  return new VectorError("E_INPUT", message, { details: { grpcStatus: code } });
}

export interface Status {
  readonly code: number;
  readonly message: string;
}

/** Any error as a caller may see it. */
export function statusOf(error: unknown): Status {
  const { status, message } = visible(error);
  const stated = isVectorError(error) ? error.details["grpcStatus"] : undefined;
  const code = typeof stated === "number" ? stated : (byHttpStatus[status] ?? codes.internal);
  return { code, message };
}

/** Longer ones are cut: a message goes in a header, and headers are bounded. */
const messageLengthMax = 1000;

/** A message as the trailer `grpc-message` holds it: percent-encoded UTF-8, but for printable ASCII. */
export function encodeMessage(message: string): string {
  const text = message.slice(0, messageLengthMax).toWellFormed();
  return text.replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}
