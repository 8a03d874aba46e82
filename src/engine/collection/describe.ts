import { encodeConfig } from "./config.ts";
import type { CollectionState } from "./state.ts";

/** A collection as `GET /collections/{name}` answers it, as JSON text. One segment; nothing is indexed, for every search is exact. */
export function describe(state: CollectionState): string {
  const head = JSON.stringify({
    status: "green",
    optimizer_status: "ok",
    indexed_vectors_count: 0,
    points_count: state.ids.count,
    segments_count: 1,
  });
  const config = encodeConfig(state.config);
  return `${head.slice(0, -1)},"config":${config},"payload_schema":${state.indexes.describe()},"update_queue":{"length":0}}`;
}
