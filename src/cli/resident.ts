/** Memory of the processes behind both ends. */
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
      await using look = await stores.looks.qdrant(target, { ...access, signal });
      return look.residentBytes;
    },
  };
}
