/** What the loss of a gRPC call means. */
import http2 from "node:http2";
import { VectorError } from "../errors.ts";
import { connectionError, cutError } from "./connection.ts";
import { errorCode } from "./error-code.ts";
import type { GrpcSession } from "./grpc-sessions.ts";

/** Something answers, and it is not gRPC. */
export function notGrpc(where: string, details: Record<string, unknown>, cause?: unknown) {
  return new VectorError("E_UNREACHABLE", `${where}: what answers there does not speak gRPC.`, {
    cause,
    details: { ...details, notGrpc: true },
    next: "Check the port, and whether the server wants TLS.",
  });
}

/** A call that ended before its answer began. `error`: what its stream or connection says; `reset`: the code of HTTP/2 that ended it. */
export function lostCall(
  where: string,
  session: Pick<GrpcSession, "greeted" | "fault">,
  error: unknown,
  reset?: number,
): VectorError {
  const cause = session.fault ?? rootOf(error);
  const code = String(errorCode(cause) ?? "");
  if (code.startsWith("ERR_HTTP2_") && !session.greeted) return notGrpc(where, { code }, cause);
  if (reset === http2.constants.NGHTTP2_ENHANCE_YOUR_CALM) return calm(where, cause);
  if (cause instanceof Error && !code.startsWith("ERR_HTTP2_"))
    return connectionError(where, cause);
  return new VectorError("E_UNREACHABLE", `${where}: the connection was closed before an answer.`, {
    cause,
    details: { reset, closed: true },
  });
}

/** A call whose answer began and did not come to its end. */
export function cutCall(where: string, error: unknown, reset: number | undefined): VectorError {
  if (reset === http2.constants.NGHTTP2_ENHANCE_YOUR_CALM) return calm(where, error);
  return cutError(where, error);
}

function calm(where: string, cause: unknown): VectorError {
  return new VectorError("E_RATE_LIMITED", `${where}: the server asks for fewer calls.`, { cause });
}

/** A stream that waited for its connection says "cancelled"; why stands behind it. */
function rootOf(error: unknown): unknown {
  if (errorCode(error) === "ERR_HTTP2_STREAM_CANCEL" && error instanceof Error && error.cause)
    return error.cause;
  return error;
}
