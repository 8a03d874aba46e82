/** What a recovery is given: a folder of snapshots, one file, or a URL that the store itself reads. All of it is looked at before anything is changed. */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { VectorError } from "../../errors.ts";
import type { SnapshotContent, SnapshotStore } from "../../store/snapshots.ts";
import { sumOf } from "./fetch.ts";
import { readSet, setFile } from "./set.ts";

/** What is sent for one collection, or one shard of it. */
export type Piece =
  | {
      readonly shard: number | null;
      readonly sha256: string | null;
      readonly content: SnapshotContent;
    }
  | { readonly shard: null; readonly sha256: string | null; readonly location: string };

/** One collection that can be recovered. */
export interface Recoverable {
  /** Its name when the snapshot was made; null = the file does not say. */
  readonly collection: string | null;
  readonly pieces: readonly Piece[];
  readonly description: string | null;
  readonly points: { readonly min: number; readonly max: number } | null;
  readonly sample: ReadonlyMap<string, string>;
}

export interface RecoverSource {
  readonly recoverables: readonly Recoverable[];
  readonly aliases: ReadonlyMap<string, string>;
}

const nothingKnown = { description: null, points: null, sample: new Map<string, string>() };

/**
 * Looks at `from`: every file that is here is read whole, and held against the list that it stands in, or `sha256`.
 * @throws E_NO_SNAPSHOT, E_SNAPSHOT_DAMAGED, E_SNAPSHOT_FORMAT also for a version that `store` does not take, E_USAGE
 */
export async function readSource(
  store: SnapshotStore,
  from: string,
  sha256: string | null,
  signal: AbortSignal,
): Promise<RecoverSource> {
  if (/^(https?|file):\/\//i.test(from)) {
    const piece = { shard: null, sha256, location: from };
    return {
      recoverables: [{ collection: null, pieces: [piece], ...nothingKnown }],
      aliases: new Map(),
    };
  }
  const stat = statSync(from, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new VectorError("E_NO_SNAPSHOT", `There is nothing at ${resolve(from)}.`, {
      next: "Give a snapshot's file, the folder of `vecferry snapshot create --to`, or a URL.",
    });
  if (!stat.isDirectory()) return fileSource(store, from, sha256, signal);
  if (sha256 !== null) {
    throw new VectorError("E_USAGE", "--checksum is one file's, and a folder is given.", {
      next: "Leave --checksum away: the folder's list has the sums of all of its files.",
    });
  }
  return folderSource(store, from, signal);
}

async function fileSource(
  store: SnapshotStore,
  path: string,
  sha256: string | null,
  signal: AbortSignal,
): Promise<RecoverSource> {
  if (sha256 !== null) assertSum(path, sha256, (await sumOf(path, signal)).sha256);
  const { kind, parts, aliases } = await store.contents(path, { signal });
  if (kind === "shard") {
    throw new VectorError("E_SNAPSHOT_FORMAT", `${path} is the snapshot of one shard.`, {
      next: "Give the folder of `vecferry snapshot create --to`, which has every shard.",
    });
  }
  const recoverables = parts.map((content) => ({
    collection: content.collection,
    // The sum is the whole file's: a part of it has another.
    pieces: [{ shard: null, sha256: null, content }],
    ...nothingKnown,
  }));
  return { recoverables, aliases };
}

async function folderSource(
  store: SnapshotStore,
  folder: string,
  signal: AbortSignal,
): Promise<RecoverSource> {
  const set = readSet(folder);
  if (set === null) {
    throw new VectorError("E_NO_SNAPSHOT", `The folder ${resolve(folder)} has no ${setFile}.`, {
      next: "Give a snapshot's file, or the folder of `vecferry snapshot create --to`.",
    });
  }
  if (!set.whole) {
    throw new VectorError(
      "E_SNAPSHOT_DAMAGED",
      `The snapshots in ${resolve(folder)} are not all there.`,
      {
        next: "Run the command again that began the folder: it goes on where it stopped.",
      },
    );
  }
  assertVersion(set.source.version, store.identity.version);
  const recoverables: Recoverable[] = [];
  const aliases = new Map(Object.entries(set.aliases));
  for (const { collection, description, points, sample, files } of set.snapshots) {
    const pieces: Piece[] = [];
    for (const { file, shard, bytes, sha256 } of files) {
      const path = join(folder, file);
      if (!existsSync(path)) throw new VectorError("E_SNAPSHOT_DAMAGED", `${path} is not there.`);
      const found = await sumOf(path, signal);
      if (found.bytes !== bytes || sha256 === null)
        throw new VectorError(
          "E_SNAPSHOT_DAMAGED",
          `${path} has ${found.bytes} bytes, and had ${bytes}.`,
        );
      assertSum(path, sha256, found.sha256);
      if (collection === null) {
        if (files.length > 1) throw ofNodes(folder);
        const inside = await fileSource(store, path, null, signal);
        recoverables.push(...inside.recoverables);
        for (const [alias, of] of inside.aliases) aliases.set(alias, of);
        continue;
      }
      const [content] = (await store.contents(path, { signal })).parts;
      if (content !== undefined) pieces.push({ shard, sha256, content });
    }
    if (collection === null) continue;
    const known = { description, points, sample: new Map(Object.entries(sample)) };
    recoverables.push({ collection, pieces, ...known });
  }
  return { recoverables, aliases };
}

function assertSum(path: string, wanted: string, found: string): void {
  if (wanted.toLowerCase() === found) return;
  throw new VectorError(
    "E_SNAPSHOT_DAMAGED",
    `${path} has the SHA-256 ${found}, and had ${wanted}.`,
  );
}

/** A server reads the files of its own minor version, and of the one before. @throws E_SNAPSHOT_FORMAT */
function assertVersion(made: string | null, target: string | null): void {
  if (made === null || target === null) return;
  const [from, to] = [made, target].map((version) => version.split(".").map(Number));
  const [major = 0, minor = 0] = from ?? [];
  const [targetMajor = 0, targetMinor = 0] = to ?? [];
  if (major === targetMajor && (minor === targetMinor || minor + 1 === targetMinor)) return;
  throw new VectorError(
    "E_SNAPSHOT_FORMAT",
    `The snapshots are of Qdrant ${made}, and this is ${target}: a Qdrant takes those of its own minor version, and of the one before.`,
  );
}

function ofNodes(folder: string): VectorError {
  return new VectorError(
    "E_SNAPSHOT_FORMAT",
    `${resolve(folder)} holds everything of each node of a cluster, which no running Qdrant takes.`,
    {
      next: "Start each node with --storage-snapshot and its file; or make snapshots of every shard: `vecferry snapshot create` without --storage.",
    },
  );
}
