/** The catalog of an engine's folder (folder.ts): its format, which collections there are, and their aliases. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { VectorError } from "../../errors.ts";
import { catalogName, collectionsName } from "./folder.ts";
import { withoutIndexEnd } from "./index-file.ts";
import { logFault } from "./log-fault.ts";
import { openDatabase, storageError } from "./sqlite.ts";
import { assertKnownFormat, newestFormat, transact } from "./upgrade.ts";

/** A collection as the catalog has it. */
export interface CatalogEntry {
  readonly name: string;
  readonly path: string;
  /** False where the row does not fit its checksum: name or path are not what they were. */
  readonly sound: boolean;
}

/** One change of aliases. */
export type AliasChange =
  | { readonly kind: "create"; readonly alias: string; readonly collection: string }
  | { readonly kind: "delete"; readonly alias: string }
  | { readonly kind: "rename"; readonly alias: string; readonly to: string };

/** The checksum of a row: of the name, and of what it stands for. */
function rowCrc(name: string, value: string): number {
  return crc32(value, crc32(name));
}

/** Which collections there are, where, and what else they are called. */
export class Catalog {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  #aliases = new Map<string, string>();

  /** @throws E_STORAGE (damaged), E_NOT_SUPPORTED (a newer format, with its number), E_LOCKED */
  constructor(folder: string) {
    this.#folder = folder;
    const path = this.#inMemory ? ":memory:" : join(folder, catalogName);
    const inLog = this.#inMemory ? null : logFault(path);
    if (inLog !== null) throw damaged(path, inLog);
    this.#database = openDatabase(path);
    try {
      this.#initialize(path);
      this.#loadAliases(path);
      if (!this.#inMemory) this.#removeStrays();
    } catch (error) {
      this.#database.close();
      throw storageError(error, path);
    }
  }

  /** All collections, by name. */
  list(): CatalogEntry[] {
    const rows = this.#database
      .prepare("SELECT name, file, crc FROM collections ORDER BY name")
      .all();
    return rows.map((row) => {
      const name = String(row["name"]);
      const file = String(row["file"]);
      return { name, path: this.#pathOf(file), sound: rowCrc(name, file) === row["crc"] };
    });
  }

  /** Alias -> collection, in the order of aliases. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases;
  }

  /** A path for a new collection's file; it is no collection before `put`. */
  newPath(): string {
    return this.#pathOf(`${randomUUID()}.sqlite`);
  }

  /** As `newPath`, for what needs a file also where the engine is in memory: one of `temporary` then. */
  newFile(temporary: string): string {
    if (!this.#inMemory) return this.newPath();
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
    return join(temporary, `.${randomUUID()}.sqlite`);
  }

  /** Gives a collection its file; one of that name has this one from now on. */
  put(name: string, path: string): void {
    const file = basename(path);
    this.#database
      .prepare("INSERT OR REPLACE INTO collections VALUES (?, ?, ?)")
      .run(name, file, rowCrc(name, file));
  }

  /** Takes a collection and its aliases out. */
  remove(name: string): void {
    transact(this.#database, () => {
      this.#database.prepare("DELETE FROM collections WHERE name = ?").run(name);
      this.#database.prepare("DELETE FROM aliases WHERE collection = ?").run(name);
    });
    this.#readAliases();
  }

  /** Puts all aliases in the place of those that there are. */
  saveAliases(aliases: ReadonlyMap<string, string>): void {
    transact(this.#database, () => {
      this.#database.exec("DELETE FROM aliases");
      const insert = this.#database.prepare("INSERT INTO aliases VALUES (?, ?, ?)");
      for (const [alias, collection] of aliases)
        insert.run(alias, collection, rowCrc(alias, collection));
    });
    this.#readAliases();
  }

  close(): void {
    this.#database.close();
  }

  get #inMemory(): boolean {
    return this.#folder === ":memory:";
  }

  #pathOf(file: string): string {
    return this.#inMemory ? ":memory:" : join(this.#folder, collectionsName, basename(file));
  }

  #initialize(path: string): void {
    const fault = this.#database.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"];
    if (fault !== "ok") throw damaged(path, String(fault));
    const tables = this.#database.prepare("SELECT name FROM sqlite_schema").all();
    if (tables.length === 0) this.#create(path);
    const row = this.#database.prepare("SELECT value FROM meta WHERE key = 'format'").get();
    const format = row?.["value"];
    assertKnownFormat(format, path);
    if (Number(format) === 1) this.#upgrade();
    if (!this.#inMemory)
      mkdirSync(join(this.#folder, collectionsName), { recursive: true, mode: 0o700 });
  }

  #create(path: string): void {
    const collections = join(this.#folder, collectionsName);
    if (!this.#inMemory && existsSync(collections) && readdirSync(collections).length > 0)
      throw damaged(path, "it is empty, and there are files of collections");
    transact(this.#database, () => {
      this.#database.exec(`
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO meta VALUES ('format', '${newestFormat}');
        CREATE TABLE collections (name TEXT PRIMARY KEY, file TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
        ${aliasesTable}
      `);
    });
  }

  /** From format 1, which had neither aliases nor checksums. */
  #upgrade(): void {
    transact(this.#database, () => {
      this.#database.exec(`
        ALTER TABLE collections ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
        ${aliasesTable}
        UPDATE meta SET value = '2' WHERE key = 'format';
      `);
      const update = this.#database.prepare("UPDATE collections SET crc = ? WHERE name = ?");
      for (const { name, path } of this.list()) update.run(rowCrc(name, basename(path)), name);
    });
  }

  #loadAliases(path: string): void {
    const rows = this.#database.prepare("SELECT alias, collection, crc FROM aliases").all();
    for (const { alias, collection, crc } of rows) {
      if (rowCrc(String(alias), String(collection)) !== crc)
        throw damaged(path, `the alias ${String(alias)} does not fit its checksum`);
    }
    this.#readAliases();
  }

  #readAliases(): void {
    const rows = this.#database
      .prepare("SELECT alias, collection FROM aliases ORDER BY alias")
      .all();
    this.#aliases = new Map(
      rows.map(({ alias, collection }) => [String(alias), String(collection)]),
    );
  }

  /** Removes files that no collection owns: left by a creation or a deletion that was cut off. */
  #removeStrays(): void {
    const entries = this.list();
    if (entries.some(({ sound }) => !sound)) return;
    const owned = new Set(entries.map(({ path }) => path));
    for (const file of readdirSync(join(this.#folder, collectionsName))) {
      const path = this.#pathOf(withoutIndexEnd(file.replace(/-(?:wal|shm|journal)$/, "")));
      if (owned.has(path)) continue;
      try {
        rmSync(this.#pathOf(file), { force: true });
      } catch {
        // It is in nobody's way; the next opening tries again.
      }
    }
  }
}

const aliasesTable =
  "CREATE TABLE aliases (alias TEXT PRIMARY KEY, collection TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;";

function damaged(path: string, what: string): VectorError {
  return new VectorError("E_STORAGE", `The catalog ${path} is damaged: ${what}.`, {
    next: "Put back a copy of the folder, or of this file.",
    details: { file: path },
  });
}
