/**
 * Working tables that may outgrow memory: they stand in a private temporary database that SQLite keeps on disk and deletes
 * by itself.
 */
import { DatabaseSync } from "./sqlite.ts";
import { Statements } from "./statements.ts";

/** What SQLite holds in memory of it, also while it sorts an index, in KiB. */
const cacheKiB = 16_384;

export class Scratch implements Disposable {
  readonly query: Statements;
  readonly #database = new DatabaseSync("");

  constructor(tables: string) {
    this.query = new Statements(this.#database);
    this.exec(
      `pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -${cacheKiB}; ${tables}`,
    );
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
