/** One node's snapshots: what a Qdrant server and the embedded engine are both asked, each in its own way. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import type {
  RecoverOptions,
  SnapshotContent,
  SnapshotPlace,
  StoredSnapshot,
} from "../../store/snapshots.ts";
import type { QdrantApi } from "./api.ts";

/** A replica of a shard, as one node knows it. */
export interface Replica {
  readonly shard: number;
  readonly local: boolean;
  readonly active: boolean;
}

/** What a node knows of where a collection is. */
export interface Layout {
  readonly shards: number;
  readonly replicas: readonly Replica[];
  /** Transfers of shards that are going on. */
  readonly transfers: number;
}

export type Owner = Pick<SnapshotPlace, "collection" | "shard">;

export interface SnapshotDoor extends AsyncDisposable {
  readonly api: QdrantApi;
  /** Other nodes of the same cluster that this one knows, by their number; itself included. Empty = no cluster. */
  readonly peers: ReadonlyMap<string, string>;
  /** Its own number; null = no cluster. */
  readonly peer: string | null;
  layout(collection: string, options: CallOptions): Promise<Layout>;
  /** The raw JSON text of the answer. @throws E_REJECTED where it cannot be asked so */
  query(collection: string, body: string, options: CallOptions): Promise<string>;
  retrieve(collection: string, body: string, options: CallOptions): Promise<string>;
  list(owner: Owner, options: CallOptions): Promise<StoredSnapshot[]>;
  create(owner: Owner, options: CallOptions): Promise<StoredSnapshot>;
  remove(owner: Owner, name: string, options: CallOptions): Promise<void>;
  download<Result>(
    owner: Owner,
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<Result>,
    options: CallOptions,
  ): Promise<Result>;
  upload(owner: Owner, content: SnapshotContent, options: RecoverOptions): Promise<void>;
  recover(owner: Owner, location: string, options: RecoverOptions): Promise<void>;
}

const stored = z.object({
  name: z.string(),
  creation_time: z.string().nullish(),
  size: z.number(),
  checksum: z.string().nullish(),
});

/** A description of a snapshot, or several, from JSON text. @throws E_BAD_RESPONSE also for a name that is a path */
export function readStored(text: string): StoredSnapshot[] {
  const { data, error } = z.union([z.array(stored), stored]).safeParse(JSON.parse(text));
  if (data === undefined) {
    throw new VectorError("E_BAD_RESPONSE", "The list of snapshots is not as Qdrant gives it.", {
      cause: error,
    });
  }
  return [data].flat().map(({ name, creation_time, size, checksum }) => {
    assertSnapshotName(name, "E_BAD_RESPONSE");
    return {
      name,
      createdAt: creation_time ?? null,
      bytes: size,
      sha256: checksum?.toLowerCase() ?? null,
    };
  });
}

/** A snapshot's name is a file's, of its own folder and no other. @throws `code` */
export function assertSnapshotName(name: string, code: "E_INPUT" | "E_BAD_RESPONSE"): void {
  if (name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name)) return;
  throw new VectorError(
    code,
    `${JSON.stringify(name)} is no name of a snapshot: it would be a path.`,
    {
      next: "Give the name alone, as `vecferry snapshot list` prints it.",
    },
  );
}
