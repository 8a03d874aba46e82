import { isVectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import { notChroma } from "./answer.ts";
import type { CollectionCalls, KnownCollection } from "./calls.ts";
import { countAll, type Served } from "./chroma-store.ts";
import { listIds } from "./ids.ts";
import type { ListSupport } from "./list-support.ts";
import type { Quotas } from "./quotas.ts";
import type { RecordWrites } from "./record-writes.ts";
import type { Routes } from "./routes.ts";
import type { Takes } from "./takes.ts";

/**
 * Takes collections away without a trace. A server that takes lists in metadata (1.5.9) leaves the lists of a dropped collection
 * behind, and they turn up in records of other collections that are written later; those of records that are taken away one by one
 * it does not. So there the records go first.
 */
export class CollectionDrops {
  readonly #calls: CollectionCalls;
  readonly #writes: RecordWrites;
  readonly #lists: ListSupport;
  readonly #routes: Routes;
  readonly #quotas: Quotas;
  readonly #takes: Takes;

  constructor(
    calls: CollectionCalls,
    writes: RecordWrites,
    lists: ListSupport,
    routes: Routes,
    { quotas, takes }: Pick<Served, "quotas" | "takes">,
  ) {
    this.#calls = calls;
    this.#writes = writes;
    this.#lists = lists;
    this.#routes = routes;
    this.#quotas = quotas;
    this.#takes = takes;
  }

  /** Nothing happens where it is gone already. */
  async drop(collection: KnownCollection, options: CallOptions): Promise<void> {
    try {
      if (this.#takes.leavesLists && (await this.#lists.taken(collection.key, options)))
        await this.#empty(collection, options);
      const path = this.#routes.collection(collection.name);
      await this.#writes.send("DELETE", path, undefined, options);
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
    }
  }

  async #empty(collection: KnownCollection, options: CallOptions): Promise<void> {
    const { key } = collection;
    for (let previous: string | undefined; ; ) {
      // What is taken away shifts the pages of a listing: only its first chunk is used.
      const ids = await this.#firstIds(collection, options);
      if (ids[0] === undefined) return;
      if (ids[0] === previous) throw notChroma("a record that was taken away");
      previous = ids[0];
      await this.#writes.remove(key, ids, options);
      // A server of one's own does what it was told when it is next asked for a record.
      await countAll(this.#calls, collection, options.signal);
    }
  }

  async #firstIds(collection: KnownCollection, options: CallOptions): Promise<string[]> {
    for await (const ids of listIds(this.#calls, collection, options, this.#quotas)) return ids;
    return [];
  }
}
