/** The ends of a verb that comes after a migration: what is not named is taken from the newest one. */
import { assertSource, assertTarget } from "../connect.ts";
import { newestEnds } from "../migrate/status.ts";
import { type Address, parseAddress } from "../store/address.ts";
import {
  type ChromaSettings,
  type End,
  type QdrantSettings,
  sourceEnd,
  targetEnd,
} from "./ends.ts";
import type { SourceAddress, TargetAddress } from "./open.ts";

/** What the command line says of one end; `server` = it must be a server, whichever. */
export interface Named<Settings> {
  readonly address: string | undefined;
  readonly settings: Settings;
  readonly server: boolean;
}

/** The source: named, else the newest migration's, else the default. @throws E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function chooseSource(named: Named<ChromaSettings>, stateFolder: string): SourceAddress {
  const end = sourceEnd(named.address, named.settings);
  return assertSource(withNewest(end, named.server ? "chroma" : null, stateFolder, "source"));
}

/** The target: named, else the newest migration's, else the default. @throws E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function chooseTarget(named: Named<QdrantSettings>, stateFolder: string): TargetAddress {
  const end = targetEnd(named.address, named.settings);
  return assertTarget(withNewest(end, named.server ? "qdrant" : null, stateFolder, "target"));
}

function withNewest(
  end: End,
  kind: Address["kind"] | null,
  stateFolder: string,
  side: "source" | "target",
): Address {
  if (!end.fallback) return end.address;
  const newest = newestEnds(stateFolder);
  if (newest === null) return end.address;
  const address = parseAddress(newest[side]);
  return kind === null || address.kind === kind ? address : end.address;
}
