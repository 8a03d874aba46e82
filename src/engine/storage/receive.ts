/** Takes a file in that comes from outside, piece by piece. */
import { randomUUID } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../../util/abort.ts";
import { partialEnd } from "./snapshot-files.ts";
import { storageError } from "./sqlite.ts";

/**
 * Writes `pieces` to a new file (mode 0600) in `folder`, which is made; gives its path. The file is the caller's to remove; it
 * counts as half written until then. Where it fails, nothing is left. @throws E_DISK_FULL, E_ABORTED, and what `pieces` throws
 */
export async function receiveFile(
  folder: string,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `.${randomUUID()}${partialEnd}`);
  // No `using` below engine/: in the tests of src Node 22 runs a thread's files as they are written.
  const file = await open(path, "wx", 0o600);
  try {
    for await (const piece of pieces) {
      throwIfAborted(signal);
      for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
    }
    await file.sync();
    await file.close();
    return path;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw storageError(error, path);
  }
}
