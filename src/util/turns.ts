/** Long work on the thread that also answers others: it is done in turns of a few milliseconds. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "./abort.ts";

const turnMs = 8;
/** Items that are sorted in one go. */
const sortedAtOnce = 4096;

export class Turns {
  readonly #signal: AbortSignal | undefined;
  #endMs = performance.now() + turnMs;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is the others' turn: `next` is to be awaited then. */
  get over(): boolean {
    return performance.now() >= this.#endMs;
  }

  /** Resolves when all others had theirs. @throws E_ABORTED */
  async next(): Promise<void> {
    throwIfAborted(this.#signal);
    await setImmediate();
    throwIfAborted(this.#signal);
    this.#endMs = performance.now() + turnMs;
  }
}

/** The items in order: sorted in runs, which are merged. @throws E_ABORTED */
export async function sortedInTurns<Item>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
  turns: Turns,
): Promise<Item[]> {
  let runs: Item[][] = [];
  for (let start = 0; start < items.length; start += sortedAtOnce) {
    runs.push(items.slice(start, start + sortedAtOnce).sort(compare));
    if (turns.over) await turns.next();
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await mergeRuns(runs[at] ?? [], runs[at + 1] ?? [], compare, turns));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeRuns<Item>(
  one: readonly Item[],
  other: readonly Item[],
  compare: (one: Item, other: Item) => number,
  turns: Turns,
): Promise<Item[]> {
  const merged: Item[] = [];
  const rest = other.values();
  let next = rest.next();
  for (const item of one) {
    while (next.done !== true && compare(next.value, item) < 0) {
      merged.push(next.value);
      next = rest.next();
    }
    merged.push(item);
    if (merged.length % sortedAtOnce === 0 && turns.over) await turns.next();
  }
  for (; next.done !== true; next = rest.next()) merged.push(next.value);
  return merged;
}
