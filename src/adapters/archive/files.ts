/** Files and folders of an archive: made durable, and held against the manifest. */
import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ArchivedFile } from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { errorCode } from "../../util/error-code.ts";

const chunkBytes = 1 << 20;

/** The folder of a generation until it is whole. */
export function partialOf(folder: string): string {
  return `${folder}.partial`;
}

/** What is wrong with a file that should be `wanted`, in words and by name; null = nothing. `read`: false = its size alone is looked at. */
export async function fileFault(
  root: string,
  { file: name, bytes, sha256 }: ArchivedFile,
  signal: AbortSignal | undefined,
  read = true,
): Promise<string | null> {
  try {
    await using file = await open(join(root, name), "r");
    const { size } = await file.stat();
    if (size < bytes) return `${name} is short: it has ${size} bytes of ${bytes}.`;
    if (size > bytes) return `${name} is longer than it was: it has ${size} bytes, not ${bytes}.`;
    if (!read || (await sha256Of(file, signal)) === sha256) return null;
    return `${name} was changed: its SHA-256 is another.`;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return `${name} is missing.`;
    if (errorCode(error) === null) throw error;
    return `${name} cannot be read: ${String(error)}.`;
  }
}

async function sha256Of(file: FileHandle, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(chunkBytes);
  for (let at = 0; ; ) {
    throwIfAborted(signal);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/**
 * Parquet files below the archive that are none of `known`: what reads a folder as a whole would take them for rows. A generation that
 * is being written is none of an archive's yet.
 */
export async function strangers(root: string, known: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  const isUnfinished = /^generation-\d{4,}\.partial\//;
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const folder = entry.parentPath.slice(root.length + 1).replaceAll("\\", "/");
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (name.endsWith(".parquet") && !known.has(name) && !isUnfinished.test(name)) found.push(name);
  }
  return found;
}

/** Whether anything stands at `path`; an empty folder counts as nothing. */
export async function isTaken(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return !found.isDirectory() || (await readdir(path)).length > 0;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
