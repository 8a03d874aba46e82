/** Qdrant's API over the embedded engine, in this process. */
import { z } from "zod";
import { type Engine, type PointColumns as EnginePoints, openEngine } from "../../engine/index.ts";
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionSpec, PayloadIndex, ShardKey } from "../../model/collection.ts";
import { emptyColumn } from "../../model/column-rows.ts";
import { payloadText } from "../../model/payload.ts";
import type { TenantCount } from "../../store/documents.ts";
import type { CallOptions } from "../../store/port.ts";
import { stringifyPlain } from "../../util/json.ts";
import { aliasBody, aliasesOf } from "./aliases.ts";
import type {
  Alias,
  CollectionChange,
  CollectionState,
  CountColumns,
  PointColumns,
  PointFilter,
  PointPage,
  PointSelector,
  QdrantApi,
  QueryColumns,
  ReadColumns,
  ScoredPoints,
  ScrollColumns,
  UpsertColumns,
  WantedVector,
  WrittenColumns,
} from "./api.ts";
import { changeBody, creationBody, describedState, indexSchema } from "./settings.ts";

const facets = z.object({
  hits: z.array(z.object({ value: z.unknown(), count: z.number() })),
});

/** Opens the folder at `path` (made where it is not there), or ':memory:'. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED */
export async function connectEmbedded(path: string, options: CallOptions): Promise<QdrantApi> {
  return new EmbeddedApi(await openEngine(path, options));
}

export class EmbeddedApi implements QdrantApi {
  readonly kind = "embedded";
  readonly address: string;
  readonly version = null;
  readonly notes = true;
  readonly modes = true;
  readonly bodyBytesMax = null;
  readonly concurrency = 2;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.address = engine.path;
  }

  async list(options: CallOptions = {}): Promise<string[]> {
    return this.#engine.listCollections(options);
  }

  async get(name: string, options: CallOptions = {}): Promise<CollectionState> {
    return describedState(name, await this.#engine.getCollection(name, options));
  }

  async create(spec: CollectionSpec, note: string, options: CallOptions = {}): Promise<void> {
    // It has no strict mode, which keeps clients from asking too much and says nothing of the points.
    const { strict_mode_config: _, ...body } = creationBody(spec, note);
    await refusable(this.#engine.createCollection(spec.name, body, options));
  }

  async update(name: string, change: CollectionChange, options: CallOptions = {}): Promise<void> {
    await refusable(this.#engine.updateCollection(name, changeBody(change), options));
  }

  async drop(name: string, options: CallOptions = {}): Promise<void> {
    await this.#engine.deleteCollection(name, options);
  }

  /** It has no shards that points are put into by hand. */
  async shardKeys(): Promise<ShardKey[]> {
    return [];
  }

  async createShardKey(): Promise<void> {
    throw new VectorError("E_REJECTED", "The embedded engine has one shard for a collection.");
  }

  async aliases(options: CallOptions = {}): Promise<Alias[]> {
    const request = { operation: "listAliases", collection: "", params: {}, body: null } as const;
    return aliasesOf(JSON.parse(await this.#engine.ask(request, options)));
  }

  async createAlias(alias: Alias, options: CallOptions = {}): Promise<void> {
    const body = aliasBody(alias);
    const request = { operation: "updateAliases", collection: "", params: {}, body } as const;
    await refusable(this.#engine.ask(request, options));
  }

  async createIndex(name: string, index: PayloadIndex, options: CallOptions = {}): Promise<void> {
    await refusable(this.#engine.createPayloadIndex(name, index.key, indexSchema(index), options));
  }

  async upsert(name: string, columns: WrittenColumns, options: UpsertColumns = {}): Promise<void> {
    const { points, vectors, payloads } = columns;
    const texts = payloads.map((payload) => (payload === null ? null : payloadText(payload)));
    const taken = { ids: points, vectors: new Map(vectors), payloads: texts };
    await refusable(this.#engine.upsert(name, taken, options));
  }

  async retrieve(
    name: string,
    points: readonly string[],
    options: ReadColumns,
  ): Promise<PointColumns> {
    const found = await this.#engine.retrieve(name, points, readOptions(options));
    return columnsOf(found, options.vectors);
  }

  async scroll(name: string, options: ScrollColumns): Promise<PointPage> {
    const page = await this.#engine.scroll(name, {
      ...readOptions(options),
      limit: options.limit,
      offset: options.from ?? undefined,
      filter: textOf(options.filter),
    });
    return { ...columnsOf(page, options.vectors), next: page.nextOffset };
  }

  async count(name: string, options: CountColumns = {}): Promise<number> {
    return this.#engine.count(name, textOf(options.filter), options);
  }

  async delete(name: string, selector: PointSelector, options: CallOptions = {}): Promise<void> {
    const meant =
      "points" in selector ? { ids: selector.points } : { filter: stringifyPlain(selector.filter) };
    await refusable(this.#engine.deletePoints(name, meant, options));
  }

  async query(name: string, options: QueryColumns): Promise<ScoredPoints> {
    // Its search is always exact.
    const { vector, limit, filter, paths, vectors = [], signal } = options;
    const found = await refusable(
      this.#engine.search(name, {
        vector,
        limit,
        filter: textOf(filter),
        withPayload: paths === undefined ? true : { include: paths },
        withVector: vectors.length > 0,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    return { ...columnsOf(found, vectors), scores: Array.from(found.scores) };
  }

  async facet(
    name: string,
    key: string,
    { limit, ...options }: CallOptions & { limit: number },
  ): Promise<TenantCount[]> {
    const body = JSON.stringify({ key, limit });
    const request = { operation: "facet", collection: name, params: {}, body } as const;
    const { hits } = facets.parse(JSON.parse(await this.#engine.ask(request, options)));
    return hits.map(({ value, count }) => ({ tenant: String(value), count }));
  }

  async memory(): Promise<null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close();
  }
}

function textOf(filter: PointFilter | undefined): string | undefined {
  return filter === undefined ? undefined : stringifyPlain(filter);
}

function readOptions({ payload, vectors, signal }: ReadColumns) {
  return {
    withPayload: payload,
    withVector: vectors.length > 0,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Those of the vectors that are wanted. */
function columnsOf(found: EnginePoints, wanted: readonly WantedVector[]): PointColumns {
  const { ids, payloads } = found;
  const vectors = new Map(
    wanted.map(({ name, kind, dimension }) => [
      name,
      found.vectors.get(name) ?? emptyColumn(kind, dimension ?? 0, ids.length),
    ]),
  );
  return { points: ids, vectors, payloads };
}

/** What a server answers 400 or 422 to is E_INPUT in the engine: here it is a refusal for good, as a server's is. */
export async function refusable<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    if (!isVectorError(error, "E_INPUT")) throw error;
    throw new VectorError("E_REJECTED", error.message, { cause: error, details: error.details });
  }
}
