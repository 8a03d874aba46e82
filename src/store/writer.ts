/** Writing collections of one's own into a record store, a Chroma: nothing that stands there is ever changed. */
import type { Distance } from "../model/distance.ts";
import type { RecordBatch } from "../model/record.ts";
import type { CallOptions, StoreIdentity } from "./port.ts";

export interface NewCollection {
  readonly name: string;
  readonly distance: Distance;
  /** Further metadata of the collection itself: it tells ours from one that bears the same name. Texts alone. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A collection that a writer made. */
export interface MadeCollection {
  readonly key: string;
  readonly name: string;
}

export interface RecordWriter extends AsyncDisposable {
  readonly identity: StoreIdentity;
  /** Whether metadata may hold lists: false = they would be dropped in silence; true = a store that takes none refuses them. */
  readonly lists: boolean;
  /** Makes a collection. The same call again finds it. @throws E_SCHEMA_CONFLICT where another's stands there; E_REJECTED where the store takes no writes */
  make(collection: NewCollection, options?: CallOptions): Promise<MadeCollection>;
  /** Writes all rows; every one has a vector. Rows that stand there under the same ids are overwritten. @throws E_REJECTED where the store refuses them for good */
  write(collection: MadeCollection, batch: RecordBatch, options?: CallOptions): Promise<void>;
  /** Takes a collection away; nothing happens where there is none. */
  drop(name: string, options?: CallOptions): Promise<void>;
}
