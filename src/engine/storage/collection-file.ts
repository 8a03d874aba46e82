/**
 * One collection's file: a SQLite database.
 *
 *     meta     key, value                config: the configuration as JSON text
 *     points   slot, id, payload         id: key bytes (point-key.ts); payload: JSON text as given, NULL = none
 *     vectors  name, block, crc, data    data: a block's bytes (vector-store.ts); crc: CRC-32 of them
 *     fields   id, path, schema          payload indexes: the field's path, its schema as JSON text
 *     field_N  value, slot               what index N knows of each point (field-index.ts)
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { openDatabase } from "./sqlite.ts";

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE points (slot INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, payload TEXT);
  CREATE TABLE vectors (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, block INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL,
    UNIQUE (name, block)
  );
  CREATE TABLE fields (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, schema TEXT NOT NULL);
`;

export type FieldValue = string | number | bigint;

export interface StoredPoint {
  readonly slot: number;
  readonly payload: string | null;
}

function toPoint(row: Record<string, unknown>): StoredPoint {
  const { slot, payload } = row;
  return { slot: Number(slot), payload: typeof payload === "string" ? payload : null };
}

/** Reads and writes of one collection's file; nothing of the collection is kept in memory here. */
export class CollectionFile {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(path: string) {
    this.path = path;
    this.#database = openDatabase(path);
  }

  /** Makes the tables and keeps the configuration. */
  initialize(config: string): void {
    this.begin();
    this.#database.exec(schema);
    this.#statement("INSERT INTO meta VALUES ('config', ?)").run(config);
    this.commit();
  }

  begin(): void {
    this.#database.exec("BEGIN IMMEDIATE");
  }

  commit(): void {
    this.#database.exec("COMMIT");
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  /** The first fault that SQLite finds in the structure; null = none. */
  fault(): string | null {
    const row = this.#database.prepare("PRAGMA quick_check(1)").get();
    const words = row?.["quick_check"];
    return words === "ok" ? null : String(words);
  }

  config(): string | null {
    const value = this.#statement("SELECT value FROM meta WHERE key = 'config'").get()?.["value"];
    return typeof value === "string" ? value : null;
  }

  saveConfig(config: string): void {
    this.#statement("UPDATE meta SET value = ? WHERE key = 'config'").run(config);
  }

  insertPoint(slot: number, key: Uint8Array, payload: string | null): void {
    this.#statement("INSERT INTO points VALUES (?, ?, ?)").run(slot, key, payload);
  }

  updatePayload(slot: number, payload: string | null): void {
    this.#statement("UPDATE points SET payload = ? WHERE slot = ?").run(payload, slot);
  }

  deletePoint(slot: number): void {
    this.#statement("DELETE FROM points WHERE slot = ?").run(slot);
  }

  payload(slot: number): string | null {
    const value = this.#statement("SELECT payload FROM points WHERE slot = ?").get(slot)?.[
      "payload"
    ];
    return typeof value === "string" ? value : null;
  }

  /** All keys by slot, unordered. */
  *keys(): Generator<{ slot: number; key: Uint8Array }> {
    for (const { slot, id } of this.#database.prepare("SELECT slot, id FROM points").iterate()) {
      if (!(id instanceof Uint8Array)) throw new RangeError(`slot ${String(slot)} has no id`);
      yield { slot: Number(slot), key: id };
    }
  }

  /** All points in the order of slots. */
  *points(): Generator<StoredPoint> {
    for (const row of this.#database.prepare("SELECT slot, payload FROM points").iterate())
      yield toPoint(row);
  }

  /** Points in the order of ids, from `key` on (from the first where null), `limit` at most (all where -1); payloads only where asked. */
  *pointsById(key: Uint8Array | null, limit: number, payloads: boolean): Generator<StoredPoint> {
    const columns = payloads ? "slot, payload" : "slot";
    const statement = this.#database.prepare(
      `SELECT ${columns} FROM points WHERE id >= ? ORDER BY id LIMIT ?`,
    );
    for (const row of statement.iterate(key ?? new Uint8Array(0), limit)) yield toPoint(row);
  }

  saveBlock(name: string, block: number, data: Uint8Array): void {
    this.#statement(
      "INSERT INTO vectors (name, block, crc, data) VALUES (?, ?, ?, ?) ON CONFLICT (name, block) DO UPDATE SET crc = excluded.crc, data = excluded.data",
    ).run(name, block, crc32(data), data);
  }

  /** All blocks of one vector name; `data` is null where its checksum does not fit. */
  *blocks(name: string): Generator<{ block: number; data: Uint8Array | null }> {
    const rows = this.#database
      .prepare("SELECT block, crc, data FROM vectors WHERE name = ?")
      .iterate(name);
    for (const { block, crc, data } of rows) {
      const whole = data instanceof Uint8Array && crc32(data) === crc;
      yield { block: Number(block), data: whole ? data : null };
    }
  }

  fields(): { id: number; path: string; schema: string }[] {
    const rows = this.#database.prepare("SELECT id, path, schema FROM fields ORDER BY id").all();
    return rows.map((row) => ({
      id: Number(row["id"]),
      path: String(row["path"]),
      schema: String(row["schema"]),
    }));
  }

  /** Makes a payload index's table; gives its number. */
  addField(path: string, fieldSchema: string): number {
    const id = Number(
      this.#database
        .prepare("INSERT INTO fields (path, schema) VALUES (?, ?)")
        .run(path, fieldSchema).lastInsertRowid,
    );
    this.#database.exec(
      `CREATE TABLE field_${id} (value NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (value, slot)) WITHOUT ROWID`,
    );
    return id;
  }

  removeField(id: number): void {
    this.#prepared.clear();
    this.#database.exec(`DROP TABLE field_${id}`);
    this.#database.prepare("DELETE FROM fields WHERE id = ?").run(id);
  }

  addFieldValue(id: number, value: FieldValue, slot: number): void {
    this.#statement(`INSERT INTO field_${id} VALUES (?, ?)`).run(value, slot);
  }

  removeFieldValue(id: number, value: FieldValue, slot: number): void {
    this.#statement(`DELETE FROM field_${id} WHERE value = ? AND slot = ?`).run(value, slot);
  }

  /** The slots that have `value`. */
  *slotsWith(id: number, value: FieldValue): Generator<number> {
    const rows = this.#database
      .prepare(`SELECT slot FROM field_${id} WHERE value = ?`)
      .iterate(value);
    for (const row of rows) yield Number(row["slot"]);
  }

  /** Slots with their numbers between the two, both included; null = no bound. */
  *valuesBetween(
    id: number,
    low: number | null,
    high: number | null,
  ): Generator<{ slot: number; value: number }> {
    const statement = this.#database.prepare(
      `SELECT CAST(value AS REAL) AS value, slot FROM field_${id} WHERE value >= ? AND value <= ?`,
    );
    for (const { slot, value } of statement.iterate(
      low ?? Number.NEGATIVE_INFINITY,
      high ?? Number.POSITIVE_INFINITY,
    )) {
      yield { slot: Number(slot), value: Number(value) };
    }
  }

  /** How many points have a value. */
  countField(id: number): number {
    return Number(
      this.#database.prepare(`SELECT count(DISTINCT slot) AS n FROM field_${id}`).get()?.["n"] ?? 0,
    );
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
