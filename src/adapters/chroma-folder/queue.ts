/**
 * The queue (embeddings_queue), in which every write stands until it is flushed: what it says of vectors that are newer
 * than the index.
 *   topic      persistent://default/default/<collection's uuid>
 *   operation  0 add (ignored where the id exists) | 1 update (ignored where it does not) | 2 upsert | 3 delete
 *   vector     float32 little-endian; NULL leaves the vector as it is
 */

import { Scratch } from "../../util/scratch.ts";
import { type Row, type Value, wholeText } from "../../util/statements.ts";
import type { ChromaDatabase } from "./database.ts";
import { integerOf, textOf } from "./values.ts";

export const operations = { add: 0, update: 1, upsert: 2, delete: 3 } as const;

/** Queue rows that are looked at in one go. */
const pageRows = 1000;

/** The topic ends with the collection's uuid, whatever stands before it. */
const ofTopic = "substr(topic, -36) = ?";

/** Rows of one collection behind `after`, in order, page by page: `columns` of each. */
export function* queueRows(
  database: ChromaDatabase,
  collection: string,
  after: number,
  columns: string,
): Generator<Row> {
  for (let last = after; ; ) {
    const page = database.query.all(
      `select seq_id, ${columns} from embeddings_queue
       where seq_id > ? and ${ofTopic} order by seq_id limit ${pageRows}`,
      last,
      collection,
    );
    yield* page;
    if (page.length < pageRows) return;
    last = integerOf(page.at(-1)?.[0], "embeddings_queue.seq_id");
  }
}

/** The last row of the whole queue; 0 where it is empty. */
export function queueEnd(database: ChromaDatabase): number {
  const last = database.query.first("select max(seq_id) from embeddings_queue")?.[0];
  return last === null ? 0 : integerOf(last, "embeddings_queue.seq_id");
}

/** Where the queue puts an id's vector: in its row `seq`, or nowhere because it was deleted (null). */
export type TailEntry = number | null;

/** What the queue says last of each id's vector, behind the last flush. It grows with the queue alone. */
export class VectorTail implements Disposable {
  readonly #scratch = new Scratch("create table tail (id text primary key, seq integer)");
  readonly #collection: string;
  readonly #isFlushed: (id: string) => boolean;
  #end: number;

  /** `flushed`: the last row that the index has; `isFlushed` whether the index has a vector of the id. */
  constructor(collection: string, flushed: number, isFlushed: (id: string) => boolean) {
    this.#collection = collection;
    this.#isFlushed = isFlushed;
    this.#end = flushed;
  }

  /** Takes in what was queued since the last call. */
  extend(database: ChromaDatabase): void {
    const end = queueEnd(database);
    if (end <= this.#end) return;
    this.#scratch.exec("begin");
    const columns = `operation, ${wholeText("id")}, vector is not null`;
    for (const row of queueRows(database, this.#collection, this.#end, columns)) {
      const seq = integerOf(row[0], "embeddings_queue.seq_id");
      const id = textOf(row[2], "embeddings_queue.id");
      this.#apply(seq, Number(row[1]), id, row[3] === 1n);
    }
    this.#scratch.exec("commit");
    this.#end = end;
  }

  /** The entries of those ids that have one. */
  find(ids: readonly string[]): Map<string, TailEntry> {
    const rows = this.#scratch.query.allIn(
      `select ${wholeText("id")}, seq from tail where id in (?*)`,
      ids,
    );
    return new Map(rows.map(([id, seq]) => [textOf(id, "id"), seq === null ? null : Number(seq)]));
  }

  [Symbol.dispose](): void {
    this.#scratch[Symbol.dispose]();
  }

  #apply(seq: number, operation: number, id: string, hasVector: boolean): void {
    if (operation === operations.delete) this.#put(id, null);
    else if (hasVector && this.#applies(operation, id)) this.#put(id, seq);
  }

  #applies(operation: number, id: string): boolean {
    if (operation === operations.upsert) return true;
    return this.#exists(id) === (operation === operations.update);
  }

  #exists(id: string): boolean {
    const entry = this.#scratch.query.first("select seq from tail where id = ?", id);
    return entry === undefined ? this.#isFlushed(id) : entry[0] !== null;
  }

  #put(id: string, seq: number | null): void {
    this.#scratch.query.run("insert or replace into tail values (?, ?)", id, seq);
  }
}

/** null = the row leaves the vector as it is; 'unknown' = it has one in no form that is known. */
export type QueuedVector = Float32Array | "unknown" | null;

/** A vector as the queue has it. Like all of this adapter, it takes the machine for little-endian. */
export function queuedVector(vector: Value | undefined, encoding: Value | undefined): QueuedVector {
  if (vector === null || vector === undefined) return null;
  const isKnown = vector instanceof Uint8Array && encoding === "FLOAT32" && vector.length % 4 === 0;
  return isKnown ? new Float32Array(new Uint8Array(vector).buffer) : "unknown";
}
