/** Text files that are written whole or not at all. */
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
import { errorCode, writeFaultCode } from "./error-code.ts";

/**
 * Writes a text file whole or not at all, from pieces of any number; its folder is made. The file, and the folder where it is new,
 * are their owner's alone, unless they are `shared`: others may read them then.
 * @throws E_DISK_FULL, E_CONFIG when it cannot be written
 */
export function writeFileAtomic(
  file: string,
  pieces: Iterable<string>,
  { shared = false }: { readonly shared?: boolean } = {},
): void {
  const partial = `${file}.${process.pid}.part`;
  const mode = shared ? 0o644 : 0o600;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: shared ? 0o755 : 0o700 });
    removeParts(file);
    const descriptor = openSync(partial, "w", mode);
    try {
      // Unlike writeSync it goes on where the disk took only a part.
      for (const piece of pieces) writeFileSync(descriptor, piece);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (!shared) chmodSync(partial, mode);
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
