/**
 * The generations of an archive. A folder with a `manifest.json` holds one: the archive's own the first, `generation-0002` the second.
 * One that shall go is first called `manifest.dropped.json`: it is no generation any more, and tells which files are still to be
 * deleted. So no file is ever deleted that no manifest of a dropped generation names, or that one of a kept generation does.
 */
import { readdir, readFile, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VectorError } from "../../errors.ts";
import {
  type ArchivedFile,
  type ArchiveManifest,
  generationFolder,
  generationName,
  type KeepPolicy,
  type KeptGenerations,
} from "../../store/archive.ts";
import { syncFolder } from "../../util/disk.ts";
import { errorCode } from "../../util/error-code.ts";
import { acquireLock } from "../../util/lock.ts";
import { manifestFile, parseManifest } from "./manifest.ts";

const droppedFile = "manifest.dropped.json";
/** What a backup puts beside a generation's own files. */
const quarantineFile = "quarantine.jsonl";
/** Numbers that an error lists at most. */
const numbersListed = 20;
const folderName = /^generation-(\d{4,})$/;
const unfinishedName = /^generation-\d{4,}\.partial$/;

/** Which generations an archive has. */
export interface StandingGenerations {
  /** Ascending. */
  readonly kept: readonly number[];
  /** Those of which files may still stand. */
  readonly dropped: readonly number[];
  /** The number of the next one: no folder has it. */
  readonly next: number;
  /** The folder of one that is being written, or was not finished; null = none. */
  readonly unfinished: string | null;
}

/** What stands in `root`; nothing where there is no such folder. */
export async function standingGenerations(root: string): Promise<StandingGenerations> {
  const names = await namesIn(root);
  const folders = names.flatMap((name) => {
    const number = folderName.exec(name)?.[1];
    return number === undefined ? [] : [Number.parseInt(number, 10)];
  });
  const kept: number[] = [];
  const dropped: number[] = [];
  for (const generation of [1, ...folders.sort((a, b) => a - b)]) {
    const held = await namesIn(generationFolder(root, generation));
    if (held.includes(manifestFile)) kept.push(generation);
    if (held.includes(droppedFile)) dropped.push(generation);
  }
  const none = kept.length === 0 && dropped.length === 0;
  const unfinished = names.find((name) => unfinishedName.test(name)) ?? null;
  return { kept, dropped, next: none ? 1 : Math.max(1, ...folders) + 1, unfinished };
}

/** The numbers of the generations, ascending: of all, or of the one that is asked for. @throws E_NO_ARCHIVE where there is none */
export async function chooseGenerations(
  root: string,
  wanted: number | undefined,
): Promise<{ readonly numbers: readonly number[]; readonly unfinished: string | null }> {
  const { kept, unfinished } = await standingGenerations(root);
  if (kept.length === 0) throw new VectorError("E_NO_ARCHIVE", `${root} holds no ${manifestFile}.`);
  if (wanted === undefined) return { numbers: kept, unfinished };
  if (kept.includes(wanted)) return { numbers: [wanted], unfinished };
  const listed = kept.slice(-numbersListed).join(", ");
  throw new VectorError("E_NO_ARCHIVE", `The archive ${root} has no generation ${wanted}.`, {
    next: `Give ?generation=N of one that it has (${listed}), or none for the newest.`,
    details: { generation: wanted },
  });
}

/** The file of a generation's manifest, from the archive's folder on. */
export function manifestName(generation: number): string {
  return generation === 1 ? manifestFile : `${generationName(generation)}/${manifestFile}`;
}

/** The manifest of a generation. @throws E_NO_ARCHIVE where it is not there, E_ARCHIVE_FORMAT, E_ARCHIVE_DAMAGED */
export async function readManifest(root: string, generation: number): Promise<ArchiveManifest> {
  return readOne(root, generation, manifestFile);
}

async function readOne(root: string, generation: number, name: string): Promise<ArchiveManifest> {
  const folder = generationFolder(root, generation);
  const content = await readFile(join(folder, name), "utf8").catch((error: unknown) => {
    throw new VectorError("E_NO_ARCHIVE", `${folder} holds no ${name}.`, { cause: error });
  });
  return parseManifest(folder, content);
}

