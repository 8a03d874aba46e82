/** What a comparison is asked. */

import { greenWaitMs } from "../wait-green.ts";
import { type Gates, noGates } from "./gates.ts";
import type { QueryVectors } from "./query-file.ts";

export interface CompareRequest {
  /** Neighbours asked for; null = 10, or as many as there are. */
  readonly k: number | null;
  /** Queries drawn from the source's records, shared out among the collections by their size. */
  readonly queries: number;
  /** Instead of records: every collection is asked all of these. */
  readonly vectors: QueryVectors | null;
  /** What the drawing follows. */
  readonly seed: number;
  readonly gates: Gates;
  readonly waitGreenMs: number;
  /** Memory of the process behind each end, in bytes; null where it cannot be told. */
  readonly residentBytes: Readonly<Record<"source" | "target", () => Promise<number | null>>>;
}

export const kDefault = 10;
export const queriesDefault = 1000;

/** A comparison without any flag. */
export function defaultCompare(seed: number): CompareRequest {
  const untold = async () => null;
  return {
    k: null,
    queries: queriesDefault,
    vectors: null,
    seed,
    gates: noGates,
    waitGreenMs: greenWaitMs,
    residentBytes: { source: untold, target: untold },
  };
}
