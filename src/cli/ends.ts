/** Which source and which target a verb means: an address, else flags, the environment, `.env`, the newest migration, the defaults. */
import { VectorError } from "../errors.ts";
import {
  type Address,
  assertNoChromaCloud,
  type ChromaAddress,
  type ChromaCloudAddress,
  chromaPort,
  parseAddress,
  printableAddress,
  qdrantPort,
} from "../store/address.ts";
import type { ChromaOptions, QdrantOptions } from "../store/registry.ts";
import { type chromaFlags, qdrantFlags } from "./end-flags.ts";
import type { Keys } from "./keys.ts";
import { flagName, type Origin, originRank, type Settings } from "./setting.ts";

export type ChromaSettings = Settings<typeof chromaFlags>;
export type QdrantSettings = Settings<typeof qdrantFlags>;

/** An end as it was named; `fallback` = by nothing but the defaults. */
export interface End {
  readonly address: Address;
  readonly fallback: boolean;
}

/** The source: `positional` where it is given. @throws E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function sourceEnd(positional: string | undefined, chroma: ChromaSettings): End {
  if (positional === undefined) return chromaServer(chroma);
  refuseBoth(positional, "--chromadb-host", chroma.origins.chromadbHost);
  refuseBoth(positional, "--chromadb-port", chroma.origins.chromadbPort);
  const address = parseAddress(positional);
  if (address.kind === "chroma" || address.kind === "chroma-cloud")
    return { address: within(address, chroma), fallback: false };
  if (address.kind === "chroma-folder") {
    // Variables describe a server; only what is said for this run narrows a folder.
    const { chromadbTenant, chromadbDatabase } = chroma.values;
    const tenant = chroma.origins.chromadbTenant === "flag" ? chromadbTenant : undefined;
    const database = chroma.origins.chromadbDatabase === "flag" ? chromadbDatabase : undefined;
    return { address: narrowed(address, tenant, database), fallback: false };
  }
  return { address, fallback: false };
}

/** The target: `positional` where it is given. @throws E_CONFIG, E_USAGE, E_NOT_SUPPORTED */
export function targetEnd(positional: string | undefined, qdrant: QdrantSettings): End {
  if (positional === undefined) return qdrantServer(qdrant);
  for (const name of ["qdrantUrl", "qdrantHost", "qdrantPort"] as const) {
    refuseBoth(positional, flagName(qdrantFlags[name]), qdrant.origins[name]);
  }
  const address = parseAddress(positional);
  if (address.kind !== "qdrant") return { address, fallback: false };
  return { address: withGrpc(address, qdrant), fallback: false };
}

/** How to speak to Chroma. Reads key files; warns of keys in flags. */
export function chromaOptions(
  { values, origins: from }: ChromaSettings,
  keys: Keys,
): ChromaOptions {
  const token = keys.read({
    value: values.chromadbToken,
    file: values.chromadbTokenFile,
    valueOrigin: from.chromadbToken,
    fileOrigin: from.chromadbTokenFile,
    valueName: "--chromadb-token",
    fileName: "--chromadb-token-file",
  });
  const password = keys.read({
    value: values.chromadbPassword,
    file: values.chromadbPasswordFile,
    valueOrigin: from.chromadbPassword,
    fileOrigin: from.chromadbPasswordFile,
    valueName: "--chromadb-password",
    fileName: "--chromadb-password-file",
  });
  const user = values.chromadbUser;
  if (user === undefined && password !== undefined) {
    throw new VectorError("E_CONFIG", "--chromadb-password is given without --chromadb-user.");
  }
  if (user !== undefined) {
    keys.add(Buffer.from(`${user}:${password ?? ""}`).toString("base64"));
  }
  if (
    user !== undefined &&
    token !== undefined &&
    values.chromadbTokenHeader !== "x-chroma-token"
  ) {
    throw new VectorError(
      "E_CONFIG",
      "--chromadb-user and --chromadb-token both want the header Authorization.",
      { next: "Give one of the two, or --chromadb-token-header X-Chroma-Token." },
    );
  }
  for (const value of Object.values(values.chromadbHeader ?? {})) keys.add(value);
  return {
    token,
    tokenHeader: values.chromadbTokenHeader,
    user,
    password,
    headers: values.chromadbHeader,
    caFile: values.chromadbCaFile,
  };
}

/** How to speak to Qdrant. Reads the key file; warns of a key in a flag. */
export function qdrantOptions(
  { values, origins: from }: QdrantSettings,
  keys: Keys,
): QdrantOptions {
  const apiKey = keys.read({
    value: values.qdrantApiKey,
    file: values.qdrantApiKeyFile,
    valueOrigin: from.qdrantApiKey,
    fileOrigin: from.qdrantApiKeyFile,
    valueName: "--qdrant-api-key",
    fileName: "--qdrant-api-key-file",
  });
  return { apiKey, caFile: values.qdrantCaFile };
}

