/** Which archive a rollback goes back to. */
import { VectorError } from "../../errors.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { type BackupsContext, bestBackup, findBackups } from "./backups.ts";
import { readMigration } from "./found.ts";

export interface BackupChoice extends Omit<BackupsContext, "chroma" | "named"> {
  readonly stateFolder: string;
  readonly qdrant: StoreIdentity;
  readonly chroma: StoreIdentity;
}

/** The path of the newest whole archive of the Chroma that was migrated. @throws E_NO_ARCHIVE where there is none; E_JOURNAL_DAMAGED, E_ABORTED */
export async function chooseBackup(choice: BackupChoice): Promise<string> {
  const { stateFolder, qdrant, chroma, folders } = choice;
  const known = readMigration(stateFolder, qdrant, chroma);
  const backups = await findBackups({ ...choice, named: null, chroma: known?.source ?? chroma });
  const best = bestBackup(backups);
  if (best !== null) return best.path;
  const refused = backups.find(({ state }) => state === "refused");
  const others = backups.filter(({ state }) => state === "whole").map(({ path }) => path);
  const why =
    refused?.fault != null
      ? ` ${refused.fault.message}`
      : others.length > 0
        ? ` ${others[0]} is of another store.`
        : "";
  throw new VectorError(
    "E_NO_ARCHIVE",
    `No whole backup of the Chroma that was migrated stands in ${folders.join(" and ")}.${why}`,
    {
      next: "Name one with --backup archive:./folder. --without-backup goes back without any.",
      details: { refused: refused?.path ?? null, others },
    },
  );
}
