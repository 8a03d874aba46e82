/** Connections of applications: which store it is, chosen by what is configured, and Qdrant's own client to it. */
import { existsSync } from "node:fs";
import process from "node:process";
import { openEmbedded } from "./embedded/open.ts";
import { loadQdrantClient, type QdrantClient } from "./embedded/qdrant-client.ts";
import { isVectorError, VectorError } from "./errors.ts";
import { openRepository } from "./repositories.ts";
import {
  type Candidate,
  type CheckedConfig,
  checkConfig,
  describeAddress,
  type VectorDBSettings,
} from "./repository/config.ts";
import type { Embed } from "./repository/embed.ts";
import type { DocumentMetadata } from "./repository/metadata.ts";
import { type MetricsRegistry, vectorMetrics } from "./repository/metrics.ts";
import type { ServiceObserver } from "./repository/observer.ts";
import { createVectorService, type VectorService } from "./repository/service.ts";
import type { VectorRepository } from "./repository/types.ts";
import { stores } from "./stores.ts";
import { abortError } from "./util/abort.ts";
import { type Environment, readEnvironment } from "./util/environment.ts";
import { isNearHost } from "./util/near-host.ts";

/** How long a server is waited for when it is asked whether it is there. */
const greetingMs = 5000;

/** What `connect` takes. */
export interface VectorDBConfig extends VectorDBSettings {
  /** Makes texts into embeddings: then documents and queries need none. */
  readonly embed?: Embed | undefined;
  /** The name of the model that `embed` asks. */
  readonly model?: string | undefined;
  /** Texts that `embed` is given at once at most. */
  readonly embedBatchSize?: number | undefined;
  /** A registry of prom-client, which every call of every tenant's service is counted in. */
  readonly metrics?: MetricsRegistry | undefined;
  /** Told, in one line, which store was chosen and why. */
  readonly onChoice?: ((line: string) => void) | undefined;
  /** Instead of the process's own variables with `.env` behind them. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TenantOptions {
  /** Default: the connection's collection (VECTOR_COLLECTION_NAME). */
  readonly collection?: string;
}

/** A store that answers, and the tenants in it. */
export interface Connection extends AsyncDisposable {
  /** One line: which store it is, and what named it. */
  readonly choice: string;
  /** For administrators: all tenants. */
  readonly repository: VectorRepository;
  /**
   * The documents of one tenant. Many may be open at once; closing one closes nothing of the connection.
   * @throws {VectorError} E_TENANT without a tenant; E_CONFIG where no collection is named
   */
  tenant<M extends object = DocumentMetadata>(
    tenantId: string,
    options?: TenantOptions,
  ): VectorService<M>;
  /** Closes the store. Twice is harmless; a connection that nobody closes keeps no process from its end. */
  close(): Promise<void>;
}

/**
 * Connects to the vector store that is configured, the first of: `url`, or `host` and `port`; QDRANT_URL with QDRANT_API_KEY;
 * QDRANT_HOST, or a local server that answers on 6333; an embedded Qdrant in a folder (VECTOR_DB_PATH, ./qdrant_data); one in
 * memory, where that folder is not there and cannot be made. `type` (VECTOR_DB_TYPE) chooses another kind. Which it was stands
 * in `choice` and is told to `onChoice`.
 *
 * @example
 * await using connection = await connect({ onChoice: (line) => console.error(line) });
 * await using notes = connection.tenant("acme", { collection: "notes" });
 *
 * @throws {VectorError} E_CONFIG that lists all faults of the configuration; for a configured store that does not answer what it
 * failed with (E_UNREACHABLE, E_TIMEOUT, E_AUTH, E_NOT_QDRANT, E_LOCKED …), unless `fallback` is true and it is no answer at all
 */
export async function connect(config: VectorDBConfig | string = {}): Promise<Connection> {
  const given = typeof config === "string" ? { url: config } : config;
  const checked = checkConfig(given, environmentOf(given));
  const metrics = given.metrics === undefined ? null : vectorMetrics(given.metrics);
  const { opened: repository, choice } = await choose(
    checked,
    (candidate) => openAnswering(candidate, checked, given.signal),
    given,
  );
  return new OpenConnection(repository, {
    choice,
    collection: checked.collection,
    observer: metrics?.observer(repository) ?? null,
    config: given,
  });
}

/**
 * Qdrant's own client, from `@qdrant/js-client-rest`, to the store that `connect` would choose among Qdrants: a server's, or one
 * that is answered in this process. It knows no tenants: nothing keeps its calls from reading and writing everyone's points.
 * From a server on this machine or in its network it takes answers uncompressed, which come tens of milliseconds sooner; over a slower
 * way they are compressed, as docs/repository.md tells with its figures.
 * `await using` closes what is beneath, which only an embedded Qdrant has.
 * @param url An address of a Qdrant, `:memory:` too; default: as `connect` chooses
 * @throws {VectorError} as `connect`; E_CONFIG where the package is not installed, or another kind is configured
 */
export async function buildQdrantClient(
  url?: string,
  options: Omit<VectorDBConfig, "url" | "embed" | "model" | "embedBatchSize" | "metrics"> = {},
): Promise<QdrantClient & AsyncDisposable> {
  const given: VectorDBConfig = url === undefined ? options : { ...options, url };
  const checked = checkConfig(given, environmentOf(given));
  const { opened } = await choose(
    checked,
    (candidate) => openClient(candidate, checked, given.signal),
    given,
  );
  return opened;
}

class OpenConnection implements Connection {
  readonly choice: string;
  readonly repository: VectorRepository;
  readonly #collection: string | null;
  readonly #observer: ServiceObserver | null;
  readonly #config: VectorDBConfig;

