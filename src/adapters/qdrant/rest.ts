/** Qdrant by REST. Bodies are built and answers taken apart as text: payload is never decoded on the way. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { CollectionSpec, PayloadIndex, ShardKey } from "../../model/collection.ts";
import type { PlainRecord } from "../../model/plain-record.ts";
import type { TenantCount } from "../../store/documents.ts";
import type { CallOptions } from "../../store/port.ts";
import { isObject, parsePlain, sliceObject, stringifyPlain } from "../../util/json.ts";
import { aliasBody, aliasesOf } from "./aliases.ts";
import type {
  Alias,
  CollectionChange,
  CollectionState,
  CountColumns,
  PlainPoints,
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
  WrittenColumns,
} from "./api.ts";
import { type RestClient, resultText } from "./rest-client.ts";
import {
  columnsOf,
  plainOf,
  pointOf,
  pointText,
  queryBytes,
  scoredOf,
  upsertBodies,
} from "./rest-points.ts";
import { changeBody, creationBody, describedState, indexSchema } from "./settings.ts";
import { shardKeysOf } from "./shards.ts";

/** The server's default bound of a body (`service.max_request_size_mb`). */
const bodyBytesMax = 32 * 1024 * 1024;
/** A body aims at less: its text and its bytes are in memory for each request in flight. */
const bodyBytesAim = 4 * 1024 * 1024;
/** The first version with `POST points/query`, the first with metadata of collections, and the first whose upserts have a mode. */
const oldestVersion = [1, 10] as const;
const notesVersion = [1, 16] as const;
const modesVersion = [1, 17] as const;

const collectionList = z.looseObject({
  collections: z.array(z.looseObject({ name: z.string() })),
});
const updateResult = z.looseObject({ status: z.string() });
const countResult = z.looseObject({ count: z.number() });
const facetResult = z.looseObject({
  hits: z.array(z.looseObject({ value: z.unknown(), count: z.number() })),
});
const memoryResult = z.looseObject({
  total: z.looseObject({ ram_bytes: z.number(), cached_bytes: z.number() }),
});

/**
 * Greets the server and shows it the key. Closing what this gives closes `client`.
 * @throws E_UNREACHABLE, E_TIMEOUT, E_NOT_QDRANT, E_NOT_SUPPORTED (older than 1.10), E_AUTH
 */
export async function connectRest(
  client: RestClient,
  signal: AbortSignal | undefined,
): Promise<QdrantApi & { readonly version: string }> {
  const version = await client.greet(signal);
  if (!isSince(version, oldestVersion)) {
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `${client.url} is a Qdrant ${version}; 1.10 is the oldest that can be used.`,
    );
  }
  const api = new RestApi(client, version);
  // The greeting needs no key; the list of collections does.
  await api.list(signal === undefined ? {} : { signal });
  return api;
}

/** Whether `version` ("1.18.2", "1.19.0-dev") is `since` or newer. */
export function isSince(version: string, since: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > since[0] || (major === since[0] && minor >= since[1]);
}

class RestApi implements QdrantApi {
  readonly kind = "qdrant";
  readonly address: string;
  readonly version: string;
  readonly notes: boolean;
  readonly modes: boolean;
  readonly bodyBytesMax = bodyBytesMax;
  readonly concurrency = 4;
  readonly #client: RestClient;

  constructor(client: RestClient, version: string) {
    this.#client = client;
    this.address = client.url;
    this.version = version;
    this.notes = isSince(version, notesVersion);
    this.modes = isSince(version, modesVersion);
  }

