/** Prepared statements of one database: rows as arrays, integers as bigint, each statement prepared once. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

export type Value = null | bigint | number | string | Uint8Array;
export type Row = readonly Value[];

/**
 * SQL for a text column that may hold NUL bytes: Node 22 cuts a text at the first one, so such a text comes as bytes.
 * Whoever reads it takes both.
 */
export function wholeText(column: string): string {
  return `case when instr(${column}, char(0)) then cast(${column} as blob) else ${column} end`;
}

/** Bound variables for a list; a longer list is looked up in parts of this size, so that one statement serves all. */
const listSize = 500;

export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as unknown as Row[];
  }

  first(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as unknown as Row | undefined;
  }

  /** All rows of `sql` for a list of any length: `?*` in it stands for the list, behind all other variables. */
  allIn(sql: string, list: readonly SQLInputValue[], ...values: SQLInputValue[]): Row[] {
    const text = sql.replace("?*", Array(listSize).fill("?").join());
    const rows: Row[] = [];
    for (let at = 0; at < list.length; at += listSize) {
      const part = list.slice(at, at + listSize);
      while (part.length < listSize) part.push(null);
      for (const row of this.all(text, ...values, ...part)) rows.push(row);
    }
    return rows;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    this.#prepared.set(sql, statement);
    return statement;
  }
}
