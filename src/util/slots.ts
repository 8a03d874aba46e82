import { abortError } from "./abort.ts";

/** A bounded number of places. `run` waits for one, in order, and gives it back whatever happens. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #places: number;
  /** Below 0 while more are taken than there are by now. */
  #free: number;

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  /** Whether whoever comes next has to wait. */
  get full(): boolean {
    return this.#free <= 0;
  }

  /** Runs `work` in a place of its own. @throws E_ABORTED when `signal` aborts before one is free */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#free += 1;
      this.#admit();
    }
  }

  /** More places or fewer from now on; work that is under way keeps its own. */
  resize(places: number): void {
    this.#free += places - this.#places;
    this.#places = places;
    this.#admit();
  }

  #take(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) reject(abortError(signal));
    else if (this.#free > 0) {
      this.#free -= 1;
      resolve();
    } else this.#wait(resolve, reject, signal);
    return promise;
  }

  #wait(
    resolve: () => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ): void {
    const enter = () => {
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      this.#waiting.delete(enter);
      if (signal) reject(abortError(signal));
    };
    this.#waiting.add(enter);
    signal?.addEventListener("abort", leave, { once: true });
  }

  #admit(): void {
    for (const next of this.#waiting) {
      if (this.#free <= 0) return;
      this.#waiting.delete(next);
      this.#free -= 1;
      next();
    }
  }
}