  async list(options: CallOptions = {}): Promise<string[]> {
    const result = await this.#client.send({
      method: "GET",
      path: "/collections",
      signal: options.signal,
    });
    const { collections } = this.#check(collectionList, result);
    return collections.map(({ name }) => name).sort();
  }

  async get(name: string, options: CallOptions = {}): Promise<CollectionState> {
    const result = await this.#client.send({
      method: "GET",
      path: path(name),
      signal: options.signal,
    });
    return describedState(name, JSON.parse(result));
  }

  async create(spec: CollectionSpec, note: string, options: CallOptions = {}): Promise<void> {
    const body = creationBody(spec, this.notes ? note : null);
    await this.#client.send({
      method: "PUT",
      path: path(spec.name),
      body: JSON.stringify(body),
      signal: options.signal,
    });
  }

  async update(name: string, change: CollectionChange, options: CallOptions = {}): Promise<void> {
    if (!this.notes) return;
    const body = JSON.stringify(changeBody(change));
    await this.#client.send({ method: "PATCH", path: path(name), body, signal: options.signal });
  }

  async drop(name: string, options: CallOptions = {}): Promise<void> {
    await this.#client.send({ method: "DELETE", path: path(name), signal: options.signal });
  }

  async createIndex(name: string, index: PayloadIndex, options: CallOptions = {}): Promise<void> {
    const body = { field_name: index.key, field_schema: indexSchema(index) };
    await this.#update("PUT", `${path(name)}/index`, JSON.stringify(body), options);
  }

  async shardKeys(name: string, { signal }: CallOptions = {}): Promise<ShardKey[]> {
    const result = await this.#client.send({
      method: "GET",
      path: `${path(name)}/cluster`,
      signal,
    });
    return this.#parse(() => shardKeysOf(result));
  }

  async createShardKey(
    name: string,
    { key, shards, replicas }: ShardKey,
    { signal }: CallOptions = {},
  ): Promise<void> {
    const body = `{"shard_key":${key},"shards_number":${shards},"replication_factor":${replicas}}`;
    await this.#client.send({ method: "PUT", path: `${path(name)}/shards`, body, signal });
  }

  async aliases({ signal }: CallOptions = {}): Promise<Alias[] | null> {
    return this.#told(async () => {
      const result = await this.#client.send({ method: "GET", path: "/aliases", signal });
      return this.#parse(() => aliasesOf(JSON.parse(result)));
    });
  }

  async createAlias(alias: Alias, { signal }: CallOptions = {}): Promise<void> {
    await this.#client.send({
      method: "POST",
      path: "/collections/aliases",
      body: aliasBody(alias),
      signal,
    });
  }

  async upsert(name: string, columns: WrittenColumns, options: UpsertColumns = {}): Promise<void> {
    for (const body of upsertBodies(columns, bodyBytesAim, bodyBytesMax, options))
      await this.#update("PUT", `${path(name)}/points`, body, options);
  }

  async retrieve(
    name: string,
    points: readonly string[],
    options: ReadColumns,
  ): Promise<PointColumns> {
    const ids = points.map(pointText).join(",");
    const body = `{"ids":[${ids}],${wanted(options)}${shardText(options.shard)}}`;
    const result = await this.#client.send({
      method: "POST",
      path: `${path(name)}/points`,
      body,
      signal: options.signal,
    });
    return this.#parse(() => columnsOf(result, options.vectors));
  }

  async scroll(name: string, options: ScrollColumns): Promise<PointPage> {
    const from = options.from === null ? "" : `"offset":${pointText(options.from)},`;
    const more = filterText(options.filter) + shardText(options.shard);
    const body = `{"limit":${options.limit},${from}${wanted(options)}${more}}`;
    const address = `${path(name)}/points/scroll`;
    const result = await this.#client.send({
      method: "POST",
      path: address,
      body,
      signal: options.signal,
    });
    return this.#parse(() => {
      const page = sliceObject(result);
      const next = page.get("next_page_offset") ?? "null";
      const columns = columnsOf(page.get("points") ?? "", options.vectors);
      return { ...columns, next: next === "null" ? null : pointOf(next) };
    });
  }

  async count(name: string, options: CountColumns = {}): Promise<number> {
    const address = `${path(name)}/points/count`;
    const body = `{"exact":true${filterText(options.filter)}}`;
    const result = await this.#client.send({
      method: "POST",
      path: address,
      body,
      signal: options.signal,
    });
    return this.#check(countResult, result).count;
  }

  async delete(name: string, selector: PointSelector, options: CallOptions = {}): Promise<void> {
    const body =
      "points" in selector
        ? `{"points":[${selector.points.map(pointText).join(",")}]}`
        : stringifyPlain({ filter: selector.filter });
    await this.#update("POST", `${path(name)}/points/delete`, body, options);
  }

  async query(
    name: string,
    options: QueryColumns,
  ): Promise<ScoredPoints | PlainPoints<PlainRecord>> {
    const { vectors = [], plain, signal } = options;
    const address = `${path(name)}/points/query`;
    const body = queryBody(options);
    const request = { method: "POST", path: address, body, signal } as const;
    if (plain === undefined || vectors.length > 0) {
      const result = await this.#client.ask(request, resultText);
      return this.#parse(() => scoredOf(result, vectors));
    }
    const { answer, result } = await this.#client.ask(request, wholly);
    return this.#parse(() => plainOf(result, plain) ?? scoredOf(resultText(answer), vectors));
  }

  async facet(
    name: string,
    key: string,
    { limit, signal }: CallOptions & { limit: number },
  ): Promise<TenantCount[]> {
    const body = JSON.stringify({ key, limit, exact: true });
    const result = await this.#client.send({
      method: "POST",
      path: `${path(name)}/facet`,
      body,
      signal,
    });
    const { hits } = this.#check(facetResult, result);
    return hits.map(({ value, count }) => ({ tenant: String(value), count }));
  }

  async memory(name: string, options: CallOptions = {}): Promise<number | null> {
    return this.#told(async () => {
      const address = `${path(name)}/memory`;
      const result = await this.#client.send({
        method: "GET",
        path: address,
        signal: options.signal,
        attempts: 1,
      });
      const { total } = this.#check(memoryResult, result);
      return total.ram_bytes + total.cached_bytes;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  /** Null where the server does not tell. */
  async #told<Result>(ask: () => Promise<Result>): Promise<Result | null> {
    try {
      return await ask();
    } catch (error) {
      // Older servers have no such route, and a key for some collections alone may not ask.
      if (
        error instanceof VectorError &&
        [403, 404].some((status) => error.details["status"] === status)
      )
        return null;
      throw error;
    }
  }

  /** A write that is answered when it is done. */
  async #update(
    method: "PUT" | "POST",
    address: string,
    body: string | Uint8Array,
    options: CallOptions,
  ): Promise<void> {
    const result = await this.#client.send({
      method,
      path: `${address}?wait=true`,
      body,
      signal: options.signal,
    });
    const { status } = this.#check(updateResult, result);
    if (status === "completed") return;
    throw new VectorError(
      "E_TIMEOUT",
      `${method} ${this.address}${address}: the server answered "${status}" before the write was done.`,
    );
  }

  #check<Schema extends z.ZodType>(schema: Schema, result: string): z.infer<Schema> {
    return this.#parse(() => schema.parse(JSON.parse(result)));
  }

  /** Runs `decode`; an answer that is not as Qdrant gives it is E_BAD_RESPONSE. */
  #parse<Result>(decode: () => Result): Result {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
      throw new VectorError(
        "E_BAD_RESPONSE",
        `${this.address}: an answer is not in Qdrant's form.`,
        {
          cause: error,
        },
      );
    }
  }
}

