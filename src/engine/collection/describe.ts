import { DenseSet } from "../vectors/dense-set.ts";
import { encodeConfig } from "./config.ts";
import type { CollectionState } from "./state.ts";

/** A collection as `GET /collections/{name}` answers it, as JSON text: one segment; yellow while an index is being built. */
export function describe(state: CollectionState): string {
  const dense = [...state.vectors.values()].filter((set) => set instanceof DenseSet);
  const head = JSON.stringify({
    status: dense.some(({ isIndexing }) => isIndexing) ? "yellow" : "green",
    optimizer_status: "ok",
    indexed_vectors_count: dense.reduce((sum, { indexed }) => sum + indexed, 0),
    points_count: state.ids.count,
    segments_count: 1,
  });
  const config = encodeConfig(state.config);
  return `${head.slice(0, -1)},"config":${config},"payload_schema":${state.indexes.describe()},"update_queue":{"length":0}}`;
}
