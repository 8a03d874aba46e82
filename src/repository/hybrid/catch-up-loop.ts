/** Tells stores what they have missed, in the background: as long as something waits, and seldom while they do not answer. */
import { isVectorError } from "../../errors.ts";
import type { RepositoryCallOptions } from "../types.ts";
import type { DoubleWrites } from "./double-writes.ts";
import type { GuardedStore } from "./guarded-store.ts";

/** Documents that a store is told of at once, at most. */
const rowsMax = 200;

export class CatchUpLoop {
  readonly #stores: readonly GuardedStore[];
  readonly #writes: DoubleWrites;
  readonly #timer: NodeJS.Timeout;
  readonly #end = new AbortController();
  /** How many go together: fewer and fewer where they do not go through, until the one that is at fault is alone. */
  readonly #rows = new Map<GuardedStore, number>();
  #passing: Promise<void> | null = null;

  constructor(stores: readonly GuardedStore[], writes: DoubleWrites, everyMs: number) {
    this.#stores = stores;
    this.#writes = writes;
    // A program that has nothing else to do ends; what waits is on disk.
    this.#timer = setInterval(() => void this.#background(), everyMs).unref();
  }

  /** Goes through all that waits. @throws {VectorError} E_ABORTED */
  async pass(options: RepositoryCallOptions): Promise<void> {
    await this.#passing;
    await this.#pass(options);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#passing;
  }

  async #background(): Promise<void> {
    if (this.#passing !== null) return;
    this.#passing = this.#pass({ signal: this.#end.signal }).catch(() => {
      // What a store failed with is in its circuit; what waits still waits.
    });
    await this.#passing;
    this.#passing = null;
  }

  async #pass({ signal }: RepositoryCallOptions): Promise<void> {
    const options = signal === undefined ? {} : { signal };
    for (const store of this.#stores) {
      for (;;) {
        if (!store.breaker.admits) break;
        try {
          const rows = this.#rows.get(store) ?? rowsMax;
          const left = await this.#writes.catchUp(store, rows, options);
          if (left === null) break;
          this.#rows.set(store, left === 0 ? Math.min(rowsMax, rows * 2) : Math.ceil(left / 2));
          if (left > 0) break;
        } catch (error) {
          if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
          break;
        }
      }
    }
  }
}
