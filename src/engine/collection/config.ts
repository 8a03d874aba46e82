/** A collection's configuration: checked as Qdrant 1.18.2 checks it, with its defaults filled in. */

import type { z } from "zod";
import {
  isObject,
  type JsonValue,
  parseLossless,
  stringifyLossless,
  stringifyPlain,
} from "../../util/json.ts";
import type { CollectionConfig, Json, JsonObject } from "../api.ts";
import { badInput, checkInput, checkParts, invalid, notImplemented } from "../errors.ts";
import { cleanQuantization, forbiddenIn, given, plain, unalias } from "./config-parts.ts";
import { createSchema, updateSchema } from "./config-schema.ts";
import {
  patchSparseVectors,
  patchVectors,
  sparseChecks,
  toSparseVectors,
  toVectors,
  vectorChecks,
} from "./vector-config.ts";

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

/** A name for a new collection. @throws E_INPUT (422) as Qdrant does */
export function assertCollectionName(name: string): void {
  if (name.length < 1 || name.length > 255) {
    throw invalid(
      `Validation error in path parameters: [collection_name: value "${name.slice(0, 40)}" invalid, must be between 1 and 255 characters]`,
    );
  }
  const found = forbiddenIn(name);
  if (found !== undefined) {
    throw invalid(
      `Validation error in path parameters: [collection_name: collection name cannot contain "${found}" char]`,
    );
  }
}

/** A server takes the name; objects here would lose it without a word. @throws E_INPUT (400) */
function refuseProto({ vectors, sparse_vectors, metadata }: JsonObject): void {
  for (const named of [vectors, sparse_vectors, metadata]) {
    if (isObject(named) && Object.hasOwn(named, "__proto__"))
      throw badInput("Wrong input: the embedded engine does not take the name `__proto__`.");
  }
}

/** The configuration that `body` (of `PUT /collections/{name}`) asks for. @throws E_INPUT, E_NOT_SUPPORTED */
export function createConfig(body: JsonObject): CollectionConfig {
  refuseProto(body);
  const { metadata, ...rest } = body;
  const settings: Record<string, unknown> = { ...unalias(plainObject(rest)), metadata };
  checkParts([
    () => checkInput(createSchema, settings),
    ...vectorChecks(settings["vectors"]),
    ...sparseChecks(settings["sparse_vectors"]),
  ]);
  const wanted = checkInput(createSchema, settings);
  if (wanted.sharding_method === "custom") throw notImplemented("custom sharding");
  refuseStrictMode(wanted.strict_mode_config);
  const vectors = toVectors(wanted.vectors);
  return {
    params: {
      vectors,
      shard_number: wanted.shard_number ?? 1,
      replication_factor: wanted.replication_factor ?? 1,
      write_consistency_factor: wanted.write_consistency_factor ?? 1,
      on_disk_payload: wanted.on_disk_payload ?? true,
      ...toSparseVectors(wanted.sparse_vectors, vectors),
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

type Patch = z.output<typeof updateSchema>;

/** The changes that `body` (of `PATCH /collections/{name}`) asks for. @throws E_INPUT, E_NOT_SUPPORTED */
export function readPatch(body: JsonObject): Patch {
  refuseProto(body);
  const { metadata, ...rest } = body;
  const settings: Record<string, unknown> = { ...unalias(plainObject(rest)), metadata };
  checkParts([
    () => checkInput(updateSchema, settings),
    ...sparseChecks(settings["sparse_vectors"]),
  ]);
  const wanted = checkInput(updateSchema, settings);
  refuseStrictMode(wanted.strict_mode_config);
  return wanted;
}

/** `config` with the changes of `wanted`. @throws E_INPUT */
export function updateConfig(config: CollectionConfig, wanted: Patch): CollectionConfig {
  const quantization = wanted.quantization_config;
  return {
    params: {
      ...config.params,
      ...given(wanted.params),
      vectors: patchVectors(config.params.vectors, wanted.vectors ?? {}),
      ...patchSparseVectors(config.params.sparse_vectors, wanted.sparse_vectors ?? {}),
    },
    hnsw_config: { ...config.hnsw_config, ...given(wanted.hnsw_config) },
    optimizer_config: { ...config.optimizer_config, ...optimizers(wanted.optimizers_config) },
    wal_config: config.wal_config,
    quantization_config:
      quantization === "Disabled"
        ? null
        : (cleanQuantization(quantization) ?? config.quantization_config),
    ...mergedStrictMode(config, wanted.strict_mode_config),
    ...mergedMetadata(config.metadata, wanted.metadata),
  };
}

/** Limits that would not be kept are not taken. @throws E_NOT_SUPPORTED */
function refuseStrictMode(
  settings: { readonly enabled?: boolean | null | undefined } | null | undefined,
): void {
  if (settings?.enabled === true) throw notImplemented("strict mode");
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
  patch: Patch["metadata"],
): { metadata?: JsonObject } {
  if (!patch) return old === undefined ? {} : { metadata: old };
  const merged = { ...old, ...(patch as JsonObject) };
  return { metadata: given(merged) };
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
    // Nothing of it is kept to: what older versions took unchecked stays.
    const strict = isObject(strict_mode_config) ? plainObject(strict_mode_config) : null;
    const config = {
      ...createConfig({ ...body, metadata }),
      ...(strict === null ? {} : { strict_mode_config: strict as JsonObject }),
    };
    // What only a patch can set.
    const { read_fan_out_factor, read_fan_out_delay_ms } = params as JsonObject;
    const patched = plainObject({ read_fan_out_factor, read_fan_out_delay_ms });
    return { ...config, params: { ...config.params, ...given(patched) } };
  } catch {
    return null;
  }
}
