/** Turns of the event loop, which work in this thread may not hold up. */
import { setImmediate } from "node:timers/promises";

/** How long the event loop may be held, by all who work in one turn of it. */
const sliceMs = 5;

let turnBeganMs: number | null = null;

/** Whether this turn of the event loop is over its time. */
export function isTurnOver(): boolean {
  if (turnBeganMs === null) {
    turnBeganMs = performance.now();
    void setImmediate().then(() => {
      turnBeganMs = null;
    });
  }
  return performance.now() - turnBeganMs > sliceMs;
}
