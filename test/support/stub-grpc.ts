/** A server that answers gRPC calls as a test tells it to: over HTTP/2 without TLS, or with it. */
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { GrpcChannel } from "../../src/util/grpc.ts";

export interface GrpcCall {
  /** `/qdrant.Points/Upsert`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The frame as it came: its prefix and the message. */
  readonly frame: Buffer;
  readonly stream: ServerHttp2Stream;
}

export interface GrpcStubAnswer {
  readonly status?: number;
  readonly message?: string;
  /** Further trailers. */
  readonly trailers?: Readonly<Record<string, string>>;
  /** The message alone; sent in a frame. */
  readonly body?: Uint8Array;
  /** What goes over the wire instead of a frame with `body`. */
  readonly raw?: Uint8Array;
}

/** undefined = the handler answered by hand, or never will. */
export type GrpcHandler = (
  call: GrpcCall,
) => GrpcStubAnswer | undefined | Promise<GrpcStubAnswer | undefined>;

export interface GrpcStub extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Paths of all calls so far, oldest first. */
  readonly calls: string[];
  /** Connections so far. */
  sessions(): number;
}

export async function startGrpcStub(
  handler: GrpcHandler,
  tls?: { key: string; cert: string },
): Promise<GrpcStub> {
  const server: Http2Server = tls ? createSecureServer(tls) : createServer();
  const open = new Set<ServerHttp2Session>();
  const calls: string[] = [];
  let sessions = 0;
  server.on("session", (session: ServerHttp2Session) => {
    sessions += 1;
    open.add(session);
    session.on("error", () => undefined);
    session.on("close", () => open.delete(session));
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    const path = headers[":path"] ?? "";
    calls.push(path);
    void receive(stream)
      .then((frame) => handler({ path, headers, frame, stream }))
      .then((answer) => answer === undefined || send(stream, answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    calls,
    sessions: () => sessions,
    async [Symbol.asyncDispose]() {
      for (const session of open) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes calls on to the gRPC at `url`; `fault` goes first, and undefined from it passes the call on. */
export async function startGrpcProxy(
  url: string,
  fault: (call: GrpcCall) => GrpcStubAnswer | "by hand" | undefined,
  tls?: { key: string; cert: string },
): Promise<GrpcStub> {
  const channel = new GrpcChannel(url);
  const stub = await startGrpcStub(async (call) => {
    const instead = fault(call);
    if (instead !== undefined) return instead === "by hand" ? undefined : instead;
    const { status, message, body } = await channel.call(call.path, call.frame);
    return body === null ? { status, message } : { body };
  }, tls);
  return {
    ...stub,
    async [Symbol.asyncDispose]() {
      channel.close();
      await stub[Symbol.asyncDispose]();
    },
  };
}

/** A frame around a message. */
export function frameOf(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

async function receive(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    // The client has gone; whatever came is all there is.
  }
  return Buffer.concat(chunks);
}

function send(stream: ServerHttp2Stream, answer: GrpcStubAnswer): void {
  const { status = 0, message = "", trailers = {}, body, raw } = answer;
  const last = {
    "grpc-status": String(status),
    "grpc-message": encodeURIComponent(message),
    ...trailers,
  };
  if (stream.destroyed) return;
  if (body === undefined && raw === undefined) {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", ...last },
      { endStream: true },
    );
    return;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(last));
  stream.end(raw ?? frameOf(body ?? new Uint8Array()));
}
