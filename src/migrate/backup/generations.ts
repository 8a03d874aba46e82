/** What a backup asks of the generations that an archive has already, and what it lets go of when a new one stands. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { ArchivedScope, ArchiveManifest } from "../../store/archive.ts";
import type { CollectionScope } from "../journal/journal.ts";
import { note, phase } from "../telling.ts";
import type { Course } from "./collection.ts";
import type { BackupRun } from "./run.ts";

/** Reads every byte of the newest generation, where there is one: nothing grows on a damaged archive. @throws E_ARCHIVE_DAMAGED */
export async function checkStanding({ place, context, report }: BackupRun): Promise<void> {
  if (!place.stands) return;
  phase(context, "check");
  const stop = report.phase("check");
  try {
    await using _archive = await place.read();
  } catch (error) {
    // Something that is no archive: the writer says so.
    if (!isVectorError(error, "E_NO_ARCHIVE")) throw error;
  } finally {
    stop();
  }
}

/** Lets go of older generations, unless the new one was found to differ from its source. */
export async function keepWanted(
  { place, request, context, report }: BackupRun,
  differences: number,
) {
  const { last, daily } = request.keep;
  if (last === null && daily === null) return;
  if (differences > 0) {
    note(context, report, "Differences were found, so every generation of the archive stays.");
    return;
  }
  const { kept, dropped, freedBytes } = await place.keep(request.keep);
  if (dropped.length === 0) return;
  note(
    context,
    report,
    `${dropped.length === 1 ? "Generation" : "Generations"} ${dropped.join(", ")} of the archive went, with ${megabytes(freedBytes)} that no other needs; ${kept.join(", ")} ${kept.length === 1 ? "stays" : "stay"}.`,
  );
}

/** A generation holds what the one before was asked for: less would look like a loss. @throws E_PLAN_CHANGED */
export function assertSameScope(
  { place, request, context, report }: BackupRun,
  base: ArchiveManifest,
  courses: readonly Course[],
  found: readonly CollectionInfo[],
): void {
  const next =
    "Give the same --include, --exclude, --where and --limit as before, or an archive of its own.";
  for (const { info, scope } of base.collections) {
    const { name } = info;
    const chosen = courses.some((one) => one.info.name === name);
    const there = found.some((one) => one.name === name);
    if (!chosen && !there)
      note(
        context,
        report,
        `The source has no collection ${JSON.stringify(name)} any more; generation ${base.generation} is the last to hold it.`,
      );
    if (!chosen && there)
      throw new VectorError(
        "E_PLAN_CHANGED",
        `The archive ${place.path} holds collection ${JSON.stringify(name)} too, which this backup leaves out.`,
        { next, details: { collection: name } },
      );
    const wanted = archivedScope(request.scope);
    if (!chosen || (wanted?.where === scope?.where && wanted?.limit === scope?.limit)) continue;
    throw new VectorError(
      "E_PLAN_CHANGED",
      `The archive ${place.path} holds other records of collection ${JSON.stringify(name)} than this backup is asked for.`,
      { next, details: { collection: name } },
    );
  }
}

/** null = every record. */
export function archivedScope({
  where,
  limit,
}: Pick<CollectionScope, "where" | "limit">): ArchivedScope | null {
  if (where === null && limit === null) return null;
  return { where: where === null ? null : JSON.stringify(where), limit };
}

/** In words, rounded up. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en-US")} MB`;
}
