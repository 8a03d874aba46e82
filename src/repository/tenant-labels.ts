/** Names of tenants as label values: a bounded number of them, so that no registry grows with an application's customers. */

/** What all tenants beyond the bound are called together. */
const otherTenants = "other";

export class TenantLabels {
  readonly #known = new Set<string>();
  readonly #tenantsMax: number;

  /** The first `tenantsMax` tenants that are asked for have a value of their own. */
  constructor(tenantsMax: number) {
    this.#tenantsMax = tenantsMax;
  }

  /** The value for this tenant: its name, or "other". */
  of(tenantId: string): string {
    return this.isNamed(tenantId) ? tenantId : otherTenants;
  }

  /** Whether this tenant has, or now gets, a value of its own. */
  isNamed(tenantId: string): boolean {
    if (this.#known.has(tenantId)) return true;
    if (this.#known.size >= this.#tenantsMax) return false;
    this.#known.add(tenantId);
    return true;
  }
}
