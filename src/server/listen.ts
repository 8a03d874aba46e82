import type { Server } from "node:http";
import type { AddressInfo, Server as SocketServer } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { VectorError } from "../errors.ts";
import { abortError } from "../util/abort.ts";
import { noHost } from "./loopback.ts";

/** How long open requests may go on after a shutdown began. */
export const shutdownMs = 4000;
const requestTimeoutMs = 300_000;
const headersTimeoutMs = 20_000;
/**
 * How long a connection is kept between requests. With Node's own 5 s, a program that serves itself and is busy for longer
 * has its next request cut off: both clocks run out meanwhile, and the client has sent before the server closes.
 */
const keepAliveMs = 65_000;
export const connectionsMax = 4096;

/** What answers requests. */
export interface WebApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 6333; 0 = a free one. */
  readonly port?: number;
  /** An abort closes the server. */
  readonly signal?: AbortSignal;
}

export interface Listening extends AsyncDisposable {
  /** With the port that was taken, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets those that run come to their end (4 s at most), and frees the port. Twice is harmless. */
  close(): Promise<void>;
}

/** Answers HTTP at an address. @throws E_CONFIG where the address cannot be taken, E_ABORTED */
export async function listen(app: WebApp, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", port = 6333, signal } = options;
  if (signal?.aborted) throw abortError(signal);
  const server = createAdaptorServer({ fetch: app.fetch, hostname: noHost }) as Server;
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  server.keepAliveTimeout = keepAliveMs;
  // A connection on which nothing moves, an answer that nobody takes among them.
  server.setTimeout(requestTimeoutMs);
  server.maxConnections = connectionsMax;
  await bind(server, host, port, "--port");
  const taken = server.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= shutDown(server);
    return closing;
  };
  signal?.addEventListener("abort", () => void close(), { once: true });
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${taken.port}`,
    port: taken.port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Takes the address; `flag` is what names the port. @throws E_CONFIG where it cannot be taken */
export function bind(
  server: SocketServer,
  host: string,
  port: number,
  flag: string,
): Promise<void> {
  return new Promise((settle, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const words = `The address ${host}:${port} cannot be taken: ${cause.message}.`;
      const portTrouble = cause.code === "EADDRINUSE" || cause.code === "EACCES";
      const details = { host, port, ...(portTrouble ? { flag } : {}) };
      const next = wayOut(cause, flag);
      reject(new VectorError("E_CONFIG", words, { cause, next, details }));
    });
    server.listen(port, host, settle);
  });
}

/** Where the port is the trouble, a flag for another one, and only else one for the host, which not every command has. */
function wayOut(cause: NodeJS.ErrnoException, flag: string): string {
  const another = `Give another ${flag} (0 takes a free one)`;
  if (cause.code === "EADDRINUSE") return `${another}, or stop what answers there.`;
  return cause.code === "EACCES" ? `${another}.` : "Give another --host.";
}

function shutDown(server: Server): Promise<void> {
  return new Promise((settle) => {
    const force = setTimeout(() => server.closeAllConnections(), shutdownMs);
    server.close(() => {
      clearTimeout(force);
      settle();
    });
    server.closeIdleConnections();
  });
}
