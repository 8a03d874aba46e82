/** The Qdrant whose answers these are, as it names itself. */
export const followed = {
  title: "qdrant - vector search engine",
  version: "1.18.2",
  commit: "44ad62f8cd69642be5afa6441612525e24a0d063",
} as const;

let lastOperation = 0;

/** The number of a change, one more than that of the change before it. */
export function nextOperation(): number {
  lastOperation += 1;
  return lastOperation;
}
