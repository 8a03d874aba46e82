import { isObject } from "../../util/json.ts";
import type { CollectionConfig, JsonObject } from "../api.ts";
import { DenseSet } from "../vectors/dense-set.ts";
import { MultiSet } from "../vectors/multi-set.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { encodeConfig } from "./config.ts";
import type { CollectionState } from "./state.ts";
import { vectorParams } from "./vector-config.ts";

/** A collection as `GET /collections/{name}` answers it, as JSON text: one segment; yellow while an index is being built. */
export function describe(state: CollectionState): string {
  const sets = [...state.vectors.values()];
  const indexing = sets.some((set) => set instanceof DenseSet && set.isIndexing);
  const threshold = Number(state.config.optimizer_config["indexing_threshold"] ?? 0);
  const warnings = warningsOf(state.config);
  const head = JSON.stringify({
    status: indexing ? "yellow" : "green",
    optimizer_status: "ok",
    ...(warnings.length === 0 ? {} : { warnings: warnings.map((message) => ({ message })) }),
    indexed_vectors_count: sets.reduce((sum, set) => sum + indexedOf(set, threshold * 1024), 0),
    points_count: state.ids.count,
    segments_count: 1,
  });
  const config = encodeConfig(state.config);
  return `${head.slice(0, -1)},"config":${config},"payload_schema":${state.indexes.describe()},"update_queue":{"length":0}}`;
}

/** Vectors that a caller who waits for the index need not wait for: those that a server would have indexed are searched exactly here, and at once. */
function indexedOf(set: VectorSet, fromBytes: number): number {
  if (!(set instanceof DenseSet || set instanceof MultiSet)) return set.count;
  if (set instanceof DenseSet && set.isIndexing) return set.indexed;
  return fromBytes > 0 && set.bytes >= fromBytes ? set.count : 0;
}

/** Settings that a server says it passes over. Source: qdrant 1.18.2, lib/collection/src/config.rs. */
function warningsOf({ params, hnsw_config, quantization_config }: CollectionConfig): string[] {
  const warnings: string[] = [];
  for (const [name, each] of vectorParams(params.vectors)) {
    const own = each["hnsw_config"];
    const hnsw: JsonObject = { ...hnsw_config, ...(isObject(own) ? (own as JsonObject) : {}) };
    if (hnsw["inline_storage"] !== true) continue;
    const option = `The \`hnsw_config.inline_storage\` option for vector '${name}'`;
    if (each.multivector_config !== undefined) {
      warnings.push(`${option} is not compatible with multivectors. This option will be ignored.`);
    } else if (quantization_config === null && each["quantization_config"] === undefined) {
      warnings.push(`${option} requires quantization to be enabled. This option will be ignored.`);
    }
  }
  return warnings;
}
