/** The archives of an installation: where they stand, what they keep, how old they are, and whether they are whole. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { isVectorError, type VectorError } from "../../errors.ts";
import type { ArchiveManifest, ArchiveReader } from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { endAddress } from "../next-steps.ts";

export interface Backup {
  /** Absolute. */
  readonly path: string;
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

export interface BackupsContext {
  /** The folders that are looked into, two deep. */
  readonly folders: readonly string[];
  /** One that was named: it is looked at whether or not it is found; null = none. */
  readonly named: string | null;
  /** The Chroma that was migrated. */
  readonly chroma: StoreIdentity | null;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Reads every byte of an archive. @throws E_NO_ARCHIVE, E_ARCHIVE_FORMAT, E_ARCHIVE_DAMAGED */
  open(path: string): Promise<ArchiveReader>;
}

const entriesMax = 2000;
const archivesMax = 20;
const headSchema = z.object({ vecferry: z.literal("archive"), created: z.string().optional() });

/** The archives, those of this Chroma first, each kind newest first. */
export async function findBackups(context: BackupsContext): Promise<Backup[]> {
  const { folders, named } = context;
  const found = [...new Set(folders.flatMap((folder) => archivesIn(folder)))];
  const others = found.filter((one) => one !== named).sort((a, b) => laterFirst(a, b));
  const paths = named === null ? others : [named, ...others];
  const backups: Backup[] = [];
  for (const [at, one] of paths.entries()) {
    throwIfAborted(context.signal);
    backups.push(at < archivesMax ? await look(one, context) : unread(one));
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

function archivesIn(folder: string): string[] {
  const near = foldersIn(folder);
  const all = [...near, ...near.slice(0, entriesMax).flatMap(foldersIn)].slice(0, entriesMax);
  return [folder, ...all].filter((one) => isUnfinished(one) || headOf(one) !== null);
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

/** What tells an archive's folder from another, and when it was begun. */
function headOf(folder: string): { readonly created: string } | null {
  try {
    const head = headSchema.safeParse(
      JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8")),
    );
    return head.success ? { created: head.data.created ?? "" } : null;
  } catch {
    return null;
  }
}

function laterFirst(one: string, other: string): number {
  const [a, b] = [headOf(one)?.created ?? "", headOf(other)?.created ?? ""];
  return a < b ? 1 : a > b ? -1 : 0;
}

async function look(folder: string, context: BackupsContext): Promise<Backup> {
  if (isUnfinished(folder)) return { ...unread(folder), state: "unfinished" };
  try {
    await using archive = await context.open(folder);
    return wholeBackup(folder, archive.manifest, context);
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    const { code, message } = error;
    return { ...unread(folder), state: "refused", fault: { code, message } };
  }
}

function wholeBackup(
  folder: string,
  manifest: ArchiveManifest,
  { chroma, now }: BackupsContext,
): Backup {
  const { created, source, collections } = manifest;
  return {
    path: folder,
    state: "whole",
    fault: null,
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

function unread(folder: string): Backup {
  return {
    path: folder,
    state: "unread",
    fault: null,
    created: headOf(folder)?.created ?? null,
    ageSeconds: null,
    source: null,
    ofThisChroma: false,
    rows: null,
    collections: [],
  };
}
