/** Points in the order of a payload field's numbers or dates. Source: qdrant 1.18.2, lib/segment/src/data_types/order_by.rs. */
import type { VectorError } from "../../errors.ts";
import { badInput } from "../errors.ts";

/** A number as the index keeps it: an integer as bigint, a float as number, a date as microseconds since 1970. */
export type OrderValue = number | bigint;

export interface OrderBy {
  readonly key: string;
  readonly descending: boolean;
  /** The first value to answer; null = the end. Dates in microseconds since 1970. */
  readonly startFrom: OrderValue | null;
}

export interface OrderedSlot {
  readonly slot: number;
  readonly value: OrderValue;
}

/**
 * The first `limit` of pairs of value and point: by value, of equal ones by id, both in the order's direction. A point with
 * several values comes once for each that differs.
 */
export function orderSlots(
  pairs: Iterable<OrderedSlot>,
  { descending, startFrom }: OrderBy,
  compareIds: (one: number, other: number) => number,
  limit: number,
): OrderedSlot[] {
  const sign = descending ? -1 : 1;
  const wanted: OrderedSlot[] = [];
  for (const pair of pairs) {
    if (startFrom === null || sign * compareValues(pair.value, startFrom) >= 0) wanted.push(pair);
  }
  wanted.sort(
    (one, other) =>
      sign * (compareValues(one.value, other.value) || compareIds(one.slot, other.slot)),
  );
  const distinct = wanted.filter(
    ({ slot, value }, at) => slot !== wanted[at - 1]?.slot || value !== wanted[at - 1]?.value,
  );
  return distinct.slice(0, limit);
}

/** JavaScript compares numbers of both kinds by their exact values. */
function compareValues(one: OrderValue, other: OrderValue): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function noRangeIndex(key: string): VectorError {
  return badInput(
    `Wrong input: No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`,
  );
}
