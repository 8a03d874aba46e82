/** The records of one collection in the journal: listed, carried, quarantined. Nothing here holds more than a chunk in memory. */
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { BucketSums, digestBytes } from "../../model/digest.ts";
import { uuidToBytes } from "../../model/point-id.ts";
import type { FailureReason } from "../../model/record.ts";
import { BackedUpRecords } from "./backed-up.ts";
import { type LedgerCounts, RecordCounts } from "./counts.ts";
import {
  allArrays,
  fromSqlite,
  guarded,
  idBytes,
  idColumn,
  prepared,
  storedId,
  transaction,
} from "./database.ts";
import {
  type Difference,
  type DifferenceKind,
  differenceKinds,
  differenceSchema,
} from "./difference.ts";
import type { DigestedRows } from "./digested-rows.ts";
import { Listing } from "./listing.ts";
import { clearProgress } from "./progress.ts";
import { damagedRecord, type LedgerRow, recordStates, rowColumns, rowOf } from "./row.ts";
import { Sending } from "./sending.ts";
import { StaleRecords } from "./stale.ts";

export interface LedgerFailure {
  readonly id: string;
  readonly reason: string;
  readonly detail: string;
}

/** What became of a batch. */
export interface BatchOutcome {
  /** Acknowledged by the target, or there already: the digests of what stands there. */
  readonly written: DigestedRows;
  /** Read again, and at the target as they are. */
  readonly unchanged?: readonly number[];
  /** Changed at the target since they were written; they stay as they are there. */
  readonly kept?: readonly number[];
  readonly failures: readonly {
    readonly ordinal: number;
    readonly reason: FailureReason;
    readonly detail: string;
  }[];
  /** No longer at the source. */
  readonly gone: readonly number[];
}

/** Bytes of a row in a page of sums: the first of the point, and the digest. */
const summedBytes = 1 + digestBytes;
const sumsPage = 5000;

/** A record, in the statements of `#each`. */
const oneRecord = "collection=? AND ordinal=?";
/** For records that the source no longer has. */
const goneSql = `UPDATE record SET state=iif(digest IS NULL, ${recordStates.left}, ${recordStates.deleted}) WHERE ${oneRecord}`;

export class Ledger {
  /** The carried records that were written to at the source since. */
  readonly stale: StaleRecords;
  readonly backedUp: BackedUpRecords;
  /** What is being written over points that were written before. */
  readonly sending: Sending;
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #collection: number;
  readonly #target: number;
  readonly #counts: RecordCounts;

  constructor(db: DatabaseSync, file: string, collection: number, target: number) {
    this.#db = db;
    this.#file = file;
    this.#collection = collection;
    this.#target = target;
    this.#counts = new RecordCounts(db, file, collection);
    this.stale = new StaleRecords(db, file, collection);
    this.backedUp = new BackedUpRecords(db, file, collection, target);
    this.sending = new Sending(db, file, collection);
  }

  /** Number of records by state. */
  counts(): LedgerCounts {
    return this.#counts.take();
  }

  /** Starts a listing of the source's ids; ends with its `finish` or `[Symbol.dispose]` (which takes everything back). */
  list(): Listing {
    return new Listing(this.#db, this.#file, this.#collection, this.#target);
  }

  /** The next records in `state` behind an ordinal, in the source's order. */
  page(state: number, after: number, limit: number): LedgerRow[] {
    return this.#rows(
      `SELECT ${rowColumns} FROM record r WHERE collection=? AND ordinal>? AND state=? ORDER BY ordinal LIMIT ?`,
      this.#collection,
      after,
      state,
      limit,
    );
  }

