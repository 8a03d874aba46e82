/** Addresses: one line of text that says where a store is. Never a key in one. */
import { VectorError } from "../errors.ts";

export interface ChromaAddress {
  readonly kind: "chroma";
  /** `http(s)://host:port`, the host in lower case, the port always there. */
  readonly url: string;
  /** null = the server's default_tenant and default_database. */
  readonly tenant: string | null;
  readonly database: string | null;
}

export interface ChromaCloudAddress {
  readonly kind: "chroma-cloud";
  /** `https://host:port` of its region; another server's where the address names one. */
  readonly url: string;
  /** null = what the key is for. */
  readonly tenant: string | null;
  readonly database: string | null;
}

export interface ChromaFolderAddress {
  readonly kind: "chroma-folder";
  /** As given: relative to where the process runs, or absolute. */
  readonly path: string;
  /** null = every tenant, every database in the folder. */
  readonly tenant: string | null;
  readonly database: string | null;
}

export interface QdrantAddress {
  readonly kind: "qdrant";
  /** `http(s)://host:port`, the host in lower case, the port always there. */
  readonly url: string;
  /** What `?grpc=PORT` names; null = nothing; "off" = REST alone. */
  readonly grpcPort: number | "off" | null;
}

export interface EmbeddedAddress {
  readonly kind: "embedded";
  /** As given, or ':memory:'. */
  readonly path: string;
}

export interface FaissAddress {
  readonly kind: "faiss";
  /** As given: relative to where the process runs, or absolute. */
  readonly path: string;
}

export interface ArchiveAddress {
  readonly kind: "archive";
  /** As given: relative to where the process runs, or absolute. */
  readonly path: string;
  /** Absent = the newest. */
  readonly generation?: number;
}

export type Address =
  | ChromaAddress
  | ChromaCloudAddress
  | ChromaFolderAddress
  | QdrantAddress
  | EmbeddedAddress
  | FaissAddress
  | ArchiveAddress;
export type AddressOf<Kind extends Address["kind"]> = Extract<Address, { kind: Kind }>;

/** The ports that servers have unless changed. */
export const chromaPort = 8000;
export const qdrantPort = 6333;

/** Chroma Cloud's two regions: https://docs.trychroma.com/cloud. */
const cloudRegions = {
  us: "https://api.trychroma.com:443",
  eu: "https://europe-west1.gcp.trychroma.com:443",
} as const;

/** What an address may look like, for messages. */
const acceptedAddresses =
  "chroma://host:8000/tenant/database (chromas:// for TLS), chroma-cloud://tenant/database (?region=eu), chroma-folder:./path or the path of a folder that holds chroma.sqlite3 " +
  "(?tenant=…&database=… choose within it), http(s)://host:6333 (Qdrant), embedded:./path, :memory:, faiss:./path, archive:./path (?generation=N)";

/**
 * Reads an address. Touches neither disk nor network.
 * @throws E_CONFIG where the text is no address or holds a user or a password
 */
export function parseAddress(text: string): Address {
  if (text === ":memory:") return { kind: "embedded", path: text };
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case "":
      return folderAddress(text, text);
    case "chroma":
      return chromaAddress(text, "http", rest);
    case "chromas":
      return chromaAddress(text, "https", rest);
    case "chroma-cloud":
      return chromaCloudAddress(text, rest);
    case "http":
    case "https":
      return qdrantAddress(text, scheme.toLowerCase(), rest);
    case "chroma-folder":
      return folderAddress(text, rest);
    case "embedded":
      return { kind: "embedded", path: pathOf(text, rest) };
    case "faiss":
      return { kind: "faiss", path: pathOf(text, rest) };
    case "archive":
      return archiveAddress(text, rest);
    default:
      throw unknownScheme(text);
  }
}