  constructor(
    repository: VectorRepository,
    options: {
      readonly choice: string;
      readonly collection: string | null;
      readonly observer: ServiceObserver | null;
      readonly config: VectorDBConfig;
    },
  ) {
    this.repository = repository;
    this.choice = options.choice;
    this.#collection = options.collection;
    this.#observer = options.observer;
    this.#config = options.config;
  }

  tenant<M extends object = DocumentMetadata>(
    tenantId: string,
    options: TenantOptions = {},
  ): VectorService<M> {
    const collection = options.collection ?? this.#collection;
    if (collection === null)
      throw new VectorError("E_CONFIG", "No collection is named.", {
        next: "Give tenant(id, { collection }), connect({ collection }) or VECTOR_COLLECTION_NAME.",
      });
    const { embed, model, embedBatchSize } = this.#config;
    return createVectorService<M>(this.repository, {
      tenantId,
      collection,
      ...(embed === undefined ? {} : { embed }),
      ...(model === undefined ? {} : { model }),
      ...(embedBatchSize === undefined ? {} : { embedBatchSize }),
      ...(this.#observer === null ? {} : { observer: this.#observer }),
    });
  }

  async close(): Promise<void> {
    await this.repository[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function environmentOf({ environment }: VectorDBConfig): Environment {
  if (environment === undefined) return readEnvironment(process.env, process.cwd());
  return (name) => {
    const text = environment[name];
    return text ? { text, from: "environment" } : undefined;
  };
}

/** Opens the first candidate that is there; says which, and what was passed over. */
async function choose<Opened>(
  { candidates, fallback }: CheckedConfig,
  open: (candidate: Candidate) => Promise<Opened>,
  { onChoice }: VectorDBConfig,
): Promise<{ opened: Opened; choice: string }> {
  const passed: string[] = [];
  for (const [at, candidate] of candidates.entries()) {
    const last = at === candidates.length - 1;
    try {
      const opened = await open(candidate);
      const { address, named } = candidate;
      const choice = `Vector store: ${describeAddress(address)} (${[...passed, named].join("; ")}).`;
      onChoice?.(choice);
      return { opened, choice };
    } catch (error) {
      if (last || !mayPass(candidate, fallback, error)) throw error;
      if (candidate.as === "configured" && isVectorError(error))
        passed.push(`${candidate.named} does not answer: ${error.code}, and fallback is true`);
    }
  }
  throw new VectorError("E_INTERNAL", "There was no store to choose.");
}

const silence: ReadonlySet<string> = new Set([
  "E_UNREACHABLE",
  "E_TIMEOUT",
  "E_SERVER",
  "E_RATE_LIMITED",
  "E_BAD_RESPONSE",
]);

/** Whether the next candidate may be looked at after this failure. A folder that holds something is never passed over. */
function mayPass({ address, as }: Candidate, fallback: boolean, error: unknown): boolean {
  if (!isVectorError(error)) return false;
  if (as === "configured") return fallback && silence.has(error.code);
  if (address.kind === "embedded") return !existsSync(address.path);
  return silence.has(error.code) || error.code === "E_NOT_QDRANT";
}

async function openAnswering(
  candidate: Candidate,
  { options }: CheckedConfig,
  signal: AbortSignal | undefined,
): Promise<VectorRepository> {
  await assertAnswers(candidate, options.qdrant?.caFile, signal);
  const repository = openRepository(candidate.address, options);
  try {
    // Keys are asked for only now, and an embedded folder is opened.
    await repository.listCollections(signal === undefined ? {} : { signal });
    return repository;
  } catch (error) {
    await repository[Symbol.asyncDispose]();
    throw error;
  }
}

/** One greeting, without any key, where the candidate is a Qdrant server: tries again are of no use before anything is configured right. */
async function assertAnswers(
  { address }: Candidate,
  caFile: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted) throw abortError(signal);
  if (address.kind !== "qdrant") return;
  const found = await stores.looks.recognisers.qdrant(address.url, {
    timeoutMs: greetingMs,
    caFile,
    signal,
  });
  if (found !== null) return;
  throw new VectorError("E_NOT_QDRANT", `What answers at ${address.url} is no Qdrant.`);
}

async function openClient(
  candidate: Candidate,
  { options }: CheckedConfig,
  signal: AbortSignal | undefined,
): Promise<QdrantClient & AsyncDisposable> {
  const { address } = candidate;
  if (address.kind === "embedded") {
    const { client, close } = await openEmbedded(
      address.path,
      signal === undefined ? {} : { signal },
    );
    return Object.assign(client, { [Symbol.asyncDispose]: close });
  }
  if (address.kind !== "qdrant")
    throw new VectorError("E_CONFIG", `${describeAddress(address)} is no Qdrant.`, {
      next: "Give the address of a Qdrant, or set VECTOR_DB_TYPE to qdrant or embedded.",
    });
  if (options.qdrant?.caFile !== undefined)
    throw new VectorError("E_CONFIG", "Qdrant's own client takes no CA file.", {
      next: "Set NODE_EXTRA_CA_CERTS to the file, which Node reads for every connection.",
    });
  const QdrantClient = await loadQdrantClient();
  await assertAnswers(candidate, options.qdrant?.caFile, signal);
  const client = new QdrantClient({
    url: address.url,
    checkCompatibility: false,
    ...(isNearHost(address.url) ? { headers: { "accept-encoding": "identity" } } : {}),
    ...(options.qdrant?.apiKey === undefined ? {} : { apiKey: options.qdrant.apiKey }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  return Object.assign(client, { [Symbol.asyncDispose]: async () => undefined });
}
