import { mkdir, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import type {
  ArchiveCollectionWriter,
  ArchivedHead,
  ArchiveManifest,
  ArchiveWriter,
  ArchiveWriterOptions,
} from "../../store/archive.ts";
import type { CallOptions, StoreIdentity } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { syncFolder } from "../../util/disk.ts";
import { writeFaultCode } from "../../util/error-code.ts";
import { acquireLock } from "../../util/lock.ts";
import { packageVersion } from "../../util/version.ts";
import { CollectionWriter, finishedCollection } from "./collection-writer.ts";
import { isTaken, partFault, partialOf } from "./files.ts";
import { folderPattern, manifestFile, manifestFormat, manifestText } from "./manifest.ts";
import {
  type Held,
  type HeldCollection,
  Progress,
  progressFile,
  readProgress,
} from "./progress.ts";
import { archiveBounds, type Bounds } from "./row-buffer.ts";

/** Of a collection's name, in its folder's. */
const slugLength = 40;

/**
 * Begins the archive `path`, or goes on with the one that an interrupted writing left in `path`.partial. What is held there is read once:
 * a part that is not as it was written is forgotten, with those behind it.
 * @throws E_CONFIG where something stands at `path` or the folder cannot be made; E_LOCKED while another writes it; E_PLAN_CHANGED where
 * the half-written one is of another store or of another version; E_ABORTED
 */
export async function writeArchive(
  path: string,
  { source, signal }: ArchiveWriterOptions,
  bounds: Bounds = archiveBounds,
): Promise<ArchiveWriter> {
  throwIfAborted(signal);
  const root = await placeOf(path);
  const lock = await acquireLock(`${root}.lock`, `the archive ${root}`);
  try {
    if (await isTaken(root)) throw taken(root);
    const held = await holdPartial(partialOf(root), source, signal);
    const progress = await Progress.begin(partialOf(root), held);
    return new FolderWriter(root, { lock, progress, held, bounds });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw unwritable(root, error);
  }
}

interface Begun {
  readonly lock: AsyncDisposable;
  readonly progress: Progress;
  readonly held: Held;
  readonly bounds: Bounds;
}

class FolderWriter implements ArchiveWriter {
  readonly path: string;
  readonly resumed: boolean;
  readonly #partial: string;
  readonly #lock: AsyncDisposable;
  readonly #progress: Progress;
  readonly #held: Held;
  readonly #bounds: Bounds;
  readonly #begun = new Set<HeldCollection>();
  #open: CollectionWriter | null = null;
  #closed = false;

  constructor(path: string, { lock, progress, held, bounds }: Begun) {
    this.path = path;
    this.resumed = held.collections.some(({ parts }) => parts.length > 0);
    this.#partial = partialOf(path);
    this.#lock = lock;
    this.#progress = progress;
    this.#held = held;
    this.#bounds = bounds;
  }

  async collection(
    head: ArchivedHead,
    { signal }: CallOptions = {},
  ): Promise<ArchiveCollectionWriter> {
    this.#check(signal);
    if (this.#open !== null && !this.#open.finished)
      throw new VectorError("E_INTERNAL", "The collection before was not finished.");
    const known = this.#held.collections.find((one) => one.head.info.key === head.info.key);
    if (known !== undefined) assertFits(this.#partial, known.head, head);
    const collection = known ?? (await this.#begin(head));
    collection.failed = null;
    this.#begun.add(collection);
    this.#open = new CollectionWriter(this.#partial, collection, this.#progress, this.#bounds);
    return this.#open;
  }

  async finish({ signal }: CallOptions = {}): Promise<ArchiveManifest> {
    this.#check(signal);
    if (this.#open !== null && !this.#open.finished)
      throw new VectorError("E_INTERNAL", "The last collection was not finished.");
    const { vecferry: _, ...head } = this.#held.head;
    const collections = this.#held.collections.filter((one) => this.#begun.has(one));
    const manifest = { ...head, collections: collections.map(finishedCollection) };
    try {
      await sweep(this.#partial, collections);
      await writeDurable(join(this.#partial, manifestFile), manifestText(manifest));
      // Windows renames no folder in which a file is open.
      await this.#progress[Symbol.asyncDispose]();
      await giveName(this.#partial, this.path);
    } catch (error) {
      throw unwritable(this.path, error);
    } finally {
      this.#closed = true;
      await this.#lock[Symbol.asyncDispose]();
    }
    return manifest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#open?.close();
    await this.#progress[Symbol.asyncDispose]();
    await this.#lock[Symbol.asyncDispose]();
  }

  async #begin(wanted: ArchivedHead): Promise<HeldCollection> {
    const { info } = wanted;
    const number =
      Math.max(0, ...this.#held.collections.map(({ folder }) => Number.parseInt(folder, 10))) + 1;
    const folder = `${String(number).padStart(4, "0")}${slugOf(info.name)}`;
    const head = { ...wanted, info: { ...info, count: null, status: null } };
    const collection: HeldCollection = { folder, head, parts: [], failed: null };
    try {
      await mkdir(join(this.#partial, folder), { recursive: true, mode: 0o700 });
      await syncFolder(this.#partial);
      await this.#progress.add({ begin: { folder, head } });
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#held.collections.push(collection);
    return collection;
  }

  #check(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.#closed) throw new VectorError("E_CLOSED", `The archive ${this.path} was closed.`);
  }
}

/** The absolute path; the folder it is in is the real one, so that two spellings meet in one lock. */
async function placeOf(path: string): Promise<string> {
  const wanted = resolve(path);
  const parent = dirname(wanted);
  try {
    await mkdir(parent, { recursive: true });
    return join(await realpath(parent), basename(wanted));
  } catch (error) {
    throw unwritable(wanted, error);
  }
}

/** ASCII of the name, so that no file system folds two of them into one: the number before it tells them apart. */
function slugOf(name: string): string {
  const words =
    name
      .toLowerCase()
      .slice(0, slugLength)
      .match(/[a-z0-9]+/g) ?? [];
  return words.map((word) => `-${word}`).join("");
}

/** What an earlier writing left in the folder `partial`, which is made. @throws E_PLAN_CHANGED, E_CONFIG where it is no archive's */
async function holdPartial(
  partial: string,
  source: StoreIdentity,
  signal: AbortSignal | undefined,
): Promise<Held> {
  await mkdir(partial, { recursive: true, mode: 0o700 });
  const held = await readProgress(partial);
  if (held === null) {
    const [stranger] = (await readdir(partial)).filter((name) => !name.startsWith(progressFile));
    if (stranger !== undefined) throw taken(partial);
    const created = new Date().toISOString();
    const tool = packageVersion;
    const head = { vecferry: "archive", format: manifestFormat, tool, created, source } as const;
    return { head, collections: [] };
  }
  assertSame(partial, held.head.source, source);
  await keepWhole(partial, held.collections, signal);
  await sweep(partial, held.collections);
  return held;
}

/** Forgets parts that are not as they were written, and those behind them. */
async function keepWhole(
  partial: string,
  collections: readonly HeldCollection[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const collection of collections) {
    for (const [place, part] of collection.parts.entries()) {
      if ((await partFault(partial, part, signal)) === null) continue;
      collection.parts.length = place;
      collection.failed = null;
      break;
    }
  }
}

/** Deletes what an interrupted writing left in the folders of collections and nobody counts. */
async function sweep(partial: string, collections: readonly HeldCollection[]): Promise<void> {
  const counted = new Set(collections.flatMap(({ parts }) => parts.map(({ file }) => file)));
  const folders = new Set(collections.map(({ folder }) => folder));
  for (const folder of await readdir(partial)) {
    if (!folderPattern.test(folder)) continue;
    if (!folders.has(folder)) await rm(join(partial, folder), { recursive: true });
    else
      for (const name of await readdir(join(partial, folder)))
        if (!counted.has(`${folder}/${name}`)) await rm(join(partial, folder, name));
  }
}

async function writeDurable(path: string, text: string): Promise<void> {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function giveName(partial: string, path: string): Promise<void> {
  await syncFolder(partial);
  if (await isTaken(path)) throw taken(path);
  await rmdir(path).catch(() => undefined);
  await rename(partial, path);
  await syncFolder(dirname(path));
  await rm(join(path, progressFile), { force: true });
}

function assertSame(partial: string, held: StoreIdentity, wanted: StoreIdentity): void {
  for (const field of ["kind", "address", "tenant", "database"] as const) {
    if (held[field] === wanted[field]) continue;
    throw changed(
      partial,
      `of another store: its ${field} is ${held[field]}, not ${wanted[field]}`,
    );
  }
}

function assertFits(partial: string, held: ArchivedHead, wanted: ArchivedHead): void {
  const [before, now] = [held, wanted].map(({ rows, info, scope }) => [
    rows,
    info.dimension,
    info.distance,
    scope === undefined ? "all records" : `where ${scope.where}, limit ${scope.limit}`,
  ]);
  if (String(before) === String(now)) return;
  const name = JSON.stringify(wanted.info.name);
  throw changed(
    partial,
    `of another ${name}: what is held has ${before}, the collection has ${now}`,
  );
}

function changed(partial: string, what: string): VectorError {
  return new VectorError("E_PLAN_CHANGED", `The half-written archive ${partial} is ${what}.`, {
    next: `Name another archive, or delete the folder ${partial}.`,
    details: { folder: partial },
  });
}

function taken(path: string): VectorError {
  return new VectorError(
    "E_CONFIG",
    `${path} is there already; an archive is never written over anything.`,
    { next: "Name an archive that is not there yet.", details: { path } },
  );
}

function unwritable(path: string, error: unknown): VectorError {
  if (isVectorError(error)) return error;
  return new VectorError(
    writeFaultCode(error),
    `The archive ${path} cannot be written: ${String(error)}.`,
    { cause: error },
  );
}
