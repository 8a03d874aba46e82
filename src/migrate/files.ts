/** The files of a migration, in the state folder under its mark. */
import path from "node:path";

export interface MigrationFiles {
  readonly folder: string;
  readonly lock: string;
  readonly report: string;
  readonly quarantine: string;
  /** Folder of the newest report of each command that came to its end. */
  readonly lastReports: string;
}

/** Where the files of the migration with the mark `run` stand. */
export function migrationFiles(stateFolder: string, run: string): MigrationFiles {
  const folder = path.join(stateFolder, run);
  return {
    folder,
    lock: path.join(folder, "lock"),
    report: path.join(folder, "report.json"),
    quarantine: path.join(folder, "quarantine.jsonl"),
    lastReports: path.join(folder, "reports"),
  };
}
