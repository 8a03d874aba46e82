/** Stores that forget the tenant in one of their calls, and say that all was the tenant's: what a check of isolation must see. */
import type { DocumentSelector, DocumentStore } from "../../../src/store/documents.ts";

export const leaks = ["search", "count", "scan", "remove", "tenants"] as const;

/** The store with this leak. */
export function withLeak(store: DocumentStore, leak: (typeof leaks)[number]): DocumentStore {
  const forgetful: Partial<DocumentStore> = {
    search: async (collection, vector, { tenant = "", ...options }) =>
      (await store.search(collection, vector, options)).map((hit) => ({ ...hit, tenant })),
    count: (collection, { tenant: _, ...options } = {}) => store.count(collection, options),
    scan: async function* (collection, { tenant, ...options } = {}) {
      for await (const batch of store.scan(collection, options)) {
        const tenants = batch.placement.tenants.map((found) => tenant ?? found);
        yield { ...batch, placement: { ...batch.placement, tenants } };
      }
    },
    remove: async (collection, selector, options) => {
      if (!("tenant" in selector)) return await store.remove(collection, selector, options);
      const { where } = selector;
      for await (const { placement } of store.scan(collection, where === null ? {} : { where }))
        await store.remove(collection, { points: placement.points } as DocumentSelector, options);
    },
    tenants: async (collection, options) =>
      (await store.tenants(collection, options)).map(({ tenant, count }) => ({
        tenant,
        count: count + 1,
      })),
  };
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = name === leak ? forgetful[leak] : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
