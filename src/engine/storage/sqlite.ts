/** SQLite as the engine uses it: how a database is opened, and what its errors mean. */
import { closeSync, openSync, rmSync } from "node:fs";
import { isVectorError, VectorError } from "../../errors.ts";
import { errorCode } from "../../util/error-code.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import { invalid } from "../errors.ts";

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const sqliteBusy = 5;
const sqliteIoError = 10;
const sqliteCorrupt = 11;
const sqliteFull = 13;
const sqliteNotADatabase = 26;

/** What a file system says where a file cannot grow: full, over a quota, over the process's limit. */
const noRoom: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

const pageBytes = 8192;
const cacheKib = 32 * 1024;
/** Pages in the write-ahead log before they are carried into the database: 128 MiB. A load writes each of its bytes once more for every log that is full. */
const checkpointPages = 16_384;
/** What stays of the log's file once it was carried over. */
const keptPages = 4096;

/**
 * Opens (or makes, mode 0600) a database that only this process may use. A committed transaction is on the disk:
 * write-ahead log, synced at every commit. @throws E_LOCKED, E_STORAGE, E_DISK_FULL
 */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path);
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA page_size = ${pageBytes};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -${cacheKib};
      PRAGMA wal_autocheckpoint = ${checkpointPages};
      PRAGMA journal_size_limit = ${pageBytes * keptPages};
      PRAGMA temp_store = MEMORY;
    `);
    carryLog(database, path);
  } catch (error) {
    database.close();
    throw storageError(error, path);
  }
  return database;
}

/**
 * Carries the log over and empties it: what a power cut left of it behind its last commit would look like damage (log-fault.ts)
 * after another one. On a full disk it stays, and all that is in it is there to be read.
 */
function carryLog(database: DatabaseSync, path: string): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!isVectorError(storageError(error, path), "E_DISK_FULL")) throw error;
  }
}

/** Refuses a name with a NUL, at which Node 22's SQLite would cut it. @throws E_INPUT (422) */
export function assertText(what: string, name: string): void {
  if (name.includes("\0"))
    throw invalid(`Validation error: ${what} name cannot contain "\\0" char`);
}

/** Takes a closed database away, with what SQLite keeps beside it. */
export function removeFiles(path: string): void {
  if (path === ":memory:") return;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/** The error of the table for one that SQLite or the file system threw; any other comes back as it is. */
export function storageError(error: unknown, path: string): unknown {
  if (noRoom.has(errorCode(error) ?? "")) {
    const options = { cause: error, details: { file: path } };
    return new VectorError("E_DISK_FULL", `The disk is full: ${path} cannot grow.`, options);
  }
  if (isVectorError(error) || !(error instanceof Error) || !("errcode" in error)) return error;
  const code = Number(error.errcode) & 0xff;
  const options = { cause: error, details: { file: path, sqlite: Number(error.errcode) } };
  if (code === sqliteFull)
    return new VectorError("E_DISK_FULL", `The disk is full: ${path} cannot grow.`, options);
  if (code === sqliteBusy)
    return new VectorError("E_LOCKED", `Another process has ${path} open.`, options);
  if (code === sqliteCorrupt || code === sqliteNotADatabase || code === sqliteIoError) {
    return new VectorError("E_STORAGE", `${path} is damaged: ${error.message}.`, options);
  }
  return error;
}
