/** The first batch of a copy, read while the target is still being made: neither end waits for the other. */
import type { ReadResult, SourceStore } from "../store/port.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import { type Flight, firstRows } from "./flight.ts";
import type { Ledger } from "./journal/ledger.ts";
import { recordStates } from "./journal/row.ts";

/** What a collection's copy begins with. */
interface Begun {
  /** Of the collection: its name may be another one's too, in another tenant. */
  readonly ledger: Ledger;
  readonly flight: Flight;
  readonly ids: readonly string[];
  readonly read: ReadResult;
}

export class FirstRead {
  #begun: Begun | null = null;

  /** Reads it. @throws what the source throws */
  async begin(
    { source, plan, ledger }: { source: SourceStore; plan: CollectionPlan; ledger: Ledger },
    flight: Flight,
    signal: AbortSignal,
  ): Promise<void> {
    const rows = ledger.page(recordStates.pending, -1, Math.min(firstRows, flight.batchSize));
    const ids = rows.map(({ id }) => id);
    const read = await source.read(plan.source, ids, { signal });
    this.#begun = { ledger, flight, ids, read };
  }

  /** How the collection was said to travel, if it was begun. */
  flightOf(ledger: Ledger): Flight | null {
    return this.#begun?.ledger === ledger ? this.#begun.flight : null;
  }

  /** What was read of these records, once; null where it was of others, or nothing was. */
  take(ledger: Ledger, ids: readonly string[]): ReadResult | null {
    const begun = this.#begun;
    const isSame =
      begun?.ledger === ledger &&
      begun.ids.length === ids.length &&
      begun.ids.every((id, row) => id === ids[row]);
    if (!isSame) return null;
    this.#begun = null;
    return begun.read;
  }
}
