/** What stores will call themselves, told from their addresses alone: before they are opened, or where they are not. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Address, AddressOf } from "../store/address.ts";
import type { StoreIdentity } from "../store/port.ts";
import { isTargetAddress, type SourceKind, type TargetKind } from "../store/registry.ts";

export type SourceAddress = AddressOf<SourceKind>;
export type TargetAddress = AddressOf<TargetKind>;

/**
 * The identity of the source at `address`, without its version. A folder that is gone is named by its path as it is given;
 * what an address of Chroma Cloud leaves out is known when it is opened.
 */
export function sourceIdentity(address: SourceAddress): StoreIdentity {
  if (address.kind === "archive") {
    const { kind, path } = address;
    return { kind, address: folderOf(path), tenant: null, database: null, version: null };
  }
  const { kind, tenant, database } = address;
  if (kind === "chroma-folder")
    return { kind, address: folderOf(address.path), tenant, database, version: null };
  if (kind === "chroma-cloud")
    return { kind, address: address.url, tenant, database, version: null };
  return {
    kind,
    address: address.url,
    tenant: tenant ?? "default_tenant",
    database: database ?? "default_database",
    version: null,
  };
}

/** The folder's real path, also of one that is not there yet. */
function folderOf(path: string): string {
  if (existsSync(path)) return realpathSync.native(path);
  const wanted = resolve(path);
  return dirname(wanted) === wanted ? wanted : join(folderOf(dirname(wanted)), basename(wanted));
}

/** The identity of whatever `address` names, as its own verb would have it. */
export function storeIdentity(address: Address): StoreIdentity {
  return isTargetAddress(address) ? targetIdentity(address) : sourceIdentity(address);
}

/** Whether nothing is left open that only the opened source can tell, so that its migration is known. */
export function isWhole({ kind, tenant, database }: StoreIdentity): boolean {
  return kind !== "chroma-cloud" || (tenant !== null && database !== null);
}

/** The identity of the target at `address`, without its version. */
function targetIdentity(address: TargetAddress): StoreIdentity {
  const none = { tenant: null, database: null, version: null };
  if (address.kind === "qdrant") return { kind: address.kind, address: address.url, ...none };
  const { kind, path } = address;
  return { kind, address: path === ":memory:" ? path : resolve(path), ...none };
}
