/** Answers gRPC at an address: HTTP/2 without TLS, by prior knowledge, as Qdrant's server does without a certificate. */
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from "node:net";
import type { Engine } from "../../engine/index.ts";
import { abortError } from "../../util/abort.ts";
import type { Keys } from "../keys.ts";
import { bind, connectionsMax, shutdownMs } from "../listen.ts";
import { Statistics } from "../statistics.ts";
import { answerCall } from "./calls.ts";
import { createMethods } from "./methods.ts";

/** How a connection by prior knowledge begins (RFC 9113, 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const prefaceTimeoutMs = 20_000;

/** What may be on its way before it is taken: a batch and more for a call, several batches for a connection. */
const callWindowBytes = 8 * 1024 * 1024;
const connectionWindowBytes = 32 * 1024 * 1024;
const callsMax = 256;
/** What Node may hold for a connection, in MB: answers that wait for a slow reader count. */
const connectionMemoryMax = 1024;

export interface GrpcOptions extends Keys {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly signal?: AbortSignal;
  /** Where calls are counted; default: nowhere that is looked at. */
  readonly statistics?: Statistics;
}

export interface GrpcListening {
  readonly port: number;
  /** Takes no more calls, lets those that run come to their end (4 s at most), and frees the port. Twice is harmless. */
  close(): Promise<void>;
}

/** @throws E_CONFIG where the address cannot be taken, E_ABORTED */
export async function listenGrpc(engine: Engine, options: GrpcOptions): Promise<GrpcListening> {
  const { host, port, signal, statistics = new Statistics(), ...keys } = options;
  if (signal?.aborted) throw abortError(signal);
  const sessions = new Set<ServerHttp2Session>();
  const greeted = new Set<Socket>();
  const http2 = createHttp2(engine, keys, statistics, sessions);
  const server = createSocketServer((socket) => greet(socket, http2, greeted));
  server.maxConnections = connectionsMax;
  await bind(server, host, port, "--grpc-port");
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= shutDown(server, sessions, greeted);
    return closing;
  };
  signal?.addEventListener("abort", () => void close(), { once: true });
  return { port: (server.address() as AddressInfo).port, close };
}

/** The HTTP/2 side, which has no port of its own: connections are handed to it. */
function createHttp2(
  engine: Engine,
  keys: Keys,
  statistics: Statistics,
  sessions: Set<ServerHttp2Session>,
): Http2Server {
  const methods = createMethods(engine);
  const http2 = createServer({
    maxSessionMemory: connectionMemoryMax,
    settings: { initialWindowSize: callWindowBytes, maxConcurrentStreams: callsMax },
  });
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.setLocalWindowSize(connectionWindowBytes);
  });
  // A connection that breaks the protocol has been ended already.
  http2.on("sessionError", () => {});
  http2.on(
    "stream",
    (stream, headers) => void answerCall(stream, headers, methods, keys, statistics),
  );
  return http2;
}

const words = "This port answers gRPC (HTTP/2 without TLS); REST has another port.\n";
/** What a caller hears that speaks HTTP/1, or something else. */
const otherProtocol = [
  "HTTP/1.1 400 Bad Request",
  "content-type: text/plain",
  `content-length: ${words.length}`,
  "connection: close",
  "",
  words,
].join("\r\n");

/** Hands a connection over when it begins as HTTP/2 does; else says what answers here, and ends it. `greeted` has it until then. */
function greet(socket: Socket, http2: Http2Server, greeted: Set<Socket>): void {
  greeted.add(socket);
  const tooLate = setTimeout(() => socket.destroy(), prefaceTimeoutMs);
  socket.once("close", () => {
    clearTimeout(tooLate);
    greeted.delete(socket);
  });
  socket.on("error", () => socket.destroy());
  socket.once("data", (chunk: Buffer) => {
    if (!preface.subarray(0, chunk.length).equals(chunk.subarray(0, preface.length))) {
      socket.end(otherProtocol);
      return;
    }
    clearTimeout(tooLate);
    greeted.delete(socket);
    socket.pause();
    socket.unshift(chunk);
    http2.emit("connection", socket);
  });
}

function shutDown(
  server: Server,
  sessions: ReadonlySet<ServerHttp2Session>,
  greeted: ReadonlySet<Socket>,
): Promise<void> {
  return new Promise((settle) => {
    const force = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, shutdownMs);
    server.close(() => {
      clearTimeout(force);
      settle();
    });
    for (const socket of greeted) socket.destroy();
    for (const session of sessions) session.close();
  });
}
