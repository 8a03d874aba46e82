/** The Qdrants that tests write to: the embedded one behind its server always, a real one where QDRANT_URL is set. */
import { openEngine } from "../../src/engine/index.ts";
import { createServer, listen } from "../../src/server/index.ts";

export interface QdrantPlace extends AsyncDisposable {
  readonly url: string;
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
  start(): Promise<QdrantPlace>;
}

const realUrl = process.env["QDRANT_URL"];
const realKey = process.env["QDRANT_API_KEY"];

/** Both kinds, for `describe.each`; the real one is skipped where there is none. */
export const qdrantKinds: readonly QdrantKind[] = [
  { name: "embedded Qdrant behind its server", skip: false, start: () => serveFolder(":memory:") },
  {
    name: realUrl ? "Qdrant server" : "Qdrant server (QDRANT_URL is not set)",
    skip: !realUrl,
    start: () => Promise.resolve(place(realUrl ?? "", realKey, async () => {})),
  },
];

/** The embedded Qdrant in `folder`, on a free port, to be read by plain HTTP. */
export async function serveFolder(folder: string): Promise<QdrantPlace> {
  const engine = await openEngine(folder);
  const server = await listen(createServer(engine), { port: 0 });
  return place(server.url, undefined, async () => {
    await server.close();
    await engine[Symbol.asyncDispose]();
  });
}

function place(address: string, key: string | undefined, close: () => Promise<void>): QdrantPlace {
  const url = address.replace(/\/+$/, "");
  const headers: Record<string, string> = key ? { "api-key": key } : {};
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
