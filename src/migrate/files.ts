/** The files of a migration, in the state folder under its mark. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { VectorError } from "../errors.ts";
import { errorCode, writeFaultCode } from "../util/error-code.ts";

export interface MigrationFiles {
  readonly folder: string;
  readonly lock: string;
  readonly report: string;
  readonly quarantine: string;
  /** Folder of the newest report of each command that came to its end. */
  readonly lastReports: string;
}

/** Where the files of the migration with the mark `run` stand. */
export function migrationFiles(stateFolder: string, run: string): MigrationFiles {
  const folder = path.join(stateFolder, run);
  return {
    folder,
    lock: path.join(folder, "lock"),
    report: path.join(folder, "report.json"),
    quarantine: path.join(folder, "quarantine.jsonl"),
    lastReports: path.join(folder, "reports"),
  };
}

/**
 * Writes a text file whole or not at all, mode 0600, from pieces of any number; its folder is made.
 * @throws E_DISK_FULL, E_CONFIG when it cannot be written
 */
export function writeFileAtomic(file: string, pieces: Iterable<string>): void {
  const partial = `${file}.${process.pid}.part`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    removeParts(file);
    const descriptor = openSync(partial, "w", 0o600);
    try {
      // Unlike writeSync it goes on where the disk took only a part.
      for (const piece of pieces) writeFileSync(descriptor, piece);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(partial, 0o600);
    renameSync(partial, file);
  } catch (error) {
    removeQuietly(partial);
    if (error instanceof VectorError) throw error;
    throw new VectorError(
      writeFaultCode(error),
      `The file ${file} cannot be written (${errorCode(error) ?? ""}).`,
      { cause: error },
    );
  }
}

/** Takes a file away that `writeFileAtomic` wrote, if it is there. */
export function removeFile(file: string): void {
  removeParts(file);
  removeQuietly(file);
}

/** Takes away what writers of `file` have left that were killed at it. */
function removeParts(file: string): void {
  const { dir, base } = path.parse(file);
  for (const name of existsSync(dir) ? readdirSync(dir) : []) {
    const digits = name.startsWith(`${base}.`)
      ? /^(\d+)\.part$/.exec(name.slice(base.length + 1))
      : null;
    if (digits !== null && !isRunning(Number(digits[1]))) removeQuietly(path.join(dir, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What went wrong first is what is told.
  }
}
