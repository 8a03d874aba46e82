import { abortError } from "./abort.ts";

/** A bounded number of places. `run` waits for one, in order, and gives it back whatever happens. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** Runs `work` in a place of its own. @throws E_ABORTED when `signal` aborts before one is free */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  #take(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) reject(abortError(signal));
    else if (this.#free > 0) {
      this.#free -= 1;
      resolve();
    } else this.#wait(resolve, reject, signal);
    return promise;
  }

  #wait(resolve: () => void, reject: (error: unknown) => void, signal: AbortSignal): void {
    const enter = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      this.#waiting.delete(enter);
      reject(abortError(signal));
    };
    this.#waiting.add(enter);
    signal.addEventListener("abort", leave, { once: true });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
