/** A proxy in front of a server, that lets requests and answers through, and does what a test tells it to. */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";

export interface ProxiedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly body: string;
}

/** What happens instead of passing a request on: an answer, a cut connection, or nothing ever. */
export type Instead =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  | "reset"
  | "silence";

/** What happens to an answer instead of being passed on: a cut connection, nothing ever, or half of it and then the one or the other. */
export type InsteadOfAnswer = "reset" | "silence" | "cut" | "stall";

export interface ProxyRules {
  /** Goes first; undefined = the request is passed on. It may wait. */
  before?(request: ProxiedRequest): Instead | undefined | Promise<Instead | undefined>;
  /** Called when the server has answered, before anyone hears of it; undefined = the answer is passed on. */
  after?(request: ProxiedRequest, status: number): InsteadOfAnswer | undefined | Promise<undefined>;
}

export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  /** Everything that was asked for, in order. */
  readonly requests: ProxiedRequest[];
  /** May be replaced at any time. */
  rules: ProxyRules;
}

/** Starts a proxy to `upstream` on a free port. */
export async function startProxy(upstream: string, rules: ProxyRules = {}): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const requests: ProxiedRequest[] = [];
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${port}`,
    requests,
    rules,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const request = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      body: body.toString(),
    };
    requests.push(request);
    const instead = await proxy.rules.before?.(request);
    if (instead === "silence") return;
    if (instead === "reset") {
      response.destroy();
      return;
    }
    if (instead !== undefined) {
      response.writeHead(instead.status, {
        "content-type": "application/json",
        ...instead.headers,
      });
      response.end(instead.body ?? "{}");
      return;
    }
    const answer = await ask(upstream, incoming, body);
    const what = await proxy.rules.after?.(request, answer.status);
    if (what === "silence") return;
    if (what === "reset") {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    if (what === undefined) {
      response.end(answer.body);
      return;
    }
    const half = answer.body.subarray(0, answer.body.length >> 1);
    response.write(half, () => what === "cut" && response.destroy());
  }
}

function ask(
  upstream: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...kept } = headers;
    const call = httpRequest(
      `${upstream}${url}`,
      { ...(method === undefined ? {} : { method }), headers: kept },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const { connection: _, "transfer-encoding": _encoding, ...rest } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks) });
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}
