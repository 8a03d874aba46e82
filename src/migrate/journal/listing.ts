/**
 * A listing of a source's ids into the journal: what is new, what is known, what is gone, and which ids would meet in
 * one point. Ids stand in a temporary table by bucket of their point, so that the journal is written in point order,
 * and memory holds one chunk. Everything happens in one transaction: a listing is whole or it did not happen.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { bucketCount, bucketRange } from "../../model/digest.ts";
import { bytesToUuid, uuidToBytes } from "../../model/point-id.ts";
import { guarded, idBytes, idColumn, storedId } from "./database.ts";

export interface ListingResult {
  /** Ids listed, each once. */
  readonly listed: number;
  /** Records that were not known before, or had gone and are back. */
  readonly added: number;
  /** Carried records that the listing does not name: asked about one by one before they count as deleted. */
  readonly unseen: number;
}

const listedSchema = z.object({ seq: z.number(), id: storedId, point: z.instanceof(Uint8Array) });

const existingSchema = z.object({
  collection: z.number(),
  ordinal: z.number(),
  id: storedId,
  state: z.number(),
});
type Existing = z.infer<typeof existingSchema>;

export class Listing implements Disposable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #target: number;
  readonly #first: boolean;
  #nextOrdinal: number;
  #existingAt: StatementSync | null = null;
  #open = true;

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
        "CREATE TEMP TABLE listing(bucket INTEGER, seq INTEGER, id BLOB, point BLOB, PRIMARY KEY(bucket, seq)) WITHOUT ROWID",
      );
      db.exec("CREATE TEMP TABLE unseen(ordinal INTEGER PRIMARY KEY)");
    });
  }

  /** Adds a chunk of the source's ids with their points, in the source's order. */
  add(ids: readonly string[], points: readonly string[]): void {
    guarded(this.#file, () => {
      const list = this.#db.prepare("INSERT INTO temp.listing VALUES(?,?,?,?)");
      const record = this.#db.prepare("INSERT INTO record VALUES(?,?,?,?,NULL,0)");
      ids.forEach((id, row) => {
        const point = uuidToBytes(points[row] ?? "");
        const bytes = idBytes(id);
        list.run(point[0] ?? 0, this.#nextOrdinal, bytes, point);
        if (this.#first) record.run(this.#collection, this.#nextOrdinal, bytes, point);
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
      const result = guarded(this.#file, () => this.#finishBucket(bucket));
      listed += result.listed;
      added += result.added;
      await setImmediate();
    }
    const unseen = guarded(this.#file, () => {
      const count = this.#db.prepare("SELECT count(*) AS n FROM temp.unseen").get();
      this.#db.prepare("UPDATE collection SET listed=1 WHERE id=?").run(this.#collection);
      this.#db.exec("DROP TABLE temp.listing; COMMIT");
      this.#open = false;
      return Number(count?.["n"]);
    });
    return { listed, added, unseen };
  }

  [Symbol.dispose](): void {
    if (this.#open && this.#db.isTransaction) this.#db.exec("ROLLBACK");
    this.#open = false;
  }

  #finishBucket(bucket: number): { listed: number; added: number } {
    const listed = Number(
      this.#db.prepare("SELECT count(*) AS n FROM temp.listing WHERE bucket=?").get(bucket)?.["n"],
    );
    if (!this.#first && this.#isKnown(bucket, listed)) return { listed, added: 0 };
    const inserted = this.#db
      .prepare(
        "INSERT OR IGNORE INTO point SELECT ?, point, ?, seq FROM temp.listing WHERE bucket=? ORDER BY point, seq",
      )
      .run(this.#target, this.#collection, bucket).changes;
    if (this.#first && inserted === listed) return { listed, added: listed };
    if (!this.#first) this.#enterNew(bucket);
    return this.#meetBucket(bucket);
  }

  /** Whether the bucket names each record that is known of this collection, once, and no other: mostly so when it is listed again. */
  #isKnown(bucket: number, listed: number): boolean {
    const met = this.#db
      .prepare(
        `SELECT count(*) AS n, count(DISTINCT l.point) AS points FROM temp.listing l
         JOIN point p ON p.target=? AND p.point=l.point AND p.collection=?
         JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal AND r.id=l.id AND r.state<3
         WHERE l.bucket=?`,
      )
      .get(this.#target, this.#collection, bucket);
    if (met?.["n"] !== listed || met["points"] !== listed) return false;
    const known = this.#db
      .prepare(
        "SELECT count(*) AS n FROM point WHERE target=? AND point>=? AND point<=? AND collection=?",
      )
      .get(this.#target, ...boundsOf(bucket), this.#collection);
    return known?.["n"] === listed;
  }

  /** Enters the records whose points have just been inserted. */
  #enterNew(bucket: number): void {
    this.#db
      .prepare(
        `INSERT INTO record SELECT ?, seq, id, point, NULL, 0 FROM temp.listing l WHERE bucket=? AND EXISTS
         (SELECT 1 FROM point p WHERE p.target=? AND p.point=l.point AND p.collection=? AND p.ordinal=l.seq)`,
      )
      .run(this.#collection, bucket, this.#target, this.#collection);
  }

  /** Goes through a bucket record by record: new ones, known ones, and those that meet another record in their point. */
  #meetBucket(bucket: number): { listed: number; added: number } {
    const rows = this.#db
      .prepare(
        `SELECT seq, ${idColumn("id")} AS id, point FROM temp.listing WHERE bucket=? ORDER BY point, seq`,
      )
      .iterate(bucket);
    const seen = new Set<number>();
    let added = 0;
    for (const row of rows) {
      const { seq, id, point } = listedSchema.parse(row);
      if (this.#meet(id, point, seq, seen)) added += 1;
    }
    if (!this.#first) this.#noteUnseen(bucket, seen);
    return { listed: seen.size, added };
  }

  /** A listed id at its point: new there, known, listed twice, or met by another record. True when it is new or back in the queue. */
  #meet(id: string, point: Uint8Array, seq: number, seen: Set<number>): boolean {
    const existing = this.#existing(point);
    if (existing.collection !== this.#collection || existing.id !== id)
      throw this.#collision(id, existing, point);
    const again = seen.has(existing.ordinal);
    seen.add(existing.ordinal);
    if (existing.ordinal === seq) return true;
    if (this.#first) {
      this.#db
        .prepare("DELETE FROM record WHERE collection=? AND ordinal=?")
        .run(this.#collection, seq);
      return false;
    }
    if (again || existing.state < 3) return false;
    this.#db
      .prepare("UPDATE record SET state=0 WHERE collection=? AND ordinal=?")
      .run(this.#collection, existing.ordinal);
    return true;
  }

  #existing(point: Uint8Array): Existing {
    this.#existingAt ??= this.#db.prepare(
      `SELECT p.collection, p.ordinal, ${idColumn("r.id")} AS id, r.state FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point=?`,
    );
    const row = this.#existingAt.get(this.#target, point);
    const parsed = existingSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new VectorError(
      "E_JOURNAL_DAMAGED",
      `The journal ${this.#file} has a point without a record.`,
      { cause: parsed.error },
    );
  }

  /** Records of this bucket that the listing did not name: never carried ones are left out, carried ones are asked about later. */
  #noteUnseen(bucket: number, seen: ReadonlySet<number>): void {
    const rows = this.#db
      .prepare(
        "SELECT r.ordinal, r.state FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point>=? AND p.point<=? AND p.collection=?",
      )
      .all(this.#target, ...boundsOf(bucket), this.#collection);
    for (const { ordinal, state } of rows) {
      if (typeof ordinal !== "number" || seen.has(ordinal)) continue;
      if (state === 0 || state === 2)
        this.#db
          .prepare("UPDATE record SET state=3 WHERE collection=? AND ordinal=?")
          .run(this.#collection, ordinal);
      if (state === 1) this.#db.prepare("INSERT INTO temp.unseen VALUES(?)").run(ordinal);
    }
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
