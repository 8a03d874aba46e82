/** The quarantine file: one line for each record that was not carried, with its reason. */

import { removeFile, writeFileAtomic } from "../util/whole-file.ts";
import { migrationFiles } from "./files.ts";
import type { Journal, Migration } from "./journal/journal.ts";

/** Lines that are written to the file at once. */
const linesAtOnce = 500;

/**
 * Writes `quarantine.jsonl` anew from the journal: { collection, id, reason, detail } a line, every collection of the
 * migration. Returns its path; null, and no file, when nothing is quarantined. @throws E_DISK_FULL, E_CONFIG
 */
export function writeQuarantine(
  journal: Journal,
  migration: Migration,
  stateFolder: string,
): string | null {
  const file = migrationFiles(stateFolder, migration.run).quarantine;
  const lines = quarantineLines(journal, migration);
  const first = lines.next();
  if (first.done) {
    removeFile(file);
    return null;
  }
  writeFileAtomic(file, pieces(first.value, lines));
  return file;
}

function* quarantineLines(journal: Journal, migration: Migration): Generator<string> {
  for (const collection of journal.collections(migration)) {
    const { name } = collection.plan.source;
    for (const { id, reason, detail } of journal.ledger(collection).failures())
      yield `${JSON.stringify({ collection: name, id, reason, detail })}\n`;
  }
}

function* pieces(first: string, rest: Iterable<string>): Generator<string> {
  let lines = [first];
  for (const line of rest) {
    lines.push(line);
    if (lines.length < linesAtOnce) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}
