/**
 * Looks into an engine's folder without opening it: no lock, no write, not even the files that SQLite keeps beside a
 * database. What stands in a write-ahead log that was left behind is not seen.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isVectorError, VectorError } from "../../errors.ts";
import { type LockHolder, readLock } from "../../util/lock.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import {
  decodePointKey,
  encodePointKey,
  formatPointId,
  type PointKey,
  parsePointId,
} from "../collection/point-key.ts";
import { catalogName, collectionsName, lockName } from "./folder.ts";
import { storageError } from "./sqlite.ts";
import { assertKnownFormat } from "./upgrade.ts";

/** A collection as its file has it. */
export interface LookedCollection {
  readonly name: string;
  /** As `GET /collections/{name}` answers, as far as doctor reads it: JSON text. */
  readonly description: string;
  readonly path: string;
}

export interface LookedFolder {
  readonly folder: string;
  /** Who has it open; null = nobody. */
  readonly lock: LockHolder | null;
  readonly collections: readonly LookedCollection[];
}

/** A folder that is not there, or is empty, holds no collection. @throws E_CONFIG where it holds other things; E_STORAGE, E_NOT_SUPPORTED */
export function lookIntoFolder(path: string): LookedFolder {
  const folder = resolve(path);
  const none = { folder, lock: null, collections: [] };
  if (!existsSync(folder)) return none;
  const lock = readLock(join(folder, lockName));
  const catalog = join(folder, catalogName);
  if (!existsSync(catalog)) {
    const [stranger] = readdirSync(folder).filter((name) => !name.startsWith(lockName));
    if (stranger === undefined) return { ...none, lock };
    throw new VectorError(
      "E_CONFIG",
      `${folder} holds other things (${stranger}) and no embedded Qdrant.`,
      { next: "Give the path of an empty or new folder.", details: { folder } },
    );
  }
  const all = (database: DatabaseSync) => listed(database, catalog);
  const names = hasLog(catalog) ? tolerant(catalog, all, []) : reading(catalog, all);
  const collections = names.flatMap(({ name, file }) => {
    const path = join(folder, collectionsName, basename(file));
    const described = (database: DatabaseSync) => [{ name, path, description: describe(database) }];
    return hasLog(path) ? tolerant(path, described, []) : reading(path, described);
  });
  return { folder, lock, collections };
}

function listed(database: DatabaseSync, path: string): { name: string; file: string }[] {
  const format = database.prepare("SELECT value FROM meta WHERE key = 'format'").get();
  assertKnownFormat(format?.["value"], path);
  const rows = database.prepare("SELECT name, file FROM collections ORDER BY name").all();
  return rows.map((row) => ({ name: String(row["name"]), file: String(row["file"]) }));
}

/** Whether a write-ahead log stands beside a database: what it holds is not in the database yet. */
function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** The same as `reading`; `unknown` where the database cannot be read without its log. */
function tolerant<Result>(
  path: string,
  work: (database: DatabaseSync) => Result,
  unknown: Result,
): Result {
  try {
    return reading(path, work);
  } catch (error) {
    if (isVectorError(error, "E_STORAGE")) return unknown;
    throw error;
  }
}

/** Points with their payloads. */
export interface LookedPoints {
  readonly points: string[];
  readonly payloads: (string | null)[];
}

/** Points of a collection's file, the first `rows` at most. @throws E_STORAGE */
export function lookAtPoints(path: string, rows: number): LookedPoints {
  return lookedPoints(
    reading(path, (database) =>
      database.prepare("SELECT id, payload FROM points ORDER BY slot LIMIT ?").all(rows),
    ),
  );
}

/** Those of these points that stand in a collection's file. @throws E_STORAGE */
export function lookForPoints(path: string, points: readonly string[]): LookedPoints {
  const key: PointKey = { kind: 1, a: 0, b: 0, c: 0, d: 0 };
  return lookedPoints(
    reading(path, (database) => {
      const byId = database.prepare("SELECT id, payload FROM points WHERE id = ?");
      return points
        .map((point) => {
          parsePointId(point, key);
          return byId.get(encodePointKey(key));
        })
        .filter((row) => row !== undefined);
    }),
  );
}

function lookedPoints(found: readonly Readonly<Record<string, unknown>>[]): LookedPoints {
  return {
    points: found.map(({ id }) => pointOf(id)),
    payloads: found.map(({ payload }) => (typeof payload === "string" ? payload : null)),
  };
}

function pointOf(stored: unknown): string {
  const key: PointKey = { kind: 1, a: 0, b: 0, c: 0, d: 0 };
  const isKey = stored instanceof Uint8Array && decodePointKey(stored, key);
  return isKey ? formatPointId(key) : "?";
}

function describe(database: DatabaseSync): string {
  const config = database.prepare("SELECT value FROM meta WHERE key = 'config'").get();
  const points = database.prepare("SELECT count(*) AS n FROM points").get();
  const fields = database.prepare("SELECT path FROM fields ORDER BY id").all();
  const schema = Object.fromEntries(fields.map((row) => [String(row["path"]), {}]));
  const head = { status: "green", optimizer_status: "ok", points_count: Number(points?.["n"]) };
  const text = JSON.stringify({ ...head, payload_schema: schema });
  return `${text.slice(0, -1)},"config":${String(config?.["value"])}}`;
}

/** What `work` finds in a database that is taken as it stands on the disk. @throws E_STORAGE */
function reading<Result>(path: string, work: (database: DatabaseSync) => Result): Result {
  const url = pathToFileURL(path);
  url.search = "?immutable=1";
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    try {
      return work(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof VectorError) throw error;
    const named = storageError(error, path);
    if (named instanceof VectorError) throw named;
    throw new VectorError("E_STORAGE", `${path} cannot be read as it stands.`, { cause: error });
  }
}
