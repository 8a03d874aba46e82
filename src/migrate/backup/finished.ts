/** What stands where an archive shall be, and what is put beside it at the end. */
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import { isVectorError, VectorError } from "../../errors.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { writeFileAtomic } from "../files.ts";
import { endAddress } from "../next-steps.ts";
import type { Outcome } from "../report.ts";
import type { ArchivePlace } from "./run.ts";

/**
 * Whether a finished archive of this source stands there that the run is to end with: because it is to be verified, or because
 * the backup that made it ended before it had told so (`begun`). False where nothing is finished there.
 * @throws E_CONFIG for any other finished archive: it is never written over
 */
export async function isFinished(
  place: ArchivePlace,
  source: StoreIdentity,
  { begun, verify }: { readonly begun: boolean; readonly verify: boolean },
): Promise<boolean> {
  if (!place.stands) return false;
  const reader = await readStanding(place);
  if (reader === null) return false;
  await using archive = reader;
  const { source: owner, created, collections } = archive.manifest;
  const same = isSame(owner, source);
  if (same && (begun || verify)) return true;
  const rows = collections.reduce((sum, { info }) => sum + (info.count ?? 0), 0);
  throw new VectorError(
    "E_CONFIG",
    `${place.path} is a finished archive: ${rows} records of ${endAddress(owner)}, begun ${created}. An archive is never written over.`,
    {
      next: same
        ? "Give another folder for a newer backup, or --verify to compare this one with its source."
        : "Give another folder.",
      details: { path: place.path, created },
    },
  );
}

/** null where what stands there is no archive; the writer says so. */
async function readStanding(place: ArchivePlace): Promise<ArchiveReader | null> {
  try {
    return await place.read();
  } catch (error) {
    if (isVectorError(error, "E_NO_ARCHIVE")) return null;
    throw error;
  }
}

function isSame(one: StoreIdentity, other: StoreIdentity): boolean {
  const words = ({ kind, address, tenant, database }: StoreIdentity) =>
    JSON.stringify([kind, address, tenant, database]);
  return words(one) === words(other);
}

/** Puts the quarantine beside the archive's own files, so that it goes where the archive goes. @throws E_DISK_FULL, E_CONFIG */
export function keepQuarantine(folder: string, outcome: Outcome): Outcome {
  const { quarantine } = outcome.files;
  if (quarantine === null) return { ...outcome, files: { ...outcome.files, journal: null } };
  const kept = path.join(folder, "quarantine.jsonl");
  writeFileAtomic(kept, piecesOf(quarantine));
  return { ...outcome, files: { ...outcome.files, journal: null, quarantine: kept } };
}

/** A text file piece by piece, however long it is. */
function* piecesOf(file: string): Generator<string> {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(64 * 1024);
    const decoder = new StringDecoder("utf8");
    for (;;) {
      const count = readSync(descriptor, bytes);
      if (count === 0) break;
      yield decoder.write(bytes.subarray(0, count));
    }
    yield decoder.end();
  } finally {
    closeSync(descriptor);
  }
}
