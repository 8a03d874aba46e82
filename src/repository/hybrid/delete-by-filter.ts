/** Deletes what meets a filter from both stores: found in each, taken away by id from both. Where one is silent the other knows of all, if it is not behind. */
import { isVectorError } from "../../errors.ts";
import type { RepositoryCallOptions, TenantScope, VectorRepository } from "../types.ts";
import { type GuardedStore, tellsOfStore } from "./guarded-store.ts";

/** Ids that are looked for at once: a tenant's documents may be many. */
const page = 1000;
/** Pages at most: each takes its documents away, so the next one has others. */
const pagesMax = 100_000;

export async function deleteByFilter<M extends object>(
  stores: readonly GuardedStore[],
  collection: string,
  which: Pick<TenantScope<M>, "tenantId" | "metadataFilter">,
  {
    remove,
    isBehind,
    limits,
  }: {
    readonly remove: (ids: readonly string[]) => Promise<void>;
    /** Whether the store has still to be told of writes to these documents. */
    readonly isBehind: (store: GuardedStore) => boolean;
    readonly limits: RepositoryCallOptions & { readonly timeoutMs: number };
  },
): Promise<void> {
  let silent: { readonly store: GuardedStore; readonly error: unknown } | null = null;
  for (const store of stores) {
    try {
      let last = "";
      for (let at = 0; at < pagesMax; at += 1) {
        const ids = await store.call(
          (repository, call) => someIds(repository, collection, which, call),
          limits,
        );
        // A store that is behind would give the same again: what it has to be told of is in the queue.
        const these = JSON.stringify(ids);
        if (ids.length === 0 || these === last) break;
        last = these;
        await remove(ids);
      }
    } catch (error) {
      if (!isVectorError(error) || !tellsOfStore(error.code) || silent !== null) throw error;
      silent = { store, error };
    }
  }
  // Some that meet the filter may then stand in the silent one alone.
  if (silent !== null && stores.some((store) => store !== silent.store && isBehind(store)))
    throw silent.error;
}

async function someIds<M extends object>(
  repository: VectorRepository,
  collection: string,
  which: Pick<TenantScope<M>, "tenantId" | "metadataFilter">,
  options: RepositoryCallOptions,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of repository.scanDocuments<M>(collection, which, options)) {
    ids.push(id);
    if (ids.length === page) break;
  }
  return ids;
}
