import { existsSync } from "node:fs";
import path from "node:path";

/** Path of the journal in a state folder. */
export function journalFile(stateFolder: string): string {
  return path.join(stateFolder, "journal.sqlite");
}

/** Whether a state folder has a journal: to ask before opening one, which would make it. */
export function hasJournal(stateFolder: string): boolean {
  return existsSync(journalFile(stateFolder));
}
