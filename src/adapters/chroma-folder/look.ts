/** A Chroma folder as `doctor` sees it: its layout, its queue, and who is at it. Reads alone. */
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FolderLook } from "../../store/look.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { ChromaDatabase, databaseError, databaseFile } from "./database.ts";
import { checkLayout, findFolder } from "./guard.ts";
import { queueEnd } from "./queue.ts";

/** From 1.0 on the migrations of the metadata segment reach 5: its `max_seq_id` is an integer. */
const metadbOf1 = 5;

/**
 * A write whose document is null: the Python clients before 1.0 queued `documents=["x", None]` like that, and Chroma 1.x
 * panics at it when it takes the queue in (seen with 1.0.0, 1.0.20 and 1.5.9).
 */
const nullDocumentsSql = `select count(*) from embeddings_queue
  where json_valid(metadata) and json_type(metadata, '$."chroma:document"') = 'null'`;

/** @throws E_NO_FOLDER, E_NOT_CHROMA, E_FOLDER_LAYOUT, E_FOLDER_IN_USE, E_FOLDER_TORN */
export async function lookAtFolder(path: string, signal: AbortSignal): Promise<FolderLook> {
  throwIfAborted(signal);
  const folder = await findFolder(path);
  const database = await ChromaDatabase.open(folder);
  try {
    checkLayout(database, folder);
    const seen = database.snapshot(() => ({
      layout: layoutOf(database),
      nullDocuments: Number(database.query.first(nullDocumentsSql)?.[0] ?? 0),
      end: queueEnd(database),
    }));
    const before1 = (seen.layout["metadb"] ?? 0) < metadbOf1;
    const files = filesOf(folder);
    return {
      folder,
      layout: seen.layout,
      before1,
      nullDocuments: before1 ? seen.nullDocuments : 0,
      state: `${seen.end} ${files.text}`,
      changedAgoMs: Math.max(0, Date.now() - files.newestMs),
      openedBy: openedBy(join(folder, databaseFile)),
    };
  } catch (error) {
    throw databaseError(error, folder);
  } finally {
    await database.close();
  }
}

function layoutOf(database: ChromaDatabase): Record<string, number> {
  const rows = database.query.all("select dir, max(version) from migrations group by dir");
  return Object.fromEntries(
    rows.map(([directory, version]) => [String(directory), Number(version)]),
  );
}

/** Sizes and times of all files of the folder: the database, its journals, the vectors' files. */
function filesOf(folder: string): { readonly text: string; readonly newestMs: number } {
  let newestMs = 0;
  const parts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const found = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
      if (found === undefined) return `${name} -`;
      newestMs = Math.max(newestMs, Number(found.mtimeMs));
      return `${name} ${found.size} ${found.mtimeNs}`;
    });
  return { text: parts.join(), newestMs };
}

/** Other processes that have `file` open, as Linux tells of those of the same user; null elsewhere. */
function openedBy(file: string): number[] | null {
  if (process.platform !== "linux") return null;
  const pids = names("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  return pids.filter((pid) =>
    names(`/proc/${pid}/fd`).some((name) => target(`/proc/${pid}/fd/${name}`) === file),
  );
}

/** Entries of a folder; none where it is gone, or another user's. */
function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function target(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}
