import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";

export interface StubRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The decoded JSON body; undefined where there is none. */
  readonly body: unknown;
  /** The body as it came. */
  readonly text?: string | undefined;
}

/** What a stub answers: JSON (a string is sent as it stands), or anything by hand on `response`. */
export type StubHandler = (
  request: StubRequest,
  response: ServerResponse,
) => StubAnswer | undefined | Promise<StubAnswer | undefined>;

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Stub extends AsyncDisposable {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: StubRequest[];
}

/** Starts an HTTP server (HTTPS where key and certificate are given) that answers what `handler` says; undefined = the handler answered by hand, or never will. */
export async function startStub(
  handler: StubHandler,
  tls?: { key: string; cert: string },
): Promise<Stub> {
  const requests: StubRequest[] = [];
  const listener: RequestListener = (incoming, response) => {
    void respond(incoming, response, handler, requests);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function respond(
  incoming: IncomingMessage,
  response: ServerResponse,
  handler: StubHandler,
  requests: StubRequest[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  const request = {
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    headers: incoming.headers,
    body,
    text,
  };
  requests.push(request);
  const answer = await handler(request, response);
  if (answer === undefined) return;
  const out = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  response.writeHead(answer.status ?? 200, {
    "content-type": "application/json",
    ...answer.headers,
  });
  response.end(out);
}
