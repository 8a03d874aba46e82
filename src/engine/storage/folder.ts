/**
 * The folder of an engine:
 *
 *     lock                       who has it open (util/lock.ts)
 *     engine.sqlite              meta (key, value): format = 2;  collections (name, file, crc);  aliases (alias, collection, crc);
 *                                crc: CRC-32 of the second column, begun with that of the first
 *     collections/<uuid>.sqlite  one file a collection (collection-file.ts)
 *     collections/<uuid>.sqlite-hnsw-<name's CRC>  a copy of an HNSW index in memory, which may go at any time (index-file.ts)
 *     snapshots/                 snapshots (snapshot-files.ts)
 *
 * SQLite keeps a `-wal` file beside each. Folder 0700, files 0600.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";

/** The catalog of an engine; a folder that has it is one. */
export const catalogName = "engine.sqlite";
/** The folder of the collections' files. */
export const collectionsName = "collections";
/** The lock file; what an acquisition moves aside begins with the same word. */
export const lockName = "lock";

/** Makes the folder where it is not there. @throws E_CONFIG where it may not be written to, or holds other things than an engine */
export function prepareFolder(path: string): void {
  try {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700);
    accessSync(path, constants.W_OK);
    if (existsSync(join(path, catalogName))) return;
    const files = join(path, collectionsName);
    if (existsSync(files) && readdirSync(files).some((name) => name.endsWith(".sqlite"))) {
      throw new VectorError(
        "E_STORAGE",
        `${path} holds collections, and their catalog ${catalogName} is missing.`,
        { next: "Put back a copy of the folder, or of this file.", details: { folder: path } },
      );
    }
    const own = (name: string) => name.startsWith(lockName) || name === collectionsName;
    const strangers = readdirSync(path).filter((name) => !own(name));
    if (strangers.length > 0) {
      throw new VectorError(
        "E_CONFIG",
        `${path} holds other things (${strangers[0]}) and no embedded Qdrant.`,
        {
          next: "Give the path of an empty or new folder.",
          details: { folder: path },
        },
      );
    }
  } catch (error) {
    if (error instanceof VectorError) throw error;
    throw new VectorError("E_CONFIG", `The folder ${path} cannot be used: ${String(error)}.`, {
      cause: error,
      next: "Give a folder that this process may write to (a copy of this one may be one), or ':memory:'.",
    });
  }
}
