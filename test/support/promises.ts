import { createHook } from "node:async_hooks";

/** How many promises are made while `work` runs, by whomever: what one call makes is that of many, divided. */
export async function promisesMade(work: () => Promise<unknown>): Promise<number> {
  let promises = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === "PROMISE") promises += 1;
    },
  });
  hook.enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return promises;
}
