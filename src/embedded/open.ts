import { setImmediate } from "node:timers/promises";
import { type CallOptions, type Engine, openEngine } from "../engine/index.ts";
import { loadQdrantClient, type QdrantClient, type QdrantClientClass } from "./qdrant-client.ts";

export interface EmbeddedOptions extends CallOptions {
  /** The class to make the client of; default: that of the `@qdrant/js-client-rest` that is installed beside vecferry. */
  readonly QdrantClient?: QdrantClientClass;
}

/** Qdrant in this process. */
export interface Embedded extends AsyncDisposable {
  /** A client as `new QdrantClient({ url })` gives it, of the same class, with this process for its server. */
  readonly client: QdrantClient;
  /** What answers it; `serve(engine)` answers HTTP from the same collections. */
  readonly engine: Engine;
  /** Frees the folder; calls after it are answered with 503. Twice is harmless. */
  close(): Promise<void>;
}

/**
 * Opens the Qdrant in a folder (made where it is not there), or one that keeps nothing (':memory:'), for this process alone.
 * @throws E_CONFIG where `@qdrant/js-client-rest` is not installed or the folder holds other things, E_LOCKED where another process
 * has it, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED
 */
export async function openEmbedded(
  path: string,
  { QdrantClient, ...options }: EmbeddedOptions = {},
): Promise<Embedded> {
  const clientClass = QdrantClient ?? (await loadQdrantClient());
  const [engine, { createServer, directRoad, Statistics, clientInProcess }] = await Promise.all([
    openEngine(path, options),
    loadServer(),
  ]);
  const close = (): Promise<void> => engine.close();
  try {
    const statistics = new Statistics();
    const app = createServer(engine, { checkHost: false }, statistics);
    const client = await clientInProcess(clientClass, app, directRoad(engine, statistics));
    return { client, engine, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The server is loaded while the engine opens, and not before: programs that only migrate never need it. What one `import()` names
 * is loaded at a stretch, so that the heavy of it has turns of the event loop of its own.
 */
async function loadServer(): Promise<
  typeof import("../server/index.ts") & typeof import("./client.ts")
> {
  await setImmediate();
  await import("node:http");
  await setImmediate();
  await import("hono");
  await setImmediate();
  const server = await import("../server/index.ts");
  await setImmediate();
  return { ...server, ...(await import("./client.ts")) };
}
