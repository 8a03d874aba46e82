/** What the embedded engine offers: Qdrant's operations, columnar where it is hot. Types only. */
import type { PointColumns } from "./point-columns.ts";
import type { RestRequest } from "./rest/request.ts";

export type { PointColumns } from "./point-columns.ts";

/** JSON as Qdrant's API has it. An integer may be a bigint; a number that is integral counts as an integer. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** An object, or its JSON text: text keeps 2 apart from 2.0. */
export type JsonInput = JsonObject | string;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /**
   * How long a question may take, 60 where it is not said: then it is refused (408). Of a change of points: how long its caller
   * waits; it is made all the same.
   */
  readonly timeoutSeconds?: number | undefined;
}

/** How a change of points stands when its caller is told of it; `wait_timeout`: it is still being made. */
export type ChangeStatus = "completed" | "wait_timeout";

/** Which payload keys to answer: all, none, these paths, or all but these. */
export type PayloadSelector =
  | boolean
  | readonly string[]
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] };
/** Which vectors to answer: all, none, or these names. */
export type VectorSelector = boolean | readonly string[];

export interface ReadPointsOptions extends CallOptions {
  /** Default true. */
  readonly withPayload?: PayloadSelector;
  /** Default false. */
  readonly withVector?: VectorSelector;
}

export interface ScrollOptions extends ReadPointsOptions {
  /** Qdrant's filter as JSON. */
  readonly filter?: JsonInput | undefined;
  /** Rows to answer at most; default 10. */
  readonly limit?: number;
  /** The first id to answer (inclusive), as `nextOffset` of the page before gave it. */
  readonly offset?: string | undefined;
}

/** Points in Qdrant's order of ids: numbers ascending, then UUIDs ascending. */
export interface ScrollPage extends PointColumns {
  /** The id that the next page begins with; null = this was the last. */
  readonly nextOffset: string | null;
}

export interface SearchOptions extends ReadPointsOptions {
  /** Which vector of the points; default ''. */
  readonly using?: string;
  readonly vector: Float32Array;
  readonly limit: number;
  readonly offset?: number;
  readonly filter?: JsonInput | undefined;
  readonly scoreThreshold?: number | undefined;
}

/** Points, best first, with Qdrant's scores: Cosine and Dot larger is better, Euclid (the root) and Manhattan smaller. */
export interface ScoredPoints extends PointColumns {
  readonly scores: Float32Array;
}

/** Which points an operation means: these ids, or all that fit the filter. */
export type PointSelector = { readonly ids: readonly string[] } | { readonly filter: JsonInput };

/** Which rows of an upsert are written: all, those of points that are not there, those of points that are. */
export type UpsertMode = "upsert" | "insert_only" | "update_only";

/** A collection as `GET /collections/{name}` describes it. */
export interface CollectionDescription {
  /** Yellow while an index is being built; searches are exact meanwhile. */
  readonly status: "green" | "yellow";
  readonly optimizer_status: "ok";
  /** Settings that are passed over, as a server says it. */
  readonly warnings?: readonly { readonly message: string }[];
  readonly points_count: number;
  readonly indexed_vectors_count: number;
  readonly segments_count: number;
  readonly config: CollectionConfig;
  readonly payload_schema: { readonly [field: string]: PayloadFieldInfo };
  readonly update_queue: { readonly length: number };
}

export interface PayloadFieldInfo {
  readonly data_type: string;
  readonly params?: JsonObject;
  readonly points: number;
}

/** As what a server keeps components. */
export type VectorDatatype = "float32" | "float16" | "uint8";

/** Of dense vectors, or of multivectors where `multivector_config` is set. */
export interface VectorParams {
  readonly size: number;
  readonly distance: VectorDistance;
  readonly datatype?: VectorDatatype;
  readonly multivector_config?: { readonly comparator: "max_sim" };
  readonly [setting: string]: Json | undefined;
}

export interface SparseVectorParams {
  readonly index?: {
    readonly full_scan_threshold?: number;
    readonly on_disk?: boolean;
    readonly datatype?: VectorDatatype;
  };
  /** `idf` weighs what a query asks for by how rare it is in the collection. */
  readonly modifier?: "none" | "idf";
}

export type VectorDistance = "Cosine" | "Dot" | "Euclid" | "Manhattan";

/** The configuration that a collection has, defaults filled in as a server of 1.18.2 does. */
export interface CollectionConfig {
  readonly params: {
    /** One unnamed vector's parameters, or those of each name. */
    readonly vectors: VectorParams | { readonly [name: string]: VectorParams };
    readonly shard_number: number;
    readonly replication_factor: number;
    readonly write_consistency_factor: number;
    readonly on_disk_payload: boolean;
    readonly sparse_vectors?: { readonly [name: string]: SparseVectorParams };
  };
  readonly hnsw_config: JsonObject;
  readonly optimizer_config: JsonObject;
  readonly wal_config: JsonObject;
  readonly quantization_config: JsonObject | null;
  readonly strict_mode_config?: JsonObject;
  readonly metadata?: JsonObject;
}

