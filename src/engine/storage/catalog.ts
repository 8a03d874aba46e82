/** The catalog of an engine's folder (folder.ts): its format and which collections there are. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { VectorError } from "../../errors.ts";
import { catalogName } from "./folder.ts";
import { openDatabase, storageError } from "./sqlite.ts";

/** The folder format that this version writes, and the newest that it reads. */
export const folderFormat = 1;

/** Which collections there are, and where. */
export class Catalog {
  readonly #folder: string;
  readonly #database: DatabaseSync;

  /** @throws E_STORAGE (damaged), E_NOT_SUPPORTED (a newer format, with its number), E_LOCKED */
  constructor(folder: string) {
    this.#folder = folder;
    const path = this.#inMemory ? ":memory:" : join(folder, catalogName);
    this.#database = openDatabase(path);
    try {
      this.#initialize(path);
      if (!this.#inMemory) this.#removeStrays();
    } catch (error) {
      this.#database.close();
      throw storageError(error, path);
    }
  }

  /** Name -> path of the file. */
  list(): Map<string, string> {
    const rows = this.#database.prepare("SELECT name, file FROM collections ORDER BY name").all();
    return new Map(rows.map((row) => [String(row["name"]), this.#pathOf(String(row["file"]))]));
  }

  /** A path for a new collection's file; it is no collection before `add`. */
  newPath(): string {
    return this.#pathOf(`${randomUUID()}.sqlite`);
  }

  add(name: string, path: string): void {
    this.#database.prepare("INSERT INTO collections VALUES (?, ?)").run(name, basename(path));
  }

  remove(name: string): void {
    this.#database.prepare("DELETE FROM collections WHERE name = ?").run(name);
  }

  close(): void {
    this.#database.close();
  }

  get #inMemory(): boolean {
    return this.#folder === ":memory:";
  }

  #pathOf(file: string): string {
    return this.#inMemory ? ":memory:" : join(this.#folder, "collections", file);
  }

  #initialize(path: string): void {
    this.#database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      INSERT OR IGNORE INTO meta VALUES ('format', '${folderFormat}');
      CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID;
      COMMIT;
    `);
    const format = this.#database.prepare("SELECT value FROM meta WHERE key = 'format'").get()?.[
      "value"
    ];
    if (Number(format) !== folderFormat) {
      throw new VectorError(
        "E_NOT_SUPPORTED",
        `${path} has format ${String(format)}; this version of vecferry reads format ${folderFormat}.`,
        {
          next: "Use the newer vecferry that wrote it.",
          details: { format: Number(format), file: path },
        },
      );
    }
    if (!this.#inMemory)
      mkdirSync(join(this.#folder, "collections"), { recursive: true, mode: 0o700 });
  }

  /** Removes files that no collection owns: left by a creation or a deletion that was cut off. */
  #removeStrays(): void {
    const owned = new Set(this.list().values());
    for (const file of readdirSync(join(this.#folder, "collections"))) {
      const path = this.#pathOf(file.replace(/-(?:wal|shm|journal)$/, ""));
      if (!owned.has(path)) rmSync(this.#pathOf(file), { force: true });
    }
  }
}
