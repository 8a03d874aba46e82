/**
 * chroma.sqlite3, read and never written: opened read-only, each look in one short read transaction, integers exact.
 * Where a killed writer left a hot journal, the database and its journal are copied to a private folder, and SQLite
 * rolls back there.
 */
import { constants, statSync } from "node:fs";
import { chmod, copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import { Statements } from "../../util/statements.ts";

export const databaseFile = "chroma.sqlite3";
/** How long SQLite waits for a writer's lock. */
const busyTimeoutMs = 250;

const journalSuffixes = ["", "-journal", "-wal"];
const sqliteMagic = "SQLite format 3\0";
/** Bytes 18 and 19 of the header are 2 in write-ahead mode, which cannot be read without writing. */
const walVersion = 2;
const readonlyRollback = 776;
const resultCodes = {
  busy: 5,
  locked: 6,
  readonly: 8,
  corrupt: 11,
  full: 13,
  notDatabase: 26,
} as const;

/** A database that was rolled back elsewhere. */
interface Copy {
  /** The private folder that it stands in. */
  readonly path: string;
  readonly folder: string;
  /** The original files' sizes and times: once they differ, the copy is out of date. */
  readonly original: string;
}

interface Opened {
  readonly database: DatabaseSync;
  readonly copy: Copy | null;
}

export class ChromaDatabase {
  readonly query: Statements;
  readonly #database: DatabaseSync;
  readonly #copy: Copy | null;

  private constructor({ database, copy }: Opened) {
    this.query = new Statements(database);
    this.#database = database;
    this.#copy = copy;
  }

  /** @throws E_NO_FOLDER, E_NOT_CHROMA, E_FOLDER_IN_USE, E_FOLDER_TORN, E_DISK_FULL */
  static async open(folder: string): Promise<ChromaDatabase> {
    const path = join(folder, databaseFile);
    const header = await readHeader(path);
    if (header.length > 0 && header.toString("latin1", 0, 16) !== sqliteMagic) {
      throw new VectorError("E_NOT_CHROMA", `${path} is not an SQLite database.`);
    }
    try {
      if (header[18] === walVersion) return new ChromaDatabase(await openCopy(folder));
      return new ChromaDatabase({ database: openReadOnly(path), copy: null });
    } catch (error) {
      if (sqliteCode(error) !== readonlyRollback) throw databaseError(error, folder);
      return new ChromaDatabase(await openCopy(folder));
    }
  }

  /**
   * Runs `look` in one read transaction: what it sees is of one moment. It must not wait for anything.
   * @throws E_FOLDER_IN_USE where a copy is read and the folder has changed since
   */
  snapshot<Result>(look: () => Result): Result {
    const copy = this.#copy;
    if (copy !== null && filesText(copy.folder) !== copy.original) throw outOfDate(copy.folder);
    this.#database.exec("begin");
    try {
      return look();
    } finally {
      // SQLite ends the transaction by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec("rollback");
    }
  }

  /** Whether `table` has `column`. */
  hasColumn(table: string, column: string): boolean {
    return (
      this.query.first("select 1 from pragma_table_info(?) where name = ?", table, column) !==
      undefined
    );
  }

  async close(): Promise<void> {
    this.#database.close();
    if (this.#copy !== null) await rm(this.#copy.path, { recursive: true, force: true });
  }
}

async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new VectorError("E_NO_FOLDER", `${path} cannot be opened for reading.`, { cause });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Opens without writing, and reads once: only then does SQLite look for a journal. */
function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    database.prepare("select count(*) from sqlite_master").get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openCopy(folder: string): Promise<Opened> {
  const copy = await mkdtemp(join(tmpdir(), "vecferry-"));
  try {
    await chmod(copy, 0o700);
    const before = filesText(folder);
    for (const suffix of journalSuffixes) {
      const name = databaseFile + suffix;
      await copyFile(join(folder, name), join(copy, name), constants.COPYFILE_FICLONE).catch(
        ignoreMissing,
      );
    }
    if (filesText(folder) !== before) throw inUse(folder);
    const path = join(copy, databaseFile);
    const recovering = new DatabaseSync(path);
    try {
      recovering.exec("pragma journal_mode = delete; select count(*) from sqlite_master");
    } finally {
      recovering.close();
    }
    return { database: openReadOnly(path), copy: { path: copy, folder, original: before } };
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    if (fsCode(error) === "ENOSPC") throw diskFull(error);
    throw databaseError(error, folder);
  }
}

/** Sizes and times of the database and its journals, as one text. */
function filesText(folder: string): string {
  return journalSuffixes
    .map((suffix) => {
      const path = join(folder, databaseFile + suffix);
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return found === undefined ? "-" : `${found.ino} ${found.size} ${found.mtimeNs}`;
    })
    .join();
}

function ignoreMissing(error: unknown): void {
  if (fsCode(error) !== "ENOENT") throw error;
}

/** The file system's code (ENOENT, EACCES, …); null for any other error. */
export function fsCode(error: unknown): string | null {
  const isFs = error instanceof Error && "syscall" in error && "code" in error;
  return isFs && typeof error.code === "string" ? error.code : null;
}

/** SQLite's extended result code; null for any other error. */
function sqliteCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode
    : null;
}

/** Whether the same look may well succeed a moment later: a writer holds the file, or changed it under our eyes. */
export function isPassing(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code === null) return false;
  const primary = code & 0xff;
  return (
    primary === resultCodes.busy ||
    primary === resultCodes.locked ||
    primary === resultCodes.corrupt ||
    code === readonlyRollback
  );
}

function inUse(folder: string, cause?: unknown): VectorError {
  return new VectorError("E_FOLDER_IN_USE", `Another process writes to ${folder}.`, { cause });
}

/** Another look at the copy cannot help: the folder must be opened again. */
function outOfDate(folder: string): VectorError {
  return new VectorError(
    "E_FOLDER_IN_USE",
    `${folder} was opened after a crash of its server and has been written to since.`,
    { retryable: false },
  );
}

function diskFull(cause: unknown): VectorError {
  return new VectorError("E_DISK_FULL", `There is no room left in ${tmpdir()}.`, { cause });
}

/** SQLite's own error in the words of the table; any other error as it is. */
export function databaseError(error: unknown, folder: string): unknown {
  const code = sqliteCode(error);
  if (code === null) return error;
  const primary = code & 0xff;
  if (primary === resultCodes.busy || primary === resultCodes.locked) return inUse(folder, error);
  if (primary === resultCodes.readonly) return inUse(folder, error);
  if (primary === resultCodes.full) return diskFull(error);
  const path = join(folder, databaseFile);
  if (primary === resultCodes.notDatabase) {
    return new VectorError("E_NOT_CHROMA", `${path} is not an SQLite database.`, { cause: error });
  }
  return new VectorError("E_FOLDER_TORN", `${path} cannot be read: it is damaged or cut short.`, {
    cause: error,
  });
}
