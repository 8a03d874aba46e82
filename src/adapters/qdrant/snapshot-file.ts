/** What a local file holds that shall be a snapshot: of a Qdrant server, or of the embedded engine. */
import { open } from "node:fs/promises";
import { lookIntoSnapshot } from "../../engine/index.ts";
import { isVectorError, VectorError } from "../../errors.ts";
import type { SnapshotContents } from "../../store/snapshots.ts";
import { readSnapshotTar } from "./snapshot-tar.ts";

/** With which the embedded engine's own begin. */
const embeddedMagic = "VFSNAP\r\n";

/** `embedded`: the embedded engine shall take it. @throws E_SNAPSHOT_DAMAGED, E_SNAPSHOT_FORMAT */
export async function readContents(
  path: string,
  embedded: boolean,
  signal: AbortSignal | undefined,
): Promise<SnapshotContents> {
  const { start, size } = await beginningOf(path);
  if (start === embeddedMagic) return embeddedContents(path, size);
  const contents = await readSnapshotTar(path, signal);
  if (!embedded) return contents;
  throw new VectorError(
    "E_SNAPSHOT_FORMAT",
    `${path} is a snapshot of a Qdrant server, which the embedded Qdrant does not take.`,
    {
      next: "Recover it at a server, and take its points: `vecferry migrate http://host:6333 embedded:./path`.",
    },
  );
}

function embeddedContents(path: string, size: number): SnapshotContents {
  try {
    const { kind, collections, aliases } = lookIntoSnapshot(path);
    return {
      kind: kind === "full" ? "storage" : "collection",
      parts: collections.map(({ name }) => {
        // One of everything has them by their names.
        return { path, start: 0, bytes: size, collection: name, fixed: kind === "full" };
      }),
      aliases: new Map(aliases.map(({ alias, collection }) => [alias, collection])),
    };
  } catch (error) {
    if (isVectorError(error, "E_NOT_SUPPORTED"))
      throw new VectorError("E_SNAPSHOT_FORMAT", error.message, { cause: error, next: error.next });
    if (!isVectorError(error, "E_INPUT")) throw error;
    throw new VectorError("E_SNAPSHOT_DAMAGED", `${path}: ${error.message}.`, { cause: error });
  }
}

async function beginningOf(path: string): Promise<{ start: string; size: number }> {
  await using file = await open(path, "r");
  const length = embeddedMagic.length;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return { start: buffer.toString("latin1", 0, bytesRead), size: (await file.stat()).size };
}
