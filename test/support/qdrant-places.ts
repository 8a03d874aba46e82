/** The Qdrants that tests write to: the embedded one behind its server always, a real one where QDRANT_URL is set. */
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";

export interface QdrantPlace extends AsyncDisposable {
  readonly url: string;
  /** Where its gRPC answers, on the same host; null = nowhere. */
  readonly grpcPort: number | null;
  readonly headers: Record<string, string>;
  /** What the command needs in its environment to be let in. */
  readonly env: Record<string, string>;
  /** A collection name that nothing else uses; the collection is removed with the place. */
  unique(name: string): string;
  /** Speaks plain HTTP; gives the answer's `result`. */
  call<Result>(method: string, path: string, body?: unknown): Promise<Result>;
}

export interface QdrantKind {
  readonly name: string;
  readonly skip: boolean;
  /** Whether it has strict mode. */
  readonly strict: boolean;
  start(): Promise<QdrantPlace>;
}

const realUrl = process.env["QDRANT_URL"];
const realKey = process.env["QDRANT_API_KEY"];

/** Both kinds, for `describe.each`; the real one is skipped where there is none. */
export const qdrantKinds: readonly QdrantKind[] = [
  {
    name: "embedded Qdrant behind its server",
    skip: false,
    strict: false,
    start: () => serveFolder(":memory:"),
  },
  {
    name: realUrl ? "Qdrant server" : "Qdrant server (QDRANT_URL is not set)",
    skip: !realUrl,
    strict: true,
    start: async () => {
      const url = realUrl ?? "";
      return place({ url, grpcPort: realGrpcPort(url) }, realKey, async () => {});
    },
  },
];

/** The embedded Qdrant in `folder`, on a free port, to be read by plain HTTP. */
export async function serveFolder(folder: string): Promise<QdrantPlace> {
  const engine = await openEngine(folder);
  const server = await serve(engine, { port: 0 });
  return place(server, undefined, async () => {
    await server.close();
    await engine[Symbol.asyncDispose]();
  });
}

function place(
  address: { readonly url: string; readonly grpcPort: number | null },
  key: string | undefined,
  close: () => Promise<void>,
): QdrantPlace {
  const url = address.url.replace(/\/+$/, "");
  // A connection that was kept may be one that the server is just closing.
  const headers: Record<string, string> = {
    connection: "close",
    ...(key ? { "api-key": key } : {}),
  };
  const names: string[] = [];
  async function call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text).result;
  }
  return {
    url,
    grpcPort: address.grpcPort,
    headers,
    env: key ? { QDRANT_API_KEY: key } : {},
    unique(name) {
      const made = `${name}-${crypto.randomUUID()}`;
      names.push(made);
      return made;
    },
    call,
    async [Symbol.asyncDispose]() {
      for (const name of names)
        await fetch(`${url}/collections/${name}`, { method: "DELETE", headers });
      await close();
    },
  };
}

/** Where the real server of `url` answers gRPC: QDRANT_GRPC_PORT, else the port after its own. */
export function realGrpcPort(url: string): number {
  return Number(process.env["QDRANT_GRPC_PORT"] || Number(new URL(url).port || 6333) + 1);
}
