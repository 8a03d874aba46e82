/** `snapshot create` and `snapshot download`: snapshots made at their store, brought into a folder, and noted in its list. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import type { SnapshotPlace, SnapshotStore, StoredSnapshot } from "../../store/snapshots.ts";
import { acquireLock } from "../../util/lock.ts";
import { fetchSnapshot, sumOf } from "./fetch.ts";
import {
  beginSet,
  fileName,
  newSet,
  nextNumber,
  type SetEntry,
  type SetFile,
  type SnapshotSet,
  writeSet,
} from "./set.ts";

/** Points that are looked at again after a recovery. */
const sampleSize = 64;

export interface CreateRequest {
  /** null = every one that the store has. */
  readonly collections: readonly string[] | null;
  /** One snapshot of everything instead, of each node. */
  readonly storage: boolean;
  /** Where the files go; null = they stay at the store alone. */
  readonly folder: string | null;
  /** Whether they stay at the store, too, when they are in the folder. */
  readonly keep: boolean;
}

export interface DownloadRequest extends Omit<CreateRequest, "folder" | "keep"> {
  readonly folder: string;
  /** null = the newest. */
  readonly name: string | null;
}

export interface SnapshotContext {
  readonly signal: AbortSignal;
  /** Told of each step in a sentence. */
  readonly onStep: (text: string) => void;
}

/** Makes the snapshots, waits for them, and fetches them where a folder is given. */
export async function createSnapshots(
  store: SnapshotStore,
  request: CreateRequest,
  context: SnapshotContext,
): Promise<SnapshotSet> {
  const { folder, keep } = request;
  const names = await namesOf(store, request, context);
  const make = (name: string | null, number: number) => makeEntry(store, name, number, context);
  return fill(store, { folder, names, asked: askedOf("create", request), make, keep }, context);
}

/** Fetches snapshots that stand at the store. */
export async function downloadSnapshots(
  store: SnapshotStore,
  request: DownloadRequest,
  context: SnapshotContext,
): Promise<SnapshotSet> {
  const { folder, name: wanted } = request;
  const names = await namesOf(store, request, context);
  if (wanted !== null && names.length !== 1) {
    throw new VectorError(
      "E_USAGE",
      "A name is one collection's snapshot, and several are meant.",
      {
        next: "Say which: --collection NAME.",
      },
    );
  }
  const make = (name: string | null, number: number) =>
    findEntry(store, name, number, wanted, context);
  const asked = askedOf(`download ${wanted ?? ""}`, request);
  return fill(store, { folder, names, asked, make, keep: true }, context);
}

interface Filling {
  readonly folder: string | null;
  readonly names: readonly (string | null)[];
  readonly asked: string;
  readonly make: (name: string | null, number: number) => Promise<SetEntry>;
  readonly keep: boolean;
}

async function fill(
  store: SnapshotStore,
  { folder, names, asked, make, keep }: Filling,
  context: SnapshotContext,
): Promise<SnapshotSet> {
  await using _lock = folder === null ? null : await acquireLock(`${folder}.lock`, folder);
  const set =
    folder === null ? newSet(store.identity, asked) : beginSet(folder, store.identity, asked);
  set.aliases = Object.fromEntries(await store.aliases({ signal: context.signal }));
  const save = (): void => {
    if (folder !== null) writeSet(folder, set);
  };
  set.snapshots = await stillThere(store, set.snapshots, folder, context);
  const fetchAll = async (entry: SetEntry): Promise<void> => {
    if (folder === null) return;
    for (const file of entry.files) {
      if (file.here && existsSync(join(folder, file.file))) continue;
      await bring(store, entry, file, folder, context);
      save();
      if (!keep) await store.remove(placeOf(store, entry, file), file.name, context);
    }
  };
  for (const entry of set.snapshots) await fetchAll(entry);
  for (const name of names) {
    if (set.snapshots.some(({ collection }) => collection === name)) continue;
    const entry = await make(name, nextNumber(set));
    set.snapshots.push(entry);
    save();
    await fetchAll(entry);
  }
  set.whole = true;
  save();
  return set;
}

async function namesOf(
  store: SnapshotStore,
  { collections, storage }: Pick<CreateRequest, "collections" | "storage">,
  { signal }: SnapshotContext,
): Promise<(string | null)[]> {
  if (storage) return [null];
  if (collections !== null) return [...new Set(collections)];
  const names = await store.collections({ signal });
  if (names.length > 0) return names.sort();
  throw new VectorError("E_COLLECTION_NOT_FOUND", `${store.identity.address} has no collection.`, {
    next: "Give the address of a Qdrant that has one.",
  });
}

function askedOf(
  what: string,
  { collections, storage }: Pick<CreateRequest, "collections" | "storage">,
): string {
  return `${what} ${storage ? "storage" : JSON.stringify(collections?.toSorted() ?? "all")}`;
}

