/**
 * Snapshots: what a Qdrant makes of its own collections, in files of its own format. No archive: only a Qdrant of the same
 * version, or the next, takes them.
 */
import type { CallOptions, StoreIdentity } from "./port.ts";

/** What a snapshot is made of, and at which node. */
export interface SnapshotPlace {
  /** null = everything that the node holds. */
  readonly collection: string | null;
  /** The shard's number where a cluster's shards have snapshots of their own; null = all of it. */
  readonly shard: number | null;
  /** Its place in `nodes`. */
  readonly node: number;
}

/** A snapshot as the store lists it. */
export interface StoredSnapshot {
  /** A file's name, never a path. */
  readonly name: string;
  /** As the store tells it; null where it does not. */
  readonly createdAt: string | null;
  readonly bytes: number;
  /** In hex; null where the store keeps none. */
  readonly sha256: string | null;
}

/** A part of a local file that is one collection's snapshot, or one shard's. */
export interface SnapshotContent {
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
  /** Whose it is, where the file says it. */
  readonly collection: string | null;
  /** Whether it is found in the file by that name, and so keeps it. */
  readonly fixed: boolean;
}

/** What a local file holds. */
export interface SnapshotContents {
  readonly kind: "collection" | "shard" | "storage";
  readonly parts: readonly SnapshotContent[];
  /** Alias to collection; a snapshot of everything has them. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Which side counts where the replicas of a shard differ. */
export const snapshotPriorities = ["snapshot", "replica", "no_sync"] as const;
export type SnapshotPriority = (typeof snapshotPriorities)[number];

export interface RecoverOptions extends CallOptions {
  readonly priority: SnapshotPriority;
  /** What the file's SHA-256 must be, in hex; null = not looked at. */
  readonly sha256: string | null;
}

/** A collection as it stands. */
export interface StandingState {
  /** The store's own description, as JSON text. */
  readonly description: string;
  /** Points, counted exactly, as each node tells it. */
  readonly points: readonly number[];
  /** Whether every replica of every shard is active and none is on its way. */
  readonly settled: boolean;
}

/** A Qdrant whose snapshots are made, listed, fetched and recovered. */
export interface SnapshotStore extends AsyncDisposable {
  readonly identity: StoreIdentity;
  /** The addresses of its nodes: one, or all of a cluster. */
  readonly nodes: readonly string[];
  /** Whether it has more nodes than one, named or not. */
  readonly cluster: boolean;
  collections(options?: CallOptions): Promise<string[]>;
  /** Alias to collection. */
  aliases(options?: CallOptions): Promise<Map<string, string>>;
  setAlias(alias: string, collection: string, options?: CallOptions): Promise<void>;
  /**
   * The places that hold a collection whole, or (null) everything. Each inner list has the nodes that hold the same, best
   * first. @throws E_COLLECTION_NOT_FOUND naming what is there; E_CONFIG where a shard is at none of the nodes that were named
   */
  places(
    collection: string | null,
    options?: CallOptions,
  ): Promise<readonly (readonly SnapshotPlace[])[]>;
  /** Newest first. */
  list(place: SnapshotPlace, options?: CallOptions): Promise<StoredSnapshot[]>;
  /** Waits until it is made. It is made once, however often its answer is lost. */
  create(place: SnapshotPlace, options?: CallOptions): Promise<StoredSnapshot>;
  /** Takes a snapshot away; nothing happens where there is none. */
  remove(place: SnapshotPlace, name: string, options?: CallOptions): Promise<void>;
  /** Hands a snapshot's bytes to `take` as they come. @throws E_NO_SNAPSHOT */
  download<Result>(
    place: SnapshotPlace,
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<Result>,
    options?: CallOptions,
  ): Promise<Result>;
  /** Looks through a local file. @throws E_SNAPSHOT_DAMAGED, E_SNAPSHOT_FORMAT where the store takes no such file */
  contents(path: string, options?: CallOptions): Promise<SnapshotContents>;
  /** Sends a local snapshot and recovers it, as a whole or not at all; makes the collection, unless it is a shard's. */
  upload(place: SnapshotPlace, content: SnapshotContent, options: RecoverOptions): Promise<void>;
  /** Recovers what the store itself reads from a `file:`, `http:` or `https:` URL. */
  recover(place: SnapshotPlace, location: string, options: RecoverOptions): Promise<void>;
  /** null where it is not there. */
  state(collection: string, options?: CallOptions): Promise<StandingState | null>;
  /** Makes a collection and its payload indexes as another was described. */
  make(collection: string, description: string, options?: CallOptions): Promise<void>;
  /** Takes a collection away that `make` has made. */
  drop(collection: string, options?: CallOptions): Promise<void>;
  /** Points drawn at random: a digest of all that each holds, by its id as JSON text. Empty where the store cannot draw. */
  sample(collection: string, limit: number, options?: CallOptions): Promise<Map<string, string>>;
  /** The same of these points; those that are not there are left out. */
  digests(
    collection: string,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<Map<string, string>>;
}
