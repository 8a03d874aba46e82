/** Figures over all tenants of a collection, for administrators: nothing here is for a tenant's own eyes. */
import type { CollectionStatistics, RepositoryCallOptions, VectorRepository } from "./types.ts";

/** How many tenants are named one by one, where nothing else is said. */
const limitDefault = 10_000;

export interface TenantShare {
  readonly tenantId: string;
  readonly documentCount: number;
  /** Of the documents of the collection, 0 to 1. */
  readonly share: number;
}

export interface TenantStatistics {
  readonly collectionName: string;
  /** Documents in the collection, whosever. */
  readonly documentCount: number;
  /** Those of the tenants that are named below. */
  readonly tenantCount: number;
  /** Points that no named tenant has: of further tenants where `complete` is false, else of nobody. */
  readonly otherCount: number;
  readonly memoryUsageMb: number;
  readonly memoryFrom: CollectionStatistics["memoryFrom"];
  /** The greatest first. */
  readonly tenants: readonly TenantShare[];
  /** false = there may be tenants beyond the limit. */
  readonly complete: boolean;
}

/**
 * Counts a collection's documents by tenant. The tenants are found in the data, not in a list.
 *
 * @example
 * const analytics = new TenantAnalytics(connection.repository, { collection: "notes" });
 * const { documentCount, tenants } = await analytics.getTenantStatistics();
 */
export class TenantAnalytics {
  readonly #repository: VectorRepository;
  readonly #collection: string;

  constructor(repository: VectorRepository, options: { readonly collection: string }) {
    this.#repository = repository;
    this.#collection = options.collection;
  }

  /** Totals, and each tenant's count; at most `limit` tenants (default 10,000), the greatest first. @throws {VectorError} E_COLLECTION_NOT_FOUND, E_NOT_TENANTED, and the store's own */
  async getTenantStatistics(
    options: RepositoryCallOptions & { readonly limit?: number } = {},
  ): Promise<TenantStatistics> {
    const { limit = limitDefault, signal } = options;
    const call = signal === undefined ? {} : { signal };
    const [totals, found] = await Promise.all([
      this.#repository.getCollectionStatistics(this.#collection, undefined, call),
      this.#repository.discoverTenants(this.#collection, limit, call),
    ]);
    const { documentCount, memoryUsageMb, memoryFrom } = totals;
    const named = found.reduce((sum, tenant) => sum + tenant.documentCount, 0);
    return {
      collectionName: this.#collection,
      documentCount,
      tenantCount: found.length,
      otherCount: Math.max(0, documentCount - named),
      memoryUsageMb,
      memoryFrom,
      tenants: found.map((tenant) => ({
        ...tenant,
        share: documentCount === 0 ? 0 : tenant.documentCount / documentCount,
      })),
      complete: found.length < limit,
    };
  }
}