/** One of everything, or of each shard; what is in it is counted before and after, and a sample of it taken. */
async function makeEntry(
  store: SnapshotStore,
  collection: string | null,
  number: number,
  { signal, onStep }: SnapshotContext,
): Promise<SetEntry> {
  const places = await store.places(collection, { signal });
  const whose = collection ?? "everything";
  const before = collection === null ? null : await store.state(collection, { signal });
  const drawn =
    collection === null ? new Map() : await store.sample(collection, sampleSize, { signal });
  const files: SetFile[] = [];
  for (const [place] of places) {
    if (place === undefined) continue;
    const made = await store.create(place, { signal });
    onStep(`Made ${made.name} (${made.bytes} bytes) of ${whose} at ${store.nodes[place.node]}.`);
    files.push(toFile(store, place, made, number));
  }
  if (collection === null || before === null)
    return { collection, description: null, points: null, sample: {}, files };
  const after = await store.state(collection, { signal });
  const again = await store.digests(collection, [...drawn.keys()], { signal });
  const kept = [...drawn].filter(([id, digest]) => again.get(id) === digest);
  const counts = [...before.points, ...(after?.points ?? [])];
  const points = { min: Math.min(...counts), max: Math.max(...counts) };
  return {
    collection,
    description: before.description,
    points,
    sample: Object.fromEntries(kept),
    files,
  };
}

/** What stands at the store: the newest, or the one of that name. What was in it nobody has counted. */
async function findEntry(
  store: SnapshotStore,
  collection: string | null,
  number: number,
  wanted: string | null,
  { signal }: SnapshotContext,
): Promise<SetEntry> {
  const places = await store.places(collection, { signal });
  if (wanted !== null && places.length > 1) {
    throw new VectorError("E_USAGE", "Of a cluster each shard has snapshots of its own names.", {
      next: "Leave --name away: the newest of each shard is taken.",
    });
  }
  const files: SetFile[] = [];
  for (const nodes of places) {
    const found: { place: SnapshotPlace; snapshot: StoredSnapshot }[] = [];
    for (const place of nodes)
      for (const snapshot of await store.list(place, { signal })) found.push({ place, snapshot });
    const best = found
      .filter(({ snapshot }) => wanted === null || snapshot.name === wanted)
      .sort((one, other) =>
        (other.snapshot.createdAt ?? "").localeCompare(one.snapshot.createdAt ?? ""),
      )
      .at(0);
    if (best === undefined) throw noSnapshot(store, collection, nodes[0]?.shard ?? null, wanted);
    files.push(toFile(store, best.place, best.snapshot, number));
  }
  const state = collection === null ? null : await store.state(collection, { signal });
  return { collection, description: state?.description ?? null, points: null, sample: {}, files };
}

function noSnapshot(
  { identity }: SnapshotStore,
  collection: string | null,
  shard: number | null,
  wanted: string | null,
): VectorError {
  const of = collection === null ? "" : ` of "${collection}"`;
  const part = shard === null ? "" : `, shard ${shard}`;
  return new VectorError(
    "E_NO_SNAPSHOT",
    `${identity.address} has no snapshot${wanted === null ? "" : ` "${wanted}"`}${of}${part}.`,
  );
}

function toFile(
  store: SnapshotStore,
  { collection, shard, node }: SnapshotPlace,
  { name, bytes, sha256 }: StoredSnapshot,
  number: number,
): SetFile {
  const ofNode = store.nodes.length > 1 ? `node-${node + 1}` : null;
  const part = shard === null ? ofNode : `shard-${shard}`;
  const file = fileName(number, collection, part);
  return { file, name, shard, node: store.nodes[node] ?? "", bytes, sha256, here: false };
}

function placeOf(store: SnapshotStore, { collection }: SetEntry, file: SetFile): SnapshotPlace {
  return { collection, shard: file.shard, node: Math.max(0, store.nodes.indexOf(file.node)) };
}

async function bring(
  store: SnapshotStore,
  entry: SetEntry,
  file: SetFile,
  folder: string,
  { signal, onStep }: SnapshotContext,
): Promise<void> {
  const path = join(folder, file.file);
  const place = placeOf(store, entry, file);
  if (existsSync(path)) {
    // A kill may have come between the file's name and the note of it.
    const { bytes, sha256 } = await sumOf(path, signal);
    if (bytes === file.bytes && sha256 === (file.sha256 ?? sha256)) {
      Object.assign(file, { sha256, here: true });
      return;
    }
  }
  const { bytes, sha256 } = await fetchSnapshot(store, place, file, path, signal);
  Object.assign(file, { bytes, sha256, here: true });
  onStep(`Downloaded ${file.name} to ${path} (${bytes} bytes, SHA-256 ${sha256}).`);
}

/** The snapshots of an unfinished set that can be had whole; of the others nothing stays in the folder. */
async function stillThere(
  store: SnapshotStore,
  entries: readonly SetEntry[],
  folder: string | null,
  context: SnapshotContext,
): Promise<SetEntry[]> {
  const there: SetEntry[] = [];
  for (const entry of entries) {
    if (!(await isGone(store, entry, folder, context))) there.push(entry);
    else if (folder !== null)
      for (const { file } of entry.files) rmSync(join(folder, file), { force: true });
  }
  return there;
}

/** Whether a snapshot of an unfinished set is neither here nor at its store any more. */
async function isGone(
  store: SnapshotStore,
  entry: SetEntry,
  folder: string | null,
  { signal }: SnapshotContext,
): Promise<boolean> {
  for (const file of entry.files) {
    if (file.here && folder !== null && existsSync(join(folder, file.file))) continue;
    try {
      const there = await store.list(placeOf(store, entry, file), { signal });
      if (there.some(({ name }) => name === file.name)) continue;
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
    }
    return true;
  }
  return false;
}
