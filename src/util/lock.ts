/**
 * Lock files: one process at a time. The file holds `PID START`, where START names the moment at which that process
 * began, so that a number given to another process since is not taken for it. A file whose process is gone is no lock.
 */

import { spawnSync } from "node:child_process";
import { constants, readFileSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VectorError } from "../errors.ts";
import { errorCode, writeFaultCode } from "./error-code.ts";

/** Times that an acquisition looks again when another process moves under it; between two of them stand 25 ms. */
const attempts = 40;
const pauseMs = 25;

/** The process that holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** Whether the process still runs. */
  readonly alive: boolean;
}

/**
 * Takes the lock `file` (mode 0600, its folder is made); disposing gives it back. A lock whose process is gone is taken over.
 * `what` says in the error what is locked. @throws E_LOCKED naming the process that holds it, E_CONFIG when the file cannot be made
 */
export async function acquireLock(file: string, what: string): Promise<AsyncDisposable> {
  const mine = `${process.pid} ${processStart(process.pid)}\n`;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (await create(file, mine)) {
      return { [Symbol.asyncDispose]: () => release(file, mine) };
    }
    const text = readText(file);
    // An empty file is one that its process has not filled yet.
    if (text === null || (text === "" && attempt < attempts / 2)) {
      await sleep(pauseMs);
      continue;
    }
    const holder = holderOf(text);
    if (holder?.alive) throw lockedError(holder.pid, file, what);
    await takeAway(file, text);
  }
  throw new VectorError(
    "E_LOCKED",
    `The lock ${file} of ${what} cannot be taken: it keeps changing hands.`,
  );
}

/** Who holds the lock `file`, dead or alive; null where there is none. */
export function readLock(file: string): LockHolder | null {
  const text = readText(file);
  return text === null ? null : holderOf(text);
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw new VectorError(writeFaultCode(error), `The lock ${file} cannot be made.`, {
      cause: error,
    });
  }
}

async function release(file: string, text: string): Promise<void> {
  if (readText(file) === text) await rm(file, { force: true });
}

/** Takes a dead lock away, and puts back what it took where another process was quicker. */
async function takeAway(file: string, dead: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  if (readText(aside) !== dead) {
    await copyFile(aside, file, constants.COPYFILE_EXCL).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new VectorError("E_CONFIG", `The lock ${file} cannot be read.`, { cause: error });
  }
}

function holderOf(text: string): LockHolder | null {
  const [, digits, start] = /^(\d+) (.+)\n$/.exec(text) ?? [];
  if (digits === undefined || start === undefined) return null;
  const pid = Number(digits);
  return { pid, alive: processStart(pid) === start };
}

function lockedError(pid: number, file: string, what: string): VectorError {
  return new VectorError("E_LOCKED", `Process ${pid} is already at work on ${what}.`, {
    details: { pid, file },
  });
}

/** When a process began, in words that differ for every process that ever has this number; null = there is none. */
function processStart(pid: number): string | null {
  if (process.platform === "linux") return linuxStart(pid);
  const [command, ...flags] =
    process.platform === "win32"
      ? [
          "powershell",
          "-NoProfile",
          "-Command",
          `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`,
        ]
      : ["ps", "-o", "lstart=", "-p", String(pid)];
  const env = { ...process.env, LC_ALL: "C" };
  const { status, stdout } = spawnSync(command ?? "ps", flags, { encoding: "utf8", env });
  return status === 0 ? stdout.trim().replaceAll(/\s+/g, "-") || null : null;
}

/** proc(5): the 22nd field of /proc/PID/stat, in clock ticks since boot; the second one may hold blanks and brackets. */
function linuxStart(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    return state === "Z" || state === "X" ? null : `${boot.trim()}/${fields[19]}`;
  } catch {
    return null;
  }
}
