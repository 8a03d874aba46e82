import { mkdir, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import {
  type ArchiveCollectionWriter,
  type ArchivedCollection,
  type ArchivedHead,
  type ArchiveManifest,
  type ArchiveWriter,
  type ArchiveWriterOptions,
  generationFolder,
  generationName,
} from "../../store/archive.ts";
import type { CallOptions, StoreIdentity } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { syncFolder } from "../../util/disk.ts";
import { writeFaultCode } from "../../util/error-code.ts";
import { acquireLock } from "../../util/lock.ts";
import { packageVersion } from "../../util/version.ts";
import { CollectionWriter } from "./collection-writer.ts";
import { fileFault, isTaken, partialOf } from "./files.ts";
import { readManifest, standingGenerations, sweepDropped } from "./generations.ts";
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
 * Begins the next generation of the archive `path`, the first one where nothing stands there, or goes on with one that an interrupted
 * writing left under its temporary name. What is held there is read once: a part that is not as it was written is forgotten, with those
 * behind it. Of the generation before nothing is looked at but its manifest: open it to know its bytes.
 * @throws E_CONFIG where something else stands at `path`, an archive of another store too, or the folder cannot be made; E_LOCKED while
 * another writes it; E_PLAN_CHANGED where the half-written one is of another store or of another version; E_ARCHIVE_DAMAGED,
 * E_ARCHIVE_FORMAT, E_ABORTED
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
    const { kept, next } = await standingGenerations(root);
    const newest = kept.at(-1);
    if (newest === undefined && (await isTaken(root))) throw taken(root);
    const base = newest === undefined ? null : await readManifest(root, newest);
    if (base !== null) assertOfSource(root, base, source);
    await sweepDropped(root);
    const generation = base === null ? 1 : next;
    const folder = generationFolder(root, generation);
    const held = await holdPartial(partialOf(folder), generation, source, signal);
    const progress = await Progress.begin(partialOf(folder), held);
    return new FolderWriter(root, { lock, progress, held, base, bounds });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw unwritable(root, error);
  }
}

interface Begun {
  readonly lock: AsyncDisposable;
  readonly progress: Progress;
  readonly held: Held;
  readonly base: ArchiveManifest | null;
  readonly bounds: Bounds;
}

class FolderWriter implements ArchiveWriter {
  readonly path: string;
  readonly generation: number;
  readonly base: ArchiveManifest | null;
  readonly resumed: boolean;
  readonly #folder: string;
  readonly #partial: string;
  readonly #lock: AsyncDisposable;
  readonly #progress: Progress;
  readonly #held: Held;
  readonly #bounds: Bounds;
  readonly #begun = new Map<HeldCollection, CollectionWriter>();
  #open: CollectionWriter | null = null;
  #closed = false;

