/** A Qdrant for a test: a real server on a free port, in this process, without Docker. */
import { openEngine } from "../engine/index.ts";
import { serve } from "../server/serve.ts";

export interface TestServerOptions {
  /** A folder whose collections are served and kept; default: nothing is kept. */
  readonly path?: string;
  /** Wanted with every request; default: nobody is asked. */
  readonly apiKey?: string;
}

export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** What to make a client of: `new QdrantClient(server.clientOptions)`. */
  readonly clientOptions: { readonly url: string; readonly apiKey?: string };
  /** Frees the port and the folder. Twice is harmless. */
  close(): Promise<void>;
}

/**
 * Starts a server that speaks Qdrant's REST API; it ends with `close`, or at the end of its block:
 * `await using server = await startServer()`. @throws E_LOCKED where another process has the folder, E_STORAGE, E_NOT_SUPPORTED
 */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { path = ":memory:", ...keys } = options;
  const engine = await openEngine(path);
  try {
    const server = await serve(engine, { ...keys, port: 0, grpcPort: null });
    const close = async (): Promise<void> => {
      try {
        await server.close();
      } finally {
        await engine.close();
      }
    };
    const { url, port } = server;
    const clientOptions = { url, ...keys };
    return { url, port, clientOptions, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
