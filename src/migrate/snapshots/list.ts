/** `snapshot list`. */
import type { SnapshotStore, StoredSnapshot } from "../../store/snapshots.ts";
import type { CreateRequest } from "./create.ts";

/** A snapshot that stands at a store. */
export interface ListedSnapshot extends StoredSnapshot {
  /** null = of everything. */
  readonly collection: string | null;
  readonly shard: number | null;
  /** The address of the node that has it. */
  readonly node: string;
}

/** Every snapshot of these collections, or of all and of everything; by collection, the newest first. */
export async function listSnapshots(
  store: SnapshotStore,
  { collections, storage }: Pick<CreateRequest, "collections" | "storage">,
  signal: AbortSignal,
): Promise<ListedSnapshot[]> {
  const names: (string | null)[] = storage
    ? []
    : [...(collections ?? (await store.collections({ signal })))];
  if (collections === null) names.push(null);
  const listed: ListedSnapshot[] = [];
  for (const name of names) {
    const places = await store.places(name, { signal });
    for (const place of places.flat()) {
      const { collection, shard, node } = place;
      for (const snapshot of await store.list(place, { signal }))
        listed.push({ collection, shard, node: store.nodes[node] ?? "", ...snapshot });
    }
  }
  return listed;
}
