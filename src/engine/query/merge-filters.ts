/**
 * Two filters as one, as Qdrant joins a request's with a prefetch's: clause by clause, so that both sides' `should` become one
 * list of which any may hold. Source: qdrant 1.18.2, lib/segment/src/types.rs (Filter::merge_owned).
 */
import type { Json, JsonObject } from "../api.ts";
import { minShouldFields } from "../filter/filter.ts";
import { asStruct } from "../struct-list.ts";

export function mergeFilters(one: JsonObject | null, other: JsonObject | null): JsonObject | null {
  if (one === null || other === null) return one ?? other;
  const merged: { [clause: string]: Json } = {};
  for (const clause of ["should", "must", "must_not"]) {
    const conditions = [...listOf(one[clause]), ...listOf(other[clause])];
    if (clause in one || clause in other) merged[clause] = conditions;
  }
  const minShould = mergeMinShould(one["min_should"] ?? null, other["min_should"] ?? null);
  return minShould === null ? merged : { ...merged, min_should: minShould };
}

/** A clause is a list of conditions, one condition, or nothing. */
function listOf(clause: Json | undefined): readonly Json[] {
  if (clause === undefined || clause === null) return [];
  return Array.isArray(clause) ? clause : [clause];
}

function mergeMinShould(one: Json, other: Json): Json {
  const [left, right] = [asStruct(one, minShouldFields), asStruct(other, minShouldFields)];
  if (left === null || right === null) return one ?? other;
  const [count, otherCount] = [Number(left["min_count"]), Number(right["min_count"])];
  return {
    conditions: [...listOf(left["conditions"] as Json), ...listOf(right["conditions"] as Json)],
    min_count: BigInt(Math.max(count, otherCount)),
  };
}
