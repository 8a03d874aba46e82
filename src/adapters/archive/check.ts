/** An archive looked through: every file's size, the bytes of some or all, and their rows decoded. Nothing stops at the first fault. */
import { createHash } from "node:crypto";
import { isVectorError } from "../../errors.ts";
import type {
  ArchiveCheck,
  ArchiveCheckOptions,
  ArchivedCollection,
  ArchivedFile,
  ArchiveFault,
  ArchiveManifest,
  CheckSubset,
} from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { DroppedRows } from "./dropped-rows.ts";
import { fileFault, strangers } from "./files.ts";
import {
  chooseGenerations,
  filesOf,
  knownFiles,
  manifestName,
  readManifest,
} from "./generations.ts";
import { PartFile } from "./part-file.ts";
import { flatColumns } from "./schema.ts";
import { rootOf } from "./store.ts";

/** Slices are drawn by this many first hex digits of a sum. */
const sliceDigits = 8;

/** A file, and how its rows are read to see that they can be. */
interface Checked extends ArchivedFile {
  readonly decode: (signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * Checks the generations of the archive `path`, or the one that is named. What is damaged stands in the answer.
 * @throws E_NO_ARCHIVE, E_ARCHIVE_FORMAT where a later vecferry wrote it, E_ABORTED
 */
export async function checkArchive(
  path: string,
  generation: number | undefined,
  { subset, signal, onProgress }: ArchiveCheckOptions,
): Promise<ArchiveCheck> {
  const root = await rootOf(path);
  const { numbers, unfinished } = await chooseGenerations(root, generation);
  const faults: ArchiveFault[] = [];
  const manifests: ArchiveManifest[] = [];
  for (const number of numbers) {
    const manifest = await readable(root, number);
    if ("fault" in manifest) faults.push(manifest);
    else manifests.push(manifest);
  }
  const files = manifests.flatMap((manifest) => checkedOf(root, manifest));
  const each = [...new Map(files.map((one) => [one.file, one])).values()];
  const read = chosen(each, subset);
  const bytesOf = (some: Iterable<ArchivedFile>): number =>
    Array.from(some).reduce((sum, { bytes }) => sum + bytes, 0);
  const bytesRead = bytesOf(read);
  let done = 0;
  for (const file of each) {
    throwIfAborted(signal);
    const isRead = read.has(file);
    const fault =
      (await fileFault(root, file, signal, isRead)) ??
      (isRead ? await decoded(file, signal) : null);
    if (fault !== null) faults.push({ file: file.file, fault });
    if (isRead) done += file.bytes;
    onProgress?.(done, bytesRead);
  }
  const known = await knownFiles(root);
  for (const file of known === null ? [] : await strangers(root, known))
    faults.push({ file, fault: `${file} is none of the archive's files.` });
  return {
    path: root,
    generations: manifests.map(({ generation, created, collections }) => ({
      generation,
      created,
      collections: collections.length,
      rows: collections.reduce((sum, { info }) => sum + (info.count ?? 0), 0),
    })),
    files: each.length,
    bytes: bytesOf(each),
    filesRead: read.size,
    bytesRead,
    faults,
    unfinished,
  };
}

async function readable(root: string, generation: number): Promise<ArchiveManifest | ArchiveFault> {
  try {
    return await readManifest(root, generation);
  } catch (error) {
    if (!isVectorError(error, "E_ARCHIVE_DAMAGED")) throw error;
    return { file: manifestName(generation), fault: error.message };
  }
}

/** The files of a generation, each once. */
function checkedOf(root: string, manifest: ArchiveManifest): Checked[] {
  const decoders = new Map<string, Checked["decode"]>();
  for (const collection of manifest.collections) {
    collection.parts.forEach((part, number) => {
      decoders.set(part.file, (signal) => readRows(root, collection, number, signal));
    });
    const { dropped } = collection;
    if (dropped !== null) decoders.set(dropped.file, () => readDropped(root, collection));
  }
  return filesOf(manifest).map((file) => ({
    ...file,
    decode: decoders.get(file.file) ?? (() => Promise.resolve()),
  }));
}

async function readRows(
  root: string,
  collection: ArchivedCollection,
  number: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const part = collection.parts[number];
  if (part === undefined) return;
  await using file = await PartFile.open(root, part, collection);
  const columns = flatColumns(collection);
  for (let group = 0; group < file.groups; group += 1) {
    throwIfAborted(signal);
    await file.read(group, { columns, vectors: true });
  }
}

async function readDropped(root: string, collection: ArchivedCollection): Promise<void> {
  const dropped = new DroppedRows(root, collection);
  for (const number of collection.parts.keys()) await dropped.of(number);
}

/** What keeps the file's rows from being read; null = nothing. */
async function decoded(
  { file, decode }: Checked,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    await decode(signal);
    return null;
  } catch (error) {
    if (!isVectorError(error, "E_ARCHIVE_DAMAGED")) throw error;
    return `${file} has the bytes that were written, and its rows cannot be read: ${error.message}`;
  }
}

/** The files that are read. */
function chosen(files: readonly Checked[], subset: CheckSubset): ReadonlySet<Checked> {
  if ("slice" in subset)
    return new Set(
      files.filter(({ sha256, file }) => sliceOf(sha256 + file, subset.of) === subset.slice),
    );
  const wanted = subset.share * files.reduce((sum, { bytes }) => sum + bytes, 0);
  const drawn = files.map((file) => ({ file, at: Math.random() })).sort((a, b) => a.at - b.at);
  const taken = new Set<Checked>();
  let bytes = 0;
  for (const { file } of drawn) {
    if (subset.share < 1 && bytes >= wanted) break;
    taken.add(file);
    bytes += file.bytes;
  }
  return taken;
}

/** The same file is always in the same slice. */
function sliceOf(name: string, slices: number): number {
  const digits = createHash("sha256").update(name).digest("hex").slice(0, sliceDigits);
  return (Number.parseInt(digits, 16) % slices) + 1;
}
