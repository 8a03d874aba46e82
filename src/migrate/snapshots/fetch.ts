/** Brings a snapshot from its store into a file: under another name until every byte is there and on the disk. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import type { SnapshotPlace, SnapshotStore } from "../../store/snapshots.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { retry } from "../../util/backoff.ts";
import { freeBytes, syncFolder } from "../../util/disk.ts";
import { errorCode, writeFaultCode } from "../../util/error-code.ts";

/** A download that is cut short begins anew, so often in all. */
const attempts = 3;
const partialEnd = ".partial";

export interface Fetched {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Downloads the snapshot `name` to `path`. Interrupted or failed, nothing stands at `path`.
 * @throws E_SNAPSHOT_DAMAGED where what came is not what the store lists; E_DISK_FULL, E_CONFIG, E_NO_SNAPSHOT
 */
export async function fetchSnapshot(
  store: SnapshotStore,
  place: SnapshotPlace,
  listed: { readonly name: string; readonly bytes: number; readonly sha256: string | null },
  path: string,
  signal: AbortSignal,
): Promise<Fetched> {
  const free = freeBytes(path);
  if (free !== null && free < listed.bytes) {
    throw new VectorError(
      "E_DISK_FULL",
      `The snapshot ${listed.name} has ${listed.bytes} bytes, and ${free} are free for ${path}.`,
    );
  }
  const partial = `${path}${partialEnd}`;
  const download = (): Promise<Fetched> =>
    store.download(place, listed.name, (pieces) => write(pieces, partial, signal), { signal });
  try {
    const fetched = await retry(download, { attempts, signal });
    assertSame(listed, fetched);
    await rename(partial, path);
    await syncFolder(dirname(path));
    return fetched;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function assertSame(
  listed: { readonly name: string; readonly bytes: number; readonly sha256: string | null },
  { bytes, sha256 }: Fetched,
): void {
  if (listed.sha256 === null ? listed.bytes === bytes : listed.sha256 === sha256) return;
  const told = listed.sha256 === null ? `${listed.bytes} bytes` : `SHA-256 ${listed.sha256}`;
  const came = listed.sha256 === null ? `${bytes} bytes` : sha256;
  throw new VectorError(
    "E_SNAPSHOT_DAMAGED",
    `What came of the snapshot ${listed.name} is not what its store lists: ${told} there, ${came} here.`,
  );
}

async function write(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<Fetched> {
  const hash = createHash("sha256");
  let bytes = 0;
  await using file = await open(path, "w", 0o600).catch((error: unknown) => {
    throw writeFault(path, error);
  });
  for await (const piece of pieces) {
    throwIfAborted(signal);
    hash.update(piece);
    bytes += piece.length;
    await file.writeFile(piece).catch((error: unknown) => {
      throw writeFault(path, error);
    });
  }
  await file.sync();
  return { bytes, sha256: hash.digest("hex") };
}

function writeFault(path: string, cause: unknown): VectorError {
  if (isVectorError(cause)) return cause;
  const message = `The file ${path} cannot be written (${errorCode(cause) ?? ""}).`;
  return new VectorError(writeFaultCode(cause), message, { cause });
}

/** Bytes and SHA-256 of a file. @throws E_SNAPSHOT_DAMAGED where it cannot be read */
export async function sumOf(path: string, signal: AbortSignal): Promise<Fetched> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path, { signal })) {
      hash.update(piece);
      bytes += piece.length;
    }
  } catch (cause) {
    throwIfAborted(signal);
    const message = `The file ${path} cannot be read (${errorCode(cause) ?? ""}).`;
    throw new VectorError("E_SNAPSHOT_DAMAGED", message, { cause });
  }
  return { bytes, sha256: hash.digest("hex") };
}
