/** An archive into a Qdrant: records as a migration carries them, points as they were. */

import type { PointsRequest } from "../migrate/points/request.ts";
import { runPoints } from "../migrate/points/run.ts";
import { archivedPoints } from "../migrate/points/source.ts";
import type { Outcome } from "../migrate/report.ts";
import type { MigrateRequest, RunContext } from "../migrate/request.ts";
import { runMigrate } from "../migrate/run.ts";
import type { ArchiveReader } from "../store/archive.ts";
import type { TargetStore } from "../store/port.ts";

/** Whether the archive's rows are points of a Qdrant. */
export function holdsPoints({ manifest }: ArchiveReader): boolean {
  return manifest.collections.some(({ rows }) => rows === "points");
}

/** What is asked of points alone. */
export type PointsAlone = Pick<PointsRequest, "overwrite" | "aliases">;

/** @throws as `runMigrate` and `runPoints` */
export function carryArchive(
  archive: ArchiveReader,
  target: TargetStore,
  request: MigrateRequest,
  { overwrite, aliases }: PointsAlone,
  context: RunContext,
): Promise<Outcome> {
  if (!holdsPoints(archive))
    return runMigrate(archive, target, { ...request, command: "restore" }, context);
  const { scope, shape, merge, batchSize, indexing, waitGreen } = request;
  const { renames, targetCollection } = shape;
  const wanted = {
    command: "restore",
    scope,
    renames,
    targetCollection,
    merge,
    overwrite,
    propagateDeletes: false,
    aliases,
    indexing,
    waitGreen,
    batchSize,
  } as const;
  return runPoints(archivedPoints(archive), target, wanted, context);
}
