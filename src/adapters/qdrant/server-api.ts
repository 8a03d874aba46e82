/** A Qdrant server by two roads: collections by REST; points by gRPC once its port is proven to be the same server's. */
import { isVectorError } from "../../errors.ts";
import type { CollectionSpec, PayloadIndex, ShardKey } from "../../model/collection.ts";
import type { PlainRecord } from "../../model/plain-record.ts";
import type { TenantCount } from "../../store/documents.ts";
import type { CallOptions } from "../../store/port.ts";
import type {
  Alias,
  CollectionChange,
  CollectionState,
  CountColumns,
  PlainPoints,
  PointColumns,
  PointSelector,
  QdrantApi,
  QueryColumns,
  ReadColumns,
  ScoredPoints,
  ScrollColumns,
  ScrollPage,
  UpsertColumns,
  WrittenColumns,
} from "./api.ts";
import type { Choice } from "./choice.ts";
import type { GrpcPoints } from "./grpc.ts";
import { differenceOf, type Purpose, type Roads } from "./proof.ts";

/** Calls in flight that a server bears well. */
const grpcConcurrency = 3;

export class ServerApi implements QdrantApi {
  readonly kind = "qdrant";
  readonly address: string;
  readonly version: string | null;
  readonly notes: boolean;
  readonly modes: boolean;
  /** Messages may be of any size, and are kept small; by REST, bodies are kept below what a server takes. */
  readonly bodyBytesMax = null;
  readonly concurrency = grpcConcurrency;
  readonly #rest: QdrantApi;
  readonly #choice: Choice;
  readonly #roads: Roads;
  /** REST bears the points too. */
  #restAlone = false;
  /** What the gRPC port is proven good for. */
  #proven: Purpose | null = null;
  #proving: Promise<void> | null = null;

  constructor(roads: Roads, choice: Choice) {
    const { address, version, notes, modes } = roads.rest;
    this.address = address;
    this.version = version;
    this.notes = notes;
    this.modes = modes;
    this.#rest = roads.rest;
    this.#roads = roads;
    this.#choice = choice;
  }

  list(options?: CallOptions): Promise<string[]> {
    return this.#rest.list(options);
  }

  get(name: string, options?: CallOptions): Promise<CollectionState> {
    return this.#rest.get(name, options);
  }

  create(spec: CollectionSpec, note: string, options?: CallOptions): Promise<void> {
    return this.#rest.create(spec, note, options);
  }

  update(name: string, change: CollectionChange, options?: CallOptions): Promise<void> {
    return this.#rest.update(name, change, options);
  }

  drop(name: string, options?: CallOptions): Promise<void> {
    return this.#rest.drop(name, options);
  }

  createIndex(name: string, index: PayloadIndex, options?: CallOptions): Promise<void> {
    return this.#rest.createIndex(name, index, options);
  }

  shardKeys(name: string, options?: CallOptions): Promise<ShardKey[]> {
    return this.#rest.shardKeys(name, options);
  }

  createShardKey(name: string, shard: ShardKey, options?: CallOptions): Promise<void> {
    return this.#rest.createShardKey(name, shard, options);
  }

  aliases(options?: CallOptions): Promise<Alias[] | null> {
    return this.#rest.aliases(options);
  }

  createAlias(alias: Alias, options?: CallOptions): Promise<void> {
    return this.#rest.createAlias(alias, options);
  }

  delete(name: string, selector: PointSelector, options?: CallOptions): Promise<void> {
    return this.#rest.delete(name, selector, options);
  }

  async beforeWrites(name: string, options: CallOptions = {}): Promise<void> {
    await this.#road(name, "write", options);
  }

  async upsert(name: string, columns: WrittenColumns, options: UpsertColumns = {}): Promise<void> {
    return (await this.#road(name, "write", options)).upsert(name, columns, options);
  }

  async retrieve(
    name: string,
    points: readonly string[],
    options: ReadColumns,
  ): Promise<PointColumns> {
    return (await this.#road(name, "read", options)).retrieve(name, points, options);
  }

  async scroll(name: string, options: ScrollColumns): Promise<ScrollPage> {
    return (await this.#road(name, "read", options)).scroll(name, options);
  }

  async count(name: string, options: CountColumns = {}): Promise<number> {
    return (await this.#road(name, "read", options)).count(name, options);
  }

  async query(
    name: string,
    options: QueryColumns,
  ): Promise<ScoredPoints | PlainPoints<PlainRecord>> {
    return (await this.#road(name, "read", options)).query(name, options);
  }

  facet(
    name: string,
    key: string,
    options: CallOptions & { limit: number },
  ): Promise<TenantCount[]> {
    return this.#rest.facet(name, key, options);
  }

  memory(name: string, options?: CallOptions): Promise<number | null> {
    return this.#rest.memory(name, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#roads.grpcClient.close();
    await this.#rest[Symbol.asyncDispose]();
  }

  /** The road that bears points; the first call for each purpose proves the port, those beside it wait for the proof. */
  async #road(
    name: string,
    purpose: Purpose,
    { signal }: CallOptions,
  ): Promise<GrpcPoints | QdrantApi> {
    for (;;) {
      if (this.#restAlone) return this.#rest;
      if (this.#proven === "write" || this.#proven === purpose) return this.#roads.grpc;
      this.#proving ??= this.#prove(name, purpose, signal).finally(() => {
        this.#proving = null;
      });
      try {
        await this.#proving;
      } catch (error) {
        // Where only the call was interrupted that began the proof, the others begin another.
        if (signal?.aborted || !isVectorError(error, "E_ABORTED")) throw error;
      }
    }
  }

  async #prove(name: string, purpose: Purpose, signal: AbortSignal | undefined): Promise<void> {
    const options = signal === undefined ? {} : { signal };
    try {
      const difference = await differenceOf(this.#roads, name, purpose, options);
      if (difference === null) {
        if (this.#proven === null) this.#choice.grpc();
        this.#proven = purpose;
        return;
      }
      this.#choice.another(difference);
    } catch (error) {
      this.#choice.failed(error);
    }
    // What is being read by gRPC may end there: the connection is closed with the store.
    this.#restAlone = true;
  }
}
