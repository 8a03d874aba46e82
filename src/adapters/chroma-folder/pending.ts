/**
 * Writes that stand in the queue and have not reached the records: a server that is killed can leave some. They are
 * applied here to a copy of the records they touch.
 */

import { decodeMetadata } from "../../model/filter.ts";
import { type JsonValue, stringifyLossless } from "../../util/json.ts";
import { Scratch } from "../../util/scratch.ts";
import { type Row, wholeText } from "../../util/statements.ts";
import type { ChromaDatabase } from "./database.ts";
import type { Member, Members } from "./members.ts";
import { documentKey, type Payload, uriKey } from "./metadata.ts";
import { operations, queueEnd, queueRows } from "./queue.ts";
import { integerOf, textOf, textOrNull } from "./values.ts";

/** A record as the queue leaves it; null = deleted. */
export type PendingRecord = (Payload & { readonly seq: number; readonly stored: boolean }) | null;

const queuedColumns = `operation, ${wholeText("id")}, metadata`;
const tables = `create table pending (
  place integer primary key, id text unique, stored integer, seq integer,
  document text, uri text, metadata text, deleted integer)`;
const columns = "stored, seq, document, uri, metadata, deleted";
const wholeColumns = `stored, seq, ${wholeText("document")}, ${wholeText("uri")}, metadata, deleted`;

/** Grows with what is pending, on disk. Every call must stand inside one snapshot of the database. */
export class Pending implements Disposable {
  readonly #scratch = new Scratch(tables);
  readonly #collection: string;
  #end: number;
  #size = 0;

  /** `applied`: the last queue row that has reached the records. */
  constructor(collection: string, applied: number) {
    this.#collection = collection;
    this.#end = applied;
  }

  /** Number of records that differ from what is stored. */
  get size(): number {
    return this.#size;
  }

  /** Takes in what was queued since the last call. */
  extend(database: ChromaDatabase, members: Members): void {
    const end = queueEnd(database);
    if (end <= this.#end) return;
    this.#scratch.exec("begin");
    for (const row of queueRows(database, this.#collection, this.#end, queuedColumns)) {
      this.#apply(row, members);
    }
    this.#scratch.exec("commit");
    this.#size = Number(this.#scratch.query.first("select count(*) from pending")?.[0]);
    this.#end = end;
  }

  /** Those of `ids` that are pending. */
  find(ids: readonly string[]): Map<string, PendingRecord> {
    if (this.#size === 0) return new Map();
    const sql = `select ${wholeText("id")}, ${wholeColumns} from pending where id in (?*)`;
    const rows = this.#scratch.query.allIn(sql, ids);
    return new Map(rows.map((row) => [textOf(row[0], "id"), recordOf(row, 1)]));
  }

  /** Ids of records that are not stored at all, in the order of their first write, behind `place`. */
  added(place: number, limit: number): { place: number; id: string }[] {
    return this.#scratch.query
      .all(
        `select place, ${wholeText("id")} from pending where place > ? and not stored and not deleted order by place limit ?`,
        place,
        limit,
      )
      .map(([at, id]) => ({ place: integerOf(at, "place"), id: textOf(id, "id") }));
  }

  /** By how much the number of records differs from what is stored. */
  get countDifference(): number {
    const sql = `select count(*) filter (where not stored and not deleted)
      - count(*) filter (where stored and deleted) from pending`;
    return Number(this.#scratch.query.first(sql)?.[0]);
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }

  #apply(row: Row, members: Members): void {
    const seq = integerOf(row[0], "embeddings_queue.seq_id");
    const operation = Number(row[1]);
    const id = textOf(row[2], "embeddings_queue.id");
    const known = this.#scratch.query.first(`select ${wholeColumns} from pending where id = ?`, id);
    const member = known === undefined ? members.find([id])[0] : undefined;
    const stored = known === undefined ? member !== undefined : known[0] === 1n;
    const current = known === undefined ? storedRecord(members, member) : recordOf(known, 0);
    const isIgnored =
      operation === operations.add ? current !== null : operation !== operations.upsert && !current;
    if (isIgnored) return;
    const text = textOrNull(row[3], "embeddings_queue.metadata");
    const record = operation === operations.delete ? null : merge(current, text);
    this.#put(id, seq, stored, record);
  }

  #put(id: string, seq: number, stored: boolean, record: Payload | null): void {
    this.#scratch.query.run(
      `insert into pending (id, ${columns}) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do update set (${columns}) =
         (excluded.stored, excluded.seq, excluded.document, excluded.uri, excluded.metadata, excluded.deleted)`,
      id,
      stored ? 1 : 0,
      seq,
      record?.document ?? null,
      record?.uri ?? null,
      record?.metadata ?? null,
      record === null ? 1 : 0,
    );
  }
}

function storedRecord(members: Members, member: Member | undefined): Payload | null {
  return member === undefined ? null : (members.payloads([member])[0] ?? null);
}

function recordOf(row: Row, at: number): PendingRecord {
  if (row[at + 5] === 1n) return null;
  return {
    stored: row[at] === 1n,
    seq: integerOf(row[at + 1], "seq"),
    document: textOrNull(row[at + 2], "document"),
    uri: textOrNull(row[at + 3], "uri"),
    metadata: textOrNull(row[at + 4], "metadata"),
    notJson: null,
  };
}

/** Chroma's own rule: a key that is named is set, null takes it away, all others stay. */
function merge(current: Payload | null, text: string | null): Payload {
  const fields = new Map(Object.entries(decodeMetadata(current?.metadata ?? null)));
  let document = current?.document ?? null;
  let uri = current?.uri ?? null;
  for (const [key, value] of Object.entries(decodeMetadata(text))) {
    if (key === documentKey) document = typeof value === "string" ? value : null;
    else if (key === uriKey) uri = typeof value === "string" ? value : null;
    else if (value === null) fields.delete(key);
    else if (isStorable(value)) fields.set(key, value);
  }
  const metadata = fields.size === 0 ? null : stringifyLossless(Object.fromEntries(fields));
  return { document, uri, metadata, notJson: null };
}

/** Chroma keeps scalars and non-empty lists of them. */
function isStorable(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((v) => typeof v !== "object");
  return typeof value !== "object";
}
