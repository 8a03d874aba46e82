/**
 * Where a quick test keeps its journal: a folder of its own below the system's temporary one, under the name of its
 * collections, with a lock in it. The lock tells other quick tests on this machine whether the one of that name still runs.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { acquireLock, readLock } from "../../util/lock.ts";
import { parseName } from "./mark.ts";

export interface PrivateState extends AsyncDisposable {
  readonly folder: string;
}

/** Makes the folder; disposing takes it away. @throws E_CONFIG, E_DISK_FULL */
export async function makePrivateState(name: string): Promise<PrivateState> {
  const folder = folderOf(name);
  const lock = await acquireLock(lockOf(name), `quick test ${name}`);
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await lock[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Another machine's quick test is taken for dead after this long: it moves some hundred records. */
const longestTestMs = 3_600_000;

/** Whether the quick test of this name still runs: surely yes or no where it was begun on this machine, else by its age. */
export function mayRun(name: string, now: Date): boolean {
  const holder = readLock(lockOf(name));
  if (holder !== null) return holder.alive;
  const begun = parseName(name)?.begun.getTime() ?? 0;
  return Math.abs(now.getTime() - begun) < longestTestMs;
}

/** Takes away the folders of quick tests that have died on this machine. Never fails: at worst they stay. */
export function sweepPrivateStates(now: Date): void {
  for (const name of namesIn(tmpdir())) {
    if (parseName(name) === null || mayRun(name, now)) continue;
    try {
      rmSync(folderOf(name), { recursive: true, force: true });
    } catch {
      // Another user's, perhaps.
    }
  }
}

function namesIn(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder);
}

function folderOf(name: string): string {
  return path.join(tmpdir(), name);
}

function lockOf(name: string): string {
  return path.join(folderOf(name), "lock");
}
