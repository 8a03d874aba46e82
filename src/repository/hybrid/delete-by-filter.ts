/** Deletes what meets a filter from both stores: found in each, taken away by id from both. */
import { isVectorError } from "../../errors.ts";
import type { RepositoryCallOptions, TenantScope } from "../types.ts";
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
    options,
  }: {
    readonly remove: (ids: readonly string[]) => Promise<void>;
    readonly options: RepositoryCallOptions;
  },
): Promise<void> {
  let silent: unknown = null;
  for (const store of stores) {
    try {
      let last = "";
      for (let at = 0; at < pagesMax; at += 1) {
        const ids = await someIds(store, collection, which, options);
        // A store that is behind would give the same again: what it has to be told of is in the queue.
        const these = JSON.stringify(ids);
        if (ids.length === 0 || these === last) break;
        last = these;
        await remove(ids);
      }
    } catch (error) {
      if (!isVectorError(error) || !tellsOfStore(error.code) || silent !== null) throw error;
      silent = error;
    }
  }
}

async function someIds<M extends object>(
  { repository }: GuardedStore,
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
