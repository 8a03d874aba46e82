import { setTimeout as sleep } from "node:timers/promises";
import { abortError } from "./abort.ts";

/** Time as whoever waits sees it: the system's, or a test's. */
export interface Clock {
  /** Milliseconds from some fixed moment on; never goes back. */
  now(): number;
  /** @throws E_ABORTED as soon as `signal` aborts */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      throw error;
    }
  },
};
