/** Repositories by their address. Nothing is opened before the first call. */
import { VectorError } from "./errors.ts";
import { assertNoChroma } from "./open.ts";
import { type RepositoryStore, StoreRepository } from "./repository/store-repository.ts";
import {
  type Address,
  type AddressOf,
  chromaCloudText,
  chromaPort,
  parseAddress,
  qdrantPort,
} from "./store/address.ts";
import type { ChromaOptions, ConnectOptions } from "./store/registry.ts";
import { stores } from "./stores.ts";

/** Where a Qdrant is: an address of its own (`:memory:` and `embedded:./path` too), or a host with its ports. */
export interface QdrantRepositoryOptions {
  /** `http(s)://host:6333`, `embedded:./path` or `:memory:`. Default: `host` and `port`. */
  readonly url?: string;
  /** Default "localhost". */
  readonly host?: string;
  /** The REST port. Default 6333. */
  readonly port?: number;
  /** Default: the REST port + 1, where the same server answers there; "off" = REST alone. */
  readonly grpcPort?: number | "off";
  readonly apiKey?: string;
  /** Default false. */
  readonly https?: boolean;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string;
  /** The longest silence of the server that is borne before a call fails and is tried again. Default 120,000. */
  readonly timeoutMs?: number;
}

/**
 * Documents of many tenants in a Qdrant: a server, a cluster, Qdrant Cloud, or embedded.
 *
 * @example
 * await using repository = new QdrantRepository({ url: "http://localhost:6333" });
 * await repository.createCollectionOptimized({ name: "articles", vectorSize: 384 });
 *
 * The constructor throws {VectorError} E_CONFIG for what is no address of a Qdrant; each call throws what opening the store throws,
 * E_UNREACHABLE and its like, until it is open.
 */
export class QdrantRepository extends StoreRepository {
  constructor(options: QdrantRepositoryOptions = {}) {
    const { apiKey, caFile, timeoutMs } = options;
    super(storeAt(qdrantAddress(options), { qdrant: { apiKey, caFile }, timeoutMs }));
  }
}

/** Where a Chroma is: an address of its own (Chroma Cloud's too), or a host with its port. */
export interface ChromaRepositoryOptions {
  /** `http(s)://host:8000`, `chroma(s)://host:8000/tenant/database`, or `chroma-cloud://tenant/database`. Default: `host` and `port`. */
  readonly url?: string;
  /** Default "localhost". */
  readonly host?: string;
  /** Default 8000. */
  readonly port?: number;
  /** Default false. */
  readonly https?: boolean;
  /** Chroma's own tenant and database, which hold collections; the tenants of documents are inside of collections. Default: what the url names, else the server's own. */
  readonly tenant?: string;
  readonly database?: string;
  /** The key of Chroma Cloud; of a server its token. */
  readonly apiKey?: string;
  /** Which header bears it, and all else that a server may ask for. */
  readonly chroma?: Omit<ChromaOptions, "token" | "caFile">;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string;
  /** The longest silence of the server that is borne before a call fails and is tried again. Default 120,000. */
  readonly timeoutMs?: number;
}

/**
 * Documents of many tenants in a Chroma: a server from 0.4.15 on, or Chroma Cloud.
 *
 * @example
 * await using repository = new ChromaRepository({ url: "http://localhost:8000" });
 * await repository.createCollectionOptimized({ name: "articles", vectorSize: 384 });
 *
 * The constructor throws {VectorError} E_CONFIG for what is no address of a Chroma; each call throws what opening the store throws,
 * E_UNREACHABLE and its like, until it is open.
 */
export class ChromaRepository extends StoreRepository {
  constructor(options: ChromaRepositoryOptions = {}) {
    const { apiKey, caFile, chroma, timeoutMs } = options;
    super(
      storeAt(chromaAddress(options), { chroma: { ...chroma, token: apiKey, caFile }, timeoutMs }),
    );
  }
}

/** Where FAISS files are. */
export interface FaissRepositoryOptions {
  /** The folder of the collections, which is made where it is not there; `faiss:./folder` too. */
  readonly path: string;
}

/**
 * Documents of many tenants in FAISS files: for one process, which holds them in memory and searches exactly.
 *
 * @example
 * await using repository = new FaissRepository({ path: "./faiss_data" });
 * await repository.createCollectionOptimized({ name: "articles", vectorSize: 384 });
 *
 * The constructor throws {VectorError} E_CONFIG where no folder is named; each call throws what opening the folder throws,
 * E_LOCKED, E_FOLDER_LAYOUT and E_STORAGE, until it is open.
 */
