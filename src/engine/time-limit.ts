/** How long a question or a change may take. The worker answers one at a time, and one amid another: there is one limit at a time. */
import { VectorError } from "../errors.ts";
import { ownMs, pause } from "./turns.ts";

/** What a Qdrant server allows a question that says no `timeout`. */
export const secondsDefault = 60;
/** Steps between two looks at the clock. */
const stepsMax = 64;

let endsMs = Number.POSITIVE_INFINITY;
let allowed = secondsDefault;
let steps = 0;

/** Runs `question`, in which `step` is called again and again. @throws E_TIMEOUT (408) */
export function within<Result>(seconds: number, question: () => Result): Result {
  const outer = { allowed, endsMs };
  allowed = seconds;
  endsMs = ownMs() + seconds * 1000;
  try {
    return question();
  } finally {
    ({ allowed, endsMs } = outer);
  }
}

/** One of many steps of a question: cheap. @throws E_TIMEOUT (408) where the question's time is over */
export function step(): void {
  steps += 1;
  if (steps % stepsMax === 0) largeStep();
}

/** A step that takes its time. @throws E_TIMEOUT (408) */
export function largeStep(): void {
  pause();
  if (ownMs() < endsMs) return;
  throw new VectorError("E_TIMEOUT", `Timeout: Operation 'Search' timed out after ${allowed}s`, {
    details: { status: 408 },
  });
}
