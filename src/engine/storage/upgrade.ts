/** Formats of a collection's file (collection-file.ts): how an older one is brought to the newest, all or nothing. */
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { VectorError } from "../../errors.ts";

/** The format that this version writes, of folders and of collections' files, and the newest that it reads. */
export const newestFormat = 2;

const rowsAtATime = 10_000;

/** The checksum of a point's row. */
export function pointCrc(slot: number, key: Uint8Array, payload: string | null): number {
  const withId = crc32(key, slot);
  return payload === null ? withId : crc32(payload, withId);
}

/** The checksum of a payload index's row. */
export function fieldCrc(path: string, schema: string): number {
  return crc32(schema, crc32(path));
}

/** @throws E_NOT_SUPPORTED where `format` is newer than this version, with its number */
export function assertKnownFormat(format: unknown, path: string): void {
  const number = Number(format);
  if (Number.isInteger(number) && number >= 1 && number <= newestFormat) return;
  throw new VectorError(
    "E_NOT_SUPPORTED",
    `${path} has format ${String(format)}; this version of vecferry reads formats 1 to ${newestFormat}.`,
    { next: "Use the newer vecferry that wrote it.", details: { format: number, file: path } },
  );
}

/** Runs `work` in a transaction; where it fails, nothing of it stays. */
export function transact(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Brings a collection's file to the newest format. @throws E_NOT_SUPPORTED where it is newer */
export function upgradeFile(database: DatabaseSync, path: string): void {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'format'").get();
  const format = row?.["value"] ?? 1;
  assertKnownFormat(format, path);
  if (Number(format) === 1) transact(database, () => toFormat2(database));
}

function toFormat2(database: DatabaseSync): void {
  database.exec(`
    ALTER TABLE points ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE fields ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
    INSERT INTO meta VALUES ('format', '2');
  `);
  const field = database.prepare("UPDATE fields SET crc = ? WHERE id = ?");
  for (const { id, path, schema } of database
    .prepare("SELECT id, path, schema FROM fields")
    .all()) {
    database.exec(`DROP TABLE IF EXISTS field_${Number(id)}`);
    field.run(fieldCrc(String(path), String(schema)), Number(id));
  }
  const config = database.prepare("SELECT value FROM meta WHERE key = 'config'").get()?.["value"];
  database
    .prepare("INSERT INTO meta VALUES ('config_crc', ?)")
    .run(String(crc32(String(config ?? ""))));
  const read = database.prepare(
    "SELECT slot, id, payload FROM points WHERE slot > ? ORDER BY slot LIMIT ?",
  );
  const write = database.prepare("UPDATE points SET crc = ? WHERE slot = ?");
  for (let last = -1, more = true; more; ) {
    const rows = read.all(last, rowsAtATime);
    for (const { slot, id, payload } of rows) {
      if (!(id instanceof Uint8Array)) throw new RangeError(`slot ${String(slot)} has no id`);
      last = Number(slot);
      write.run(pointCrc(last, id, typeof payload === "string" ? payload : null), last);
    }
    more = rows.length === rowsAtATime;
  }
}
