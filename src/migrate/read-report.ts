/** Reports read back from the state folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { migrationFiles } from "./files.ts";
import { type Report, reportSchema } from "./report-schema.ts";

/** The report in a file; null where there is none that can be read. */
export function readReport(file: string): Report | null {
  try {
    const parsed = reportSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The newest report of a migration, and the newest of each command that came to its end; newest first. */
export function readReports(stateFolder: string, run: string): Report[] {
  const { report, lastReports } = migrationFiles(stateFolder, run);
  const newest = readReport(report);
  const last = namesIn(lastReports).map((name) => readReport(join(lastReports, name)));
  return [newest, ...last]
    .filter((one) => one !== null)
    .filter((one, at) => at === 0 || one.endedAt !== newest?.endedAt)
    .sort((one, other) => other.endedAt.localeCompare(one.endedAt));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}
