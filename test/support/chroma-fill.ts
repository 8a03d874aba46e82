/** Writes to a Chroma server with plain HTTP: nothing of the project takes part. */
import type { FixtureCollection, FixtureRecord } from "../../src/testing/index.ts";
import type { ChromaServer } from "./chroma-server.ts";

export interface Place {
  readonly tenant: string;
  readonly database: string;
}

export const defaultPlace: Place = { tenant: "default_tenant", database: "default_database" };

/** Sends JSON and returns the decoded answer. */
export async function send(url: string, method: string, body?: string): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

const isOld = ({ version }: ChromaServer): boolean => version.startsWith("0.4.");

/** Address of the collections of a place, or of what stands below one. */
export function collectionsUrl(server: ChromaServer, place: Place, below = ""): string {
  const { tenant, database } = place;
  if (isOld(server))
    return `${server.url}/api/v1/collections${below}?tenant=${tenant}&database=${database}`;
  return `${server.url}/api/v2/tenants/${tenant}/databases/${database}/collections${below}`;
}

/** Makes a tenant and a database of names that nothing else uses. */
export async function newPlace(server: ChromaServer): Promise<Place> {
  const tenant = `t-${crypto.randomUUID()}`;
  const database = `d-${crypto.randomUUID()}`;
  const api = `${server.url}/api/${isOld(server) ? "v1" : "v2"}`;
  await send(`${api}/tenants`, "POST", JSON.stringify({ name: tenant }));
  const databases = isOld(server)
    ? `${api}/databases?tenant=${tenant}`
    : `${api}/tenants/${tenant}/databases`;
  await send(databases, "POST", JSON.stringify({ name: database }));
  return { tenant, database };
}

/** Makes a collection and returns its uuid. */
export async function makeCollection(
  server: ChromaServer,
  place: Place,
  name: string,
  metadata: object | null = null,
  configuration?: object,
): Promise<string> {
  const made = await send(
    collectionsUrl(server, place),
    "POST",
    JSON.stringify({ name, metadata, configuration }),
  );
  if (typeof made !== "object" || made === null || !("id" in made)) throw new Error("no id");
  return String(made.id);
}

/** Adds records by one body of JSON text, so that numbers go out as they are written. */
export async function addRecords(
  server: ChromaServer,
  place: Place,
  key: string,
  records: readonly FixtureRecord[],
): Promise<void> {
  for (let start = 0; start < records.length; start += 500) {
    const some = records.slice(start, start + 500);
    const column = (of: (record: FixtureRecord) => unknown): string => JSON.stringify(some.map(of));
    const metadatas = `[${some.map(({ metadata }) => metadata ?? "null").join(",")}]`;
    const body = `{"ids":${column(({ id }) => id)},"embeddings":${column(({ vector }) => vector)},"documents":${column(({ document }) => document)},"uris":${column(({ uri }) => uri)},"metadatas":${metadatas}}`;
    await send(collectionsUrl(server, place, `/${key}/add`), "POST", body);
  }
}

/** Makes and fills collections; the distance goes into the metadata, where every version looks for it. */
export async function fillChroma(
  server: ChromaServer,
  place: Place,
  collections: readonly FixtureCollection[],
): Promise<void> {
  for (const { name, distance, records } of collections) {
    const key = await makeCollection(
      server,
      place,
      name,
      distance === "l2" ? null : { "hnsw:space": distance },
    );
    await addRecords(server, place, key, records);
  }
}