export class FaissRepository extends StoreRepository {
  constructor({ path }: FaissRepositoryOptions) {
    super(storeAt({ kind: "faiss", path: faissPath(path) }, {}));
  }
}

/**
 * A repository over the store that `address` names. @throws {VectorError} E_CONFIG; E_NOT_SUPPORTED for a store that cannot be written
 * (a Chroma's folder, an archive)
 */
export function openRepository(
  address: string | Address,
  options: ConnectOptions = {},
): StoreRepository {
  return new StoreRepository(
    storeAt(typeof address === "string" ? parseAddress(address) : address, options),
  );
}

function storeAt(address: Address, options: ConnectOptions): RepositoryStore {
  switch (address.kind) {
    case "qdrant":
      return {
        kind: "qdrant",
        address: address.url,
        open: ({ signal }) => stores.documents.qdrant(address, { ...options, signal }),
      };
    case "embedded":
      assertNoChroma(address.path);
      return {
        kind: "embedded",
        address: address.path === ":memory:" ? address.path : `embedded:${address.path}`,
        open: ({ signal }) => stores.documents.embedded(address, { ...options, signal }),
      };
    case "chroma":
      return {
        kind: "chroma",
        address: address.url,
        open: ({ signal }) => stores.documents.chroma(address, { ...options, signal }),
      };
    case "chroma-cloud":
      return {
        kind: "chroma",
        address: chromaCloudText(address),
        open: ({ signal }) => stores.documents["chroma-cloud"](address, { ...options, signal }),
      };
    case "faiss":
      assertNoChroma(address.path);
      return {
        kind: "faiss",
        address: `faiss:${address.path}`,
        open: ({ signal }) => stores.documents.faiss(address, { ...options, signal }),
      };
    default:
      throw new VectorError(
        "E_NOT_SUPPORTED",
        `A ${address.kind} cannot hold documents of applications.`,
        {
          next: "Give http://host:6333, embedded:./path, :memory:, chroma://host:8000, chroma-cloud://tenant/database, or faiss:./path.",
        },
      );
  }
}

/** @throws {VectorError} E_CONFIG */
function chromaAddress(
  options: ChromaRepositoryOptions,
): AddressOf<"chroma"> | AddressOf<"chroma-cloud"> {
  const { url, host = "localhost", port = chromaPort, https = false } = options;
  assertOneAddress(options);
  const given = url ?? `${https ? "https" : "http"}://${host}:${port}`;
  const parsed = parseAddress(given.replace(/^http(s?):/i, "chroma$1:"));
  if (parsed.kind !== "chroma" && parsed.kind !== "chroma-cloud")
    throw new VectorError("E_CONFIG", `${url ?? host} is no address of a Chroma.`);
  const { tenant = parsed.tenant, database = parsed.database } = options;
  return { ...parsed, tenant, database };
}

/** The folder, given as a path or as an address. @throws {VectorError} E_CONFIG */
function faissPath(path: string): string {
  if (path === "" || path === "faiss:")
    throw new VectorError("E_CONFIG", "No folder of FAISS files is given.");
  return path.replace(/^faiss:/, "");
}

/** @throws {VectorError} E_CONFIG */
function assertOneAddress(
  options: Pick<QdrantRepositoryOptions, "url" | "host" | "port" | "https">,
): void {
  const { url, host, port, https } = options;
  if (url === undefined || (host ?? port ?? https) === undefined) return;
  throw new VectorError("E_CONFIG", "Both a url and a host, a port or https are given.", {
    next: "Give one of the two.",
  });
}

/** @throws {VectorError} E_CONFIG */
function qdrantAddress(
  options: QdrantRepositoryOptions,
): AddressOf<"qdrant"> | AddressOf<"embedded"> {
  const { url, host = "localhost", port = qdrantPort, grpcPort, https = false } = options;
  assertOneAddress(options);
  const parsed = parseAddress(url ?? `${https ? "https" : "http"}://${host}:${port}`);
  if (parsed.kind === "embedded") return parsed;
  if (parsed.kind !== "qdrant")
    throw new VectorError("E_CONFIG", `${url ?? host} is no address of a Qdrant.`);
  return grpcPort === undefined ? parsed : { ...parsed, grpcPort };
}
