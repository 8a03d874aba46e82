import type { Row } from "./row.ts";

/** The rows of a collection, by point and by tenant. */
export class RowTable {
  readonly #rows = new Map<string, Row>();
  readonly #byTenant = new Map<string | null, Map<string, Row>>();

  #textBytes = 0;

  /** Bytes of all texts, about. */
  get textBytes(): number {
    return this.#textBytes;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(point: string): Row | undefined {
    return this.#rows.get(point);
  }

  put(row: Row): void {
    const { point, tenant } = row;
    const before = this.#rows.get(point);
    if (before !== undefined && before.tenant !== tenant) this.remove(point);
    else if (before !== undefined) this.#textBytes -= textBytesOf(before);
    this.#textBytes += textBytesOf(row);
    this.#rows.set(point, row);
    const own = this.#byTenant.get(tenant) ?? new Map<string, Row>();
    this.#byTenant.set(tenant, own.set(point, row));
  }

  remove(point: string): void {
    const row = this.#rows.get(point);
    if (row === undefined) return;
    this.#rows.delete(point);
    this.#textBytes -= textBytesOf(row);
    const own = this.#byTenant.get(row.tenant);
    own?.delete(point);
    if (own?.size === 0) this.#byTenant.delete(row.tenant);
  }

  /** All as they are now, in the order in which their points came; of one tenant where it is said (null = of none). */
  all(tenant?: string | null): Row[] {
    const rows = tenant === undefined ? this.#rows : this.#byTenant.get(tenant);
    return rows === undefined ? [] : [...rows.values()];
  }

  /** Number of rows of each tenant. */
  tenants(): { tenant: string; count: number }[] {
    const found: { tenant: string; count: number }[] = [];
    for (const [tenant, { size: count }] of this.#byTenant)
      if (tenant !== null) found.push({ tenant, count });
    return found;
  }
}

function textBytesOf({ point, id, document, uri, metadata, rest }: Row): number {
  const texts = [point, id, document, uri, metadata, rest];
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}
