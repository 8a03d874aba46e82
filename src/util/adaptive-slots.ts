/** Places for requests in flight, as many as the server takes. */
import { type FlightBounds, FlightLimit } from "./flight-limit.ts";
import { Slots } from "./slots.ts";

export interface AdaptiveOptions extends FlightBounds {
  /** Whether a request failed because the server has too much to do: 429, 503, silence. */
  readonly isOverload: (error: unknown) => boolean;
}

/** Runs requests, each in a place of its own; `FlightLimit` says how many there are. */
export class AdaptiveSlots {
  readonly #limit: FlightLimit;
  readonly #slots: Slots;
  readonly #isOverload: (error: unknown) => boolean;

  constructor({ isOverload, ...bounds }: AdaptiveOptions) {
    this.#limit = new FlightLimit(bounds);
    this.#slots = new Slots(this.#limit.places);
    this.#isOverload = isOverload;
  }

  /** Requests that may be in flight now. */
  get places(): number {
    return this.#limit.places;
  }

  /**
   * Runs one attempt of a request; waits between attempts belong outside, so that they take no place. `amountOf` says what
   * its result brought, in a unit that is the same for all. @throws E_ABORTED when `signal` aborts before a place is free
   */
  run<Result>(
    attempt: () => Promise<Result>,
    amountOf: (result: Result) => number,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    return this.#slots.run(async () => {
      const startedAtMs = performance.now();
      try {
        const result = await attempt();
        const { full } = this.#slots;
        const endedAtMs = performance.now();
        this.#limit.landed({ startedAtMs, endedAtMs, amount: amountOf(result), full });
        return result;
      } catch (error) {
        if (this.#isOverload(error)) this.#limit.overloaded(startedAtMs, performance.now());
        throw error;
      } finally {
        this.#slots.resize(this.#limit.places);
      }
    }, signal);
  }
}
