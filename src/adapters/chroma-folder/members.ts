/**
 * The records of one collection in chroma.sqlite3, with all that they carry beside the vector. Every call must stand
 * inside one snapshot of the database.
 */

import { type Row, wholeText } from "../../util/statements.ts";
import type { ChromaDatabase } from "./database.ts";
import {
  documentKey,
  type Payload,
  PayloadBuilder,
  uriKey,
  valueColumns,
  valueText,
} from "./metadata.ts";
import { integerOf, seqOf, textOf, textOrNull } from "./values.ts";

export interface Member {
  /** Rises with the time of the first write: the order in which records are listed and read. */
  readonly rowid: number;
  readonly id: string;
  /** The last queue row that wrote to it. */
  readonly seq: number;
}

const memberColumns = `id, ${wholeText("embedding_id")}, seq_id`;

/**
 * A record's metadata as the members of a JSON object, without floats, and how many floats there are: one row a record
 * costs a third of what a row a key costs. Only JavaScript writes a float so that no digit is lost.
 */
const membersSql = `select id, group_concat(json_quote(key) || ':' || case
    when string_value is not null then json_quote(string_value)
    when int_value is not null then int_value
    when float_value is not null then null
    when bool_value is not null then iif(bool_value, 'true', 'false') end), count(float_value)
  from embedding_metadata where id in (?*) and +key not in ('${documentKey}', '${uriKey}') group by id`;
const floatsSql = `select id, ${wholeText("key")}, ${valueColumns} from embedding_metadata
  where id in (?*) and float_value is not null and string_value is null and int_value is null
    and key not in ('${documentKey}', '${uriKey}')`;
const ownSql = `select id, key, ${wholeText("string_value")} from embedding_metadata
  where id in (?*) and key in ('${documentKey}', '${uriKey}')`;

export class Members {
  readonly #database: ChromaDatabase;
  readonly #segment: string;
  readonly #hasArrays: boolean;

  constructor(database: ChromaDatabase, segment: string) {
    this.#database = database;
    this.#segment = segment;
    this.#hasArrays = database.hasColumn("embedding_metadata_array", "id");
  }

  count(): number {
    const sql = "select count(*) from embeddings where segment_id = ?";
    return integerOf(this.#database.query.first(sql, this.#segment)?.[0], "count");
  }

  /** The first and the last rowid; null where there is no record. */
  range(): { first: number; last: number } | null {
    const sql = "select min(id), max(id) from embeddings where segment_id = ?";
    const [first, last] = this.#database.query.first(sql, this.#segment) ?? [];
    if (first === null || first === undefined) return null;
    return { first: integerOf(first, "embeddings.id"), last: integerOf(last, "embeddings.id") };
  }

  /** The next records behind `after`, up to `last`. The unary plus keeps SQLite from sorting the whole segment for each page. */
  page(after: number, last: number, limit: number): Member[] {
    return this.#database.query
      .all(
        `select ${memberColumns} from embeddings
         where id > ? and id <= ? and +segment_id = ? order by id limit ?`,
        after,
        last,
        this.#segment,
        limit,
      )
      .map(memberOf);
  }

  /** Those of `ids` that are there, by rowid. */
  find(ids: readonly string[]): Member[] {
    return this.#database.query
      .allIn(
        `select ${memberColumns} from embeddings
         where segment_id = ? and embedding_id in (?*)`,
        ids,
        this.#segment,
      )
      .map(memberOf)
      .sort((a, b) => a.rowid - b.rowid);
  }

  /** What each of `members` carries, in their order. */
  payloads(members: readonly Member[]): Payload[] {
    const { query } = this.#database;
    const rowids = members.map(({ rowid }) => rowid);
    const builders = new Map(rowids.map((rowid) => [rowid, new PayloadBuilder()]));
    const withFloats: number[] = [];
    for (const [id, text, floats] of query.allIn(membersSql, rowids)) {
      const rowid = Number(id);
      builders.get(rowid)?.addMembers(textOrNull(text, "embedding_metadata"));
      if (floats !== 0n) withFloats.push(rowid);
    }
    for (const row of query.allIn(ownSql, rowids)) builders.get(Number(row[0]))?.addOwn(row, 1);
    for (const row of query.allIn(floatsSql, withFloats)) {
      const key = textOf(row[1], "embedding_metadata.key");
      builders.get(Number(row[0]))?.addText(key, valueText(row, 2));
    }
    if (this.#hasArrays) this.#addArrays(rowids, builders);
    return rowids.map((rowid) => (builders.get(rowid) ?? new PayloadBuilder()).build());
  }

  /** Lists (1.5 and later): an element a row, in the order of the rows. */
  #addArrays(rowids: readonly number[], builders: Map<number, PayloadBuilder>): void {
    const rows = this.#database.query.allIn(
      `select id, ${wholeText("key")}, ${valueColumns} from embedding_metadata_array
       where id in (?*) order by id, key, rowid`,
      rowids,
    );
    for (let start = 0; start < rows.length; ) {
      const rowid = rows[start]?.[0];
      const key = keyOf(rows[start]);
      let end = start + 1;
      while (rows[end]?.[0] === rowid && keyOf(rows[end]) === key) end += 1;
      const text = arrayText(rows.slice(start, end));
      builders.get(Number(rowid))?.addText(key, text);
      start = end;
    }
  }
}

function memberOf(row: Row): Member {
  return {
    rowid: integerOf(row[0], "embeddings.id"),
    id: textOf(row[1], "embeddings.embedding_id"),
    seq: seqOf(row[2], "embeddings.seq_id"),
  };
}

function keyOf(row: Row | undefined): string {
  return textOf(row?.[1], "embedding_metadata_array.key");
}

function arrayText(rows: readonly Row[]): string | undefined {
  const elements = rows.map((row) => valueText(row, 2));
  return elements.includes(undefined) ? undefined : `[${elements.join()}]`;
}
