/** What is put beside a generation's own files at the end. */
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import { writeFileAtomic } from "../../util/whole-file.ts";
import type { Outcome } from "../report.ts";

/** Puts the quarantine into the generation's folder, so that it goes where the archive goes. @throws E_DISK_FULL, E_CONFIG */
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
