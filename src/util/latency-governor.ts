/**
 * Keeps a server's answers below a limit by asking for less: first fewer requests at once, then smaller ones, at last pauses
 * between them. Additive increase, multiplicative decrease, as TCP does it (RFC 5681): what all askers do together is fair,
 * and ends below the limit. Pure but for its clock.
 */
import { abortError, throwIfAborted } from "./abort.ts";
import { type Clock, systemClock } from "./clock.ts";

export interface GovernorOptions {
  readonly limitMs: number;
  /** Units a request may have at least and at most. */
  readonly sizeMin: number;
  readonly sizeMax: number;
  /** Units of the first request; it doubles with each quick answer until one is late. */
  readonly sizeStart: number;
  /** Requests at once at most. */
  readonly placesMax: number;
  readonly clock?: Clock;
  /** Told of every answer that counted, after what it changed. */
  readonly onAnswer?: () => void;
}

/** How much of a new answer time enters the smoothed one: a later answer at once, a quicker one slowly. */
const smoothing = { up: 0.5, down: 0.1 };
/** The smallest and the largest part that is left of the pace when an answer is late. */
const left = { least: 0.25, most: 0.8 };
/** Below this part of the limit answers are quick. */
const quiet = 0.8;
/** Between it and the limit requests grow by this part of themselves a second: what takes so long need not be their size. */
const creep = 0.02;
/** Seconds in which the pace grows from nothing to the full one. */
const growSeconds = 30;
/** A time without answers counts for so much growth at most. */
const growStepMs = 1000;
const pause = { leastMs: 50, mostMs: 2000 };
/** Failures that come closer together than this are one. */
const failureMs = 1000;

export class LatencyGovernor {
  readonly #options: GovernorOptions;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #inFlight = 0;
  /** Units in flight at most; below `sizeMax` it is the size of the one request. */
  #budget: number;
  #starting = true;
  #slowedBy: "latency" | "failures" | null = null;
  #pauseMs = 0;
  /** No request begins before. */
  #restUntilMs = 0;
  /** When the pace was last lowered: what was asked before says nothing about the pace since. */
  #loweredMs = Number.NEGATIVE_INFINITY;
  #grownMs: number;
  #smoothedMs: number | null = null;
  #latencyMs: number | null = null;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#budget = options.sizeStart;
    this.#grownMs = this.#clock.now();
  }

  /** Units that the next request may have. */
  get size(): number {
    const { sizeMin, sizeMax } = this.#options;
    return Math.max(sizeMin, Math.min(sizeMax, Math.floor(this.#budget)));
  }

  /** Requests that may be in flight. */
  get places(): number {
    return Math.max(1, Math.floor(this.#budget / this.#options.sizeMax));
  }

  /** The wait between two requests, in ms. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** What lowered the pace last: late answers, or failures; null = the full pace has been reached again since. */
  get slowedBy(): "latency" | "failures" | null {
    return this.#slowedBy;
  }

  /** The smoothed answer time; null before the first answer. */
  get latencyMs(): number | null {
    return this.#latencyMs;
  }

  /** Runs `work`, one request, in a place of its own, after the pause. Places are given in the order of asking. @throws E_ABORTED */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    await this.#take(signal);
    try {
      const restMs = this.#restUntilMs - this.#clock.now();
      if (restMs > 0) await this.#clock.sleep(restMs, signal);
      return await work();
    } finally {
      this.#inFlight -= 1;
      this.#restUntilMs = this.#clock.now() + this.#pauseMs;
      this.#admit();
    }
  }

  /** Takes in that a request has just been answered, after `ms`. */
  answered(ms: number): void {
    const now = this.#clock.now();
    this.#latencyMs = smooth(this.#latencyMs, ms);
    if (now - ms >= this.#loweredMs) {
      this.#smoothedMs = smooth(this.#smoothedMs, ms);
      const { limitMs } = this.#options;
      if (this.#smoothedMs > limitMs) this.#lower(limitMs / this.#smoothedMs, "latency");
      else this.#raise(now, this.#smoothedMs <= quiet * limitMs);
    }
    this.#options.onAnswer?.();
  }

  /** Takes in that a request failed in a way that asks for another try: a server that does so has too much to do. */
  failed(): void {
    if (this.#clock.now() - this.#loweredMs < failureMs) return;
    this.#lower(0.5, "failures");
    this.#options.onAnswer?.();
  }

  #lower(share: number, by: "latency" | "failures"): void {
    const { sizeMin } = this.#options;
    if (this.#budget > sizeMin) {
      const part = Math.max(left.least, Math.min(left.most, share));
      this.#budget = Math.max(sizeMin, this.#budget * part);
    } else {
      this.#pauseMs = Math.min(pause.mostMs, Math.max(pause.leastMs, 2 * this.#pauseMs));
    }
    this.#starting = false;
    this.#slowedBy = by;
    this.#loweredMs = this.#clock.now();
    this.#grownMs = this.#loweredMs;
    this.#smoothedMs = null;
  }

  #raise(now: number, isQuick: boolean): void {
    const { sizeMax, placesMax } = this.#options;
    const full = sizeMax * placesMax;
    const elapsedMs = Math.min(growStepMs, now - this.#grownMs);
    this.#grownMs = now;
    if (this.#pauseMs > 0) {
      this.#pauseMs = this.#pauseMs > pause.leastMs ? this.#pauseMs / 2 : 0;
      return;
    }
    if (isQuick) {
      const more = this.#starting ? this.#budget : (full * elapsedMs) / (growSeconds * 1000);
      this.#budget = Math.min(full, this.#budget + more);
    } else if (this.#budget < sizeMax) {
      this.#budget = Math.min(sizeMax, this.#budget * (1 + (creep * elapsedMs) / 1000));
    }
    if (this.#budget === full) this.#slowedBy = null;
    this.#admit();
  }

  #take(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const enter = (): void => {
      signal?.removeEventListener("abort", leave);
      this.#waiting.delete(enter);
      this.#inFlight += 1;
      resolve();
    };
    const leave = (): void => {
      this.#waiting.delete(enter);
      if (signal !== undefined) reject(abortError(signal));
    };
    this.#waiting.add(enter);
    signal?.addEventListener("abort", leave, { once: true });
    this.#admit();
    return promise;
  }

  #admit(): void {
    for (const enter of this.#waiting) {
      if (this.#inFlight >= this.places) return;
      enter();
    }
  }
}

/** An average that follows what is later at once and what is quicker slowly: some five of six answers are below it. */
function smooth(before: number | null, ms: number): number {
  if (before === null) return ms;
  return before + (ms > before ? smoothing.up : smoothing.down) * (ms - before);
}
