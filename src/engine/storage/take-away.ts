/** Takes an engine's folder away that holds no collection. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isVectorError } from "../../errors.ts";
import { errorCode } from "../../util/error-code.ts";
import { acquireLock } from "../../util/lock.ts";
import { catalogName, collectionsName, lockName } from "./folder.ts";

/**
 * Takes away the folder of a closed engine, and gives whether it is gone. It stays where it holds a collection or anything
 * that is no engine's, and where another process has it open: it is looked at and emptied under the engine's own lock.
 */
export async function takeAwayEngine(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return true;
  let lock: AsyncDisposable | undefined;
  try {
    lock = await acquireLock(join(folder, lockName), `the folder ${folder}`);
    if (!isBare(folder)) return false;
    for (const suffix of ["", "-wal", "-shm"])
      rmSync(join(folder, catalogName + suffix), { force: true });
    removeIfEmpty(join(folder, collectionsName));
  } catch (error) {
    if (isVectorError(error, "E_LOCKED")) return false;
    throw error;
  } finally {
    await lock?.[Symbol.asyncDispose]();
  }
  // Who opens it just now has put a lock there, or makes the folder again.
  return removeIfEmpty(folder);
}

/** Removes a folder with nothing in it; false where it stays. */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return true;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  }
}

function isBare(folder: string): boolean {
  const own = new Set([
    lockName,
    collectionsName,
    ...["", "-wal", "-shm"].map((end) => catalogName + end),
  ]);
  if (readdirSync(folder).some((name) => !own.has(name))) return false;
  const collections = join(folder, collectionsName);
  return !existsSync(collections) || readdirSync(collections).length === 0;
}
