import { VectorError } from "../errors.ts";

/** The error of a call that its signal ended: E_ABORTED with the signal's reason as cause. */
export function abortError(signal: AbortSignal): VectorError {
  return new VectorError("E_ABORTED", "The run was interrupted.", { cause: signal.reason });
}

/** @throws E_ABORTED where `signal` is given and aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}
