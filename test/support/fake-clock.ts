/** A clock that a test moves on. */
import { abortError, throwIfAborted } from "../../src/util/abort.ts";
import type { Clock } from "../../src/util/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Stands still but for `run`, which goes from one waking to the next as fast as the code between them does. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = {
      atMs: this.#nowMs + ms,
      wake: () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      },
    };
    const leave = (): void => {
      this.#sleepers.delete(sleeper);
      if (signal) reject(abortError(signal));
    };
    this.#sleepers.add(sleeper);
    signal?.addEventListener("abort", leave, { once: true });
    return promise;
  }

  /** Lets everything happen that happens in the next `ms`. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = [...this.#sleepers].sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#sleepers.delete(next);
      next.wake();
    }
    this.#nowMs = endMs;
  }
}

/** When every promise that can be settled is. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