/** An answer's text with its result, decoded in one go: cutting the result out first takes as long again. @throws SyntaxError */
function wholly(answer: string): { answer: string; result: unknown } {
  const decoded = parsePlain(answer);
  if (!isObject(decoded) || decoded["result"] === undefined)
    throw new SyntaxError("an answer without result");
  return { answer, result: decoded["result"] };
}

function path(name: string): string {
  return `/collections/${encodeURIComponent(name)}`;
}

/** A member `filter` behind others; nothing where all points are meant. */
function filterText(filter: PointFilter | undefined): string {
  return filter === undefined ? "" : `,"filter":${stringifyPlain(filter)}`;
}

/** A member `shard_key` behind others; nothing where all shards are meant. */
function shardText(shard: string | undefined): string {
  return shard === undefined ? "" : `,"shard_key":${shard}`;
}

function queryBody(options: QueryColumns): Uint8Array {
  const { vector, limit, filter, exact, oversampling, paths, vectors = [] } = options;
  const asked = [
    ...(exact === true ? ['"exact":true'] : []),
    ...(oversampling === undefined
      ? []
      : [`"quantization":{"rescore":true,"oversampling":${oversampling}}`]),
  ];
  const params = asked.length === 0 ? "" : `,"params":{${asked.join(",")}}`;
  const payload = paths === undefined ? "true" : JSON.stringify(paths);
  return queryBytes(
    vector,
    `,"limit":${limit},"with_payload":${payload},"with_vector":${vectors.length > 0}${filterText(filter)}${params}}`,
  );
}

function wanted({ payload, vectors }: ReadColumns): string {
  return `"with_payload":${payload},"with_vector":${vectors.length > 0}`;
}
