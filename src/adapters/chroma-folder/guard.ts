/** What a path must be before anything of it is read: a folder of Chroma, in a layout that is known. */
import { readdir, realpath, stat } from "node:fs/promises";
import { VectorError } from "../../errors.ts";
import { type ChromaDatabase, databaseFile } from "./database.ts";

/**
 * Numbers of the schema migrations that are read, by directory of migrations: from what 0.4.24 writes to what 1.5.9
 * writes. Between them are 0.5 to 1.2 (sysdb 9, metadb 4 and 5) and 1.3 (sysdb 10).
 */
const knownLayouts = {
  sysdb: { from: 4n, to: 10n },
  metadb: { from: 3n, to: 6n },
  embeddings_queue: { from: 1n, to: 2n },
} as const;

/** The real absolute path of a folder that holds chroma.sqlite3. @throws E_NO_FOLDER, E_FOLDER_LAYOUT */
export async function findFolder(path: string): Promise<string> {
  let folder: string;
  let names: string[];
  try {
    folder = await realpath(path);
    names = await readdir(folder);
  } catch (error) {
    throw new VectorError("E_NO_FOLDER", `${path} is not a folder that can be read.`, {
      cause: error,
    });
  }
  if (names.includes(databaseFile)) {
    if ((await stat(`${folder}/${databaseFile}`)).isFile()) return folder;
  } else if (names.some((name) => name.startsWith("chroma-") && name.endsWith(".parquet"))) {
    throw new VectorError(
      "E_FOLDER_LAYOUT",
      `${folder} was written by Chroma 0.3 or older (parquet files), which is another format.`,
      {
        next: "Bring it to 0.4 with Chroma's own chroma-migrate first.",
        details: { layout: "0.3" },
      },
    );
  }
  throw new VectorError("E_NO_FOLDER", `${folder} holds no ${databaseFile}.`);
}

/** @throws E_NOT_CHROMA for another application's database, E_FOLDER_LAYOUT with the number that is not known */
export function checkLayout(database: ChromaDatabase, folder: string): void {
  const tables = new Set(
    database.query.all("select name from sqlite_master where type = 'table'").map(([name]) => name),
  );
  if (!tables.has("embeddings") || !tables.has("collections")) {
    throw new VectorError(
      "E_NOT_CHROMA",
      `${folder}/${databaseFile} has none of the tables that Chroma keeps.`,
    );
  }
  if (!tables.has("migrations")) {
    throw new VectorError("E_FOLDER_LAYOUT", `${folder} has no list of schema migrations.`);
  }
  const versions = new Map(
    database.query
      .all("select dir, max(version) from migrations group by dir")
      .map(([d, v]) => [d, v]),
  );
  for (const [directory, { from, to }] of Object.entries(knownLayouts)) {
    const version = versions.get(directory) ?? 0n;
    if (typeof version === "bigint" && version >= from && version <= to) continue;
    throw new VectorError(
      "E_FOLDER_LAYOUT",
      `${folder} has the layout ${directory} ${version}; ${from} to ${to} are read (Chroma 0.4.24 to 1.5.9).`,
      { details: { directory, version: Number(version), from: Number(from), to: Number(to) } },
    );
  }
}
