/**
 * One collection's file: a SQLite database of format 2.
 *
 *     meta         key, value                format: 2; config: the configuration as JSON text; config_crc: CRC-32 of it
 *     points       slot, id, payload, crc    id: key bytes (point-key.ts); payload: JSON text as given, NULL = none;
 *                                            crc: CRC-32 of the payload, begun with that of the id, begun with the slot
 *     vectors      name, block, crc, data    vectors: a block's bytes (vectors/); crc: CRC-32 of them, begun
 *                                            with that of the name, begun with the number (in format 1: of the bytes alone)
 *     fields       id, path, schema, crc     payload indexes: the field's path, its schema as JSON text; crc: of the schema,
 *                                            begun with that of the path
 *
 * Format 1 has neither format, config_crc, points.crc nor fields.crc; it has a table field_N for the values of each payload index
 * (upgrade.ts).
 */
import { existsSync } from "node:fs";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { VectorError } from "../../errors.ts";
import { logFault } from "./log-fault.ts";
import { openDatabase } from "./sqlite.ts";
import { fieldCrc, newestFormat, pointCrc, transact, upgradeFile } from "./upgrade.ts";

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('format', '${newestFormat}');
  CREATE TABLE points (slot INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, payload TEXT, crc INTEGER NOT NULL);
  CREATE TABLE vectors (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, block INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL,
    UNIQUE (name, block)
  );
  CREATE TABLE fields (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, schema TEXT NOT NULL, crc INTEGER NOT NULL);
