/**
 * The journal's database: `journal.sqlite` in the state folder, mode 0600, SQLite in WAL mode.
 *
 * Format 2:
 *   meta(key, value)            'format' = 2; 'digest' = the format of the digests
 *   migration                   one row a migration: identity key, run, both ends, state, mapping
 *   target                      one row a target collection of a migration; whether we made it
 *   collection                  one row a source collection: plan, plan hash, scope, state; copied = it was all carried once
 *   record(collection, ordinal) one row a listed record in the source's order: id, point (16 bytes), digest (16 bytes), state,
 *                               version = the source's number of the write that was read; null = it tells none
 *   point(target, point)        the same by point id: finds collisions, and the record of a point
 *   sending(collection, ordinal) digests of what is being written over a point of ours, until one is acknowledged
 *   failure(collection, ordinal) why a record was not carried
 *   difference(collection, point) what the newest verify found, and the digest that stood at the target then
 *   progress(kind, owner)       how far a verify is: 'scan' of a target, 'read' of a collection's source
 * Format 1 has no `copied`, no `version` and no `sending`: it is read as it is, and brought up to 2 by whoever writes.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { digestFormat } from "../../model/digest.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import { hasJournal, journalFile } from "./file.ts";

/** Keys of `meta`: what each numbers, the oldest number that this version reads, and the one that it writes. */
const formats = [
  ["format", "format", 1, 2],
  ["digest", "digests of format", digestFormat, digestFormat],
] as const;

const sendingTable = `CREATE TABLE sending(
  collection INTEGER NOT NULL, ordinal INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(collection, ordinal, digest)) WITHOUT ROWID;`;

