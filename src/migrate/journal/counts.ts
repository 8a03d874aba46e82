/** How many records of a collection are in which state. */
import type { DatabaseSync } from "node:sqlite";
import { allArrays, guarded } from "./database.ts";
import { recordStates } from "./row.ts";

export interface LedgerCounts {
  /** In the newest listing, or carried. */
  readonly listed: number;
  readonly pending: number;
  readonly written: number;
  readonly quarantined: number;
  readonly left: number;
  readonly deleted: number;
}

export class RecordCounts {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  #taken: { readonly mark: string; readonly counts: LedgerCounts } | null = null;

  constructor(db: DatabaseSync, file: string, collection: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
  }

  /** The counts; taken anew only where anything was written to the journal since, for that reads every record. */
  take(): LedgerCounts {
    const mark = guarded(this.#file, () => changeMark(this.#db));
    if (this.#taken?.mark !== mark) this.#taken = { mark, counts: this.#count() };
    return this.#taken.counts;
  }

  #count(): LedgerCounts {
    const sql = "SELECT state, count(*) FROM record WHERE collection=? GROUP BY state";
    const rows = guarded(this.#file, () => allArrays(this.#db, sql, this.#collection));
    const byState = new Map(rows.map(([state, records]) => [Number(state), Number(records)]));
    const of = (state: number) => byState.get(state) ?? 0;
    const { pending, written, quarantined, left, deleted } = recordStates;
    return {
      listed: of(pending) + of(written) + of(quarantined),
      pending: of(pending),
      written: of(written),
      quarantined: of(quarantined),
      left: of(left),
      deleted: of(deleted),
    };
  }
}

/** A text that is another one once this connection has changed anything, or another one has (sqlite.org/pragma.html#pragma_data_version). */
function changeMark(db: DatabaseSync): string {
  const [row] = allArrays(db, "SELECT total_changes(), data_version FROM pragma_data_version");
  return String(row);
}
