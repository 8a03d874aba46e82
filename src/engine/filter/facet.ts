/** How many points have each value of a field. Source: qdrant 1.18.2, lib/segment/src/segment/read_view/facet.rs. */
import { badInput } from "../errors.ts";
import type { ColumnNumber } from "./number-column.ts";
import type { PayloadIndexes } from "./payload-indexes.ts";
import type { SlotSet } from "./slot-set.ts";
import type { ColumnValue } from "./value-column.ts";

export interface FacetHit {
  readonly value: ColumnValue | ColumnNumber;
  readonly count: number;
}

/**
 * The values that most points have (of all points, or of those in `among`), `limit` at most; equally frequent ones in their
 * order. Counts are always exact. @throws E_INPUT where no index on the field can tell
 */
export function facet(
  indexes: PayloadIndexes,
  path: string,
  limit: number,
  among: SlotSet | null,
): FacetHit[] {
  const lookups = indexes.find(path)?.lookups ?? null;
  if (lookups === null) {
    throw badInput(
      `Wrong input: No appropriate index for faceting: \`${path}\`. Please create one to facet on this field. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Match conditions`,
    );
  }
  const hits = [...lookups.counts(among)].map(([value, count]) => ({ value, count }));
  return hits
    .sort((one, other) => other.count - one.count || compare(one.value, other.value))
    .slice(0, limit);
}

/** Texts by their bytes in UTF-8, numbers and truth values ascending. */
function compare(one: FacetHit["value"], other: FacetHit["value"]): number {
  if (typeof one === "string" && typeof other === "string")
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return one < other ? -1 : Number(one > other);
}
