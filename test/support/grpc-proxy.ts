/** A proxy in front of a gRPC server: passes unary calls on, frame and trailers as they are, and does by stream what a schedule says. */
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, FaultSchedule } from "./faults.ts";

export interface GrpcProxy extends AsyncDisposable {
  readonly port: number;
  /** Calls so far. */
  calls(): number;
}

interface Answer {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  /** null = the headers were all there was. */
  readonly trailers: OutgoingHttpHeaders | null;
}

/** Starts a proxy to `upstream` (`http://host:port`) on a free port. */
export async function startFaultyGrpcProxy(
  upstream: string,
  schedule: FaultSchedule,
): Promise<GrpcProxy> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  let onward: ClientHttp2Session | null = null;
  let calls = 0;
  const ask = (headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> => {
    if (onward === null || onward.closed || onward.destroyed) {
      onward = connect(upstream);
      onward.on("error", () => undefined);
    }
    return answerOf(onward, headers, body);
  };
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.on("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    calls += 1;
    stream.on("error", () => undefined);
    pass(stream, headers, schedule, ask).catch(() => reset(stream));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      onward?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  schedule: FaultSchedule,
  ask: (headers: IncomingHttpHeaders, body: Buffer) => Promise<Answer>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const fault = schedule.next(String(headers[":path"]));
  if (fault?.kind === "delay") await sleep(fault.delayMs);
  if (fault?.kind === "refusal") return refuse(stream, fault);
  if (fault !== null && "done" in fault && !fault.done) {
    // The whole connection, with whatever else is on its way over it.
    if (fault.kind === "reset") stream.session?.destroy();
    return;
  }
  const answer = await ask(headers, Buffer.concat(chunks));
  if (stream.destroyed) return;
  switch (fault?.kind) {
    case "stall":
      return;
    case "reset":
      return reset(stream);
    case "cut":
    case "stall-within":
      return half(stream, answer, fault.kind);
    default:
      return whole(stream, answer);
  }
}

/** The stream alone; the others of its connection go on. */
function reset(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

/** 429 and 503 in gRPC's words; what else a proxy says, in HTTP's. */
function refuse(
  stream: ServerHttp2Stream,
  { status, retryAfter }: Extract<Fault, { kind: "refusal" }>,
): void {
  if (stream.destroyed) return;
  const grpc = status === 429 ? "8" : status === 503 ? "14" : null;
  const after = retryAfter === null ? {} : { "retry-after": retryAfter };
  const said =
    grpc === null
      ? { ":status": status, "content-type": "text/html" }
      : { ":status": 200, "content-type": "application/grpc", "grpc-status": grpc };
  stream.respond({ ...said, ...after }, { endStream: true });
}

function whole(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  if (trailers === null) {
    stream.respond(headers, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(body);
}

function half(stream: ServerHttp2Stream, { headers, body }: Answer, kind: "cut" | "stall-within") {
  stream.respond(headers);
  stream.write(body.subarray(0, body.length >> 1), () => {
    if (kind === "cut") reset(stream);
  });
}

/** Headers of a connection, which are each hop's own. */
const ownHeaders = new Set([":authority", ":scheme", "host", "connection", "te"]);

function answerOf(
  session: ClientHttp2Session,
  asked: IncomingHttpHeaders,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const kept = Object.entries(asked).filter(([name]) => !ownHeaders.has(name));
    const call = session.request({ ...Object.fromEntries(kept), te: "trailers" });
    let headers: OutgoingHttpHeaders = {};
    let trailers: OutgoingHttpHeaders | null = null;
    const chunks: Buffer[] = [];
    call.on("response", (answered) => {
      headers = { ...answered };
    });
    call.on("trailers", (last) => {
      trailers = { ...last };
    });
    call.on("data", (chunk: Buffer) => chunks.push(chunk));
    call.on("error", reject);
    call.on("end", () => resolve({ headers, body: Buffer.concat(chunks), trailers }));
    call.end(body);
  });
}
