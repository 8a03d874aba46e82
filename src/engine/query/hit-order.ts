/** How Qdrant orders hits. Source: qdrant 1.18.2, lib/segment/src/types.rs (Ord for ScoredPoint). */
import type { Hit } from "./query.ts";

/** Ascending: by score; of hits that were ordered by a field by its value, and these after all others. */
export function compareHits(one: Hit, other: Hit): number {
  if (one.orderValue === null && other.orderValue === null) return one.score - other.score;
  if (one.orderValue === null) return -1;
  if (other.orderValue === null) return 1;
  return one.orderValue < other.orderValue ? -1 : one.orderValue > other.orderValue ? 1 : 0;
}
