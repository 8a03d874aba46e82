/** What one process measures, and how. */
import { runWorkers } from "../src/util/workers.ts";

export interface Measured {
  readonly rows: number;
  readonly ms: number;
  /** Of a copy: without its verify, until the index is built; of a verify: the target alone. Null: it was not seen. */
  readonly parts?: Readonly<Record<string, number | null>>;
}

export async function timed(work: () => Promise<number>): Promise<Measured> {
  const startedMs = performance.now();
  const rows = await work();
  return { rows, ms: performance.now() - startedMs };
}

/** Does `work` for each item, so many at a time; gives the sum of what it gives. */
export async function each<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  inFlight: number,
  work: (item: Item) => Promise<number>,
): Promise<number> {
  const queue = (async function* () {
    yield* items;
  })();
  let sum = 0;
  await runWorkers(inFlight, new AbortController().signal, async () => {
    for (;;) {
      const next = await queue.next();
      if (next.done === true) return;
      // Read after the wait: others add to it meanwhile.
      const done = await work(next.value);
      sum += done;
    }
  });
  return sum;
}
