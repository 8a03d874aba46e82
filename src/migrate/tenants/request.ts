/** What `tenants` answers. Plain data. */

/** Tenants of one collection that are searched as, and whose vectors are searched with, at most. */
export const searchedMax = 1000;
/** Tenants that are counted at most. */
export const countedMax = 10_000;
/** Points of one collection that are read at most, to name those that a count tells of. */
export const lookedMax = 100_000;
/** Faults of one kind that are named at most. */
export const examplesMax = 20;

export interface TenantsRequest {
  /** The one target collection that is meant; null = all. */
  readonly collection: string | null;
}

export interface TenantCount {
  readonly tenant: string;
  readonly points: number;
}

/** The payload index on the tenant: made for tenants (keyword with is_tenant), another, or none; null = the store does not tell. */
export type TenantIndex = "tenant" | "other" | "none" | null;

/** Who owns the points of one collection. */
export interface Census {
  readonly points: number;
  /** In the order of their names. */
  readonly tenants: readonly TenantCount[];
  /** Points that no tenant sees, because they name none. */
  readonly withoutTenant: number;
  /** At most so many points belong to several tenants at once: the tenants' points are so many more than there are. */
  readonly several: number;
  /** Points whose tenant is known neither from the migration nor from what was looked through. */
  readonly others: number;
  /** Points that were looked through for tenants that no migration named; 0 = there was no need. */
  readonly lookedThrough: number;
}

/** A record that a search as one tenant must not have found. */
export interface Breach {
  /** Who searched. */
  readonly tenant: string;
  /** Whose vector it was; null = that of a record without a tenant. */
  readonly vectorOf: string | null;
  /** What was found. */
  readonly id: string;
  readonly point: string;
  /** Whose it is; null = it names no tenant, or several. */
  readonly owner: string | null;
  /** One sentence. */
  readonly detail: string;
}

/** A point that does not belong to the one tenant that it was carried for. */
export interface Mislaid {
  readonly id: string;
  readonly point: string;
  /** Whose its payload says it is; null = it names no tenant, or several. */
  readonly owner: string | null;
  /** The source collection that it is from; null = not known. */
  readonly collection: string | null;
  /** Whom that was carried for; none where that is not known. */
  readonly carriedFor: readonly string[];
}

/** Whether what migrations have carried still belongs to whom it was carried for. */
export interface Ownership {
  /** Points that do not. */
  readonly mislaid: number;
  /** Points that were read, where the server does not count by the mark; null = all were counted. */
  readonly lookedThrough: number | null;
  /** The first of them, and of those that name several tenants. */
  readonly examples: readonly Mislaid[];
}

export interface Isolation {
  /** Tenants that were searched as. */
  readonly tenants: number;
  /** Searches by vectors of the tenant itself, of others, and of records without a tenant. */
  readonly searches: number;
  /** Points that were found, and whose owner was read. */
  readonly points: number;
  readonly breaches: number;
  /** Tenants that have points, and whose searches find none. */
  readonly blind: readonly string[];
  /** The first of them, at most twenty. */
  readonly examples: readonly Breach[];
}

export interface TenantedCollection {
  readonly name: string;
  readonly index: TenantIndex;
  readonly census: Census;
  readonly ownership: Ownership;
  readonly isolation: Isolation;
}

export interface TenantsOutcome {
  /** 4: a tenant sees what is not its own, or does not see what is. */
  readonly exit: 0 | 4;
  /** Address of the target. */
  readonly target: string;
  readonly tenanted: readonly TenantedCollection[];
  /** Collections that were migrated without tenants. */
  readonly plain: readonly string[];
  /** Collections of which no migration is known. */
  readonly unknown: readonly string[];
  readonly verdict: string;
  /** What to do about what was found, the nearest first. */
  readonly next: readonly string[];
}
