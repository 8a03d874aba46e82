/**
 * What the store asks of one Qdrant, however it is reached. Columns in, columns out: no JSON but the payload texts and the
 * note, so that a road without JSON fits as well.
 */
import type {
  CollectionSpec,
  Layout,
  PayloadIndex,
  ShardKey,
  VectorIndex,
  VectorShape,
} from "../../model/collection.ts";
import type { PlainRecord } from "../../model/plain-record.ts";
import type { TenantCount } from "../../store/documents.ts";
import type { CallOptions, PointDigests } from "../../store/port.ts";
import type { PlainObject } from "../../util/json.ts";
import type {
  PlainPoints,
  PointColumns,
  PointCondition,
  PointFilter,
  PointPage,
  PointSelector,
  ScoredPoints,
  WrittenColumns,
} from "../../wire/columns.ts";
import type { UpdateMode } from "../../wire/upsert.ts";
import type { WantedVector } from "../../wire/vector-reader.ts";

export type {
  PlainPoints,
  PointColumns,
  PointCondition,
  PointFilter,
  PointPage,
  PointSelector,
  ScoredPoints,
  UpdateMode,
  WantedVector,
  WrittenColumns,
};

/** A name that leads to a collection. */
export interface Alias {
  readonly alias: string;
  readonly collection: string;
}

export interface ReadColumns extends CallOptions {
  readonly payload: boolean;
  /** Those that the columns are to have; none = none. */
  readonly vectors: readonly WantedVector[];
  /** Only this shard, into which points were put by hand, as JSON. Default: all. */
  readonly shard?: string | undefined;
}

export interface ScrollColumns extends ReadColumns {
  readonly limit: number;
  /** The first point of the page; null = from the beginning. */
  readonly from: string | null;
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
  /** Only digests are wanted, of points of this layout: a road that makes them quicker gives them, and neither vectors nor payloads. */
  readonly digests?: Layout | undefined;
  /** Told the first point of the next page before this one is decoded, where the road knows it then; again where the call is tried again. */
  readonly onNext?: (next: string) => void;
}

/** A page of points, or of their digests. */
export interface ScrollPage extends PointPage {
  readonly digests?: PointDigests;
  /** Bytes of the message that came, where digests were made of it. */
  readonly bytes?: number;
}

export interface CountColumns extends CallOptions {
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
}

export interface UpsertColumns extends CallOptions {
  /** Default "upsert". Only where `modes` says so. */
  readonly mode?: UpdateMode | undefined;
  /** The shard that they are put into, as JSON. Default: the server chooses. */
  readonly shard?: string | undefined;
}

export interface QueryColumns extends CallOptions {
  readonly vector: Float32Array;
  readonly limit: number;
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
  /** true = compare with every point. Default: as the collection is configured. */
  readonly exact?: boolean;
  /** Times the limit that are taken from a quantized index and compared by their full vectors. Default: as the server has it. */
  readonly oversampling?: number | undefined;
  /** Payload paths that are wanted. Default: the whole payload. */
  readonly paths?: readonly string[];
  /** Default: no vectors. */
  readonly vectors?: readonly WantedVector[];
  /** Given: what it reads out of each payload's plain values may come in its place, unless it gives null for one. Default: JSON texts. */
  readonly plain?: (payload: PlainObject) => PlainRecord | null;
}

/** A collection as it stands. */
export interface CollectionState {
  readonly name: string;
  readonly status: string;
  /** Approximate on a server. */
  readonly points: number;
  /** All vectors, by name. */
  readonly vectors: readonly VectorShape[];
  /** Whether points are put into shards by hand. */
  readonly sharded: boolean;
  /** JSON text of what stands in the collection's metadata under `vecferry`. */
  readonly note: string | null;
  /** JSON texts of the description's `config` and `payload_schema`. */
  readonly configuration: string;
  readonly schema: string;
  /** See `CollectionInfo`; null = it is not told. */
  readonly index: VectorIndex | null;
  /** Payload paths that have an index. */
  readonly indexes: readonly string[];
  /** Size in kB from which a segment's vectors get an index; null where there is none to hold back. */
  readonly indexingThreshold: number | null;
  /** Rows that strict mode lets through in one upsert, and in one page; null = any number. */
  readonly upsertRowsMax: number | null;
  readonly pageRowsMax: number | null;
  /** Whether points may be deleted by a payload path that has no index (strict mode may say no). */
  readonly deletesUnindexed: boolean;
  /** Whether it counts exactly when it is asked (strict mode may say no, as it does to an exact search). */
  readonly countsExactly: boolean;
}

