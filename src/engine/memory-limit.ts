/** How much memory a question's conditions may hold. The worker answers one at a time, so that there is one limit at a time. */
import { badInput } from "./errors.ts";

/** Bytes of sets of slots. */
const roomBytes = 2 ** 30;

let left = Number.POSITIVE_INFINITY;

/** Runs `question`, in which `hold` counts what stays in memory until its end. @throws E_INPUT (400) */
export function withinRoom<Result>(question: () => Result): Result {
  const outer = left;
  left = roomBytes;
  try {
    return question();
  } finally {
    left = outer;
  }
}

/** So many bytes are held until the question's end. @throws E_INPUT (400) where these are too many */
export function hold(bytes: number): void {
  left -= bytes;
  if (left < 0)
    throw badInput(
      "Bad request: The conditions of the filters take more memory than one request may hold",
    );
}
