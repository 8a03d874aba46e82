/** Memory of the processes behind both ends. */
import { isVectorError } from "../errors.ts";
import type { CompareRequest } from "../migrate/compare/request.ts";
import { stores } from "../stores.ts";
import { listenerBytes } from "../util/listener-memory.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";
import type { Access } from "./open.ts";

/** How each is found out: a Qdrant tells it, a Chroma's is read where it runs on this machine. */
export function residentBytes(
  source: SourceAddress,
  target: TargetAddress,
  access: Access,
  signal: AbortSignal,
): CompareRequest["residentBytes"] {
  return {
    source: async () => (source.kind === "chroma" ? listenerBytes(source.url, /chroma/i) : null),
    target: async () => {
      if (target.kind !== "qdrant") return null;
      try {
        await using look = await stores.looks.qdrant(target, { ...access, signal });
        return look.residentBytes;
      } catch (error) {
        // A key that may search need not be one that may look at the server.
        if (!isVectorError(error) || signal.aborted) throw error;
        return null;
      }
    },
  };
}
