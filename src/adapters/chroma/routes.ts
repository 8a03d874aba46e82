/** Paths of Chroma's two HTTP APIs for one tenant and database. */
export type ChromaApi = "v1" | "v2";

export interface Scope {
  readonly tenant: string;
  readonly database: string;
}

export interface Routes {
  /** Says whether tenant and database exist. */
  readonly database: string;
  readonly tenant: string;
  readonly version: string;
  readonly preflight: string;
  collections(limit: number, offset: number): string;
  /** The collection of this name, to drop it; null = where one is made. */
  collection(name: string | null): string;
  /** A call for the records of the collection with this uuid. */
  records(
    key: string,
    verb: "get" | "query" | "count" | "add" | "update" | "upsert" | "delete",
  ): string;
  /** The collection with this uuid, to change its metadata. */
  change(key: string): string;
}

/** v2: 0.5.16 and later. v1: 0.4.15 to 0.6, where tenant and database are query parameters. */
export function routes(api: ChromaApi, scope: Scope): Routes {
  const tenantName = encodeURIComponent(scope.tenant);
  const databaseName = encodeURIComponent(scope.database);
  const root = `/api/${api}`;
  const tenant = `${root}/tenants/${tenantName}`;
  const common = { tenant, version: `${root}/version`, preflight: `${root}/pre-flight-checks` };
  if (api === "v2") {
    const database = `${tenant}/databases/${databaseName}`;
    const base = `${database}/collections`;
    return {
      ...common,
      database,
      collections: (limit, offset) => `${base}?limit=${limit}&offset=${offset}`,
      collection: (name) => (name === null ? base : `${base}/${encodeURIComponent(name)}`),
      records: (key, verb) => `${base}/${encodeURIComponent(key)}/${verb}`,
      change: (key) => `${base}/${encodeURIComponent(key)}`,
    };
  }
  const base = `${root}/collections`;
  const query = `tenant=${tenantName}&database=${databaseName}`;
  return {
    ...common,
    database: `${root}/databases/${databaseName}?tenant=${tenantName}`,
    collections: (limit, offset) => `${base}?${query}&limit=${limit}&offset=${offset}`,
    collection: (name) => `${base}${name === null ? "" : `/${encodeURIComponent(name)}`}?${query}`,
    records: (key, verb) => `${base}/${encodeURIComponent(key)}/${verb}`,
    change: (key) => `${base}/${encodeURIComponent(key)}?${query}`,
  };
}