/**
 * An open engine. Calls are answered in the order they were made, but what only asks is answered amid a call that takes longer than
 * 20 ms, of a change from what is changed by then; a write that resolved is on the disk.
 * Errors carry Qdrant's HTTP status as `details.status` where Qdrant has one: E_INPUT (400, 422),
 * E_COLLECTION_NOT_FOUND and absent points (404), E_SCHEMA_CONFLICT (409), E_NOT_SUPPORTED (501);
 * E_DISK_FULL, E_STORAGE (a damaged collection, named), E_CLOSED, E_ABORTED.
 */
export interface Engine extends AsyncDisposable {
  /** The folder, absolute; ':memory:' keeps nothing. */
  readonly path: string;
  /** The folder of its snapshots, absolute. */
  readonly snapshots: string;
  /** Damaged collections found at opening: name and what is wrong. The others are served. */
  readonly damaged: ReadonlyMap<string, string>;

  /** `config` is the body of `PUT /collections/{name}`. @throws E_SCHEMA_CONFLICT where the name is taken, E_INPUT */
  createCollection(name: string, config: JsonInput, options?: CallOptions): Promise<void>;
  /** `patch` is the body of `PATCH /collections/{name}`; its metadata is merged into what is there, null takes a key away. */
  updateCollection(name: string, patch: JsonInput, options?: CallOptions): Promise<void>;
  /** False where there was none. */
  deleteCollection(name: string, options?: CallOptions): Promise<boolean>;
  getCollection(name: string, options?: CallOptions): Promise<CollectionDescription>;
  /** The same as JSON text, numbers of the metadata as they were given. */
  describeCollection(name: string, options?: CallOptions): Promise<string>;
  /** Names, in order. */
  listCollections(options?: CallOptions): Promise<string[]>;
  collectionExists(name: string, options?: CallOptions): Promise<boolean>;

  /** `schema` is a type's name, or an object (or its JSON text) with `type` and its parameters. */
  createPayloadIndex(
    name: string,
    field: string,
    schema: JsonInput,
    options?: CallOptions,
  ): Promise<void>;
  deletePayloadIndex(name: string, field: string, options?: CallOptions): Promise<void>;

  /** Writes every row over what stands at its id, all or nothing; `mode` may leave some out. Vectors under Cosine are normalized as Qdrant does. */
  upsert(
    name: string,
    points: PointColumns,
    options?: CallOptions & { mode?: UpsertMode | undefined },
  ): Promise<ChangeStatus>;
  /** Points that are there, each once, in the order asked; absent ids are left out. */
  retrieve(
    name: string,
    ids: readonly string[],
    options?: ReadPointsOptions,
  ): Promise<PointColumns>;
  scroll(name: string, options?: ScrollOptions): Promise<ScrollPage>;
  count(name: string, filter?: JsonInput, options?: CallOptions): Promise<number>;
  /** Exact nearest neighbours. */
  search(name: string, options: SearchOptions): Promise<ScoredPoints>;
  deletePoints(name: string, selector: PointSelector, options?: CallOptions): Promise<ChangeStatus>;

  /** Merges `payload` (JSON text of an object) into the points', or puts it in their place; `key` is a path below which it goes. */
  setPayload(
    name: string,
    selector: PointSelector,
    payload: string,
    options?: CallOptions & { overwrite?: boolean; key?: string },
  ): Promise<void>;
  /** Takes payload keys (paths) away. */
  deletePayload(
    name: string,
    selector: PointSelector,
    keys: readonly string[],
    options?: CallOptions,
  ): Promise<void>;
  clearPayload(name: string, selector: PointSelector, options?: CallOptions): Promise<void>;

  /** Answers one of Qdrant's REST questions with the JSON text of its `result`; the body is read in the worker. */
  ask(request: RestRequest, options?: CallOptions): Promise<string>;
  /** As `ask`, the text in UTF-8 and in a buffer of its own: however long it is, it costs this thread nothing. */
  askBytes(request: RestRequest, options?: CallOptions): Promise<Uint8Array>;

  /**
   * Ends the worker and frees the folder; calls after it fail with E_CLOSED. Twice is harmless. It waits for the calls before
   * it; what is not done `withinMs` later is cut off as by a kill: what was acknowledged is on the disk.
   */
  close(options?: { withinMs?: number }): Promise<void>;
}