export interface CollectionChange {
  /** JSON text; absent = it stays. */
  readonly note?: string;
  /** JSON text of more members of `params`. */
  readonly params?: string;
  /** See `CollectionState`; 0 = no index at all. */
  readonly indexingThreshold?: number | undefined;
}

/**
 * One Qdrant. Every write is answered when it is done, not when it is queued.
 * Errors: E_COLLECTION_NOT_FOUND, E_REJECTED (refused for good; `details.tooLarge` with `details.point` where one point is
 * too large), E_SCHEMA_CONFLICT (the name is taken), E_AUTH, E_CLOSED, E_ABORTED, and what the road adds.
 */
export interface QdrantApi extends AsyncDisposable {
  readonly kind: "qdrant" | "embedded";
  /** Canonical address or absolute path. */
  readonly address: string;
  readonly version: string | null;
  /** Whether collections have metadata of their own (1.16). */
  readonly notes: boolean;
  /** Whether an upsert may leave alone what stands there, or what does not (1.17). */
  readonly modes: boolean;
  readonly bodyBytesMax: number | null;
  /** Calls in flight that it bears well. */
  readonly concurrency: number;

  /** Names, in order. */
  list(options?: CallOptions): Promise<string[]>;
  get(name: string, options?: CallOptions): Promise<CollectionState>;
  /** `note` is JSON text; it is left out where collections have no metadata. */
  create(spec: CollectionSpec, note: string, options?: CallOptions): Promise<void>;
  /** Sets what is given, all or nothing. */
  update(name: string, change: CollectionChange, options?: CallOptions): Promise<void>;
  /** Nothing happens where there is none. */
  drop(name: string, options?: CallOptions): Promise<void>;
  createIndex(name: string, index: PayloadIndex, options?: CallOptions): Promise<void>;
  /** The shards that points are put into by hand, and where they were made. */
  shardKeys(name: string, options?: CallOptions): Promise<ShardKey[]>;
  createShardKey(name: string, shard: ShardKey, options?: CallOptions): Promise<void>;
  /** Of all collections; null = it does not tell. */
  aliases(options?: CallOptions): Promise<Alias[] | null>;
  createAlias(alias: Alias, options?: CallOptions): Promise<void>;

  /** Finds out what a write to the collection has to know. Absent: nothing. @throws what a write throws that cannot begin */
  beforeWrites?(name: string, options?: CallOptions): Promise<void>;
  /** Writes every row over what stands at its point. Rows go in the order given, in as many requests as they need. */
  upsert(name: string, columns: WrittenColumns, options?: UpsertColumns): Promise<void>;
  /** The points that are there, in any order. */
  retrieve(name: string, points: readonly string[], options: ReadColumns): Promise<PointColumns>;
  scroll(name: string, options: ScrollColumns): Promise<ScrollPage>;
  /** Exact. */
  count(name: string, options?: CountColumns): Promise<number>;
  delete(name: string, selector: PointSelector, options?: CallOptions): Promise<void>;
  query(name: string, options: QueryColumns): Promise<ScoredPoints | PlainPoints<PlainRecord>>;
  /** The values of an indexed payload key, those of most points first, exactly counted. */
  facet(
    name: string,
    key: string,
    options: CallOptions & { limit: number },
  ): Promise<TenantCount[]>;
  /** Bytes of the collection in memory; null = it does not tell. */
  memory(name: string, options?: CallOptions): Promise<number | null>;
}
