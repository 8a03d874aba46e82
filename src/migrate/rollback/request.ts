/** What `rollback` is asked, and handed: plain data, and how each thing is looked at. */
import type { ArchiveReader } from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import type { Environment } from "../../util/environment.ts";

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
  /** Absolute path of the archive that is meant; null = what is found. */
  readonly backup: string | null;
}

export interface RollbackPlanContext {
  readonly stateFolder: string;
  /** With `.env` behind it. */
  readonly environment: Environment;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Reads every byte of an archive. @throws E_NO_ARCHIVE, E_ARCHIVE_FORMAT, E_ARCHIVE_DAMAGED */
  openArchive(path: string): Promise<ArchiveReader>;
}
