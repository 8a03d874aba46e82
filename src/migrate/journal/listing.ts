/**
 * A listing of a source's ids into the journal: what is new, what is known, what is gone, what was written to since it was
 * read, and which ids would meet in one point. Known ids are met in the order in which they were listed before. New ones
 * stand in a temporary table by bucket of their point, so that the journal is written in point order, and memory holds one
 * chunk. Everything happens in one transaction: a listing is whole or it did not happen.
 */
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { bucketCount } from "../../model/digest.ts";
import { bytesToUuid, uuidToBytes } from "../../model/point-id.ts";
import { guarded, idBytes, idColumn, prepared, storedId } from "./database.ts";
import { type KnownRow, KnownRows } from "./known-rows.ts";
import { recordStates } from "./row.ts";

export interface ListingResult {
  /** Ids listed, each once. */
  readonly listed: number;
  /** Records that were not known before, or had gone and are back. */
  readonly added: number;
  /** Carried records that the listing does not name: asked about one by one before they count as deleted. */
  readonly unseen: number;
  /** Whether the source has listed anything, and has numbered the writes to all of it: those that were written to since are known then. */
  readonly versioned: boolean;
  /** Carried records that were written to since they were read, as their numbers tell. */
  readonly stale: number;
  /** Records whose number is lower than it was: the source is not the one that was read, or is an older state of it. */
  readonly backwards: number;
}

const listedSchema = z.object({
  bucket: z.number(),
  seq: z.number(),
  id: storedId,
  point: z.instanceof(Uint8Array),
  version: z.number().nullable(),
});
type Listed = z.infer<typeof listedSchema>;

const existingSchema = z.object({
  collection: z.number(),
  ordinal: z.number(),
  id: storedId,
  state: z.number(),
  version: z.number().nullable(),
});
type Existing = z.infer<typeof existingSchema>;

const placeSchema = existingSchema.pick({ collection: true, ordinal: true });

/** Rows that are looked at between two breaths. */
const pageRows = 1000;
const passedRows = 50_000;

