import { isVectorError, type VectorError } from "../errors.ts";
import { throwIfAborted } from "./abort.ts";
import { systemClock } from "./clock.ts";

/** Told before each wait: the error that is being retried, how many attempts have failed, and the wait in ms. */
export type OnRetry = (error: VectorError, failed: number, waitMs: number) => void;

export interface RetryOptions {
  /** Attempts in all, the first one included. Default 7. */
  readonly attempts?: number | undefined;
  /** Upper bound of the first wait; it doubles with each failure. Default 200. */
  readonly baseMs?: number;
  /** Upper bound of any wait that the server did not ask for. Default 10,000. */
  readonly maxMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: OnRetry | undefined;
}

/** A server that asks for a longer wait than this is not waited for: the error goes to the caller. */
const retryAfterMaxMs = 300_000;

/**
 * Runs `run` until it succeeds, fails with an error that is not retryable, or `attempts` are used up; then throws the last error.
 * Waits between 0 and an exponentially growing bound (full jitter), and never less than the error's `retryAfterMs`.
 * @throws E_ABORTED as soon as `signal` aborts, also in the middle of a wait
 */
export async function retry<T>(run: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 7, baseMs = 200, maxMs = 10_000, signal, onRetry } = options;
  for (let failed = 1; ; failed += 1) {
    throwIfAborted(signal);
    try {
      return await run();
    } catch (error) {
      if (!isVectorError(error) || !error.retryable || failed >= attempts) throw error;
      const askedMs = error.retryAfterMs ?? 0;
      if (askedMs > retryAfterMaxMs) throw error;
      const bound = Math.min(maxMs, baseMs * 2 ** (failed - 1));
      const waitMs = Math.max(askedMs, Math.random() * bound);
      onRetry?.(error, failed, waitMs);
      await systemClock.sleep(waitMs, signal);
    }
  }
}
