/** Chroma Cloud, as a source and as a store of documents: the same API v2 behind a key, with quotas. */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { ChromaCloudAddress } from "../../store/address.ts";
import type { DocumentStore } from "../../store/documents.ts";
import type { SourceStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import type { ChromaOptions } from "../../store/registry.ts";
import { parseJson } from "../../util/json.ts";
import { nameList } from "../../util/name-list.ts";
import { ChromaStore, type Opening } from "./chroma-store.ts";
import { ChromaClient, type ChromaConnectOptions, statusOf } from "./client.ts";
import { detectApi } from "./detect.ts";
import { ChromaDocuments } from "./documents.ts";
import { listWhole } from "./listing.ts";
import { cloudQuotas } from "./quotas.ts";
import { ChromaRecordTarget } from "./record-target.ts";
import { routes, type Scope } from "./routes.ts";
import { cloudTakes } from "./takes.ts";

/**
 * Opens a database of Chroma Cloud for reading. What the address leaves out is what the key is for, where that is one.
 * @throws E_CONFIG without a key, or where several tenants or databases could be meant; E_AUTH; E_TENANT_NOT_FOUND;
 * E_NOT_CHROMA, E_RATE_LIMITED, E_UNREACHABLE, E_TIMEOUT, E_SERVER
 */
export async function openChromaCloud(
  address: ChromaCloudAddress,
  options: ChromaConnectOptions = {},
): Promise<SourceStore> {
  return reach(address, options, ChromaStore);
}

/** Opens the same database for records to be written. @throws as `openChromaCloud` */
export async function openChromaCloudRecords(
  address: ChromaCloudAddress,
  options: ChromaConnectOptions = {},
): Promise<RecordTarget> {
  return reach(address, options, ChromaRecordTarget);
}

/** Opens the same database for the documents of applications to be kept there. @throws as `openChromaCloud` */
export async function openChromaCloudDocuments(
  address: ChromaCloudAddress,
  options: ChromaConnectOptions = {},
): Promise<DocumentStore> {
  return reach(address, options, ChromaDocuments);
}

/** `Opened`, made of a database that the key was found to open. */
async function reach<Store>(
  address: ChromaCloudAddress,
  options: ChromaConnectOptions,
  Opened: Opening<Store>,
): Promise<Store> {
  const { signal } = options;
  const chroma = withKey(options.chroma ?? {});
  const client = new ChromaClient(address.url, { ...options, chroma }, cloudQuotas);
  try {
    await detectApi(client, signal);
    const key = await askIdentity(client, signal);
    const scope = await cloudScope(client, address, key, signal);
    const at = routes("v2", scope);
    await checkCloudDatabase(client, scope, key, signal);
    const limits = { quotas: cloudQuotas, takes: cloudTakes };
    const served = { kind: "chroma-cloud", version: null, ...limits } as const;
    return new Opened(client, at, scope, served);
  } catch (error) {
    client.close();
    throw isVectorError(error, "E_AUTH") ? keyRefused(error) : error;
  }
}

const giveKey =
  "Set CHROMA_API_KEY to the key of this tenant and database, or give --chromadb-token-file FILE.";

function withKey(chroma: ChromaOptions): ChromaOptions {
  if (chroma.token === undefined && chroma.headers === undefined) {
    const message = "No key is given for Chroma Cloud: CHROMA_API_KEY is not set.";
    throw new VectorError("E_CONFIG", message, { next: giveKey });
  }
  return { ...chroma, tokenHeader: chroma.tokenHeader ?? "x-chroma-token" };
}

/** A refusal of the server's, with what to do about it here. */
function keyRefused(error: VectorError): VectorError {
  const { message, details } = error;
  if (statusOf(error) === undefined) return error;
  return new VectorError("E_AUTH", `Chroma Cloud does not take the key. ${message}`, {
    cause: error,
    next: giveKey,
    details,
  });
}

/** What a key is for; null = it does not say, or for more than one. */
interface KeyScope {
  readonly tenant: string | null;
  readonly databases: readonly string[];
}

const anything = "*";
const identity = z.object({
  tenant: z.string().nullish(),
  databases: z.array(z.string()).nullish(),
});

async function askIdentity(
  client: ChromaClient,
  signal: AbortSignal | undefined,
): Promise<KeyScope> {
  const { status, text } = await client.probe("/api/v2/auth/identity", { signal });
  const { data } = identity.safeParse(status === 200 ? parseJson(text) : undefined);
  const databases = new Set(data?.databases ?? []);
  return {
    tenant: data?.tenant === anything ? null : data?.tenant || null,
    databases: databases.has(anything) ? [] : [...databases].sort(),
  };
}

async function cloudScope(
  client: ChromaClient,
  address: ChromaCloudAddress,
  key: KeyScope,
  signal: AbortSignal | undefined,
): Promise<Scope> {
  const tenant = address.tenant ?? key.tenant;
  if (tenant === null) {
    throw new VectorError(
      "E_CONFIG",
      "The address names no tenant, and the key is not for one alone.",
      {
        next: "Give chroma-cloud://TENANT/DATABASE; the tenant's id stands in Chroma Cloud's settings.",
      },
    );
  }
  if (key.tenant !== null && key.tenant !== tenant) {
    throw new VectorError(
      "E_AUTH",
      `The key is for tenant ${JSON.stringify(key.tenant)}, the address names ${JSON.stringify(tenant)}.`,
      { next: giveKey },
    );
  }
  const [only, ...others] = key.databases;
  const database = address.database ?? (others.length === 0 ? only : undefined);
  if (database !== undefined) return { tenant, database };
  throw await noDatabaseNamed(client, tenant, key, signal);
}

async function noDatabaseNamed(
  client: ChromaClient,
  tenant: string,
  key: KeyScope,
  signal: AbortSignal | undefined,
): Promise<VectorError> {
  const there =
    key.databases.length > 0 ? key.databases : await listDatabases(client, tenant, signal);
  return new VectorError(
    "E_CONFIG",
    `The address names no database; tenant ${JSON.stringify(tenant)} has ${nameList(there)}.`,
    { next: `Name one: chroma-cloud://${encodeURIComponent(tenant)}/DATABASE` },
  );
}

/** One call, and one that any key of the database may make. @throws E_TENANT_NOT_FOUND, E_AUTH */
async function checkCloudDatabase(
  client: ChromaClient,
  scope: Scope,
  key: KeyScope,
  signal: AbortSignal | undefined,
): Promise<void> {
  const database = JSON.stringify(scope.database);
  const tenant = JSON.stringify(scope.tenant);
  const mine = key.databases.length === 0 ? "" : ` The key is for ${nameList(key.databases)}.`;
  // A bare answer: what there is not may be told in anybody's words.
  const { status } = await client.probe(routes("v2", scope).database, { signal });
  if (status >= 200 && status < 300) return;
  throw new VectorError(
    "E_TENANT_NOT_FOUND",
    `Chroma Cloud shows this key no database ${database} in tenant ${tenant} (status ${status}).${mine}`,
    {
      next: "Check tenant and database in the address, its region, and whose key it is.",
      details: { status },
    },
  );
}

const named = z.array(z.object({ name: z.string() }));

/** Names of all databases of a tenant. */
async function listDatabases(
  client: ChromaClient,
  tenant: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const path = `${routes("v2", { tenant, database: "" }).tenant}/databases`;
  const parse = (text: string) => named.parse(JSON.parse(text)).map(({ name }) => name);
  const names = await listWhole(
    "databases",
    (limit, offset) => client.get(`${path}?limit=${limit}&offset=${offset}`, parse, { signal }),
    (name) => name,
  );
  return names.sort();
}
