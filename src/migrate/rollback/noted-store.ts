/** A Qdrant that keeps no notes of its own (before 1.16), with those that the journal has: without them its points would be read as another's. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { TargetStore } from "../../store/port.ts";
import type { Journal, Migration } from "../journal/journal.ts";
import { sourceNote } from "../target-spec.ts";

/** The store, its collections with their notes. It is closed with the wrapper. */
export function withNotes(store: TargetStore, journal: Journal, migration: Migration): TargetStore {
  const plans = journal.collections(migration).map(({ plan }) => plan);
  const noted = (info: CollectionInfo): CollectionInfo => {
    const own = plans.filter(({ target }) => target === info.name);
    const [first] = own;
    if (info.note !== null || first === undefined) return info;
    const { layout, tenanted } = first;
    const sources = own.map((plan) => sourceNote(plan, migration.run));
    return { ...info, note: JSON.stringify({ format: 1, layout, tenanted, sources }) };
  };
  return {
    identity: store.identity,
    capabilities: store.capabilities,
    collections: async (options) => (await store.collections(options)).map(noted),
    count: (collection, options) => store.count(collection, options),
    ids: (collection, options) => store.ids(collection, options),
    read: (collection, keys, options) => store.read(collection, keys, options),
    search: (collection, vector, options) => store.search(collection, vector, options),
    scan: (collection, options) => store.scan(collection, options),
    ensure: (spec, options) => store.ensure(spec, options),
    write: (spec, batch, options) => store.write(spec, batch, options),
    remove: (collection, selector, options) => store.remove(collection, selector, options),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
