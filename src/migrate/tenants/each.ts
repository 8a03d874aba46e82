import { runWorkers } from "../../util/workers.ts";

/** Calls at once: no more than a store bears well beside those who use it. */
const atOnce = 4;

/** Runs `work` for each item, begun in their order; the first failure ends all. */
export async function eachOf<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  await runWorkers(atOnce, signal, async (either) => {
    for (const [index, item] of left) await work(item, index, either);
  });
}
