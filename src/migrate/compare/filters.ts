/** Filters worth asking with: equality on a key of the metadata, by values that several records have. */
import type { MetadataMatch } from "../../model/filter.ts";
import { metadataPath } from "../../model/layout.ts";
import { parseLossless, sliceObject } from "../../util/json.ts";
import type { CollectionPlan } from "../collection-plan.ts";

/** Filters a collection; each is a bit of a row's number. */
const filtersMax = 5;
/** A value that more records have than this share filters nothing. */
const shareMax = 0.9;
/** Of fewer of the drawn records than this share too little could be said. */
const shareMin = 0.01;
/** Longer texts are documents, not properties. */
const textMax = 256;

/** How a row stands to a filter: `unsure` = stores differ in what they make of it (a list, or 2.0 where 2 is asked for). */
export type Fit = "fits" | "differs" | "unsure";

/**
 * Up to `filtersMax` filters from the metadata of drawn records, each of another key: its most frequent value that
 * several of them have. `random` decides between keys where there are more.
 */
export function chooseFilters(
  metadata: readonly (string | null)[],
  layout: CollectionPlan["layout"],
  random: () => number,
): MetadataMatch[] {
  const values = new Map<string, Map<MetadataMatch["value"], number>>();
  for (const text of metadata) {
    if (text === null) continue;
    for (const [key, raw] of sliceObject(text)) {
      const value = filterValue(raw);
      if (value === null || !isFilterable(key, layout)) continue;
      const counts = values.get(key) ?? new Map();
      counts.set(value, (counts.get(value) ?? 0) + 1);
      values.set(key, counts);
    }
  }
  const least = Math.max(2, shareMin * metadata.length);
  const chosen = [...values].flatMap(([key, counts]) => {
    const [best] = [...counts]
      .filter(([, count]) => count >= least && count <= shareMax * metadata.length)
      .sort((one, other) => other[1] - one[1]);
    return best === undefined ? [] : [{ key, value: best[0], order: random() }];
  });
  return chosen
    .sort((one, other) => one.order - other.order)
    .slice(0, filtersMax)
    .map(({ key, value }) => ({ key, value }));
}

/** Whether a record with this metadata is one of those that the filter means. */
export function fitOf({ key, value }: MetadataMatch, metadata: string | null): Fit {
  const raw = metadata === null ? undefined : sliceObject(metadata).get(key);
  if (raw === undefined || raw === "null") return "differs";
  const found = parseLossless(raw);
  if (typeof found === "object") return "unsure";
  if (found === value) return "fits";
  return typeof found === "number" && typeof value === "bigint" && found === Number(value)
    ? "unsure"
    : "differs";
}

/** The value in a raw text; null for one that no store filters by as others do. */
function filterValue(raw: string): MetadataMatch["value"] | null {
  const value = parseLossless(raw);
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : null;
  return typeof value === "string" && value !== "" && value.length <= textMax ? value : null;
}

function isFilterable(key: string, layout: CollectionPlan["layout"]): boolean {
  return !/^(#|\$|chroma:)/.test(key) && metadataPath(layout, key) !== null;
}