const schema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE migration(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, run TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT, mapping TEXT, default_tenant TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE target(
  id INTEGER PRIMARY KEY, migration INTEGER NOT NULL, name TEXT NOT NULL, made INTEGER NOT NULL DEFAULT 0,
  UNIQUE(migration, name));
CREATE TABLE collection(
  id INTEGER PRIMARY KEY, migration INTEGER NOT NULL, key TEXT NOT NULL, target INTEGER NOT NULL, plan TEXT NOT NULL,
  plan_hash TEXT NOT NULL, scope TEXT NOT NULL, listed INTEGER NOT NULL DEFAULT 0, refresh INTEGER NOT NULL DEFAULT 0,
  verified_at TEXT, copied INTEGER NOT NULL DEFAULT 0,
  UNIQUE(migration, key));
CREATE TABLE record(
  collection INTEGER NOT NULL, ordinal INTEGER NOT NULL, id BLOB NOT NULL, point BLOB NOT NULL, digest BLOB,
  state INTEGER NOT NULL, version INTEGER, PRIMARY KEY(collection, ordinal)) WITHOUT ROWID;
CREATE TABLE point(
  target INTEGER NOT NULL, point BLOB NOT NULL, collection INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY(target, point)) WITHOUT ROWID;
${sendingTable}
CREATE TABLE failure(
  collection INTEGER NOT NULL, ordinal INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  PRIMARY KEY(collection, ordinal)) WITHOUT ROWID;
CREATE TABLE difference(
  collection INTEGER NOT NULL, point TEXT NOT NULL, id BLOB NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
  digest BLOB, PRIMARY KEY(collection, point)) WITHOUT ROWID;
CREATE TABLE progress(
  kind TEXT NOT NULL, owner INTEGER NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(kind, owner)) WITHOUT ROWID;
`;

/**
 * The carried records that the newest listing of their collection found written to since they were read, with the number of
 * that write. Only a listing can tell, so this lasts as long as the journal is open: a killed run's successor lists again.
 */
const staleTable =
  "CREATE TEMP TABLE stale(collection INTEGER, ordinal INTEGER, version INTEGER, PRIMARY KEY(collection, ordinal)) WITHOUT ROWID";

const upgradeFrom1 = `
${sendingTable}
ALTER TABLE record ADD COLUMN version INTEGER;
ALTER TABLE collection ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
UPDATE collection SET copied=1 WHERE listed=1 AND NOT EXISTS
  (SELECT 1 FROM record r WHERE r.collection=collection.id AND r.state=0);
UPDATE meta SET value='2' WHERE key='format';
`;

/** A record's id as the journal keeps it: UTF-8 bytes, because Node 22 cuts a text that it reads at its first NUL. */
export function idBytes(id: string): Uint8Array {
  return Buffer.from(id, "utf8");
}

/**
 * SQL for an id column: text, or its bytes where it holds a NUL. A column of bytes costs an allocation outside the heap for
 * each row, which adds up to hundreds of megabytes before anything collects them.
 */
export function idColumn(column: string): string {
  return `CASE WHEN instr(${column}, x'00') THEN ${column} ELSE CAST(${column} AS TEXT) END`;
}

/** All rows, as arrays: where there are many. */
export function allArrays(
  db: DatabaseSync,
  sql: string,
  ...values: SQLInputValue[]
): (readonly unknown[])[] {
  return prepared(db, sql, "arrays").all(...values) as unknown as unknown[][];
}

type Statements = Record<"objects" | "arrays", Map<string, StatementSync>>;

/** The statements that are prepared, of each database that is open. They hold it: `closeDatabase` gives them up. */
const statements = new WeakMap<DatabaseSync, Statements>();

/** A statement that SQLite reads once, whoever runs it; its rows come as objects, or as arrays. */
export function prepared(
  db: DatabaseSync,
  sql: string,
  rows: keyof Statements = "objects",
): StatementSync {
  let all = statements.get(db);
  if (all === undefined) {
    all = { objects: new Map(), arrays: new Map() };
    statements.set(db, all);
  }
  const known = all[rows].get(sql);
  if (known !== undefined) return known;
  const statement = db.prepare(sql);
  statement.setReturnArrays(rows === "arrays");
  all[rows].set(sql, statement);
  return statement;
}

export function closeDatabase(db: DatabaseSync): void {
  statements.delete(db);
  db.close();
}

/** The id in an `idColumn`. */
export const storedId = z.union([
  z.string(),
  z
    .instanceof(Uint8Array)
    .transform((bytes) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"),
    ),
]);

/** SQLite's result codes (sqlite.org/rescode.html), the primary part. */
const sqliteFull = 13;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;
const sqliteBusy = 5;
const sqliteIoError = 10;

/** Runs `work` and turns SQLite's failures into ours. @throws E_DISK_FULL, E_JOURNAL_DAMAGED, E_LOCKED, E_STORAGE */
export function guarded<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw fromSqlite(file, error);
  }
}

/** Runs `work` in one transaction, which a failure takes back. @throws as `guarded` */
export function transaction(db: DatabaseSync, file: string, work: () => unknown): void {
  guarded(file, () => {
    db.exec("BEGIN IMMEDIATE");
    try {
      work();
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  });
}

/** The VectorError for a failure of the journal's database; other errors come back as they are. */
export function fromSqlite(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return error;
  const words = (sentence: string) => `${sentence} (journal ${file}).`;
  switch (error.errcode & 0xff) {
    case sqliteFull:
      return new VectorError("E_DISK_FULL", words("There is no room left on the disk"), {
        cause: error,
      });
    case sqliteCorrupt:
    case sqliteNotADatabase:
      return new VectorError(
        "E_JOURNAL_DAMAGED",
        words("The journal is damaged or is not a journal"),
        { cause: error },
      );
    case sqliteBusy:
      return new VectorError("E_LOCKED", words("Another process is writing to the journal"), {
        cause: error,
      });
    case sqliteIoError:
      return new VectorError("E_STORAGE", words("The journal cannot be read or written"), {
        cause: error,
      });
    default:
      return error;
  }
}

/**
 * Opens the journal of a state folder, making both where they are not there; ':memory:' gives a private one that spills
 * to a temporary file. @throws E_JOURNAL_FORMAT when a newer vecferry wrote it, E_JOURNAL_DAMAGED, E_DISK_FULL
 */
export function openDatabase(stateFolder: string): { db: DatabaseSync; file: string } {
  if (stateFolder === ":memory:") {
    const db = new DatabaseSync("");
    prepareDatabase(db, "in memory");
    return { db, file: "in memory" };
  }
  const file = journalFile(stateFolder);
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new VectorError("E_CONFIG", `The state folder ${stateFolder} cannot be made.`, {
      cause: error,
    });
  }
  return guarded(file, () => {
    const db = new DatabaseSync(file);
    try {
      chmodSync(file, 0o600);
      prepareDatabase(db, file);
    } catch (error) {
      closeDatabase(db);
      throw error;
    }
    return { db, file };
  });
}

/** Opens a journal that another process may be writing to, and changes nothing. @throws E_NO_MIGRATION where there is none, and as `openDatabase` */
export function openDatabaseToRead(stateFolder: string): { db: DatabaseSync; file: string } {
  const file = journalFile(stateFolder);
  if (!hasJournal(stateFolder))
    throw new VectorError("E_NO_MIGRATION", `There is no journal in ${stateFolder}.`);
  return guarded(file, () => {
    const db = openReadOnly(file);
    try {
      assertFormat(db, file);
    } catch (error) {
      closeDatabase(db);
      throw error;
    }
    return { db, file };
  });
}

/** Without a write-ahead log beside it a database is as it stands on the disk; read as such, SQLite makes no file beside it. */
function openReadOnly(file: string): DatabaseSync {
  if (existsSync(`${file}-wal`)) return new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  const url = pathToFileURL(file);
  url.search = "?immutable=1";
  return new DatabaseSync(url, { readOnly: true });
}

function prepareDatabase(db: DatabaseSync, file: string): void {
  db.exec("PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  db.exec("PRAGMA temp_store=FILE; PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4000;");
  if (isEmpty(db)) makeTables(db);
  else if (assertFormat(db, file) === 1) upgrade(db, file);
  db.exec(staleTable);
}

function isEmpty(db: DatabaseSync): boolean {
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE type='table'").get();
  return tables?.["n"] === 0;
}

/** Makes the tables, unless another process has made them in the meantime. */
function makeTables(db: DatabaseSync): void {
  db.exec("BEGIN IMMEDIATE");
  if (isEmpty(db)) {
    db.exec(schema);
    const enter = db.prepare("INSERT INTO meta VALUES(?,?)");
    for (const [key, , , written] of formats) enter.run(key, String(written));
  }
  db.exec("COMMIT");
}

/** Brings the tables up to this version's format, unless another process has done so in the meantime. */
function upgrade(db: DatabaseSync, file: string): void {
  db.exec("BEGIN IMMEDIATE");
  if (assertFormat(db, file) === 1) db.exec(upgradeFrom1);
  db.exec("COMMIT");
}

/** The format of the tables. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED */
function assertFormat(db: DatabaseSync, file: string): number {
  const known = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name='meta'").get();
  const entries = known?.["n"] === 1 ? db.prepare("SELECT key, value FROM meta").all() : [];
  const numbers = new Map(entries.map((entry) => [entry["key"], Number(entry["value"])]));
  for (const [key, what, oldest, newest] of formats) {
    const format = numbers.get(key) ?? Number.NaN;
    if (Number.isInteger(format) && format >= oldest && format <= newest) continue;
    if (Number.isInteger(format) && format > newest) {
      throw new VectorError(
        "E_JOURNAL_FORMAT",
        `The journal ${file} has ${what} ${format}; this version reads ${newest}.`,
      );
    }
    throw new VectorError("E_JOURNAL_DAMAGED", `The file ${file} is not a journal of vecferry.`);
  }
  return numbers.get("format") ?? Number.NaN;
}
