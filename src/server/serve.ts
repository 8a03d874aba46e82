import type { Engine } from "../engine/index.ts";
import { isVectorError } from "../errors.ts";
import type { GrpcListening } from "./grpc/listen.ts";
import type { Listening, ListenOptions } from "./listen.ts";
import type { ServerOptions } from "./server.ts";
import type { Statistics } from "./statistics.ts";

export interface ServeOptions extends ServerOptions, ListenOptions {
  /**
   * Port of the gRPC API; 0 = a free one, null = none. Default: the REST port + 1 (a free one where `port` is 0), and REST
   * alone where that is taken.
   */
  readonly grpcPort?: number | null | undefined;
}

export interface Serving extends Listening {
  /** null = nothing answers gRPC. */
  readonly grpcPort: number | null;
  /** Why the default port does not answer gRPC, in a sentence; null where it does, or where the port was chosen. */
  readonly grpcFault: string | null;
}

const portMax = 65_535;

/**
 * Answers Qdrant's REST and gRPC APIs over `engine` at an address. The server is loaded by the first call, so that programs
 * which only migrate never load it. @throws E_CONFIG where the address cannot be taken, or a `grpcPort` that was given;
 * E_ABORTED
 */
export async function serve(engine: Engine, options: ServeOptions = {}): Promise<Serving> {
  const { createServer, listen, Statistics } = await import("./index.ts");
  const statistics = new Statistics();
  const rest = await listen(createServer(engine, options, statistics), options);
  try {
    const { grpc, fault } = await startGrpc(engine, options, rest.port, statistics);
    const close = async (): Promise<void> => {
      await Promise.all([rest.close(), grpc?.close()]);
    };
    return {
      ...rest,
      grpcPort: grpc?.port ?? null,
      grpcFault: fault,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await rest.close();
    throw error;
  }
}

interface Started {
  readonly grpc: GrpcListening | null;
  readonly fault: string | null;
}

async function startGrpc(
  engine: Engine,
  options: ServeOptions,
  restPort: number,
  statistics: Statistics,
): Promise<Started> {
  const { host = "127.0.0.1", grpcPort: chosen, apiKey, readOnlyApiKey, signal } = options;
  if (chosen === null) return { grpc: null, fault: null };
  const port = chosen ?? (options.port === 0 ? 0 : restPort + 1);
  if (port > portMax) return { grpc: null, fault: `There is no port above ${portMax}.` };
  const { listenGrpc } = await import("./grpc/listen.ts");
  try {
    const given = { apiKey, readOnlyApiKey, host, port, statistics };
    const grpc = await listenGrpc(engine, signal === undefined ? given : { ...given, signal });
    return { grpc, fault: null };
  } catch (error) {
    if (chosen !== undefined || !isVectorError(error, "E_CONFIG")) throw error;
    return { grpc: null, fault: error.message };
  }
}