export class Listing implements Disposable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #target: number;
  /** null = the collection was never listed. */
  readonly #known: KnownRows | null;
  /** Of the records that were known before; -1 = none. */
  readonly #lastOrdinal: number;
  #nextOrdinal: number;
  #open = true;
  #listed = 0;
  #added = 0;
  #versioned = true;
  #backwards = 0;

  constructor(db: DatabaseSync, file: string, collection: number, target: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
    this.#target = target;
    const newest = guarded(file, () =>
      prepared(db, "SELECT max(ordinal) AS n FROM record WHERE collection=?").get(collection),
    );
    this.#lastOrdinal = typeof newest?.["n"] === "number" ? newest["n"] : -1;
    this.#nextOrdinal = this.#lastOrdinal + 1;
    guarded(file, () => {
      db.exec("BEGIN IMMEDIATE; DROP TABLE IF EXISTS temp.listing");
      db.exec("DROP TABLE IF EXISTS temp.missed; DROP TABLE IF EXISTS temp.unseen");
      db.exec(
        "CREATE TEMP TABLE listing(bucket INTEGER, seq INTEGER, id BLOB, point BLOB, version INTEGER, PRIMARY KEY(bucket, seq)) WITHOUT ROWID",
      );
      db.exec("CREATE TEMP TABLE missed(ordinal INTEGER PRIMARY KEY)");
      db.exec("CREATE TEMP TABLE unseen(ordinal INTEGER PRIMARY KEY)");
      prepared(db, "DELETE FROM temp.stale WHERE collection=?").run(collection);
    });
    const miss = prepared(db, "INSERT INTO temp.missed VALUES(?)");
    this.#known =
      this.#lastOrdinal < 0
        ? null
        : new KnownRows(db, file, collection, ({ ordinal, state }) => {
            if (isListed(state)) miss.run(ordinal);
          });
  }

  /** Adds a chunk of the source's ids, in the source's order; `versions` where the source numbers its writes. */
  add(
    ids: readonly string[],
    pointOf: (id: string) => string,
    versions: readonly number[] | null = null,
  ): void {
    if (versions === null && ids.length > 0) this.#versioned = false;
    guarded(this.#file, () => {
      const list = prepared(this.#db, "INSERT INTO temp.listing VALUES(?,?,?,?,?)");
      const record = prepared(this.#db, "INSERT INTO record VALUES(?,?,?,?,NULL,0,?)");
      ids.forEach((id, row) => {
        const version = versions?.[row] ?? null;
        const known = this.#known?.take(id) ?? null;
        if (known !== null) {
          this.#meetKnown(known, version);
          return;
        }
        const point = uuidToBytes(pointOf(id));
        const bytes = idBytes(id);
        list.run(point[0] ?? 0, this.#nextOrdinal, bytes, point, version);
        if (this.#known === null)
          record.run(this.#collection, this.#nextOrdinal, bytes, point, version);
        this.#nextOrdinal += 1;
      });
    });
  }

  /**
   * Brings the journal up to the listing and commits. @throws E_ID_COLLISION, naming both records, when two ids would
   * be one point; the journal is then as it was before.
   */
  async finish(signal: AbortSignal): Promise<ListingResult> {
    if (this.#known === null) await this.#enterAll(signal);
    else {
      await this.#missRest(this.#known, signal);
      await this.#meetAll(signal);
      await this.#settleMissed(signal);
    }
    return guarded(this.#file, () => {
      const unseen = this.#count("SELECT count(*) AS n FROM temp.unseen");
      const stale = this.#count(
        "SELECT count(*) AS n FROM temp.stale WHERE collection=?",
        this.#collection,
      );
      prepared(this.#db, "UPDATE collection SET listed=1 WHERE id=?").run(this.#collection);
      this.#db.exec("DROP TABLE temp.listing; DROP TABLE temp.missed; COMMIT");
      this.#open = false;
      const [listed, added] = [this.#listed, this.#added];
      const versioned = listed > 0 && this.#versioned;
      return { listed, added, unseen, versioned, stale, backwards: this.#backwards };
    });
  }

  [Symbol.dispose](): void {
    if (this.#open && this.#db.isTransaction) this.#db.exec("ROLLBACK");
    this.#open = false;
  }

  /** The records of a collection that was never listed stand in the journal already, their points do not. */
  async #enterAll(signal: AbortSignal): Promise<void> {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      signal.throwIfAborted();
      const entered = guarded(this.#file, () => this.#enterBucket(bucket));
      this.#listed += entered;
      this.#added += entered;
      await setImmediate();
    }
  }

  #enterBucket(bucket: number): number {
    const listed = this.#count("SELECT count(*) AS n FROM temp.listing WHERE bucket=?", bucket);
    const inserted = prepared(
      this.#db,
      "INSERT OR IGNORE INTO point SELECT ?, point, ?, seq FROM temp.listing WHERE bucket=? ORDER BY point, seq",
    ).run(this.#target, this.#collection, bucket).changes;
    if (inserted === listed) return listed;
    const rows = prepared(
      this.#db,
      `SELECT bucket, seq, ${idColumn("id")} AS id, point, version FROM temp.listing WHERE bucket=? ORDER BY point, seq`,
    ).iterate(bucket);
    const drop = prepared(this.#db, "DELETE FROM record WHERE collection=? AND ordinal=?");
    let entered = 0;
    for (const row of rows) {
      const { seq, id, point } = listedSchema.parse(row);
      if (this.#takeLeft(id, point, seq) || this.#existing(id, point).ordinal === seq) entered += 1;
      else drop.run(this.#collection, seq);
    }
    return entered;
  }

  /** The listed ids that were not where they were expected: new ones, those that have moved, those listed twice. */
  async #meetAll(signal: AbortSignal): Promise<void> {
    const page = `SELECT bucket, seq, ${idColumn("id")} AS id, point, version FROM temp.listing
      WHERE (bucket, seq) > (?, ?) ORDER BY bucket, seq LIMIT ${pageRows}`;
    for (let after: [number, number] = [-1, -1]; ; ) {
      signal.throwIfAborted();
      const rows = guarded(this.#file, () => {
        const found = prepared(this.#db, page).all(...after);
        const listed = found.map((row) => listedSchema.parse(row));
        for (const row of listed) this.#meet(row);
        return listed;
      });
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [last.bucket, last.seq];
      await setImmediate();
    }
  }

  #meet({ seq, id, point, version }: Listed): void {
    const fresh = prepared(this.#db, "INSERT OR IGNORE INTO point VALUES(?,?,?,?)").run(
      this.#target,
      point,
      this.#collection,
      seq,
    ).changes;
    if (fresh === 1 || this.#takeLeft(id, point, seq)) {
      prepared(this.#db, "INSERT INTO record VALUES(?,?,?,?,NULL,0,?)").run(
        this.#collection,
        seq,
        idBytes(id),
        point,
        version,
      );
      this.#listed += 1;
      this.#added += 1;
      return;
    }
    const existing = this.#existing(id, point);
    // What was expected and is not missed was listed before.
    const missed = prepared(this.#db, "DELETE FROM temp.missed WHERE ordinal=?").run(
      existing.ordinal,
    ).changes;
    this.#meetKnown(existing, version);
    const twice = missed === 0 && isListed(existing.state);
    if (twice) this.#listed -= 1;
  }

  /** What the journal has behind the last id that was listed is missed too. */
  async #missRest(known: KnownRows, signal: AbortSignal): Promise<void> {
    guarded(this.#file, () => known.end());
    const miss = `INSERT INTO temp.missed SELECT ordinal FROM record
      WHERE collection=? AND ordinal>? AND ordinal<=? AND state<3`;
    for (let after = known.after; after < this.#lastOrdinal; after += passedRows) {
      signal.throwIfAborted();
      const to = Math.min(after + passedRows, this.#lastOrdinal);
      guarded(this.#file, () => prepared(this.#db, miss).run(this.#collection, after, to));
      await setImmediate();
    }
  }

  /** Missed records that were never carried are left out, carried ones are asked about later. */
  async #settleMissed(signal: AbortSignal): Promise<void> {
    const range = "r.collection=? AND r.ordinal>? AND r.ordinal<=?";
    const ask = `INSERT INTO temp.unseen SELECT r.ordinal FROM temp.missed m JOIN record r ON r.ordinal=m.ordinal
      WHERE ${range} AND (r.state=1 OR r.digest IS NOT NULL)`;
    const leave = `UPDATE record AS r SET state=3 WHERE ${range} AND r.state IN (0,2) AND r.digest IS NULL
      AND r.ordinal IN (SELECT ordinal FROM temp.missed)`;
    for (let after = -1; after < this.#lastOrdinal; after += passedRows) {
      signal.throwIfAborted();
      guarded(this.#file, () => {
        for (const sql of [ask, leave])
          prepared(this.#db, sql).run(this.#collection, after, after + passedRows);
      });
      await setImmediate();
    }
  }

  /**
   * Gives a point to a listed record where the one that had it has left its source and nothing of it stands at the target:
   * one that has moved to another collection, or whose collection was made anew under another name.
   */
  #takeLeft(id: string, point: Uint8Array, seq: number): boolean {
    const find = `SELECT p.collection, p.ordinal FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal
      WHERE p.target=? AND p.point=? AND r.state=3 AND NOT (r.collection=? AND r.id=?)`;
    const values = [this.#target, point, this.#collection, idBytes(id)];
    const left = prepared(this.#db, find).get(...values);
    if (left === undefined) return false;
    const { collection, ordinal } = placeSchema.parse(left);
    for (const table of ["record", "failure", "sending"])
      prepared(this.#db, `DELETE FROM ${table} WHERE collection=? AND ordinal=?`).run(
        collection,
        ordinal,
      );
    prepared(this.#db, "UPDATE point SET collection=?, ordinal=? WHERE target=? AND point=?").run(
      this.#collection,
      seq,
      this.#target,
      point,
    );
    return true;
  }

  /** The record of a listed point. @throws E_ID_COLLISION when it is not this one */
  #existing(id: string, point: Uint8Array): Existing {
    const sql = `SELECT p.collection, p.ordinal, ${idColumn("r.id")} AS id, r.state, r.version FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point=?`;
    const parsed = existingSchema.safeParse(prepared(this.#db, sql).get(this.#target, point));
    if (!parsed.success)
      throw new VectorError(
        "E_JOURNAL_DAMAGED",
        `The journal ${this.#file} has a point without a record.`,
        { cause: parsed.error },
      );
    const { collection, id: existing } = parsed.data;
    if (collection !== this.#collection || existing !== id)
      throw this.#collision(id, parsed.data, point);
    return parsed.data;
  }

  #count(sql: string, ...values: number[]): number {
    return Number(prepared(this.#db, sql).get(...values)?.["n"]);
  }

  /** A listed record that is known: back in the queue where it had gone, stale where it was written to since it was read. */
  #meetKnown({ ordinal, state, version: known }: KnownRow, version: number | null): void {
    this.#listed += 1;
    const back = !isListed(state);
    const moved = version !== null && version !== known;
    if (version !== null && known !== null && version < known) this.#backwards += 1;
    if (back) this.#added += 1;
    if (!back && !moved) return;
    if (state === recordStates.written) {
      prepared(this.#db, "INSERT OR IGNORE INTO temp.stale VALUES(?,?,?)").run(
        this.#collection,
        ordinal,
        version,
      );
      return;
    }
    prepared(this.#db, "UPDATE record SET state=?, version=? WHERE collection=? AND ordinal=?").run(
      back ? recordStates.pending : state,
      version,
      this.#collection,
      ordinal,
    );
  }

  #collision(id: string, existing: Existing, point: Uint8Array): VectorError {
    const name = (collection: number) => {
      const row = prepared(
        this.#db,
        "SELECT plan ->> '$.source.name' AS name FROM collection WHERE id=?",
      ).get(collection);
      return String(row?.["name"] ?? collection);
    };
    const here = name(this.#collection);
    const there = name(existing.collection);
    const uuid = bytesToUuid(point);
    return new VectorError(
      "E_ID_COLLISION",
      `Record ${JSON.stringify(id)} of collection ${JSON.stringify(here)} and record ${JSON.stringify(existing.id)} of collection ${JSON.stringify(there)} would both be point ${uuid}.`,
      {
        details: { ids: [existing.id, id], collections: [there, here], point: uuid },
        ...(existing.state === recordStates.deleted
          ? {
              next: `The source has deleted the first of them, and its point stands at the target still: take it away first, by the same command with --propagate-deletes, and with --chromadb-collections ${JSON.stringify(there)} where the source has that collection still.`,
            }
          : {}),
      },
    );
  }
}

/** Whether a record in this state was in the listing before, as far as is known. */
function isListed(state: number): boolean {
  return state !== recordStates.left && state !== recordStates.deleted;
}
