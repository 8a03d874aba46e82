/** What only an adapter can tell of an end beyond what the port does, as data: for `doctor`, which changes nothing. */
import type { CollectionInfo } from "../model/collection.ts";
import type { PointBatch } from "../model/record.ts";
import type { StoreIdentity } from "./port.ts";

/** Software that answers at an address. */
export interface Recognised {
  readonly what: "chroma" | "qdrant" | "qdrant-grpc";
  /** What it says of its version; null where it says nothing. */
  readonly version: string | null;
  /** The API that it speaks, where there are several: Chroma's v1 or v2. */
  readonly api: string | null;
  /** How far its clock is ahead of ours, in ms, to about a second; null where it does not tell the time. */
  readonly clockAheadMs: number | null;
}

export interface RecogniseOptions {
  /** The longest silence that is borne; one attempt is made. */
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Who answers at `url` (`http(s)://host:port`), without any key; null = something answers, and is not what this one knows.
 * @throws E_UNREACHABLE, E_TIMEOUT where nothing answers; E_CONFIG for a CA file that is none
 */
export type Recogniser = (url: string, options: RecogniseOptions) => Promise<Recognised | null>;

/** A Chroma folder beyond its records. */
export interface FolderLook {
  /** Canonical path. */
  readonly folder: string;
  /** The newest schema migration of each directory of migrations. */
  readonly layout: Readonly<Record<string, number>>;
  /** Whether the versions before 1.0 wrote it: a newer one that opens it rewrites it for good. */
  readonly before1: boolean;
  /** Writes without a document that stand in its queue in a form that Chroma 1.x cannot take in (`"chroma:document": null`). */
  readonly nullDocuments: number;
  /** Sizes and times of its files and the end of its queue, as one text: two looks that differ have a write between them. */
  readonly state: string;
  /** Since the last change of one of its files, in ms. */
  readonly changedAgoMs: number;
  /** Processes that have its database open; null where the system does not tell. */
  readonly openedBy: readonly number[] | null;
}

/** What strict mode at a Qdrant forbids in one collection; null = it sets no such bound. */
export interface StrictCaps {
  readonly upsertRowsMax: number | null;
  readonly pageRowsMax: number | null;
  readonly exactSearch: boolean;
  readonly unindexedRetrieve: boolean;
  readonly unindexedUpdate: boolean;
  readonly readsPerMinute: number | null;
  readonly writesPerMinute: number | null;
  readonly pointsMax: number | null;
  readonly payloadIndexesMax: number | null;
  readonly vectorBytesMax: number | null;
  readonly payloadBytesMax: number | null;
}

/** A collection that stands at a target. */
export interface StandingCollection {
  readonly info: CollectionInfo;
  /** The optimizer's own words where it is at fault; null = it is well. */
  readonly optimizerFault: string | null;
  /** Whether its vectors get an index: `held` = vecferry holds it back until a copy is done. */
  readonly indexing: "on" | "held" | "off";
  /** Payload paths that have an index. */
  readonly indexes: readonly string[];
  readonly strict: StrictCaps | null;
}

/** What the key may do at a target: write everything, nothing, or the named collections alone; null = not told. */
export type WriteAccess = "all" | "none" | readonly string[] | null;

/** How near searches come to exact ones; each a mean over the searches, from 0 to 1. */
export interface RecallMeasure {
  readonly searches: number;
  /** Of the ten nearest, how many a search finds that asks for nothing special. */
  readonly plain: number;
  /** The same where vectors are compared anew by the full ones; null = not tried: plain is well, or they are not quantized. */
  readonly rescored: number | null;
  /** The same with `ef` candidates looked at; null = not tried. */
  readonly wider: { readonly ef: number; readonly recall: number } | null;
}

/** One search by turns, with its payload: the median of each way, in ms. */
export interface EncodingMeasure {
  readonly searches: number;
  /** The client accepts compressed answers. */
  readonly compressedMs: number;
  /** It accepts them as they are alone. */
  readonly plainMs: number;
}

/** Searches a server for what its description does not tell. Each measurement is bounded; null = it cannot be made, or took too long. */
export interface SearchMeter {
  /** `tenanted`: each search is one tenant's. */
  recall(
    collection: CollectionInfo,
    options: { readonly tenanted: boolean; readonly signal: AbortSignal },
  ): Promise<RecallMeasure | null>;
  encoding(collection: CollectionInfo, signal: AbortSignal): Promise<EncodingMeasure | null>;
}

/** Whose the points of a collection are. */
export interface TenantsSeen {
  /** Points that were looked at: the first ones, or all. */
  readonly looked: number;
  /** Whether one of them names a tenant. */
  readonly named: boolean;
  /** Those that name none. */
  readonly without: number;
}

export interface TargetLook extends AsyncDisposable {
  readonly identity: StoreIdentity;
  readonly access: WriteAccess;
  /** Memory of the machine that the server is on, and what it uses of it now; null where it does not tell. */
  readonly ramBytes: number | null;
  readonly residentBytes: number | null;
  /** The folder that takes the points, where it is on this machine. */
  readonly folder: string | null;
  /** Who has the folder open; null = nobody. */
  readonly lockedBy: { readonly pid: number; readonly alive: boolean } | null;
  readonly collections: readonly StandingCollection[];
  /** The first point among `rowsMax` of the collection that no migration wrote; how many were looked at. */
  firstForeign(
    collection: CollectionInfo,
    rowsMax: number,
    signal: AbortSignal,
  ): Promise<{ readonly looked: number; readonly point: string | null }>;
  /** null = searches are answered in process. */
  readonly meter: SearchMeter | null;
  /** Of all points where any tenant is named, or `declared` that one should be, and the store can count them; else of the first `rowsMax`. */
  tenants(
    collection: CollectionInfo,
    options: { readonly declared: boolean; readonly rowsMax: number; readonly signal: AbortSignal },
  ): Promise<TenantsSeen>;
  /** Those of these points that stand in the collection, without their vectors. */
  points(
    collection: CollectionInfo,
    points: readonly string[],
    signal: AbortSignal,
  ): Promise<PointBatch>;
}
