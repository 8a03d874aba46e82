/** Snapshots of open collections. */
import { rmSync } from "node:fs";
import type { SnapshotDescription, SnapshotFiles } from "../storage/snapshot-files.ts";
import { partialEnd } from "../storage/snapshot-files.ts";
import { type SnapshotSource, writeSnapshot } from "../storage/snapshot-format.ts";
import { storageError } from "../storage/sqlite.ts";
import type { CollectionState } from "./state.ts";

/** Writes one collection into a snapshot of its own. @throws E_DISK_FULL, E_STORAGE with nothing left */
export function snapshotCollection(
  files: SnapshotFiles,
  state: CollectionState,
): SnapshotDescription {
  return make(files, state.name, [state], new Map());
}

/** Writes all collections and aliases into a full snapshot. @throws E_DISK_FULL, E_STORAGE with nothing left */
export function snapshotAll(
  files: SnapshotFiles,
  states: readonly CollectionState[],
  aliases: ReadonlyMap<string, string>,
): SnapshotDescription {
  return make(files, null, states, aliases);
}

function make(
  files: SnapshotFiles,
  collection: string | null,
  states: readonly CollectionState[],
  aliases: ReadonlyMap<string, string>,
): SnapshotDescription {
  const kind = collection === null ? "full" : "collection";
  try {
    return files.make(collection, (path) => {
      const copies: string[] = [];
      const sources: SnapshotSource[] = [];
      try {
        for (const { name, file } of states) {
          const copy = `${path}-${copies.length}${partialEnd}`;
          copies.push(copy);
          sources.push({ name, path: file.settle(copy) });
        }
        return writeSnapshot(path, kind, sources, aliases);
      } finally {
        for (const copy of copies) rmSync(copy, { force: true });
      }
    });
  } catch (error) {
    throw storageError(error, files.root);
  }
}
