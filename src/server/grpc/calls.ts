/** One gRPC call on one HTTP/2 stream: who asks, for what, the message, the answer, the status. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { isVectorError } from "../../errors.ts";
import { accessOf, type Keys, readsOnly } from "../keys.ts";
import type { Statistics } from "../statistics.ts";
import { readMessage } from "./message.ts";
import { codes, encodeMessage, refusal, type Status, statusOf } from "./status.ts";

/** What a method is told beside its message. */
export interface Call {
  /** Aborted when the caller has gone, or the deadline has passed. */
  readonly signal: AbortSignal;
  /** How long the call may take, from its beginning. */
  readonly deadlineSeconds: number;
  /** How long the call has taken so far: answers say it. */
  seconds(): number;
}

export interface Method {
  /** Whether it leaves everything as it is: the read-only key is good for it. */
  readonly reads: boolean;
  /** Whether it is answered without a key. */
  readonly open?: boolean;
  /** Takes a message and gives the whole frame of the answer. */
  run(message: Uint8Array, call: Call): Promise<Uint8Array>;
}

/** By path: `/package.Service/Method`. */
export type Methods = ReadonlyMap<string, Method>;

/** How long a call without a deadline of its own may take, its message's way here included. */
const callTimeoutMs = 300_000;
const timeoutMsMax = 2 ** 31 - 1;

/**
 * Only this content type is answered. A web page cannot send it to another origin unasked: it takes a preflight, which gets no
 * answer here. So there is no check of host names, as REST has one.
 */
const contentType = /^application\/grpc(?:\+proto)?(?:;.*)?$/;

/** Answers one call; never rejects. */
export async function answerCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: Methods,
  keys: Keys,
  statistics: Statistics,
): Promise<void> {
  // What happens to a stream also ends it, and `close` is what is looked at.
  stream.on("error", () => {});
  if (!contentType.test(headers["content-type"] ?? "")) {
    stream.respond({ ":status": 415 }, { endStream: true });
    stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  const ended = new AbortController();
  stream.once("close", () => ended.abort());
  // The status that Qdrant's server gives.
  const late = refusal(codes.cancelled, "Timeout expired");
  const deadlineMs = timeoutMs(headers);
  const deadline = setTimeout(() => ended.abort(late), deadlineMs);
  const startedMs = performance.now();
  const call = {
    signal: ended.signal,
    deadlineSeconds: deadlineMs / 1000,
    seconds: () => (performance.now() - startedMs) / 1000,
  };
  let status: Status["code"] = codes.ok;
  try {
    const method = allowed(headers, methods, keys);
    const message = await readMessage(stream, headers, call.signal);
    succeed(stream, await method.run(message, call));
  } catch (error) {
    const fault = statusOf(isVectorError(error, "E_ABORTED") ? call.signal.reason : error);
    status = fault.code;
    fail(stream, fault);
  } finally {
    clearTimeout(deadline);
  }
  const endpoint = headers[":path"] ?? "";
  // Only what there is: paths come from callers.
  if (!methods.has(endpoint)) return;
  statistics.add({ protocol: "grpc", endpoint, status, seconds: call.seconds(), collection: null });
}

/** The method that is asked for. @throws E_INPUT with the call's status: who asks is looked at first, as Qdrant does */
function allowed(headers: IncomingHttpHeaders, methods: Methods, keys: Keys): Method {
  const path = headers[":path"] ?? "";
  const method = methods.get(path);
  if (method?.open === true) return method;
  const access = accessOf(keys, (name) => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  });
  if ("refusal" in access) throw refusal(codes.unauthenticated, access.refusal);
  if (method === undefined) {
    const words = `The embedded server does not have ${path.slice(0, 100)}; a Qdrant server may have it.`;
    throw refusal(codes.unimplemented, words);
  }
  if (!access.writes && !method.reads) throw refusal(codes.permissionDenied, readsOnly);
  return method;
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The header grpc-timeout: at most eight digits and a unit. One that is garbled counts as none, as at Qdrant's server. */
function timeoutMs(headers: IncomingHttpHeaders): number {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(headers["grpc-timeout"])) ?? [];
  if (digits === undefined) return callTimeoutMs;
  return Math.min(Math.ceil(Number(digits) * (unitMs[unit] ?? 0)), timeoutMsMax);
}

const answerHead = { ":status": 200, "content-type": "application/grpc" } as const;

function succeed(stream: ServerHttp2Stream, frame: Uint8Array): void {
  if (stream.destroyed) return;
  stream.respond(answerHead, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(codes.ok) }));
  stream.end(frame);
}

/** A status alone goes in the head of the answer, and ends it. */
function fail(stream: ServerHttp2Stream, { code, message }: Status): void {
  if (stream.destroyed) return;
  const status = { "grpc-status": String(code), "grpc-message": encodeMessage(message) };
  stream.respond({ ...answerHead, ...status }, { endStream: true });
  // What the caller is still sending is not wanted.
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
