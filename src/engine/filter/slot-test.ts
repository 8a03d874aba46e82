import type { SlotSet } from "./slot-set.ts";

/** What an index knows of a condition: which slots fit it. Holds for the state in which it was asked. */
export interface SlotTest {
  /** About how many slots fit. */
  readonly estimate: number;
  test(slot: number): boolean;
  /** Adds every slot that fits, and none besides; null where only `test` can tell. */
  readonly fill: ((found: SlotSet) => void) | null;
}
