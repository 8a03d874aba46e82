/** How a long call lets others have their turn. The worker answers one at a time, and short ones amid it, so that there is one turn at a time. */

/** How long a call goes on before what came meanwhile is looked at, and how long that is gone on with. */
export const turnMs = 20;

let others: (() => void) | null = null;
let endsMs = Number.POSITIVE_INFINITY;
/** How long others have had their turn amid calls, all in all. */
let othersMs = 0;
let amid = false;
let calls = 0;

/** A clock in milliseconds that stands still for a call while others have their turn. */
export function ownMs(): number {
  return performance.now() - othersMs;
}

/** Whether another call has its turn amid one that is not done. */
export function isAmid(): boolean {
  return amid;
}

/** The number of the call that runs, whatever is answered amid it; or of the last one. */
export function callNumber(): number {
  return calls;
}

/** Runs `call`, amid which `meanwhile` is called again and again, at places where everything is whole. What is answered amid another gives no turns. */
export function inTurns<Result>(meanwhile: () => void, call: () => Result): Result {
  if (amid) return call();
  calls += 1;
  others = meanwhile;
  endsMs = performance.now() + turnMs;
  try {
    return call();
  } finally {
    others = null;
  }
}

/** A place in a call where everything is whole: between one point and the next. Cheap. */
export function pause(): void {
  if (others === null || amid || performance.now() < endsMs) return;
  amid = true;
  const beganMs = performance.now();
  try {
    others();
  } finally {
    amid = false;
    const nowMs = performance.now();
    othersMs += nowMs - beganMs;
    // As long for the call as for the others: it comes to its end, whatever they ask.
    endsMs = nowMs + Math.max(turnMs, nowMs - beganMs);
  }
}
