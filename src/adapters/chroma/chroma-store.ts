import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { toWhere } from "../../model/filter.ts";
import type {
  CallOptions,
  Capabilities,
  Hit,
  IdsOptions,
  ReadOptions,
  ReadResult,
  SearchOptions,
  SourceStore,
  StoreIdentity,
} from "../../store/port.ts";
import { notChroma } from "./answer.ts";
import { CollectionCalls, type KnownCollection } from "./calls.ts";
import { listCollections } from "./catalog.ts";
import type { ChromaClient } from "./client.ts";
import { describeCollection } from "./describe.ts";
import { listIds } from "./ids.ts";
import { queryNearest } from "./query.ts";
import { PageSize, type Quotas } from "./quotas.ts";
import { readRecords } from "./reader.ts";
import { RecordSize } from "./record-size.ts";
import type { Routes, Scope } from "./routes.ts";
import type { Takes } from "./takes.ts";

/** What is behind an address. */
export interface Served {
  readonly kind: "chroma" | "chroma-cloud";
  readonly version: string | null;
  readonly quotas: Quotas;
  readonly takes: Takes;
}

/** How a store is made of a server that was found to be there. */
export type Opening<Store> = new (
  client: ChromaClient,
  routes: Routes,
  scope: Scope,
  served: Served,
) => Store;

/** One tenant and database of a Chroma server, or of Chroma Cloud. Only ever reads. */
export class ChromaStore implements SourceStore {
  readonly identity: StoreIdentity;
  readonly capabilities: Capabilities;
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  readonly #scope: Scope;
  readonly #calls: CollectionCalls;
  readonly #quotas: Quotas;
  readonly #records: RecordSize;

  constructor(client: ChromaClient, routes: Routes, scope: Scope, served: Served) {
    const { kind, version, quotas } = served;
    this.identity = { kind, address: client.url, ...scope, version };
    this.capabilities = capabilitiesOf(quotas, { notes: false });
    this.#quotas = quotas;
    this.#records = new RecordSize(new PageSize(quotas.recordsMax, quotas.enforced));
    this.#client = client;
    this.#routes = routes;
    this.#scope = scope;
    this.#calls = new CollectionCalls(client, routes);
  }

  async collections(options: CallOptions = {}): Promise<CollectionInfo[]> {
    const infos: CollectionInfo[] = [];
    for (const listed of await listCollections(this.#client, this.#routes, options.signal)) {
      infos.push(
        await describeCollection(this.#calls, this.#scope, listed, this.#records, options),
      );
    }
    return infos;
  }

  count(collection: CollectionInfo, { signal }: CallOptions = {}): Promise<number> {
    return countAll(this.#calls, collection, signal);
  }

  ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    return listIds(this.#calls, collection, options, this.#quotas);
  }

  read(
    collection: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult> {
    return readRecords(this.#calls, collection, keys, options, this.#records);
  }

  /** @throws E_NOT_SUPPORTED for one tenant's records: inside a collection Chroma has no tenants */
  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: SearchOptions,
  ): Promise<Hit[]> {
    if (options.tenant !== undefined) {
      throw new VectorError(
        "E_NOT_SUPPORTED",
        "A Chroma collection cannot be searched for one tenant's records.",
      );
    }
    if (collection.dimension === null) return [];
    const { limit, filter = [], documents = true, signal } = options;
    const include = documents ? (["documents"] as const) : [];
    const query = { limit, include, where: toWhere(filter), ...(signal && { signal }) };
    const found = await queryNearest(this.#calls, collection, Array.from(vector), query);
    return found.map(({ id, distance, document }) => ({ id, distance, document }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }
}

/** What every Chroma can do. `notes`: whether the collections' own metadata is ours to write. */
export function capabilitiesOf(
  quotas: Quotas,
  { notes }: { readonly notes: boolean },
): Capabilities {
  return {
    batchSizeMax: quotas.enforced ? quotas.recordsMax : null,
    bodyBytesMax: null,
    concurrency: quotas.requestsMax,
    live: true,
    where: true,
    vectorUlps: 2,
    notes,
    ...(quotas.enforced ? { searchesMax: quotas.requestsMax } : {}),
  };
}

/** Number of records, whoever's. @throws E_COLLECTION_NOT_FOUND */
export function countAll(
  calls: CollectionCalls,
  collection: KnownCollection,
  signal: AbortSignal | undefined,
): Promise<number> {
  return calls.ask(collection, { verb: "count", parse: parseCount }, signal);
}

function parseCount(bytes: Buffer): number {
  const count: unknown = JSON.parse(bytes.toString());
  if (!Number.isSafeInteger(count)) throw notChroma("a count that is no integer");
  return Number(count);
}
