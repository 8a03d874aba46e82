import { throwIfAborted } from "./abort.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Time that may be made up for where nobody asked for a while: what passes in any t ms is bounded by t + this. */
const creditMs = 250;

/**
 * Lets so many units a second pass, on the mean over any longer time exactly so many: each taking moves the moment of the next
 * one by what it costs (a leaky bucket by virtual scheduling, ITU-T I.371 annex A). Who asks first passes first.
 */
export class RateLimit {
  readonly #msPerUnit: number;
  readonly #clock: Clock;
  /** When what has been taken so far will be paid for. */
  #paidMs: number;

  constructor(unitsPerSecond: number, clock: Clock = systemClock) {
    this.#msPerUnit = 1000 / unitsPerSecond;
    this.#clock = clock;
    this.#paidMs = clock.now();
  }

  /**
   * Waits until all that was taken before is paid for, then takes `units`, however many. Returns the ms waited. What was
   * taken stays taken when `signal` aborts the wait. @throws E_ABORTED
   */
  async take(units: number, signal: AbortSignal | undefined): Promise<number> {
    throwIfAborted(signal);
    const now = this.#clock.now();
    const atMs = Math.max(this.#paidMs, now - creditMs);
    this.#paidMs = atMs + units * this.#msPerUnit;
    const waitMs = Math.max(0, atMs - now);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    return waitMs;
  }
}
