/** Who took what of one bulk operation. */
import type { BulkResult, FailedDocument } from "../types.ts";
import type { StoreName } from "./guarded-store.ts";

/** What one of the two stores did with the documents of an operation. */
export interface StoreOutcome {
  /** Acknowledged. */
  readonly taken: number;
  /** Waiting on disk until the store can be told. */
  readonly queued: number;
  /** Refused by this store, while the other one took them: it does not have them until this is mended. */
  readonly failed: readonly FailedDocument[];
}

/** `totalProcessed` = taken by at least one store; `failed` = taken by none, and not queued either. */
export interface HybridBulkResult extends BulkResult {
  readonly stores: Readonly<Record<StoreName, StoreOutcome>>;
}

export class WriteReport {
  readonly #stores = { qdrant: emptyOutcome(), other: emptyOutcome() };
  readonly #failed: FailedDocument[] = [];
  #processed = 0;

  get processed(): number {
    return this.#processed;
  }

  /** The store that is asked first has taken them: they count. */
  decided(store: StoreName, documents: number): void {
    this.#processed += documents;
    this.taken(store, documents);
  }

  taken(store: StoreName, documents: number): void {
    this.#stores[store].taken += documents;
  }

  queued(store: StoreName, documents: number): void {
    this.#stores[store].queued += documents;
  }

  refused(store: StoreName, failed: readonly FailedDocument[]): void {
    this.#stores[store].failed.push(...failed);
  }

  failed(failed: readonly FailedDocument[]): void {
    this.#failed.push(...failed);
  }

  result(): HybridBulkResult {
    return { totalProcessed: this.#processed, failed: this.#failed, stores: this.#stores };
  }
}

function emptyOutcome(): { taken: number; queued: number; failed: FailedDocument[] } {
  return { taken: 0, queued: 0, failed: [] };
}
