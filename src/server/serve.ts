import type { Engine } from "../engine/index.ts";
import type { Listening, ListenOptions } from "./listen.ts";
import type { ServerOptions } from "./server.ts";

export type ServeOptions = ServerOptions & ListenOptions;

/**
 * Answers Qdrant's REST API over `engine` at an address. The server is loaded by the first call, so that programs which
 * only migrate never load it. @throws E_CONFIG where the address cannot be taken, E_ABORTED
 */
export async function serve(engine: Engine, options: ServeOptions = {}): Promise<Listening> {
  const { createServer, listen } = await import("./index.ts");
  return listen(createServer(engine, options), options);
}
