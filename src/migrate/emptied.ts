/** A source in which a collection that has vanished looks like one without records. */
import type { SourceStore } from "../store/port.ts";

/** The same source, with nothing in it: what was carried from it then counts as deleted there. */
export function emptied(source: SourceStore): SourceStore {
  return {
    identity: source.identity,
    capabilities: source.capabilities,
    collections: (options) => source.collections(options),
    count: async () => 0,
    async *ids() {},
    read: async (_collection, keys) => ({
      batch: {
        ids: [],
        vectors: new Map(),
        payload: { documents: [], uris: [], metadata: [] },
      },
      absent: [...keys],
      failures: [],
    }),
    search: async () => [],
    // The source itself is closed by whoever opened it.
    [Symbol.asyncDispose]: async () => undefined,
  };
}