  /** The next records behind an ordinal that were carried, those that the source has deleted since among them. */
  carried(after: number, limit: number): LedgerRow[] {
    return this.#rows(
      `SELECT ${rowColumns} FROM record r WHERE collection=? AND ordinal>? AND state IN (1,4) ORDER BY ordinal LIMIT ?`,
      this.#collection,
      after,
      limit,
    );
  }

  /** Up to `count` records in `state` from all over the collection. */
  sample(state: number, count: number): LedgerRow[] {
    const last = this.#all(
      "SELECT max(ordinal) AS n FROM record WHERE collection=?",
      this.#collection,
    )[0]?.["n"];
    const step = Number(last ?? 0) / count;
    const rows = Array.from({ length: count }, (_, place) =>
      this.page(state, Math.floor(place * step) - 1, 1),
    ).flat();
    return [...new Map(rows.map((row) => [row.ordinal, row])).values()];
  }

  /** Enters in one transaction what became of a batch. */
  checkpoint(outcome: BatchOutcome): void {
    const { written, unchanged = [], kept = [], failures, gone } = outcome;
    this.#transaction(() => {
      if (written.length > 0) clearProgress(this.#db, this.#target, this.#collection);
      const carried = written.ordinals;
      this.#enterDigests(written);
      if (this.#hasFailures()) this.#each(`DELETE FROM failure WHERE ${oneRecord}`, carried);
      // Without its number the next listing finds it written to again, for as long as it is not carried.
      this.#each(`UPDATE record SET state=1, version=NULL WHERE ${oneRecord}`, kept);
      const failed = failures.map(({ ordinal }) => ordinal);
      this.#each(`UPDATE record SET state=${recordStates.quarantined} WHERE ${oneRecord}`, failed);
      this.#enterFailures(failures);
      this.#each(goneSql, gone);
      this.stale.renew([...carried, ...unchanged]);
      this.sending.drop([...carried, ...kept, ...failed]);
    });
  }

  /** Enters records as carried which were found at the target with this digest; unlike a checkpoint, nothing was written. */
  adopt(rows: DigestedRows): void {
    this.#transaction(() => this.#enterDigests(rows));
  }

  /** Enters records as carried, those that follow one another by one statement: a batch is mostly one such run. */
  #enterDigests(rows: DigestedRows): void {
    const write = prepared(
      this.#db,
      `UPDATE record SET digest=substr(?, (ordinal-?)*${digestBytes}+1, ${digestBytes}), state=1
       WHERE collection=? AND ordinal BETWEEN ? AND ?`,
    );
    for (const { first, last, digests } of rows.runs())
      write.run(digests, first, this.#collection, first, last);
  }

  /** Marks records that the source no longer has: `left` where they were never carried, `deleted` where they were. */
  markGone(ordinals: readonly number[]): void {
    this.#transaction(() => this.#each(goneSql, ordinals));
  }

  /** The next carried records that the newest listing did not name, behind an ordinal. */
  unseen(after: number, limit: number): LedgerRow[] {
    const sql = `SELECT ${rowColumns} FROM temp.unseen u JOIN record r ON r.collection=? AND r.ordinal=u.ordinal WHERE u.ordinal>? ORDER BY u.ordinal LIMIT ?`;
    return this.#rows(sql, this.#collection, after, limit);
  }

  /** Sets one state for many records. */
  setState(ordinals: readonly number[], state: number): void {
    this.#transaction(() =>
      this.#each(`UPDATE record SET state=${state} WHERE ${oneRecord}`, ordinals),
    );
  }

  /** Puts quarantined records back into the queue: a later run tries them again. */
  retryQuarantined(): void {
    this.#transaction(() => {
      prepared(this.#db, "UPDATE record SET state=0 WHERE collection=? AND state=2").run(
        this.#collection,
      );
      prepared(this.#db, "DELETE FROM failure WHERE collection=?").run(this.#collection);
    });
  }

  /** The record of a point of this collection, or null. */
  byPoint(point: string): LedgerRow | null {
    const sql = `SELECT ${rowColumns} FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point=? AND p.collection=?`;
    return this.#rows(sql, this.#target, uuidToBytes(point), this.#collection)[0] ?? null;
  }

  /** The next records behind `after` (a point), ascending by point, up to and with `to`. */
  range(after: string | null, to: string, limit: number): LedgerRow[] {
    const from = after === null ? new Uint8Array(0) : uuidToBytes(after);
    const sql = `SELECT ${rowColumns} FROM point p JOIN record r ON r.collection=p.collection AND r.ordinal=p.ordinal WHERE p.target=? AND p.point>? AND p.point<=? AND p.collection=? ORDER BY p.point LIMIT ?`;
    return this.#rows(sql, this.#target, from, uuidToBytes(to), this.#collection, limit);
  }

  /** Sums of the digests of all records that stand at the target as far as the journal knows. */
  async sums(signal: AbortSignal): Promise<BucketSums> {
    const sums = new BucketSums();
    // A page is one row of digits: a row a record, with its buffer, would cost many times as much.
    const sql = `SELECT max(ordinal), count(*), group_concat(hex(substr(point,1,1)) || hex(digest), '') FROM
      (SELECT ordinal, point, digest FROM record WHERE collection=? AND ordinal>? AND state IN (1,4) ORDER BY ordinal LIMIT ${sumsPage})`;
    for (let after = -1; ; ) {
      signal.throwIfAborted();
      const [last, rows, digits] = this.#arrays(sql, this.#collection, after)[0] ?? [];
      if (typeof last !== "number") return sums;
      const bytes = Buffer.from(String(digits), "hex");
      // A carried record without a digest.
      if (bytes.length !== Number(rows) * summedBytes) throw damagedRecord(this.#file);
      for (let at = 0; at < bytes.length; at += summedBytes)
        sums.add(bytes[at] ?? 0, bytes, at + 1);
      after = last;
      await setImmediate();
    }
  }

  /** Every failure, in the source's order. */
  *failures(): Generator<LedgerFailure> {
    const sql = `SELECT f.ordinal, ${idColumn("r.id")} AS id, f.reason, f.detail FROM failure f JOIN record r USING(collection, ordinal) WHERE f.collection=? AND f.ordinal>? ORDER BY f.ordinal LIMIT 1000`;
    const schema = z.object({
      ordinal: z.number(),
      id: storedId,
      reason: z.string(),
      detail: z.string(),
    });
    for (let after = -1; ; ) {
      const rows = this.#all(sql, this.#collection, after).map((row) => schema.parse(row));
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.ordinal;
    }
  }

  /** Number of failures by reason. */
  failureCounts(): Map<string, number> {
    const sql = "SELECT reason, count(*) AS n FROM failure WHERE collection=? GROUP BY reason";
    const rows = this.#all(sql, this.#collection);
    return new Map(rows.map((row) => [String(row["reason"]), Number(row["n"])]));
  }

  /** Forgets what an earlier verify found. */
  clearDifferences(): void {
    this.#transaction(() =>
      prepared(this.#db, "DELETE FROM difference WHERE collection=?").run(this.#collection),
    );
  }

  /** Keeps what verify found. */
  addDifferences(differences: readonly Difference[]): void {
    this.#transaction(() => {
      const insert = prepared(this.#db, "INSERT OR REPLACE INTO difference VALUES(?,?,?,?,?,?)");
      for (const { point, id, kind, detail, digest } of differences)
        insert.run(this.#collection, point, idBytes(id), kind, detail, digest);
    });
  }

  /** Takes differences back. */
  dropDifferences(points: readonly string[]): void {
    this.#transaction(() => {
      const drop = prepared(this.#db, "DELETE FROM difference WHERE collection=? AND point=?");
      for (const point of points) drop.run(this.#collection, point);
    });
  }

  /** The difference at a point, or null. */
  difference(point: string): Difference | null {
    const sql = `SELECT point, ${idColumn("id")} AS id, kind, detail, digest FROM difference WHERE collection=? AND point=?`;
    const [row] = this.#all(sql, this.#collection, point);
    return row === undefined ? null : differenceSchema.parse(row);
  }

  /** The next differences behind a point, ascending. */
  differences(after = "", limit = 1000): Difference[] {
    const sql = `SELECT point, ${idColumn("id")} AS id, kind, detail, digest FROM difference WHERE collection=? AND point>? ORDER BY point LIMIT ?`;
    return this.#all(sql, this.#collection, after, limit).map((row) => differenceSchema.parse(row));
  }

  /** Every difference, ascending by point. */
  *eachDifference(): Generator<Difference> {
    for (let page = this.differences(); page.length > 0; ) {
      yield* page;
      page = this.differences(page.at(-1)?.point);
    }
  }

  /** Number of differences by kind. */
  differenceCounts(): Map<DifferenceKind, number> {
    const sql = "SELECT kind, count(*) AS n FROM difference WHERE collection=? GROUP BY kind";
    const schema = z.object({ kind: z.enum(differenceKinds), n: z.number() });
    const rows = this.#all(sql, this.#collection).map((row) => schema.parse(row));
    return new Map(rows.map(({ kind, n }) => [kind, n]));
  }

  #hasFailures(): boolean {
    const any = prepared(this.#db, "SELECT 1 FROM failure WHERE collection=? LIMIT 1");
    return any.get(this.#collection) !== undefined;
  }

  #enterFailures(failures: BatchOutcome["failures"]): void {
    const enter = prepared(this.#db, "INSERT OR REPLACE INTO failure VALUES(?,?,?,?)");
    for (const { ordinal, reason, detail } of failures)
      enter.run(this.#collection, ordinal, reason, detail);
  }

  /** Runs a statement for each record. */
  #each(sql: string, ordinals: readonly number[]): void {
    const statement = prepared(this.#db, sql);
    for (const ordinal of ordinals) statement.run(this.#collection, ordinal);
  }

  #transaction(work: () => unknown): void {
    transaction(this.#db, this.#file, work);
  }

  #rows(sql: string, ...values: (string | number | Uint8Array)[]): LedgerRow[] {
    return this.#arrays(sql, ...values).map((row) => rowOf(row, this.#file));
  }

  #arrays(sql: string, ...values: (string | number | Uint8Array)[]): (readonly unknown[])[] {
    return guarded(this.#file, () => allArrays(this.#db, sql, ...values));
  }

  #all(sql: string, ...values: (string | number | Uint8Array)[]): Record<string, unknown>[] {
    try {
      return prepared(this.#db, sql).all(...values);
    } catch (error) {
      throw fromSqlite(this.#file, error);
    }
  }
}
