/** A collection for many tenants, from an application's settings and a profile. */
import { z } from "zod";
import { VectorError } from "../errors.ts";
import type {
  CollectionSpec,
  HnswSettings,
  PayloadIndex,
  Quantization,
} from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { metadataPath } from "../model/layout.ts";
import { badField, parseInput } from "./input.ts";
import type { CollectionProfile, QdrantDistance } from "./types.ts";

const distanceOf: Readonly<Record<QdrantDistance, Distance>> = {
  cosine: "cosine",
  euclid: "l2",
  dot: "ip",
};

export const distanceNames: Readonly<Record<Distance, QdrantDistance>> = {
  cosine: "cosine",
  l2: "euclid",
  ip: "dot",
};

interface ProfileSettings {
  readonly quantization: Quantization | null;
  readonly hnsw: HnswSettings;
  /** Whether the full vectors are read from disk. */
  readonly onDisk: boolean;
}

/** What each costs and gives is measured by `npm run bench -- profiles`; the figures stand in docs/repository.md. */
const profiles: Readonly<Record<CollectionProfile, ProfileSettings>> = {
  latency: {
    quantization: null,
    hnsw: { payloadM: 24, efConstruct: 200 },
    onDisk: false,
  },
  balanced: {
    quantization: { kind: "scalar", quantile: 0.99, alwaysRam: true },
    hnsw: { payloadM: 16, efConstruct: 128 },
    onDisk: true,
  },
  memory: {
    quantization: { kind: "turbo", bits: "bits4", alwaysRam: false },
    hnsw: { payloadM: 12, efConstruct: 128, onDisk: true },
    onDisk: true,
  },
};

/** What Qdrant 1.18 takes: vectors of 1 to 65,536 components. */
const dimensionMax = 65_536;
const positive = z.int().min(1);

const quantizationSchema = z
  .strictObject({
    type: z.enum(["scalar", "product", "binary", "turbo"]),
    quantile: z.number().min(0.5).max(1).exactOptional(),
    alwaysRam: z.boolean().exactOptional(),
    compression: z.enum(["x4", "x8", "x16", "x32", "x64"]).exactOptional(),
    bits: z
      .enum(["one_bit", "one_and_half_bits", "two_bits", "bits1", "bits1_5", "bits2", "bits4"])
      .exactOptional(),
  })
  .refine(({ type, quantile }) => quantile === undefined || type === "scalar", {
    path: ["quantile"],
    message: "is of scalar quantization",
  })
  .refine(({ type, compression }) => compression === undefined || type === "product", {
    path: ["compression"],
    message: "is of product quantization",
  })
  .refine(
    ({ type, bits }) =>
      bits === undefined || type === (bits.startsWith("bits") ? "turbo" : "binary"),
    { path: ["bits"], message: "is none of this type" },
  );

const configSchema = z.strictObject({
  name: z.string().min(1),
  vectorSize: positive.max(dimensionMax),
  distance: z.enum(["cosine", "euclid", "dot"]).default("cosine"),
  profile: z.enum(["latency", "memory", "balanced"]).exactOptional(),
  quantizationConfig: quantizationSchema.nullish(),
  hnswConfig: z
    .strictObject({
      m: z.int().min(0).exactOptional(),
      payloadM: z.int().min(0).exactOptional(),
      efConstruct: z.int().min(4).exactOptional(),
      fullScanThreshold: z.int().min(0).exactOptional(),
      maxIndexingThreads: z.int().min(0).exactOptional(),
      onDisk: z.boolean().exactOptional(),
    })
    .default({}),
  tenancy: z.enum(["many", "few"]).default("many"),
  shards: positive.optional(),
  replicas: positive.optional(),
  indexes: z
    .record(z.string(), z.enum(["keyword", "integer", "float", "bool", "datetime", "text"]))
    .default({}),
  model: z.string().min(1).exactOptional(),
});

/** Edges of the one graph over all tenants, where they are few: Qdrant's own default. */
const fewM = 16;

/** The collection that `config` asks for. @throws {VectorError} E_INPUT, which names the field */
export function toSpec(config: unknown): CollectionSpec {
  const parsed = parseInput(configSchema, config, "config");
  const { name, vectorSize, tenancy, shards, replicas, model, quantizationConfig } = parsed;
  const profile = parsed.profile === undefined ? null : profiles[parsed.profile];
  const hnsw = { ...profile?.hnsw, ...parsed.hnswConfig };
  return {
    name,
    dimension: vectorSize,
    distance: distanceOf[parsed.distance],
    layout: "vecferry",
    tenanted: true,
    indexes: Object.entries(parsed.indexes).map(([key, type]) => toIndex(key, type)),
    quantization:
      quantizationConfig === undefined
        ? (profile?.quantization ?? null)
        : toQuantization(quantizationConfig),
    hnsw: tenancy === "many" ? hnsw : oneGraph(hnsw),
    onDisk: profile?.onDisk ?? null,
    shards: shards ?? null,
    replicas: replicas ?? null,
    sources: [],
    ...(model === undefined ? {} : { model }),
  };
}

/** One graph over all points in the place of one for each tenant: as many edges as a tenant's would have had. */
function oneGraph({ payloadM, m, ...others }: HnswSettings): HnswSettings {
  return { ...others, m: m ?? payloadM ?? fewM, payloadM: 0 };
}

function toIndex(key: string, type: PayloadIndex["type"]): PayloadIndex {
  const path = metadataPath("vecferry", key);
  if (path === null) throw badField(`config.indexes.${key}`, "has a quote or a backslash in it");
  return { key: path, type };
}

function toQuantization(config: z.output<typeof quantizationSchema> | null): Quantization | null {
  if (config === null) return null;
  const { type, ...settings } = config;
  return { kind: type, ...settings };
}

/** @throws {VectorError} E_MODEL where the collection is of another model than is wanted */
export function assertModel(
  collection: string,
  found: string | undefined,
  wanted: string | undefined,
): void {
  if (wanted === undefined || found === undefined || found === wanted) return;
  throw new VectorError(
    "E_MODEL",
    `Collection ${JSON.stringify(collection)} holds embeddings of the model ${JSON.stringify(found)}, and ${JSON.stringify(wanted)} is wanted.`,
    { details: { collection, found, wanted } },
  );
}
