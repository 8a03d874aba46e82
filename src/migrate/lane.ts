/** One collection on its way from source to target, and the places in flight. */
import type { CollectionSpec } from "../model/collection.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import { Slots } from "../util/slots.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import { FirstRead } from "./first-read.ts";
import type { Ledger } from "./journal/ledger.ts";

/** One collection on its way: both ends, its plan, its records, and the places in flight. */
export interface Lane {
  readonly source: SourceStore;
  readonly target: TargetStore;
  readonly plan: CollectionPlan;
  readonly spec: CollectionSpec;
  readonly run: string;
  readonly ledger: Ledger;
  readonly reads: Slots;
  readonly writes: Slots;
  readonly first: FirstRead;
}

/** The places for reads and writes of a pair of stores; without a source nothing is read. */
export function flightPlaces(
  source: SourceStore | null,
  target: TargetStore,
): Pick<Lane, "reads" | "writes" | "first"> {
  return {
    reads: new Slots(source?.capabilities.concurrency ?? 1),
    writes: new Slots(target.capabilities.concurrency),
    first: new FirstRead(),
  };
}
