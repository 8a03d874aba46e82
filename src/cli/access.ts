/** What flags and variables say of both ends: where they are, and how to speak to them. */
import { chromaFlags, patienceFlags, qdrantFlags } from "./end-flags.ts";
import { type ChromaSettings, chromaOptions, type QdrantSettings, qdrantOptions } from "./ends.ts";
import { gentleFlags } from "./flags.ts";
import type { Access } from "./open.ts";
import type { Session } from "./session.ts";
import { readSettings } from "./setting.ts";

export interface EndSettings {
  readonly chroma: ChromaSettings;
  readonly qdrant: QdrantSettings;
  /** How to speak to the servers: read when it is called, for key files are read then. */
  access(): Access;
}

/** Reads the flags of both ends, how long they are waited for, and what they must not be asked beyond. @throws E_USAGE, E_CONFIG */
export function readEnds(session: Session, flags: Record<string, unknown>): EndSettings {
  const { environment, keys } = session;
  const chroma = readSettings(chromaFlags, flags, environment);
  const qdrant = readSettings(qdrantFlags, flags, environment);
  const patience = readSettings(patienceFlags, flags, environment).values;
  const limits = readSettings(gentleFlags, flags, environment).values;
  return {
    chroma,
    qdrant,
    access: () => ({
      chroma: chromaOptions(chroma, keys),
      qdrant: qdrantOptions(qdrant, keys),
      ...patience,
      limits,
    }),
  };
}