  constructor(path: string, { lock, progress, held, base, bounds }: Begun) {
    this.path = path;
    this.generation = held.head.generation;
    this.base = base;
    this.resumed = held.collections.some(({ parts }) => parts.length > 0);
    this.#folder = generationFolder(path, this.generation);
    this.#partial = partialOf(this.#folder);
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
    const base = this.#baseOf(head);
    const collection = known ?? (await this.#begin(head));
    collection.failed = null;
    this.#open = new CollectionWriter(collection, {
      folder: this.#partial,
      prefix: this.#folder === this.path ? "" : `${generationName(this.generation)}/`,
      base: base === null ? null : { root: this.path, collection: base },
      progress: this.#progress,
      bounds: this.#bounds,
    });
    this.#begun.set(collection, this.#open);
    return this.#open;
  }

  async finish({ signal }: CallOptions = {}): Promise<ArchiveManifest> {
    this.#check(signal);
    if (this.#open !== null && !this.#open.finished)
      throw new VectorError("E_INTERNAL", "The last collection was not finished.");
    const { vecferry: _, ...head } = this.#held.head;
    const writers = [...this.#begun.values()];
    const manifest = { ...head, collections: writers.map((one) => one.archived()) };
    try {
      await sweep(
        this.#partial,
        [...this.#begun.keys()],
        new Set(writers.flatMap((one) => one.files)),
      );
      for (const { folder } of this.#begun.keys())
        await rmdir(join(this.#partial, folder)).catch(() => undefined);
      await writeDurable(join(this.#partial, manifestFile), manifestText(manifest));
      if (this.base !== null && this.base.format < manifestFormat)
        await renew(this.path, this.base);
      // Windows renames no folder in which a file is open.
      await this.#progress[Symbol.asyncDispose]();
      await giveName(this.#partial, this.#folder);
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

  /** The same collection of the generation before; null where its records are of another kind, or there is none. */
  #baseOf(head: ArchivedHead): ArchivedCollection | null {
    const { name, tenant, database } = head.info;
    const found = this.base?.collections.find(
      ({ info }) => info.name === name && info.tenant === tenant && info.database === database,
    );
    return found !== undefined && shapeOf(found) === shapeOf(head) ? found : null;
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
  generation: number,
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
    const head = { generation, tool, created, source };
    return { head: { vecferry: "archive", format: manifestFormat, ...head }, collections: [] };
  }
  assertSame(partial, held.head.source, source);
  await keepWhole(partial, held.collections, signal);
  const counted = held.collections.flatMap(({ parts }) => parts.map(({ file }) => file));
  await sweep(partial, held.collections, new Set(counted));
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
      if ((await fileFault(partial, part, signal)) === null) continue;
      collection.parts.length = place;
      collection.failed = null;
      break;
    }
  }
}

/** Deletes what an interrupted writing left in the folders of collections and is none of `counted`. */
async function sweep(
  partial: string,
  collections: readonly HeldCollection[],
  counted: ReadonlySet<string>,
): Promise<void> {
  const folders = new Set(collections.map(({ folder }) => folder));
  for (const folder of await readdir(partial)) {
    if (!folderPattern.test(folder)) continue;
    if (!folders.has(folder)) await rm(join(partial, folder), { recursive: true });
    else
      for (const name of await readdir(join(partial, folder)))
        if (!counted.has(`${folder}/${name}`)) await rm(join(partial, folder, name));
  }
}

/** Gives a manifest of an older format the number that a vecferry of that time refuses: what stands beside it is not for that. */
async function renew(root: string, manifest: ArchiveManifest): Promise<void> {
  const file = join(generationFolder(root, manifest.generation), manifestFile);
  await writeDurable(`${file}.tmp`, manifestText(manifest));
  await rename(`${file}.tmp`, file);
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

const identityFields = ["kind", "address", "tenant", "database"] as const;

/** @throws E_CONFIG */
function assertOfSource(
  root: string,
  { source, created }: ArchiveManifest,
  wanted: StoreIdentity,
): void {
  const field = identityFields.find((name) => source[name] !== wanted[name]);
  if (field === undefined) return;
  throw new VectorError(
    "E_CONFIG",
    `${root} is an archive of another store: its ${field} is ${source[field]}, not ${wanted[field]}.`,
    { next: "Name an archive that is not there yet.", details: { path: root, created } },
  );
}

function assertSame(partial: string, held: StoreIdentity, wanted: StoreIdentity): void {
  for (const field of identityFields) {
    if (held[field] === wanted[field]) continue;
    throw changed(
      partial,
      `of another store: its ${field} is ${held[field]}, not ${wanted[field]}`,
    );
  }
}

function assertFits(partial: string, held: ArchivedHead, wanted: ArchivedHead): void {
  if (shapeOf(held) === shapeOf(wanted)) return;
  const name = JSON.stringify(wanted.info.name);
  throw changed(
    partial,
    `of another ${name}: what is held has ${shapeOf(held)}, the collection has ${shapeOf(wanted)}`,
  );
}

/** What rows must have in common to stand side by side. */
function shapeOf({ rows, info, scope }: ArchivedHead): string {
  const some = scope === undefined ? "all records" : `where ${scope.where}, limit ${scope.limit}`;
  const vectors = info.vectors?.map(({ name, kind, dimension, distance }) =>
    JSON.stringify([name, kind, dimension, distance]),
  );
  const shards = info.shardKeys === undefined ? [] : ["shards by hand"];
  return [rows, info.dimension, info.distance, some, ...(vectors ?? []), ...shards].join(", ");
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