/** Every file that a generation consists of, but for its manifest; each once. */
export function filesOf({ collections }: ArchiveManifest): ArchivedFile[] {
  const files = collections.flatMap(({ parts, dropped }) => [
    ...parts,
    ...(dropped === null ? [] : [dropped]),
  ]);
  return [...new Map(files.map((one) => [one.file, one])).values()];
}

/** The names of all files of all generations, also of those that are being deleted; null where a manifest of them cannot be read. */
export async function knownFiles(root: string): Promise<ReadonlySet<string> | null> {
  const { kept, dropped } = await standingGenerations(root);
  const known = new Set<string>();
  try {
    for (const [numbers, name] of [[kept, manifestFile] as const, [dropped, droppedFile] as const])
      for (const generation of numbers)
        for (const { file } of filesOf(await readOne(root, generation, name))) known.add(file);
    return known;
  } catch {
    return null;
  }
}

/**
 * Lets go of the generations that the policy does not keep, with the files that they alone need. The newest stays whatever the policy
 * says. Killed anywhere, the next call or the next writing ends it.
 * @throws E_LOCKED while another writes the archive; E_NO_ARCHIVE; E_ARCHIVE_DAMAGED where a manifest cannot be read: then nothing goes
 */
export async function keepGenerations(path: string, policy: KeepPolicy): Promise<KeptGenerations> {
  const root = await realpath(path).catch((error: unknown) => {
    throw new VectorError("E_NO_ARCHIVE", `There is no archive ${path}.`, { cause: error });
  });
  await using _lock = await acquireLock(`${root}.lock`, `the archive ${root}`);
  const standing = await standingGenerations(root);
  const manifests: ArchiveManifest[] = [];
  for (const generation of standing.kept) manifests.push(await readManifest(root, generation));
  const chosen = chosenGenerations(manifests, policy);
  const [kept, dropped] = [true, false].map((stays) =>
    standing.kept.filter((generation) => chosen.has(generation) === stays),
  );
  for (const generation of dropped ?? []) {
    const folder = generationFolder(root, generation);
    await rename(join(folder, manifestFile), join(folder, droppedFile));
    await syncFolder(folder);
  }
  const freedBytes = await sweepDropped(root);
  return { kept: kept ?? [], dropped: dropped ?? [], freedBytes };
}

/** Whether an archive stands at `path`, told from names alone: one with a generation that was finished. */
export async function isArchive(path: string): Promise<boolean> {
  const { kept } = await standingGenerations(path);
  return kept.length > 0;
}

/** Deletes what only dropped generations need; returns the bytes. @throws E_ARCHIVE_DAMAGED where a kept one's manifest cannot be read */
export async function sweepDropped(root: string): Promise<number> {
  const { kept, dropped } = await standingGenerations(root);
  if (dropped.length === 0) return 0;
  const needed = new Set<string>();
  for (const generation of kept)
    for (const { file } of filesOf(await readManifest(root, generation))) needed.add(file);
  let freed = 0;
  for (const generation of dropped) {
    for (const { file, bytes } of filesOf(await readOne(root, generation, droppedFile))) {
      if (needed.has(file)) continue;
      if (await removed(join(root, file))) freed += bytes;
    }
  }
  for (const generation of dropped) {
    const folder = generationFolder(root, generation);
    await rm(join(folder, quarantineFile), { force: true });
    await rm(join(folder, droppedFile), { force: true });
    await rmdir(folder).catch(() => undefined);
  }
  return freed;
}

/** Deletes a file, and its folder where it was the last; false where it was gone already. */
async function removed(path: string): Promise<boolean> {
  try {
    await rm(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  await rmdir(dirname(path)).catch(() => undefined);
  return true;
}

/** The numbers of the generations that stay. */
export function chosenGenerations(
  manifests: readonly Pick<ArchiveManifest, "generation" | "created">[],
  { last, daily }: KeepPolicy,
): ReadonlySet<number> {
  const newest = manifests.toSorted((a, b) => b.generation - a.generation);
  if (last === null && daily === null) return new Set(newest.map(({ generation }) => generation));
  const chosen = new Set(
    newest.slice(0, Math.max(1, last ?? 1)).map(({ generation }) => generation),
  );
  const days = new Map<string, number>();
  for (const { generation, created } of newest) {
    const day = created.slice(0, 10);
    if (days.size < (daily ?? 0) && !days.has(day)) days.set(day, generation);
  }
  for (const generation of days.values()) chosen.add(generation);
  return chosen;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}
