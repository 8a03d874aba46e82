import { z } from "zod";
import { VectorError } from "../errors.ts";
import { parseJson } from "../util/json.ts";
import { type Distance, distances } from "./distance.ts";
import type { VectorColumn } from "./record.ts";

/** How records become payload: see `layout.ts`. */
export const layouts = ["vecferry", "flat", "langchain", "llamaindex"] as const;
export type Layout = (typeof layouts)[number];

export const payloadIndexTypes = [
  "keyword",
  "integer",
  "float",
  "bool",
  "datetime",
  "text",
  "uuid",
  "geo",
] as const;
export type PayloadIndexType = (typeof payloadIndexTypes)[number];

export interface PayloadIndex {
  /** Payload path, as the target spells it. */
  readonly key: string;
  readonly type: PayloadIndexType;
  /** Tenant index: keyword with is_tenant. */
  readonly tenant?: boolean;
  /** The store's own parameters as JSON text, the type among them; they go before `tenant`. */
  readonly params?: string;
}

/** Where a distance may be said: by the collection itself, by what it answers, or by the plan that made it. */
export const distancePlaces = [
  "schema",
  "configuration",
  "metadata",
  "segment",
  "probe",
  "default",
  "plan",
] as const;
export type DistanceFrom = (typeof distancePlaces)[number];

export interface VectorIndex {
  /** Vectors in an index; about. */
  readonly vectors: number;
  /** The store's setting that keeps vectors from being indexed, in words (`indexing_threshold is 0`); null = none does. */
  readonly offBy: string | null;
}

/** What a point store holds under one name. */
export interface VectorShape {
  /** '' for the vector without a name. */
  readonly name: string;
  readonly kind: VectorColumn["kind"];
  /** Null of sparse vectors. */
  readonly dimension: number | null;
  /** In the store's own word (`Cosine`, `Manhattan`); null of sparse vectors. */
  readonly distance: string | null;
}

/** Shards that points are put into by hand. */
export interface ShardKey {
  /** As JSON: a text, or a natural number. */
  readonly key: string;
  readonly shards: number;
  readonly replicas: number;
}

/** A collection as a store has it. */
export interface CollectionInfo {
  /** What never changes while the collection lives: Chroma's uuid; a point store's name. */
  readonly key: string;
  readonly name: string;
  readonly tenant: string | null;
  readonly database: string | null;
  /** null = nothing was ever written. */
  readonly dimension: number | null;
  readonly distance: Distance | null;
  /** How the distance was found; null = it was not. */
  readonly distanceFrom: DistanceFrom | null;
  /** Number of records; null where only a count call would tell. */
  readonly count: number | null;
  /** JSON texts as the source keeps them; null = none. Of a Qdrant: the `config` and the `payload_schema` of its description. */
  readonly metadata: string | null;
  readonly configuration: string | null;
  readonly schema: string | null;
  /** A point store only: 'green' when indexing is done, else what it says. */
  readonly status: string | null;
  /** A point store only: how far its vectors are indexed; absent = the store does not tell. */
  readonly index?: VectorIndex;
  /** A point store only: what an earlier `ensure` noted (`CollectionNote` as JSON text). */
  readonly note: string | null;
  /** A point store only: all of its vectors; absent = one dense vector without a name, which `dimension` and `distance` tell of. */
  readonly vectors?: readonly VectorShape[];
  /** A point store only: where points are put into shards by hand, these are the shards. */
  readonly shardKeys?: readonly ShardKey[];
  /** A point store only: other names that lead to it; absent = none, or nobody asked. */
  readonly aliases?: readonly string[];
}

export interface Quantization {
  readonly kind: "scalar" | "product" | "binary" | "turbo";
  readonly quantile?: number;
  /** product: x4 … x64. */
  readonly compression?: string;
  /** turbo: bits1, bits1_5, bits2, bits4; binary: one_bit, one_and_half_bits, two_bits. */
  readonly bits?: string;
  readonly alwaysRam?: boolean;
}

export interface HnswSettings {
  readonly m?: number;
  readonly payloadM?: number;
  readonly efConstruct?: number;
  readonly fullScanThreshold?: number;
  readonly maxIndexingThreads?: number;
  readonly onDisk?: boolean;
}

const text = z.string().nullable();

/** One source collection that was carried into a target collection, by its mark `run` and its name. */
const sourceNoteSchema = z.object({
  run: z.string(),
  key: z.string(),
  name: z.string(),
  tenant: text,
  database: text,
  mappedTenant: text,
  idPrefix: text,
  distance: z.enum(distances),
  metadata: text,
  configuration: text,
  schema: text,
});

export type SourceNote = Readonly<z.infer<typeof sourceNoteSchema>>;

/** What stands in the target collection's own metadata under the key `vecferry`: how its points are to be read. */
const collectionNoteSchema = z.object({
  format: z.literal(1),
  layout: z.enum(layouts),
  tenanted: z.boolean(),
  sources: z.array(sourceNoteSchema).readonly(),
  /** While the building of the index is held back: the threshold (in kB of vectors) that the target had before. */
  heldThreshold: z.number().optional(),
  /** The model whose embeddings the collection holds, by the name that its application gave. */
  model: z.string().optional(),
});

export type CollectionNote = Readonly<z.infer<typeof collectionNoteSchema>>;

/** The note of the target collection `name` from its JSON text; null where there is none. @throws E_SCHEMA_CONFLICT where it is not one of this format */
export function parseNote(name: string, text: string | null): CollectionNote | null {
  if (text === null) return null;
  const parsed = collectionNoteSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new VectorError(
    "E_SCHEMA_CONFLICT",
    `The note that vecferry keeps in target collection ${JSON.stringify(name)} cannot be read; another version may have written it.`,
    { cause: parsed.error, details: { collection: name } },
  );
}

/** The settings of a target collection about which nothing is said: the store's own hold. */
export const defaultSettings = {
  indexes: [],
  quantization: null,
  hnsw: {},
  onDisk: null,
  shards: null,
  replicas: null,
} as const;

/** A target collection as a plan wants it. `ensure` makes it or finds it fitting. */
export interface CollectionSpec {
  readonly name: string;
  readonly dimension: number;
  readonly distance: Distance;
  readonly layout: Layout;
  /** Its points are named by tenant and id; the target makes the tenant's index, and a graph for each tenant, of itself. */
  readonly tenanted: boolean;
  readonly indexes: readonly PayloadIndex[];
  readonly quantization: Quantization | null;
  readonly hnsw: HnswSettings;
  readonly onDisk: boolean | null;
  readonly shards: number | null;
  readonly replicas: number | null;
  readonly sources: readonly SourceNote[];
  /** The model whose embeddings it holds, kept in its note; absent = not said. */
  readonly model?: string;
  /** To be made just as a Qdrant once described it (`configuration` and `schema` of its `CollectionInfo`), whatever the settings above say. */
  readonly described?: { readonly configuration: string; readonly schema: string };
  /** Its vectors, where they are others than one dense vector without a name, of `dimension` and `distance`. */
  readonly vectors?: readonly VectorShape[];
  /** The shards that its points are put into by hand. */
  readonly shardKeys?: readonly ShardKey[];
}
