/** Asks the second store for a share of the searches, beside the caller's way: nothing of it is waited for, and no fault of it is heard. */
import type { SearchResult, VectorSearchRequest } from "../types.ts";
import type { GuardedStore } from "./guarded-store.ts";
import type { HybridMetrics } from "./hybrid-metrics.ts";

export interface ShadowOptions {
  /** Share of the searches, 0 to 1. */
  readonly share: number;
  /** Searches under way at once; further ones are let go. */
  readonly inFlightMax: number;
  readonly timeoutMs: number;
}

export class Shadow {
  readonly #store: GuardedStore;
  readonly #options: ShadowOptions;
  readonly #metrics: HybridMetrics | null;
  readonly #end = new AbortController();
  #inFlight = 0;

  constructor(store: GuardedStore, options: ShadowOptions, metrics: HybridMetrics | null) {
    this.#store = store;
    this.#options = options;
    this.#metrics = metrics;
  }

  /**
   * Perhaps asks the second store what the first one has answered. Returns at once.
   */
  compare<M extends object>(
    request: VectorSearchRequest<M>,
    answer: readonly SearchResult<M>[],
  ): void {
    const { share, inFlightMax } = this.#options;
    if (share <= 0 || Math.random() >= share) return;
    if (this.#inFlight >= inFlightMax || !this.#store.breaker.admits) {
      this.#metrics?.shadow("skipped");
      return;
    }
    const { queryEmbedding } = request;
    // The caller may use its array for something else by now.
    const own = { ...request, queryEmbedding: Float32Array.from(queryEmbedding) };
    const ids = answer.map(({ document }) => document.id);
    void this.#ask(own, ids);
  }

  /** Ends what is under way. */
  close(): void {
    this.#end.abort();
  }

  /** Past the circuit: a second store that is slow for shadows stays there for whoever falls back to it. */
  async #ask<M extends object>(
    request: VectorSearchRequest<M>,
    ids: readonly string[],
  ): Promise<void> {
    this.#inFlight += 1;
    try {
      const found = await this.#store.ask(
        (repository, options) => repository.semanticSearchAdvanced(request, options),
        { timeoutMs: this.#options.timeoutMs, signal: this.#end.signal },
      );
      this.#metrics?.shadow(
        overlap(
          ids,
          found.map(({ document }) => document.id),
        ),
      );
    } catch {
      if (!this.#end.signal.aborted) this.#metrics?.shadow("error");
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/** The share of `ids` that stands in `found`; of none, 1 where nothing was found either. */
function overlap(ids: readonly string[], found: readonly string[]): number {
  if (ids.length === 0) return found.length === 0 ? 1 : 0;
  const there = new Set(found);
  return ids.filter((id) => there.has(id)).length / ids.length;
}
