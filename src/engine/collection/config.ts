/** A collection's configuration: checked as Qdrant 1.18.2 checks it, with its defaults filled in. */
import type { z } from "zod";
import {
  type JsonValue,
  parseLossless,
  stringifyLossless,
  stringifyPlain,
} from "../../util/json.ts";
import type { CollectionConfig, Json, JsonObject, VectorParams } from "../api.ts";
import { badInput, checkInput, invalid, notImplemented } from "../errors.ts";
import { isObject } from "../filter/json-path.ts";
import { createSchema, updateSchema, vectorSchema } from "./config-schema.ts";

const hnswDefaults = {
  m: 16,
  ef_construct: 100,
  full_scan_threshold: 10000,
  max_indexing_threads: 0,
  on_disk: false,
};
const optimizerDefaults = {
  deleted_threshold: 0.2,
  vacuum_min_vector_number: 1000,
  default_segment_number: 0,
  max_segment_size: null,
  memmap_threshold: null,
  indexing_threshold: 10000,
  flush_interval_sec: 5,
  max_optimization_threads: null,
  prevent_unoptimized: null,
};
const walDefaults = { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 };

const forbidden = ["<", ">", ":", '"', "/", "\\", "|", "?", "*", "\0", "\x1f"];

/** A name for a new collection. @throws E_INPUT (422) as Qdrant does */
export function assertCollectionName(name: string): void {
  if (name.length < 1 || name.length > 255) {
    throw invalid(
      `Validation error in path parameters: [collection_name: value "${name.slice(0, 40)}" invalid, must be between 1 and 255 characters]`,
    );
  }
  const found = forbidden.find((character) => name.includes(character));
  if (found !== undefined) {
    throw invalid(
      `Validation error in path parameters: [collection_name: collection name cannot contain "${found}" char]`,
    );
  }
}

function assertVectorName(name: string): void {
  if (Buffer.byteLength(name) > 200) {
    throw badInput(
      `Wrong input: Invalid dense vector name \`${name}\`: vector name must be at most 200 bytes long`,
    );
  }
  const found = forbidden.find((character) => name.includes(character));
  if (found !== undefined) {
    throw badInput(
      `Wrong input: Invalid dense vector name \`${name}\`: vector name cannot contain "${found}" char`,
    );
  }
}

/** Numbers in place of the bigints that lossless JSON gives; those too large for it stay and fail the check. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** Only what is set: neither null nor undefined. */
function given(value: Readonly<Record<string, unknown>> | null | undefined): JsonObject {
  const entries = Object.entries(value ?? {}).filter(
    ([, member]) => member !== undefined && member !== null,
  );
  return Object.fromEntries(entries) as JsonObject;
}

