/** What stores will call themselves, told from their addresses alone: for runs that do not open them. */
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { StoreIdentity } from "../store/port.ts";
import type { SourceAddress } from "./open.ts";

/** The identity of the source at `address`, without its version. A folder that is gone is named by its path as it is given. */
export function sourceIdentity(address: SourceAddress): StoreIdentity {
  const { kind, tenant, database } = address;
  if (kind === "chroma-folder") {
    const { path } = address;
    const folder = existsSync(path) ? realpathSync.native(path) : resolve(path);
    return { kind, address: folder, tenant, database, version: null };
  }
  return {
    kind,
    address: address.url,
    tenant: tenant ?? "default_tenant",
    database: database ?? "default_database",
    version: null,
  };
}
