/** Keeps the number of each tenant's documents without being asked: counted after calls, seldom, and never waited for. */

/** A tenant's documents that were only read are counted again this long after the last time: others may have written. */
const readPauseMs = 300_000;
const timeoutMs = 5000;
/** Counts under way at once; a call that would make more of them is let go, and a later one counts. */
const inFlightMax = 4;

interface Counted {
  count: number;
  atMs: number;
  /** Whether a count stands ahead, when the pause is over. */
  due: boolean;
}

/** Tenants that it is told of are bounded by whoever tells: see `TenantLabels`. */
export class DocumentGauge {
  readonly #count: (collection: string, tenantId: string, signal: AbortSignal) => Promise<number>;
  readonly #set: (tenantId: string, count: number) => void;
  readonly #tenants = new Map<string, Map<string, Counted>>();
  readonly #pauseMs: number;
  #inFlight = 0;

  /** `pauseMs` after the last time, at the earliest, the documents of a tenant that was written to are counted again. */
  constructor(
    pauseMs: number,
    count: (collection: string, tenantId: string, signal: AbortSignal) => Promise<number>,
    set: (tenantId: string, count: number) => void,
  ) {
    this.#pauseMs = pauseMs;
    this.#count = count;
    this.#set = set;
  }

  /** The documents of `tenantId` in `collection` were read, or written to. Returns at once. */
  touch(tenantId: string, collection: string, written: boolean): void {
    const collections = this.#tenants.get(tenantId) ?? new Map<string, Counted>();
    this.#tenants.set(tenantId, collections);
    const known = collections.get(collection);
    const entry = known ?? { count: 0, atMs: Number.NEGATIVE_INFINITY, due: false };
    collections.set(collection, entry);
    const pause = written || known === undefined ? this.#pauseMs : readPauseMs;
    const waitMs = entry.atMs + pause - performance.now();
    if (entry.due || (waitMs > 0 && !written)) return;
    entry.due = true;
    if (waitMs <= 0) void this.#refresh(tenantId, collection, entry);
    else setTimeout(() => void this.#refresh(tenantId, collection, entry), waitMs).unref();
  }

  async #refresh(tenantId: string, collection: string, entry: Counted): Promise<void> {
    entry.due = false;
    if (this.#inFlight >= inFlightMax) return;
    this.#inFlight += 1;
    entry.atMs = performance.now();
    try {
      entry.count = await this.#count(collection, tenantId, AbortSignal.timeout(timeoutMs));
      let total = 0;
      for (const { count } of this.#tenants.get(tenantId)?.values() ?? []) total += count;
      this.#set(tenantId, total);
    } catch {
      // A store that does not answer is told of by the calls themselves.
    } finally {
      this.#inFlight -= 1;
    }
  }
}
