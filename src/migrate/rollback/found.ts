/** What an installation was found to be: what the steps and the problems are told from. */
import type { VectorError } from "../../errors.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { hasJournal } from "../journal/file.ts";
import { Journal, type Migration, type MigrationState } from "../journal/journal.ts";
import { endAddress } from "../next-steps.ts";
import { migrationKey } from "../plan.ts";
import { type Backup, isSameStore } from "./backups.ts";
import type { ComposeFile } from "./compose.ts";
import type { EndFound } from "./request.ts";
import type { Renamed } from "./variables.ts";

/** An end as it was found. */
export interface PlannedEnd {
  readonly address: string;
  readonly kind: StoreIdentity["kind"];
  readonly found: EndFound | null;
  /** Why it could not be looked at. */
  readonly fault: Pick<VectorError, "code" | "message"> | null;
}

/** The way here, as the journal has it. */
export interface PlannedMigration {
  readonly run: string;
  readonly source: string;
  readonly sourceKind: StoreIdentity["kind"];
  readonly sourceVersion: string | null;
  readonly target: string;
  readonly state: MigrationState;
  /** Records that it has carried. */
  readonly records: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly collections: readonly Renamed[];
}

export interface Found {
  readonly folder: string;
  readonly migration: PlannedMigration | null;
  readonly qdrant: PlannedEnd;
  /** null = none is known that can be written. */
  readonly chroma: PlannedEnd | null;
  readonly compose: readonly ComposeFile[];
  readonly backups: readonly Backup[];
  /** The one to go back to. */
  readonly best: Backup | null;
  /** Lines of a `.env`. */
  readonly environment: readonly string[];
  /** What runs a compose file here: `docker compose` or `podman compose`. */
  readonly composeCommand: string;
}

/**
 * The migration from a Chroma to this Qdrant: from `chroma` where there is one, else the newest to this Qdrant, whatever it
 * came from; null where there is none. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED
 */
export function migrationHere(
  journal: Journal,
  qdrant: StoreIdentity,
  chroma: StoreIdentity | null,
): Migration | null {
  const own = chroma === null ? null : journal.find(migrationKey(chroma, qdrant));
  if (own !== null && journal.collections(own).length > 0) return own;
  const others = journal
    .migrations()
    .filter(({ target, source }) => isSameStore(target, qdrant) && isRecords(source));
  return others.find((one) => journal.collections(one).length > 0) ?? null;
}

/** Both ends of the newest migration from a Chroma to a Qdrant; null where there is none. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED */
export function newestWayHere(
  stateFolder: string,
): { readonly chroma: StoreIdentity; readonly qdrant: StoreIdentity } | null {
  if (!hasJournal(stateFolder)) return null;
  using journal = Journal.openToRead(stateFolder);
  const newest = journal
    .migrations()
    .find(({ source, target }) => isRecords(source) && !isRecords(target));
  return newest === undefined ? null : { chroma: newest.source, qdrant: newest.target };
}

/** What `plan` tells of that migration. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED */
export function readMigration(
  stateFolder: string,
  qdrant: StoreIdentity,
  chroma: StoreIdentity | null,
): { readonly planned: PlannedMigration; readonly source: StoreIdentity } | null {
  if (!hasJournal(stateFolder)) return null;
  using journal = Journal.openToRead(stateFolder);
  const found = migrationHere(journal, qdrant, chroma);
  if (found === null) return null;
  const collections = journal.collections(found);
  const planned = {
    run: found.run,
    source: endAddress(found.source),
    sourceKind: found.source.kind,
    sourceVersion: found.source.version,
    target: endAddress(found.target),
    state: found.state,
    records: collections.reduce((sum, one) => sum + journal.ledger(one).counts().written, 0),
    createdAt: found.created_at,
    updatedAt: found.updated_at,
    collections: collections.map(({ plan }) => ({ source: plan.source.name, target: plan.target })),
  };
  return { planned, source: found.source };
}

/** Whether a store of this kind holds records of Chroma's. */
function isRecords({ kind }: StoreIdentity): boolean {
  return (
    kind === "chroma" || kind === "chroma-cloud" || kind === "chroma-folder" || kind === "archive"
  );
}
