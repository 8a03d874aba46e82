/** How much one store may be asked: rows a second, and as little as keeps its answers quick. Whoever calls it waits here. */
import { type Clock, systemClock } from "../util/clock.ts";
import { LatencyGovernor } from "../util/latency-governor.ts";
import { RateLimit } from "../util/rate-limit.ts";

export interface GentleOptions {
  /** Rows that are read and written a second, together, at most. Ten listed ids count as one row. */
  readonly maxRowsPerSecond?: number | undefined;
  /**
   * What the answer to one request may take, in ms: when answers are later, there are fewer requests at once, then smaller
   * ones, at last pauses, until they are in time again.
   */
  readonly maxLatencyMs?: number | undefined;
  /** Told when the store is slowed down, and when it is no more (null); `isNew` = not only its figures have changed. */
  readonly onSlowed?: ((slowing: Slowing | null, isNew: boolean) => void) | undefined;
}

interface PaceOptions extends GentleOptions {
  readonly clock?: Clock;
}

/** Why a store is asked for less than it might give. */
export type Slowing =
  | { readonly by: "latency"; readonly latencyMs: number; readonly limitMs: number }
  | { readonly by: "failures" }
  | { readonly by: "rate"; readonly rowsPerSecond: number };

/** What a store is asked for: records, or its list of ids. */
export type Asked = "records" | "ids";

/** A request has so many rows of a second at most: ten small ones leave room where one large one does not. */
const shareOfSecond = 1 / 10;
const idsPerRow = 10;
/** Rows of a request under a latency limit. Above a thousand a row grows no cheaper. */
const recordSizes = { sizeMin: 10, sizeMax: 1000, sizeStart: 100 };
/**
 * A list of ids costs a server the same whatever its length (Chroma sorts all ids for each page): it is not asked in smaller
 * pages, only with pauses between them.
 */
const idSizes = { sizeMin: 1, sizeMax: 1, sizeStart: 1 };
/** New figures are told so often at most. */
const tellEveryMs = 1000;
/** Who has not had to wait for so long is not slowed any more. */
const freeAfterMs = 5000;

export class Pace {
  readonly #options: PaceOptions;
  readonly #clock: Clock;
  readonly #rate: RateLimit | null;
  readonly #governors: Readonly<Record<Asked, LatencyGovernor>> | null;
  /** Whether the store says itself how long its answers took; else a call is one answer. */
  readonly #reports: boolean;
  #asked: Asked = "records";
  #callsAside = 0;
  #waitedMs = Number.NEGATIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;
  #told: "by rate" | "by answers" | null = null;

  /** `places` = calls in flight that the store bears well; `reports` = `answered` is called by whoever opened the store. */
  constructor(options: PaceOptions, store: { places: number; reports: boolean }) {
    const { maxRowsPerSecond, maxLatencyMs: limitMs, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#reports = store.reports;
    this.#rate = maxRowsPerSecond === undefined ? null : new RateLimit(maxRowsPerSecond, clock);
    const shared = { limitMs: limitMs ?? 0, clock, onAnswer: () => this.#tell() };
    const placesMax = store.places;
    this.#governors =
      limitMs === undefined
        ? null
        : {
            records: new LatencyGovernor({ ...shared, ...recordSizes, placesMax }),
            ids: new LatencyGovernor({ ...shared, ...idSizes, placesMax: 1 }),
          };
  }

  /** Rows that a request has at most. */
  get rowsMax(): number {
    const { maxRowsPerSecond = Number.POSITIVE_INFINITY } = this.#options;
    const bySize = this.#governors === null ? Number.POSITIVE_INFINITY : recordSizes.sizeMax;
    return Math.min(bySize, Math.max(1, Math.ceil(maxRowsPerSecond * shareOfSecond)));
  }

  /** Rows that the next request may have. */
  get rows(): number {
    return Math.min(this.rowsMax, this.#governors?.records.size ?? Number.POSITIVE_INFINITY);
  }

  /** Runs `work`, in which one call is `timed`, when there is a place for it. @throws E_ABORTED, and what `work` throws */
  async request<Result>(
    asked: Asked,
    work: () => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    this.#asked = asked;
    return this.#governors === null ? await work() : await this.#governors[asked].run(work, signal);
  }

  /** Runs a call of the store, whose time is that of an answer unless the store says better. */
  async timed<Result>(call: () => Promise<Result>): Promise<Result> {
    const startedMs = this.#clock.now();
    const result = await call();
    if (!this.#reports) this.answered(this.#clock.now() - startedMs);
    return result;
  }

  /** Waits until so many rows, or ids, may pass. @throws E_ABORTED */
  async take(asked: Asked, count: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#rate === null) return;
    const units = asked === "ids" ? count / idsPerRow : count;
    const waitedMs = await this.#rate.take(units, signal);
    if (waitedMs >= 1) this.#waitedMs = this.#clock.now();
    this.#tell();
  }

  /** Runs a call that neither reads nor writes records, say one that makes a collection: how long it takes says nothing of them. */
  async aside<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#callsAside += 1;
    try {
      return await call();
    } finally {
      this.#callsAside -= 1;
    }
  }

  /** The store has answered a request after `ms`. */
  answered(ms: number): void {
    if (this.#callsAside > 0) return;
    this.#governors?.[this.#asked].answered(ms);
  }

  /** A request failed and will be tried again. */
  retried(): void {
    this.#governors?.[this.#asked].failed();
  }

  #slowing(): Slowing | null {
    const { maxRowsPerSecond, maxLatencyMs } = this.#options;
    const governor = this.#slowed();
    if (governor?.slowedBy === "failures") return { by: "failures" };
    if (governor?.slowedBy === "latency" && maxLatencyMs !== undefined) {
      const latencyMs = Math.round(governor.latencyMs ?? maxLatencyMs);
      return { by: "latency", latencyMs, limitMs: maxLatencyMs };
    }
    const waits = this.#clock.now() - this.#waitedMs < freeAfterMs;
    if (!waits || maxRowsPerSecond === undefined) return null;
    return { by: "rate", rowsPerSecond: maxRowsPerSecond };
  }

  /** Whose pace is lowered: that of records lasts while ids are listed in between, that of ids only as long as it is asked for them. */
  #slowed(): LatencyGovernor | undefined {
    const { records, ids } = this.#governors ?? {};
    return this.#asked === "ids" && records?.slowedBy === null ? ids : records;
  }

  #tell(): void {
    const slowing = this.#slowing();
    const state = slowing === null ? null : slowing.by === "rate" ? "by rate" : "by answers";
    const isNew = state !== this.#told;
    const now = this.#clock.now();
    if (!isNew && (state !== "by answers" || now - this.#toldMs < tellEveryMs)) return;
    this.#told = state;
    this.#toldMs = now;
    this.#options.onSlowed?.(slowing, isNew);
  }
}
