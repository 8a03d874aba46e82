/** The journal's rows of a batch by their ids. Ids that come as they were asked for, which most do, are looked up nowhere. */
import type { LedgerRow } from "./journal/row.ts";

export class RowsById {
  readonly #rows: readonly LedgerRow[];
  /** Made for the first id that comes otherwise. */
  #byId: ReadonlyMap<string, LedgerRow> | null = null;
  /** Behind the row that was found last. */
  #next = 0;

  constructor(rows: readonly LedgerRow[]) {
    this.#rows = rows;
  }

  get(id: string): LedgerRow | undefined {
    if (this.#rows[this.#next]?.id !== id) {
      if (this.#rows[0]?.id !== id) return this.#lookUp(id);
      this.#next = 0;
    }
    this.#next += 1;
    return this.#rows[this.#next - 1];
  }

  #lookUp(id: string): LedgerRow | undefined {
    this.#byId ??= new Map(this.#rows.map((row) => [row.id, row]));
    return this.#byId.get(id);
  }
}
