/** The archives of an installation: where they stand, what they keep, how old they are, and whether they are whole. */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { isVectorError, type VectorError } from "../../errors.ts";
import type { ArchiveAddress } from "../../store/address.ts";
import type { ArchiveManifest, ArchiveReader } from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { endAddress } from "../next-steps.ts";

export interface Backup {
  /** Absolute. */
  readonly path: string;
  /** The generation that was named; null = the newest. */
  readonly generation: number | null;
  /** `whole` = every byte of it was read and is as the manifest has it; `unread` = not looked at, for there are too many. */
  readonly state: "whole" | "refused" | "unfinished" | "unread";
  /** Why it is refused. */
  readonly fault: Pick<VectorError, "code" | "message"> | null;
  /** ISO 8601; null where it is not known. */
  readonly created: string | null;
  readonly ageSeconds: number | null;
  /** The store that it keeps. */
  readonly source: string | null;
  /** Whether it keeps the Chroma that was migrated. */
  readonly ofThisChroma: boolean;
  readonly rows: "records" | "points" | null;
  readonly collections: readonly { readonly name: string; readonly records: number }[];
}

/** How archives are told and read; handed in. */
export interface ArchiveAccess {
  /** Whether a finished archive stands in a folder, told from names alone. */
  isArchive(path: string): Promise<boolean>;
  /** Reads every byte. @throws E_NO_ARCHIVE, E_ARCHIVE_FORMAT, E_ARCHIVE_DAMAGED */
  openArchive(archive: ArchiveAddress): Promise<ArchiveReader>;
}

export interface BackupsContext extends ArchiveAccess {
  /** The folders that are looked into, two deep. */
  readonly folders: readonly string[];
  /** One that was named, its path absolute: it is looked at whether or not it is found; null = none. */
  readonly named: ArchiveAddress | null;
  /** The Chroma that was migrated. */
  readonly chroma: StoreIdentity | null;
  readonly now: Date;
  readonly signal: AbortSignal;
}

const entriesMax = 2000;
const archivesMax = 20;

/** The archives, those of this Chroma first, each kind newest first. */
export async function findBackups(context: BackupsContext): Promise<Backup[]> {
  const { named, signal } = context;
  const backups = named === null ? [] : [await look(named, context)];
  // The generations of an archive stand in folders inside it; it comes before them.
  const archives = new Set<string>();
  for (const folder of candidates(context)) {
    throwIfAborted(signal);
    if (archives.has(path.dirname(folder))) continue;
    if (await context.isArchive(folder)) archives.add(folder);
    if (folder === named?.path) continue;
    if (isUnfinished(folder)) backups.push({ ...unread({ path: folder }), state: "unfinished" });
    else if (archives.has(folder)) {
      const archive = { kind: "archive", path: folder } as const;
      const found = backups.length < archivesMax ? await look(archive, context) : unread(archive);
      // Other programs have files of the manifest's name too.
      if (found.fault?.code !== "E_NO_ARCHIVE") backups.push(found);
    }
  }
  const rank = ({ ofThisChroma, state }: Backup) =>
    (ofThisChroma ? 0 : 2) + (state === "whole" ? 0 : 1);
  const age = ({ ageSeconds }: Backup) => ageSeconds ?? Number.POSITIVE_INFINITY;
  return backups.sort((a, b) => rank(a) - rank(b) || age(a) - age(b));
}

/** The one to go back to: the newest whole one of this Chroma. */
export function bestBackup(backups: readonly Backup[]): Backup | null {
  return backups.find(({ state, ofThisChroma }) => state === "whole" && ofThisChroma) ?? null;
}

function candidates({ folders }: BackupsContext): string[] {
  const all = folders.flatMap((folder) => {
    const near = foldersIn(folder);
    return [folder, ...near, ...near.slice(0, entriesMax).flatMap(foldersIn)];
  });
  return [...new Set(all)].slice(0, entriesMax);
}

/** Whether a writer of an archive was here and has not ended. */
function isUnfinished(folder: string): boolean {
  return folder.endsWith(".partial") && existsSync(path.join(folder, "unfinished.jsonl"));
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
      .map(({ name }) => path.join(folder, name));
  } catch {
    return [];
  }
}

async function look(archive: ArchiveAddress, context: BackupsContext): Promise<Backup> {
  try {
    await using reader = await context.openArchive(archive);
    return wholeBackup(archive, reader.manifest, context);
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    const { code, message } = error;
    return { ...unread(archive), state: "refused", fault: { code, message } };
  }
}

function wholeBackup(
  archive: ArchiveAddress,
  { created, source, collections }: ArchiveManifest,
  { chroma, now }: BackupsContext,
): Backup {
  return {
    ...unread(archive),
    state: "whole",
    created,
    ageSeconds: Math.max(0, Math.round((now.getTime() - Date.parse(created)) / 1000)),
    source: endAddress(source),
    ofThisChroma: chroma !== null && isSameStore(source, chroma),
    rows: collections[0]?.rows ?? null,
    collections: collections.map(({ info }) => ({ name: info.name, records: info.count ?? 0 })),
  };
}

/** One store, by everything but its version. */
export function isSameStore(one: StoreIdentity, other: StoreIdentity): boolean {
  const words = ({ kind, address, tenant, database }: StoreIdentity) =>
    JSON.stringify([kind, address, tenant, database]);
  return words(one) === words(other);
}

function unread({ path, generation }: Omit<ArchiveAddress, "kind">): Backup {
  return {
    path,
    generation: generation ?? null,
    state: "unread",
    fault: null,
    created: null,
    ageSeconds: null,
    source: null,
    ofThisChroma: false,
    rows: null,
    collections: [],
  };
}
