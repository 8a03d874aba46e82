/** What a backup asks of the generations that an archive has already, and what it lets go of when a new one stands. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { ArchivedScope, ArchiveManifest } from "../../store/archive.ts";
import type { StoreIdentity } from "../../store/port.ts";
import type { CollectionScope } from "../journal/journal.ts";
import { note, phase } from "../telling.ts";
import type { Course } from "./collection.ts";
import type { BackupRun } from "./run.ts";

/**
 * Reads every byte of the newest generation, where there is one: nothing grows on a damaged archive, nor on one that holds more than
 * is asked for now. @throws E_ARCHIVE_DAMAGED, E_ARCHIVE_FORMAT, E_PLAN_CHANGED
 */
export async function checkStanding(
  run: BackupRun,
  courses: readonly Course[],
  found: readonly CollectionInfo[],
): Promise<void> {
  const { source, place, context, report } = run;
  if (!place.stands) return;
  phase(context, "check");
  const stop = report.phase("check");
  try {
    await using archive = await place.read();
    const { manifest } = archive;
    // The writer refuses one of another store.
    if (addressOf(manifest.source) === addressOf(source.identity))
      assertSameScope(run, manifest, courses, found);
  } catch (error) {
    // Something that is no archive: the writer says so.
    if (!isVectorError(error, "E_NO_ARCHIVE")) throw error;
  } finally {
    stop();
  }
}

function addressOf({ kind, address, tenant, database }: StoreIdentity): string {
  return JSON.stringify([kind, address, tenant, database]);
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
function assertSameScope(
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
