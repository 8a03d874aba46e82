/** How far a Qdrant has indexed a collection's vectors, and what keeps it from doing so. */
import { z } from "zod";
import type { VectorIndex } from "../../model/collection.ts";
import { unnamedVector, vectorsParams } from "./shapes.ts";

const count = z.number().nullish();
const graph = z.looseObject({ m: count, payload_m: count }).nullish();

const description = z.looseObject({
  points_count: count,
  indexed_vectors_count: z.number(),
  config: z.looseObject({
    params: z.looseObject({ vectors: vectorsParams.nullish() }),
    hnsw_config: graph,
    optimizer_config: z
      .looseObject({ indexing_threshold: count, max_optimization_threads: count })
      .nullish(),
  }),
});

/** Of these points so many that what an index leaves out is the newest alone. */
const indexedShare = 0.9;

/** From Qdrant's description of a collection; null where it does not tell. A server that indexes nothing is green at once. */
export function indexOf(described: unknown): VectorIndex | null {
  const parsed = description.safeParse(described);
  if (!parsed.success) return null;
  const { points_count: points, indexed_vectors_count: vectors, config } = parsed.data;
  const own = graph.safeParse(unnamedVector(config.params.vectors)?.hnsw_config).data;
  const { hnsw_config: common, optimizer_config: optimizer } = config;
  const links = own?.m ?? common?.m;
  const tenantLinks = own?.payload_m ?? common?.payload_m ?? 0;
  // A graph without links is counted as an index.
  if (links === 0 && tenantLinks === 0) return { vectors, offBy: "hnsw_config.m is 0" };
  // What was indexed before it was switched off is still searched so.
  if (vectors > 0 && vectors >= indexedShare * (points ?? 0)) return { vectors, offBy: null };
  if (optimizer?.indexing_threshold === 0) return { vectors, offBy: "indexing_threshold is 0" };
  if (optimizer?.max_optimization_threads === 0)
    return { vectors, offBy: "max_optimization_threads is 0" };
  return { vectors, offBy: null };
}
