import { setImmediate } from "node:timers/promises";

/**
 * Runs `workers` copies of `work` until each has ended. The first that fails ends the others: they are given a signal of
 * their own, which also follows `signal`. Throws the first failure, and none of those that it caused.
 *
 * Each begins a turn of the event loop after the one before: what that has made to be sent leaves first.
 */
export async function runWorkers(
  workers: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const guarded = async () => {
    try {
      await work(either);
    } catch (error) {
      failures.push(error);
      stop.abort(error);
    }
  };
  const running: Promise<void>[] = [];
  while (running.length < workers) {
    if (running.length > 0) await setImmediate();
    running.push(guarded());
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
