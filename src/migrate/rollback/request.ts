/** What `rollback` is asked, and handed: plain data, and how each thing is looked at. */
import type { ArchiveAddress } from "../../store/address.ts";
import type { StoreIdentity } from "../../store/port.ts";
import type { Environment } from "../../util/environment.ts";
import type { ArchiveAccess } from "./backups.ts";

/** What answers at one end, before anything is done. */
export interface EndFound {
  readonly version: string | null;
  readonly collections: readonly { readonly name: string; readonly records: number | null }[];
  /** The process that has the folder open; null = none, or a server. */
  readonly heldByPid: number | null;
}

export interface RollbackEnd {
  /** As it is typed. */
  readonly text: string;
  readonly identity: StoreIdentity;
  /** Changes nothing there. @throws as opening the store does */
  look(): Promise<EndFound>;
}

export interface RollbackPlanRequest {
  /** What the application reads now. */
  readonly qdrant: RollbackEnd;
  /** What it goes back to; null = none is known that can be written. */
  readonly chroma: RollbackEnd | null;
  /** Absolute path of the installation: compose files and archives are looked for there. */
  readonly folder: string;
  /** An archive that is meant, its path absolute; null = what is found. */
  readonly backup: ArchiveAddress | null;
}

export interface RollbackPlanContext extends ArchiveAccess {
  readonly stateFolder: string;
  /** With `.env` behind it. */
  readonly environment: Environment;
  readonly now: Date;
  readonly signal: AbortSignal;
}
