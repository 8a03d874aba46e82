/**
 * A listing of a source's ids into the journal: what is new, what is known, what is gone, what was written to since it was
 * read, and which ids would meet in one point. Ids stand in a temporary table by bucket of their point, so that the journal
 * is written in point order, and memory holds one bucket. Everything happens in one transaction: a listing is whole or it did
 * not happen.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { bucketCount, bucketRange } from "../../model/digest.ts";
import { bytesToUuid, uuidToBytes } from "../../model/point-id.ts";
import { guarded, idBytes, idColumn, storedId } from "./database.ts";
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

const listedSchema = z.object({ seq: z.number(), id: storedId, point: z.instanceof(Uint8Array) });
const oddSchema = listedSchema.extend({ version: z.number().nullable() });

const existingSchema = z.object({
  collection: z.number(),
  ordinal: z.number(),
  id: storedId,
  state: z.number(),
  version: z.number().nullable(),
});
type Existing = z.infer<typeof existingSchema>;
type Listed = z.infer<typeof oddSchema>;

export class Listing implements Disposable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #target: number;
  readonly #first: boolean;
  #nextOrdinal: number;
  #existingAt: StatementSync | null = null;
  #open = true;
  #versioned = true;
  #backwards = 0;

  constructor(db: DatabaseSync, file: string, collection: number, target: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
    this.#target = target;
    const newest = guarded(file, () =>
      db.prepare("SELECT max(ordinal) AS n FROM record WHERE collection=?").get(collection),
    );
    this.#first = typeof newest?.["n"] !== "number";
    this.#nextOrdinal = this.#first ? 0 : Number(newest?.["n"]) + 1;
    guarded(file, () => {
      db.exec(
        "BEGIN IMMEDIATE; DROP TABLE IF EXISTS temp.listing; DROP TABLE IF EXISTS temp.unseen;",
      );
      db.exec(
        "CREATE TEMP TABLE listing(bucket INTEGER, seq INTEGER, id BLOB, point BLOB, version INTEGER, PRIMARY KEY(bucket, seq)) WITHOUT ROWID",
      );
      db.exec("CREATE TEMP TABLE unseen(ordinal INTEGER PRIMARY KEY)");
      db.prepare("DELETE FROM temp.stale WHERE collection=?").run(collection);
    });
  }

  /** Adds a chunk of the source's ids with their points, in the source's order; `versions` where the source numbers its writes. */
  add(
    ids: readonly string[],
    points: readonly string[],
    versions: readonly number[] | null = null,
  ): void {
    if (versions === null && ids.length > 0) this.#versioned = false;
    guarded(this.#file, () => {
      const list = this.#db.prepare("INSERT INTO temp.listing VALUES(?,?,?,?,?)");
      const record = this.#db.prepare("INSERT INTO record VALUES(?,?,?,?,NULL,0,?)");
      ids.forEach((id, row) => {
        const point = uuidToBytes(points[row] ?? "");
        const bytes = idBytes(id);
        const version = versions?.[row] ?? null;
        list.run(point[0] ?? 0, this.#nextOrdinal, bytes, point, version);
        if (this.#first) record.run(this.#collection, this.#nextOrdinal, bytes, point, version);
        this.#nextOrdinal += 1;
      });
    });
  }

  /**
   * Brings the journal up to the listing and commits. @throws E_ID_COLLISION, naming both records, when two ids would
   * be one point; the journal is then as it was before.
   */
  async finish(signal: AbortSignal): Promise<ListingResult> {
    let listed = 0;
    let added = 0;
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      signal.throwIfAborted();
      const result = guarded(this.#file, () =>
        this.#first ? this.#enterBucket(bucket) : this.#meetBucket(bucket),
      );
      listed += result.listed;
      added += result.added;
      await setImmediate();
    }
    return guarded(this.#file, () => {
      const unseen = this.#count("SELECT count(*) AS n FROM temp.unseen");
      const stale = this.#count(
        "SELECT count(*) AS n FROM temp.stale WHERE collection=?",
        this.#collection,
      );
      this.#db.prepare("UPDATE collection SET listed=1 WHERE id=?").run(this.#collection);
      this.#db.exec("DROP TABLE temp.listing; COMMIT");
      this.#open = false;
      const versioned = listed > 0 && this.#versioned;
      return { listed, added, unseen, versioned, stale, backwards: this.#backwards };
    });
  }

  [Symbol.dispose](): void {
    if (this.#open && this.#db.isTransaction) this.#db.exec("ROLLBACK");
    this.#open = false;
  }

  /** A bucket of a collection that was never listed: its records stand in the journal already, their points do not. */
  #enterBucket(bucket: number): { listed: number; added: number } {
    const listed = this.#count("SELECT count(*) AS n FROM temp.listing WHERE bucket=?", bucket);
    const inserted = this.#db
      .prepare(
        "INSERT OR IGNORE INTO point SELECT ?, point, ?, seq FROM temp.listing WHERE bucket=? ORDER BY point, seq",
      )
      .run(this.#target, this.#collection, bucket).changes;
    if (inserted === listed) return { listed, added: listed };
    const rows = this.#db
      .prepare(
        `SELECT seq, ${idColumn("id")} AS id, point FROM temp.listing WHERE bucket=? ORDER BY point, seq`,
      )
      .iterate(bucket);
    const drop = this.#db.prepare("DELETE FROM record WHERE collection=? AND ordinal=?");
    let entered = 0;
    for (const row of rows) {
      const { seq, id, point } = listedSchema.parse(row);
      const existing = this.#known(id, point);
      if (existing.ordinal === seq) entered += 1;
      else drop.run(this.#collection, seq);
    }
    return { listed: entered, added: entered };
  }

  /** A bucket that is listed again: only what is not as the journal has it is looked at record by record. */
  #meetBucket(bucket: number): { listed: number; added: number } {
    const odd = this.#db
      .prepare(
        `SELECT l.seq, ${idColumn("l.id")} AS id, l.point, l.version FROM temp.listing l
         LEFT JOIN point p ON p.target=? AND p.point=l.point
         LEFT JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal
         WHERE l.bucket=? AND (r.ordinal IS NULL OR p.collection<>? OR r.id<>l.id OR r.state>=3
           OR (l.version IS NOT NULL AND r.version IS NOT l.version)) ORDER BY l.point, l.seq`,
      )
      .all(this.#target, bucket, this.#collection);
    let added = 0;
    for (const row of odd) if (this.#meet(oddSchema.parse(row))) added += 1;
    this.#noteUnseen(bucket);
    const listed = this.#count(
      "SELECT count(DISTINCT point) AS n FROM temp.listing WHERE bucket=?",
      bucket,
    );
    return { listed, added };
  }

  /** A listed id at its point: new there, back, written to since it was read, or met by another record. True when it is new or back in the queue. */
  #meet({ seq, id, point, version }: Listed): boolean {
    const fresh = this.#db
      .prepare("INSERT OR IGNORE INTO point VALUES(?,?,?,?)")
      .run(this.#target, point, this.#collection, seq).changes;
    if (fresh === 1) {
      this.#db
        .prepare("INSERT INTO record VALUES(?,?,?,?,NULL,0,?)")
        .run(this.#collection, seq, idBytes(id), point, version);
      return true;
    }
    const known = this.#known(id, point);
    if (version !== null && known.version !== null && version < known.version) this.#backwards += 1;
    if (known.state === recordStates.written) {
      this.#db
        .prepare("INSERT OR IGNORE INTO temp.stale VALUES(?,?,?)")
        .run(this.#collection, known.ordinal, version);
      return false;
    }
    const back = known.state === recordStates.left || known.state === recordStates.deleted;
    this.#db
      .prepare("UPDATE record SET state=?, version=? WHERE collection=? AND ordinal=?")
      .run(back ? recordStates.pending : known.state, version, this.#collection, known.ordinal);
    return back;
  }

  /** The record of a listed point. @throws E_ID_COLLISION when it is not this one */
  #known(id: string, point: Uint8Array): Existing {
    this.#existingAt ??= this.#db.prepare(
      `SELECT p.collection, p.ordinal, ${idColumn("r.id")} AS id, r.state, r.version FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point=?`,
    );
    const parsed = existingSchema.safeParse(this.#existingAt.get(this.#target, point));
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

  /** Records of this bucket that the listing did not name: never carried ones are left out, carried ones are asked about later. */
  #noteUnseen(bucket: number): void {
    const rows = this.#db
      .prepare(
        `SELECT r.ordinal, r.state FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal
         WHERE p.target=? AND p.point>=? AND p.point<=? AND p.collection=? AND r.state<3
           AND p.point NOT IN (SELECT point FROM temp.listing WHERE bucket=?)`,
      )
      .all(this.#target, ...boundsOf(bucket), this.#collection, bucket);
    const leave = this.#db.prepare("UPDATE record SET state=3 WHERE collection=? AND ordinal=?");
    const ask = this.#db.prepare("INSERT INTO temp.unseen VALUES(?)");
    for (const { ordinal, state } of rows) {
      if (typeof ordinal !== "number") continue;
      if (state === recordStates.written) ask.run(ordinal);
      else leave.run(this.#collection, ordinal);
    }
  }

  #count(sql: string, ...values: number[]): number {
    return Number(this.#db.prepare(sql).get(...values)?.["n"]);
  }

  #collision(id: string, existing: Existing, point: Uint8Array): VectorError {
    const name = (collection: number) => {
      const row = this.#db
        .prepare("SELECT plan ->> '$.source.name' AS name FROM collection WHERE id=?")
        .get(collection);
      return String(row?.["name"] ?? collection);
    };
    const here = name(this.#collection);
    const there = name(existing.collection);
    const uuid = bytesToUuid(point);
    return new VectorError(
      "E_ID_COLLISION",
      `Record ${JSON.stringify(id)} of collection ${JSON.stringify(here)} and record ${JSON.stringify(existing.id)} of collection ${JSON.stringify(there)} would both be point ${uuid}.`,
      { details: { ids: [existing.id, id], collections: [there, here], point: uuid } },
    );
  }
}

/** The bytes of the first and the last point of a bucket. */
function boundsOf(bucket: number): [from: Uint8Array, to: Uint8Array] {
  const { from, to } = bucketRange(bucket);
  return [uuidToBytes(from), uuidToBytes(to)];
}
