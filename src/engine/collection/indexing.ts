/** Which vectors of a collection are indexed, by its configuration. Source: Qdrant 1.18.2, documentation of `hnsw_config` and `optimizer_config`. */
import { isObject } from "../../util/json.ts";
import type { CollectionConfig, JsonObject } from "../api.ts";
import type { CollectionFile } from "../storage/collection-file.ts";
import { IndexFile } from "../storage/index-file.ts";
import { DenseSet, type Indexing } from "../vectors/dense-set.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { vectorParams } from "./vector-config.ts";

/** Has each dense set indexed as the configuration says, from `indexing_threshold` KiB of vectors on; 0 = never, and so is `m` of 0. */
export function applyIndexing(
  { params, hnsw_config, optimizer_config }: CollectionConfig,
  vectors: ReadonlyMap<string, VectorSet>,
  file: CollectionFile,
): void {
  const threshold = Number(optimizer_config["indexing_threshold"] ?? 0);
  for (const [name, each] of vectorParams(params.vectors)) {
    const set = vectors.get(name);
    if (!(set instanceof DenseSet)) continue;
    const own = each["hnsw_config"];
    const { m, efConstruct } = toGraph(hnsw_config, isObject(own) ? own : {});
    const kept = file.path === ":memory:" ? null : new IndexFile(file, name);
    const isIndexed = threshold !== 0 && m !== 0;
    set.indexBy(isIndexed ? { fromBytes: threshold * 1024, m, efConstruct } : null, kept);
  }
}

function toGraph(
  ofAll: JsonObject,
  own: { readonly [key: string]: unknown },
): Omit<Indexing, "fromBytes"> {
  return {
    m: Number(own["m"] ?? ofAll["m"]),
    efConstruct: Number(own["ef_construct"] ?? ofAll["ef_construct"]),
  };
}

/** Keeps what would take long to be built again at the next opening. Not while there are changes to commit. */
export function keepIndexes(sets: Iterable<VectorSet>): void {
  for (const set of sets) if (set instanceof DenseSet) set.keepIndex();
}

/** Lets go of what other threads know of vectors that are not used any more. */
export function releaseIndexes(...sets: readonly (VectorSet | undefined)[]): void {
  for (const set of sets) if (set instanceof DenseSet) set.release();
}