function withoutKey(value: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

/** Qdrant's second spellings of some fields. */
function unalias(body: Record<string, unknown>): Record<string, unknown> {
  const { optimizer_config, quantization, ...rest } = body;
  return {
    ...(optimizer_config === undefined ? {} : { optimizers_config: optimizer_config }),
    ...(quantization === undefined ? {} : { quantization_config: quantization }),
    ...rest,
  };
}

function toVectorParams(value: unknown, path: string): VectorParams {
  const body = isObject(value) ? unalias(value) : value;
  const params = checkInput(vectorSchema, body, path);
  if (params.size < 1)
    throw badInput(`Format error in JSON body: ${path}.size: expected a nonzero u64`);
  if (params.datatype !== undefined && params.datatype !== null && params.datatype !== "float32") {
    throw notImplemented(`vectors of datatype ${params.datatype}`);
  }
  if (params.multivector_config) throw notImplemented("multivectors");
  const { hnsw_config, size, distance, quantization_config, ...rest } = params;
  const hnsw = given(hnsw_config);
  return {
    size,
    distance,
    ...(Object.keys(hnsw).length > 0 ? { hnsw_config: hnsw } : {}),
    ...given({ quantization_config: cleanQuantization(quantization_config) }),
    ...given(rest),
  };
}

function cleanQuantization(value: unknown): JsonObject | null {
  if (!isObject(value)) return null;
  return Object.fromEntries(
    Object.entries(value).map(([kind, settings]) => [
      kind,
      given(isObject(settings) ? settings : {}),
    ]),
  );
}

function toVectors(
  vectors: Record<string, unknown> | undefined,
): CollectionConfig["params"]["vectors"] {
  if (vectors === undefined) return {};
  if ("size" in vectors && "distance" in vectors) return toVectorParams(vectors, "vectors");
  const named: Record<string, VectorParams> = {};
  for (const name of Object.keys(vectors).sort()) {
    assertVectorName(name);
    named[name] = toVectorParams(vectors[name], `vectors.${name}`);
  }
  return named;
}

/** The configuration that `body` (of `PUT /collections/{name}`) asks for. @throws E_INPUT, E_NOT_SUPPORTED */
export function createConfig(body: JsonObject): CollectionConfig {
  const { metadata, ...rest } = body;
  const wanted = checkInput(createSchema, { ...unalias(plainObject(rest)), metadata });
  if (wanted.sparse_vectors && Object.keys(wanted.sparse_vectors).length > 0)
    throw notImplemented("sparse vectors");
  if (wanted.sharding_method === "custom") throw notImplemented("custom sharding");
  return {
    params: {
      vectors: toVectors(wanted.vectors),
      shard_number: wanted.shard_number ?? 1,
      replication_factor: wanted.replication_factor ?? 1,
      write_consistency_factor: wanted.write_consistency_factor ?? 1,
      on_disk_payload: wanted.on_disk_payload ?? true,
    },
    hnsw_config: { ...hnswDefaults, ...given(wanted.hnsw_config) },
    optimizer_config: { ...optimizerDefaults, ...optimizers(wanted.optimizers_config) },
    wal_config: { ...walDefaults, ...given(wanted.wal_config) },
    quantization_config: cleanQuantization(wanted.quantization_config),
    ...(wanted.strict_mode_config ? { strict_mode_config: given(wanted.strict_mode_config) } : {}),
    ...(metadata === undefined || metadata === null ? {} : { metadata: metadata as JsonObject }),
  };
}

function optimizers(value: Readonly<Record<string, unknown>> | null | undefined): JsonObject {
  const settings = given(value);
  return settings["max_optimization_threads"] === "auto"
    ? { ...settings, max_optimization_threads: null }
    : settings;
}

function plainObject(value: JsonObject): Record<string, unknown> {
  const result = plain(value);
  return isObject(result) ? result : {};
}

/** `config` with the changes of `patch` (the body of `PATCH /collections/{name}`). @throws E_INPUT */
export function updateConfig(config: CollectionConfig, patch: JsonObject): CollectionConfig {
  const { metadata, ...rest } = patch;
  const wanted = checkInput(updateSchema, { ...unalias(plainObject(rest)), metadata });
  const quantization = wanted.quantization_config;
  return {
    params: {
      ...config.params,
      ...given(wanted.params),
      vectors: patchVectors(config.params.vectors, wanted.vectors ?? {}),
    },
    hnsw_config: { ...config.hnsw_config, ...given(wanted.hnsw_config) },
    optimizer_config: { ...config.optimizer_config, ...optimizers(wanted.optimizers_config) },
    wal_config: config.wal_config,
    quantization_config:
      quantization === "Disabled"
        ? null
        : (cleanQuantization(quantization) ?? config.quantization_config),
    ...mergedStrictMode(config, wanted.strict_mode_config),
    ...mergedMetadata(config.metadata, metadata),
  };
}

function mergedStrictMode(
  config: CollectionConfig,
  patch: Record<string, unknown> | null | undefined,
) {
  const merged = { ...config.strict_mode_config, ...given(patch) };
  return config.strict_mode_config === undefined && !patch ? {} : { strict_mode_config: merged };
}

/** Qdrant's merge: keys are replaced, null takes one away. */
function mergedMetadata(
  old: JsonObject | undefined,
  patch: Json | undefined,
): { metadata?: JsonObject } {
  if (patch === undefined || patch === null || !isObject(patch))
    return old === undefined ? {} : { metadata: old };
  const merged = { ...old, ...(patch as JsonObject) };
  return { metadata: given(merged) };
}

type VectorPatches = NonNullable<z.output<typeof updateSchema>["vectors"]>;

function patchVectors(vectors: CollectionConfig["params"]["vectors"], patches: VectorPatches) {
  let result = vectors;
  for (const [name, patch] of Object.entries(patches)) {
    const single = isSingle(result);
    const params = single ? (name === "" ? result : undefined) : result[name];
    if (params === undefined || !isSingle(params)) {
      throw badInput(`Wrong input: Not existing vector name error: ${name}`);
    }
    const { quantization_config, hnsw_config, on_disk } = patch;
    const base =
      quantization_config === "Disabled" ? withoutKey(params, "quantization_config") : params;
    const changed: VectorParams = {
      ...(base as VectorParams),
      ...given({ on_disk, quantization_config: cleanQuantization(quantization_config) }),
      ...(hnsw_config
        ? { hnsw_config: { ...(params["hnsw_config"] as JsonObject), ...given(hnsw_config) } }
        : {}),
    };
    result = single ? changed : { ...(result as Record<string, VectorParams>), [name]: changed };
  }
  return result;
}

function isSingle(vectors: unknown): vectors is VectorParams {
  return isObject(vectors) && typeof vectors["size"] === "number";
}

/** The vectors of a configuration by name; the unnamed one has the name ''. */
export function vectorParams(config: CollectionConfig): Map<string, VectorParams> {
  const { vectors } = config.params;
  return isSingle(vectors) ? new Map([["", vectors]]) : new Map(Object.entries(vectors));
}

/** The configuration as JSON text; the metadata's numbers keep their types. */
export function encodeConfig(config: CollectionConfig): string {
  const { metadata, ...rest } = config;
  const text = stringifyPlain(rest);
  return metadata === undefined
    ? text
    : `${text.slice(0, -1)},"metadata":${stringifyLossless(metadata as JsonValue)}}`;
}

/** Back from the disk; null where the text is no configuration. */
export function decodeConfig(text: string): CollectionConfig | null {
  try {
    const value = parseLossless(text);
    if (!isObject(value)) return null;
    const { params, hnsw_config, optimizer_config, wal_config, quantization_config } = value;
    if (!isObject(params) || !isObject(hnsw_config)) return null;
    const body = {
      ...params,
      hnsw_config,
      optimizer_config,
      wal_config,
      quantization_config,
    } as JsonObject;
    const { strict_mode_config, metadata } = value as {
      strict_mode_config?: Json;
      metadata?: Json;
    };
    return createConfig({ ...body, strict_mode_config, metadata });
  } catch {
    return null;
  }
}