`;

export interface StoredPoint {
  readonly slot: number;
  readonly payload: string | null;
}

function toPoint(row: Record<string, unknown>): StoredPoint {
  const { slot, payload } = row;
  return { slot: Number(slot), payload: typeof payload === "string" ? payload : null };
}

/** Rows that are read in one go. */
const rowsAtATime = 1000;
/** Points that are inserted in one go: a statement takes its time whatever it inserts. */
const insertedAtATime = 32;

function insertionOf(points: number): string {
  return `INSERT INTO points VALUES ${Array<string>(points).fill("(?, ?, ?, ?)").join()}`;
}

const insertOne = insertionOf(1);
const insertMany = insertionOf(insertedAtATime);

/** Checksum of bytes that stand under a name and a number. */
function namedCrc(name: string, number: number, data: Uint8Array): number {
  return crc32(data, crc32(name, number));
}

/** A point's row as it is read at opening. */
export interface LoadedPoint extends StoredPoint {
  /** Good until the next row is read. */
  readonly key: Uint8Array;
}

const uuidKey = Buffer.alloc(17);
const numberKey = uuidKey.subarray(0, 9);

/** A key's bytes from hexadecimal text, as which SQLite gives it far sooner than as an array of bytes. */
function keyBytes(text: string): Uint8Array {
  const key = [numberKey, uuidKey].find(({ length }) => length * 2 === text.length);
  if (key === undefined) return Buffer.from(text, "hex");
  key.write(text, "hex");
  return key;
}

/**
 * Reads and writes of one collection's file; nothing of the collection is kept in memory here. The database is opened by
 * the first use, and by the first one after `release`.
 */
export class CollectionFile {
  readonly path: string;
  #open: DatabaseSync | null;
  readonly #prepared = new Map<string, StatementSync>();
  /** Points of this transaction that are yet to be inserted: four values each. */
  #inserted: SQLInputValue[] = [];

  private constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#open = database;
  }

  /** Makes the file with its tables and the configuration. */
  static create(path: string, config: string): CollectionFile {
    const file = new CollectionFile(path, openDatabase(path));
    try {
      transact(file.#database, () => {
        file.#database.exec(schema);
        file.saveConfig(config);
      });
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Opens a file and brings it to the newest format. @throws E_STORAGE, E_NOT_SUPPORTED */
  static open(path: string): CollectionFile {
    if (!existsSync(path)) throw new VectorError("E_STORAGE", `There is no file ${path}.`);
    const inLog = logFault(path);
    if (inLog !== null) throw new VectorError("E_STORAGE", inLog);
    const file = new CollectionFile(path, openDatabase(path));
    try {
      const fault = file.#fault();
      if (fault !== null) throw new VectorError("E_STORAGE", fault);
      upgradeFile(file.#database, path);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get #database(): DatabaseSync {
    this.#open ??= openDatabase(this.path);
    return this.#open;
  }

  /** Closes the database until it is used again, so that it takes neither memory nor descriptors; not amid a transaction. */
  release(): void {
    if (this.path !== ":memory:" && this.#open?.isTransaction !== true) this.close();
  }

  /** Gives back the memory of pages that were read. */
  shrink(): void {
    this.#open?.exec("PRAGMA shrink_memory");
  }

  /**
   * Gives the path of a file that holds all that was committed and does not change before the next use of this one: its own,
   * closed; or, for a collection in memory, a copy that is made at `copy`.
   */
  settle(copy: string): string {
    if (this.path === ":memory:") {
      this.#database.prepare("VACUUM INTO ?").run(copy);
      return copy;
    }
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.close();
    return this.path;
  }

  begin(): void {
    this.#database.exec("BEGIN IMMEDIATE");
  }

  commit(): void {
    this.#insertPoints();
    this.#database.exec("COMMIT");
  }

  rollback(): void {
    this.#inserted = [];
    if (this.#open?.isTransaction === true) this.#open.exec("ROLLBACK");
  }

  close(): void {
    this.#prepared.clear();
    this.#open?.close();
    this.#open = null;
  }

  /** The first fault that SQLite finds in the structure and in the indexes; null = none. */
  #fault(): string | null {
    const row = this.#database.prepare("PRAGMA integrity_check(1)").get();
    const words = row?.["integrity_check"];
    return words === "ok" ? null : String(words);
  }

  /** null where there is none, or one that does not fit its checksum. */
  config(): string | null {
    const read = this.#statement("SELECT value FROM meta WHERE key = ?");
    const value = read.get("config")?.["value"];
    const crc = read.get("config_crc")?.["value"];
    return typeof value === "string" && String(crc32(value)) === crc ? value : null;
  }

  saveConfig(config: string): void {
    const write = this.#statement("INSERT OR REPLACE INTO meta VALUES (?, ?)");
    write.run("config", config);
    write.run("config_crc", String(crc32(config)));
  }

  /** Takes a point up, amid a transaction. */
  insertPoint(slot: number, key: Uint8Array, payload: string | null): void {
    this.#inserted.push(slot, key, payload, pointCrc(slot, key, payload));
    if (this.#inserted.length === 4 * insertedAtATime) this.#insertPoints();
  }

  /** Inserts what was taken up; before the points are asked for or changed. */
  #insertPoints(): void {
    const inserted = this.#inserted;
    if (inserted.length === 0) return;
    this.#inserted = [];
    if (inserted.length === 4 * insertedAtATime) {
      this.#statement(insertMany).run(...inserted);
      return;
    }
    for (let at = 0; at < inserted.length; at += 4)
      this.#statement(insertOne).run(...inserted.slice(at, at + 4));
  }

  updatePayload(slot: number, key: Uint8Array, payload: string | null): void {
    const crc = pointCrc(slot, key, payload);
    this.#insertPoints();
    this.#statement("UPDATE points SET payload = ?, crc = ? WHERE slot = ?").run(
      payload,
      crc,
      slot,
    );
  }

  deletePoint(slot: number): void {
    this.#insertPoints();
    this.#statement("DELETE FROM points WHERE slot = ?").run(slot);
  }

  payload(slot: number): string | null {
    this.#insertPoints();
    const value = this.#statement("SELECT payload FROM points WHERE slot = ?").get(slot)?.[
      "payload"
    ];
    return typeof value === "string" ? value : null;
  }

  /** All points in the order of slots. @throws E_STORAGE where one does not fit its checksum */
  *points(): Generator<LoadedPoint> {
    this.#insertPoints();
    const statement = this.#database.prepare(
      "SELECT slot, hex(id), payload, crc FROM points WHERE slot > ? ORDER BY slot LIMIT ?",
    );
    statement.setReturnArrays(true);
    for (let last = -1, more = true; more; ) {
      const rows = statement.all(last, rowsAtATime) as unknown as SQLOutputValue[][];
      for (const [slot, id, text, crc] of rows) {
        last = Number(slot);
        const key = keyBytes(String(id));
        const payload = typeof text === "string" ? text : null;
        if (pointCrc(last, key, payload) !== crc)
          throw new VectorError(
            "E_STORAGE",
            `The point at slot ${last} does not fit its checksum.`,
          );
        yield { slot: last, key, payload };
      }
      more = rows.length === rowsAtATime;
    }
  }

  /** Points in the order of ids, from `key` on (from the first where null), `limit` at most (all where -1); payloads only where asked. */
  *pointsById(key: Uint8Array | null, limit: number, payloads: boolean): Generator<StoredPoint> {
    this.#insertPoints();
    const columns = payloads ? "slot, payload" : "slot";
    const statement = this.#database.prepare(
      `SELECT ${columns} FROM points WHERE id >= ? ORDER BY id LIMIT ?`,
    );
    for (const row of statement.iterate(key ?? new Uint8Array(0), limit)) yield toPoint(row);
  }

  saveBlock(name: string, block: number, data: Uint8Array): void {
    this.#statement(
      "INSERT INTO vectors (name, block, crc, data) VALUES (?, ?, ?, ?) ON CONFLICT (name, block) DO UPDATE SET crc = excluded.crc, data = excluded.data",
    ).run(name, block, namedCrc(name, block, data), data);
  }

  /** All blocks of one vector name; `data` is null where its checksum does not fit. */
  *blocks(name: string): Generator<{ block: number; data: Uint8Array | null }> {
    const rows = this.#database
      .prepare("SELECT block, crc, data FROM vectors WHERE name = ?")
      .iterate(name);
    for (const { block, crc, data } of rows) {
      const number = Number(block);
      const whole =
        data instanceof Uint8Array && (namedCrc(name, number, data) === crc || crc32(data) === crc);
      yield { block: number, data: whole ? data : null };
    }
  }

  /** The checksum of each block of one vector name, as it was committed. */
  blockSums(name: string): Map<number, number> {
    const isClosed = this.#open === null;
    const rows = this.#database.prepare("SELECT block, crc FROM vectors WHERE name = ?").all(name);
    if (isClosed) this.release();
    return new Map(rows.map(({ block, crc }) => [Number(block), Number(crc)]));
  }

  /** Names that have vectors here. */
  vectorNames(): Set<string> {
    const rows = this.#database.prepare("SELECT DISTINCT name FROM vectors").all();
    return new Set(rows.map(({ name }) => String(name)));
  }

  /** Takes all vectors of a name away. */
  removeVectors(name: string): void {
    this.#statement("DELETE FROM vectors WHERE name = ?").run(name);
  }

  /** @throws E_STORAGE where one does not fit its checksum */
  fields(): { id: number; path: string; schema: string }[] {
    const rows = this.#database
      .prepare("SELECT id, path, schema, crc FROM fields ORDER BY id")
      .all();
    return rows.map((row) => {
      const path = String(row["path"]);
      const schema = String(row["schema"]);
      if (fieldCrc(path, schema) !== row["crc"])
        throw new VectorError(
          "E_STORAGE",
          `The payload index on ${path} does not fit its checksum.`,
        );
      return { id: Number(row["id"]), path, schema };
    });
  }

  /** Keeps a payload index's definition; gives its number. */
  addField(path: string, fieldSchema: string): number {
    const insert = this.#statement("INSERT INTO fields (path, schema, crc) VALUES (?, ?, ?)");
    return Number(insert.run(path, fieldSchema, fieldCrc(path, fieldSchema)).lastInsertRowid);
  }

  removeField(id: number): void {
    this.#statement("DELETE FROM fields WHERE id = ?").run(id);
  }

  /** A statement that is run to its end at once, prepared once. */
  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
