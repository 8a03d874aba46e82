/** The connection test of `deploy cloud --test`: REST, the key, gRPC. */
import { VectorError } from "../errors.ts";
import type { QdrantAddress } from "../store/address.ts";
import type { RecogniseOptions } from "../store/look.ts";
import { stores } from "../stores.ts";
import { type Access, openPoints } from "./open.ts";
import type { Session } from "./session.ts";

/** The longest silence that a greeting is waited for, unless --timeout says otherwise. */
const greetingMs = 10_000;

/** What answered. */
export interface ConnectionTest {
  readonly url: string;
  readonly version: string | null;
  /** How many collections the key shows. */
  readonly collections: number;
  /** The port at which the same Qdrant speaks gRPC; null = none does, and REST carries everything. */
  readonly grpcPort: number | null;
}

/**
 * Tries the address, the key and gRPC. Nothing is written.
 * @throws E_NOT_QDRANT, E_AUTH, and what a connection can fail with; for gRPC only where its port was named
 */
export async function testConnection(
  session: Session,
  address: QdrantAddress,
  access: Access,
): Promise<ConnectionTest> {
  const options = {
    timeoutMs: access.timeoutMs ?? greetingMs,
    caFile: access.qdrant?.caFile,
    signal: session.io.signal,
  };
  const greeting = await stores.looks.recognisers.qdrant(address.url, options);
  if (greeting === null) {
    throw new VectorError("E_NOT_QDRANT", `What answers at ${address.url} is no Qdrant.`, {
      next: "Copy the address from the cluster's page, with :6333.",
    });
  }
  await using store = await openPoints(session, address, access);
  const { length } = await store.collections({ signal: session.io.signal });
  const grpcPort = await findGrpc(address, options);
  return { url: address.url, version: greeting.version, collections: length, grpcPort };
}

async function findGrpc(
  { url, grpcPort }: QdrantAddress,
  options: RecogniseOptions,
): Promise<number | null> {
  if (grpcPort === "off") return null;
  const at = new URL(url);
  const port = grpcPort ?? Number(at.port) + 1;
  at.port = String(port);
  try {
    const found = await stores.looks.recognisers["qdrant-grpc"](at.origin, options);
    if (found !== null) return port;
  } catch (error) {
    if (grpcPort !== null || options.signal?.aborted === true) throw error;
    return null;
  }
  if (grpcPort === null) return null;
  throw new VectorError(
    "E_NOT_QDRANT",
    `What answers at port ${port} speaks no gRPC of Qdrant's.`,
    {
      next: "Correct QDRANT_GRPC_PORT, or leave it out: REST carries everything too.",
    },
  );
}