/** The text without user, password and query: fit to be printed. */
export function printableAddress(text: string): string {
  return text.replace(/\/\/[^/?#]*@/s, "//…@").replace(/\?.*$/s, "");
}

/** The address of Chroma Cloud, as the command line takes it. */
export function chromaCloudText({ url, tenant, database }: Omit<ChromaCloudAddress, "kind">) {
  const path = [tenant, database].map((part) => encodeURIComponent(part ?? "")).join("/");
  const where =
    url === cloudRegions.us ? "" : url === cloudRegions.eu ? "region=eu" : `host=${url}`;
  return `chroma-cloud://${path.replace(/\/$/, "")}${where && `?${where}`}`;
}

/** Keeps an address of a server from naming Chroma Cloud, which answers no more than its quotas let through. @throws E_CONFIG */
export function assertNoChromaCloud({ url, tenant, database }: ChromaAddress): void {
  const host = new URL(url).hostname;
  if (!/(^|\.)trychroma\.com$/.test(host)) return;
  const region =
    host === new URL(cloudRegions.us).hostname ? cloudRegions.us : `https://${host}:443`;
  throw new VectorError("E_CONFIG", `${host} is Chroma Cloud, which has an address of its own.`, {
    next: `Give ${chromaCloudText({ url: region, tenant, database })} and the key in CHROMA_API_KEY.`,
  });
}

function chromaAddress(text: string, protocol: string, rest: string): ChromaAddress {
  const { url, path, query } = serverParts(text, protocol, rest, chromaPort);
  onlyParameters(text, query, []);
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length > 2) {
    throw malformed(text, "has more than a tenant and a database after the host");
  }
  const [tenant = null, database = null] = parts.map((part) => decode(text, part));
  const address: ChromaAddress = { kind: "chroma", url, tenant, database };
  assertNoChromaCloud(address);
  return address;
}

/** By hand: URL would take the tenant for a host, and a host has no capitals. */
function chromaCloudAddress(text: string, rest: string): ChromaCloudAddress {
  const [, path, search] = /^\/\/([^?#]*)(?:\?([^#]*))?$/s.exec(rest) ?? [];
  if (path === undefined) throw malformed(text, "is not well formed");
  if (path.includes("@")) throw holdsKey(text);
  const parts = path.replace(/\/$/, "").split("/");
  if (parts.length > 2) throw malformed(text, "has more than a tenant and a database");
  const [tenant = null, database = null] = parts.map((part) => decode(text, part) || null);
  const query = new URLSearchParams(search);
  onlyParameters(text, query, ["region", "host"]);
  return { kind: "chroma-cloud", url: cloudUrl(text, query), tenant, database };
}

function cloudUrl(text: string, query: URLSearchParams): string {
  const [region, host] = [query.get("region"), query.get("host")];
  if (host === null) {
    if (region === null || region === "us") return cloudRegions.us;
    if (region === "eu") return cloudRegions.eu;
    throw malformed(text, "names a region that is neither us nor eu");
  }
  if (region !== null) throw malformed(text, "names both a region and a host");
  const [, protocol = "https", rest = ""] = /^(?:(https?):\/\/)?(.*)$/is.exec(host) ?? [];
  const port = protocol.toLowerCase() === "http" ? 80 : 443;
  const { url, path } = serverParts(text, protocol.toLowerCase(), `//${rest}`, port);
  if (path !== "/") throw malformed(text, "has a path after the host");
  return url;
}

function qdrantAddress(text: string, protocol: string, rest: string): QdrantAddress {
  const { url, path, query } = serverParts(text, protocol, rest, qdrantPort);
  if (path !== "" && path !== "/") {
    throw malformed(text, "has a path after the host, and Qdrant's REST port has none");
  }
  onlyParameters(text, query, ["grpc"]);
  const grpc = query.get("grpc");
  return {
    kind: "qdrant",
    url,
    grpcPort: grpc === null || grpc === "off" ? grpc : parsePort(text, grpc, "a gRPC port"),
  };
}

function folderAddress(text: string, rest: string): ChromaFolderAddress {
  const [path = "", ...after] = rest.split("?");
  if (path === "") throw malformed(text, "names no path");
  const query = new URLSearchParams(after.join("?"));
  onlyParameters(text, query, ["tenant", "database"]);
  return {
    kind: "chroma-folder",
    path,
    tenant: query.get("tenant") || null,
    database: query.get("database") || null,
  };
}

function archiveAddress(text: string, rest: string): ArchiveAddress {
  const [given = "", ...after] = rest.split("?");
  const path = pathOf(text, given);
  const query = new URLSearchParams(after.join("?"));
  onlyParameters(text, query, ["generation"]);
  const generation = query.get("generation");
  if (generation === null) return { kind: "archive", path };
  if (!/^[1-9]\d{0,8}$/.test(generation))
    throw malformed(text, "names a generation that is no number from 1 on");
  return { kind: "archive", path, generation: Number(generation) };
}

function pathOf(text: string, rest: string): string {
  if (rest === "") throw malformed(text, "names no path");
  return rest;
}

interface ServerParts {
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

function serverParts(text: string, protocol: string, rest: string, port: number): ServerParts {
  const authority = /^\/\/([^/?#]*)/s.exec(rest)?.[1];
  if (!authority) throw malformed(text, "names no host");
  if (authority.includes("@")) throw holdsKey(text);
  // URL drops a port that is its scheme's default, so the port is read from the text.
  const named = /:(\d*)$/.exec(authority)?.[1];
  const finalPort = named ? parsePort(text, named) : port;
  const parsed = URL.parse(`${protocol}:${rest}`);
  if (parsed === null || parsed.hash !== "") throw malformed(text, "is not well formed");
  return {
    url: `${protocol}://${parsed.hostname}:${finalPort}`,
    path: parsed.pathname,
    query: parsed.searchParams,
  };
}

function holdsKey(text: string): VectorError {
  return new VectorError(
    "E_CONFIG",
    `The address "${printableAddress(text)}" holds a user, a password or a key.`,
    { next: "Take it out of the address; give it by a file or a variable (see --help)." },
  );
}

function parsePort(text: string, port: string, what = "a port"): number {
  const value = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw malformed(text, `names ${what} that is not 1 to 65535`);
}

function onlyParameters(text: string, query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) continue;
    const takes = known.length === 0 ? "none" : known.map((each) => `${each}=`).join(", ");
    throw malformed(text, `has a parameter that is not known there (it takes ${takes})`);
  }
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw malformed(text, "has a % that begins no escape", error);
  }
}

function malformed(text: string, what: string, cause?: unknown): VectorError {
  return new VectorError(
    "E_CONFIG",
    `The address "${printableAddress(text)}" ${what}. Accepted are: ${acceptedAddresses}.`,
    { cause },
  );
}

function unknownScheme(text: string): VectorError {
  // `localhost:8000` reads as a scheme: the likeliest slip, so the right spellings are shown.
  const host = /^[^/:]+:\d+/.exec(text)?.[0];
  const hint = host === undefined ? "" : ` (perhaps chroma://${host} or http://${host}?)`;
  return malformed(text, `is none that vecferry knows${hint}`);
}