function chromaServer(chroma: ChromaSettings): End {
  const { chromadbHost, chromadbPort, chromadbUseHttps } = chroma.values;
  const scheme = chromadbUseHttps ? "https" : "http";
  const host = (chromadbHost ?? "localhost").toLowerCase();
  const server: ChromaAddress = {
    kind: "chroma",
    url: `${scheme}://${host}:${chromadbPort ?? chromaPort}`,
    tenant: null,
    database: null,
  };
  const address = within(server, chroma);
  assertNoChromaCloud(address);
  // Variables for tenant and database may be Chroma Cloud's own: they name no server.
  const { chromadbTenant, chromadbDatabase } = chroma.origins;
  const byFlag = [chromadbTenant, chromadbDatabase].filter((origin) => origin === "flag");
  const named = [chroma.origins.chromadbHost, chroma.origins.chromadbPort, ...byFlag];
  return {
    address,
    fallback: named.every((origin) => origin === undefined),
  };
}

function qdrantServer(qdrant: QdrantSettings): End {
  const { values, origins: from } = qdrant;
  const { qdrantUrl, qdrantHost, qdrantPort: port } = values;
  const urlRank = originRank(from.qdrantUrl);
  if (qdrantUrl !== undefined && urlRank <= originRank(from.qdrantHost)) {
    if (from.qdrantUrl === "flag") {
      refuseBoth(qdrantUrl, "--qdrant-host", from.qdrantHost);
      refuseBoth(qdrantUrl, "--qdrant-port", from.qdrantPort);
    }
    const address = parseAddress(qdrantUrl);
    if (address.kind !== "qdrant") {
      throw new VectorError(
        "E_CONFIG",
        `${from.qdrantUrl === "flag" ? "--qdrant-url" : "QDRANT_URL"} must be http(s)://host:6333, but it is "${printableAddress(qdrantUrl)}".`,
      );
    }
    // A port that is said nearer than the URL goes before the URL's own.
    const nearer = port !== undefined && originRank(from.qdrantPort) < urlRank;
    const url = nearer ? address.url.replace(/:\d+$/, `:${port}`) : address.url;
    return { address: withGrpc({ ...address, url }, qdrant), fallback: false };
  }
  const scheme = values.qdrantUseHttps ? "https" : "http";
  const url = `${scheme}://${(qdrantHost ?? "localhost").toLowerCase()}:${port ?? qdrantPort}`;
  return {
    address: withGrpc({ kind: "qdrant", url, grpcPort: null }, qdrant),
    fallback: qdrantHost === undefined && port === undefined,
  };
}

/** The address with its gRPC port: its flag, else what the address says, else its variable. The journal's addresses have none. */
export function withGrpc<A extends Address>(
  address: A,
  { values, origins: from }: QdrantSettings,
): A {
  if (address.kind !== "qdrant") return address;
  const named = values.qdrantGrpcPort ?? null;
  const grpcPort = from.qdrantGrpcPort === "flag" ? named : (address.grpcPort ?? named);
  return { ...address, grpcPort };
}

/** The address with the tenant and the database of the flags or the variables, where it names none itself. */
function within<A extends ChromaAddress | ChromaCloudAddress>(
  address: A,
  { values, origins: from }: ChromaSettings,
): A {
  const { chromadbTenant, chromadbDatabase } = values;
  // A variable yields to the address; a flag that says otherwise is a contradiction.
  const tenant =
    from.chromadbTenant === "flag" || address.tenant === null ? chromadbTenant : undefined;
  const database =
    from.chromadbDatabase === "flag" || address.database === null ? chromadbDatabase : undefined;
  return narrowed(address, tenant, database);
}

function narrowed<A extends { tenant: string | null; database: string | null }>(
  address: A,
  tenant: string | undefined,
  database: string | undefined,
): A {
  for (const [own, flag, name] of [
    [address.tenant, tenant, "tenant"],
    [address.database, database, "database"],
  ] as const) {
    if (own === null || flag === undefined || own === flag) continue;
    throw new VectorError(
      "E_CONFIG",
      `The address says ${name} "${own}", --chromadb-${name} says "${flag}".`,
      { next: `Say the ${name} once.` },
    );
  }
  return {
    ...address,
    tenant: address.tenant ?? tenant ?? null,
    database: address.database ?? database ?? null,
  };
}

function refuseBoth(address: string, flag: string, origin: Origin | undefined): void {
  if (origin !== "flag") return;
  throw new VectorError(
    "E_USAGE",
    `Both the address ${printableAddress(address)} and ${flag} are given.`,
    { next: "Give the one or the other." },
  );
}
