/** Works through `items`, so many at once; the first failure ends it, when the others at work have ended. */
export async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item, lane: number) => Promise<void>,
): Promise<void> {
  const left = [...items];
  let failed = false;
  const results = await Promise.allSettled(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let item = left.shift(); item !== undefined && !failed; item = left.shift()) {
        await work(item, lane).catch((error: unknown) => {
          failed = true;
          throw error;
        });
      }
    }),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
