/** How a long change lets others have their turn. The worker makes one change at a time, so that there is one turn at a time. */

/** How long a change goes on before what came meanwhile is looked at. */
const turnMs = 20;

let others: (() => void) | null = null;
let endsMs = Number.POSITIVE_INFINITY;
/** How long others have had their turn amid changes, all in all. */
let othersMs = 0;

/** A clock in milliseconds that stands still for a change while others have their turn. */
export function ownMs(): number {
  return performance.now() - othersMs;
}

/** Makes `change`, amid which `meanwhile` is called again and again, at places where everything is whole. */
export function inTurns<Result>(meanwhile: () => void, change: () => Result): Result {
  others = meanwhile;
  endsMs = performance.now() + turnMs;
  try {
    return change();
  } finally {
    others = null;
  }
}

/** A place in a change where everything is whole: between one point and the next. Cheap. */
export function pause(): void {
  if (others === null || performance.now() < endsMs) return;
  const meanwhile = others;
  // What is answered meanwhile is no change: it gives no turns.
  others = null;
  const beganMs = performance.now();
  try {
    meanwhile();
  } finally {
    others = meanwhile;
    const nowMs = performance.now();
    othersMs += nowMs - beganMs;
    endsMs = nowMs + turnMs;
  }
}
