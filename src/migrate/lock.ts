/** One process at a time works on a migration. */
import { acquireLock, type LockHolder, readLock } from "../util/lock.ts";
import { migrationFiles } from "./files.ts";

/** Keeps a second process from working on the migration `run` until disposed. @throws E_LOCKED naming the process that does */
export function lockMigration(stateFolder: string, run: string): Promise<AsyncDisposable> {
  return acquireLock(migrationFiles(stateFolder, run).lock, `migration ${run}`);
}

/** The process that works on the migration `run`, or died while it did; null where none is known. */
export function migrationHolder(stateFolder: string, run: string): LockHolder | null {
  return readLock(migrationFiles(stateFolder, run).lock);
}
