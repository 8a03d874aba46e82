/** Keeps calls from a store that has failed again and again, and lets one through from time to time to see whether it is back. */

export type CircuitState = "closed" | "half-open" | "open";

export interface BreakerOptions {
  /** Failures in a row that open the circuit. Default 5. */
  readonly failures?: number;
  /** How long it stays open before one call is let through. Default 10,000. */
  readonly resetMs?: number;
}

export class CircuitBreaker {
  readonly #failuresMax: number;
  readonly #resetMs: number;
  readonly #onState: (state: CircuitState) => void;
  readonly #now: () => number;
  #failures = 0;
  #openedMs = 0;
  #state: CircuitState = "closed";

  constructor(
    { failures = 5, resetMs = 10_000 }: BreakerOptions,
    onState: (state: CircuitState) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#failuresMax = failures;
    this.#resetMs = resetMs;
    this.#onState = onState;
    this.#now = now;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Whether a call would be let through; changes nothing. */
  get admits(): boolean {
    if (this.#state === "closed") return true;
    return this.#state === "open" && this.#now() - this.#openedMs >= this.#resetMs;
  }

  /** Whether a call may be made now. Whoever got true tells how it went by `succeeded`, `failed` or `left`. */
  enter(): boolean {
    if (this.#state === "closed") return true;
    if (!this.admits) return false;
    this.#become("half-open");
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#become("closed");
  }

  failed(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#failuresMax) return;
    this.#openedMs = this.#now();
    this.#become("open");
  }

  /** The call ended without telling anything of the store: its caller gave it up. */
  left(): void {
    if (this.#state === "half-open") this.#become("open");
  }

  #become(state: CircuitState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }
}
