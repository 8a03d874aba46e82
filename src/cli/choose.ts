/** The ends of a verb that comes after a migration: what is not named is taken from the newest one. */

import { VectorError } from "../errors.ts";
import { newestEnds } from "../migrate/status.ts";
import { assertSource, assertTarget } from "../open.ts";
import { type Address, parseAddress } from "../store/address.ts";
import {
  type ChromaSettings,
  type End,
  type QdrantSettings,
  sourceEnd,
  targetEnd,
  withGrpc,
} from "./ends.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";

/** What the command line says of one end; `server` = it must be a server: the newest migration's, else the default one. */
export interface Named<Settings> {
  readonly address: string | undefined;
  readonly settings: Settings;
  readonly server: boolean;
}

/** The source: named, else the newest migration's. @throws E_NO_MIGRATION where there is neither; E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function chooseSource(named: Named<ChromaSettings>, stateFolder: string): SourceAddress {
  const end = sourceEnd(named.address, named.settings);
  return assertSource(
    withNewest(end, named.server ? ["chroma", "chroma-cloud"] : null, stateFolder, "source"),
  );
}

/** The target: named, else the newest migration's. @throws E_NO_MIGRATION where there is neither; E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function chooseTarget(named: Named<QdrantSettings>, stateFolder: string): TargetAddress {
  const end = targetEnd(named.address, named.settings);
  const address = withNewest(end, named.server ? ["qdrant"] : null, stateFolder, "target");
  return assertTarget(withGrpc(address, named.settings));
}

function withNewest(
  end: End,
  servers: readonly Address["kind"][] | null,
  stateFolder: string,
  side: "source" | "target",
): Address {
  if (!end.fallback) return end.address;
  const newest = newestEnds(stateFolder);
  if (newest === null) {
    if (servers !== null) return end.address;
    throw new VectorError(
      "E_NO_MIGRATION",
      `No ${side} is named, and ${stateFolder} has no migration that would tell it.`,
      { next: `Name the ${side}, or run \`vecferry migrate\` first, or give --state DIR.` },
    );
  }
  const address = parseAddress(newest[side]);
  return servers === null || servers.includes(address.kind) ? address : end.address;
}
