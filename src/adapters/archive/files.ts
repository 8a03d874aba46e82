/** Files and folders of an archive: made durable, and held against the manifest. */
import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ArchivedPart } from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { errorCode } from "../../util/error-code.ts";

const chunkBytes = 1 << 20;

/** The folder of an archive until it is whole. */
export function partialOf(path: string): string {
  return `${path}.partial`;
}

/** What is wrong with a file that should be `part`, in words and by name; null = nothing. */
export async function partFault(
  root: string,
  part: ArchivedPart,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    await using file = await open(join(root, part.file), "r");
    const { size } = await file.stat();
    if (size < part.bytes) return `${part.file} is short: it has ${size} bytes of ${part.bytes}.`;
    if (size > part.bytes)
      return `${part.file} is longer than it was: it has ${size} bytes, not ${part.bytes}.`;
    const sum = await sha256Of(file, signal);
    return sum === part.sha256 ? null : `${part.file} was changed: its SHA-256 is another.`;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return `${part.file} is missing.`;
    if (errorCode(error) === null) throw error;
    return `${part.file} cannot be read: ${String(error)}.`;
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

/** Parquet files below the archive that are none of `known`: what reads a folder as a whole would take them for rows. */
export async function strangers(root: string, known: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const folder = entry.parentPath.slice(root.length + 1).replaceAll("\\", "/");
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (name.endsWith(".parquet") && !known.has(name)) found.push(name);
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
