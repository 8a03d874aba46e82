/** Chroma over HTTP, as a source and as a store of documents: API v2 (0.5.16 and later) and v1 (0.4.15 to 0.5.15). */
import { VectorError } from "../../errors.ts";
import type { ChromaAddress } from "../../store/address.ts";
import type { DocumentStore } from "../../store/documents.ts";
import type { SourceStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { ChromaStore, type Opening } from "./chroma-store.ts";
import { ChromaClient, type ChromaConnectOptions } from "./client.ts";
import { checkDatabase, detectApi, narrowVersion, saidVersion } from "./detect.ts";
import { ChromaDocuments } from "./documents.ts";
import { serverLimits, serverQuotas } from "./quotas.ts";
import { ChromaRecordTarget } from "./record-target.ts";
import { routes } from "./routes.ts";
import { serverTakes } from "./takes.ts";

export type { ChromaConnectOptions } from "./client.ts";
export { openChromaCloud, openChromaCloudDocuments, openChromaCloudRecords } from "./cloud.ts";
export { recogniseChroma } from "./recognise.ts";

/**
 * Opens a Chroma server for reading: sends GETs and the POSTs that read, nothing else.
 * @throws E_NOT_CHROMA something else answers; E_TENANT_NOT_FOUND; E_AUTH; E_NOT_SUPPORTED before 0.4.15; E_UNREACHABLE, E_TIMEOUT, E_SERVER; E_CONFIG
 */
export async function openChroma(
  address: ChromaAddress,
  options: ChromaConnectOptions = {},
): Promise<SourceStore> {
  return reach(address, options, ChromaStore);
}

/** Opens the same server for records to be written. @throws as `openChroma` */
export async function openChromaRecords(
  address: ChromaAddress,
  options: ChromaConnectOptions = {},
): Promise<RecordTarget> {
  return reach(address, options, ChromaRecordTarget);
}

/** Opens the same server for the documents of applications to be kept there. @throws as `openChroma` */
export async function openChromaDocuments(
  address: ChromaAddress,
  options: ChromaConnectOptions = {},
): Promise<DocumentStore> {
  return reach(address, options, ChromaDocuments);
}

/** `Opened`, made of a server that was found to be there, with its tenant and database. */
async function reach<Store>(
  address: ChromaAddress,
  options: ChromaConnectOptions,
  Opened: Opening<Store>,
): Promise<Store> {
  const { signal } = options;
  const scope = {
    tenant: address.tenant ?? "default_tenant",
    database: address.database ?? "default_database",
  };
  const client = new ChromaClient(address.url, options, serverLimits);
  try {
    const api = await detectApi(client, signal);
    const at = routes(api, scope);
    const said = await saidVersion(client, at, signal);
    if (said !== null && isBeforeTenants(said)) {
      throw new VectorError(
        "E_NOT_SUPPORTED",
        `The server at ${client.url} is Chroma ${said}; 0.4.15 is the first that can be read over HTTP.`,
        {
          next: "Give the path of the server's folder instead of its address.",
        },
      );
    }
    await checkDatabase(client, at, scope, signal);
    const version = await narrowVersion(said, client, at, signal);
    const quotas = serverQuotas(version);
    const served = { kind: "chroma", version, quotas, takes: serverTakes(version) } as const;
    return new Opened(client, at, scope, served);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Tenants, databases and uris are in the API from 0.4.15 on. */
function isBeforeTenants(version: string): boolean {
  const [, minor, patch] = /^0\.(\d+)\.(\d+)/.exec(version) ?? [];
  return minor !== undefined && (Number(minor) < 4 || (Number(minor) === 4 && Number(patch) < 15));
}
