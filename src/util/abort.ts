import { VectorError } from "../errors.ts";

/** The error of a call that its signal ended: E_ABORTED with the signal's reason as cause. */
export function abortError(signal: AbortSignal): VectorError {
  return new VectorError("E_ABORTED", "The run was interrupted.", { cause: signal.reason });
}

/** @throws E_ABORTED where `signal` is given and aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** What `work` gives, unless `signal` aborts first: work that others wait for too goes on. @throws E_ABORTED, and what `work` throws */
export async function orAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(abortError(signal));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
