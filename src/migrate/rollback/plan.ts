/** `rollback plan`: the steps back to Chroma for the installation as it stands. Looks at everything and changes nothing. */
import { existsSync } from "node:fs";
import path from "node:path";
import { isVectorError } from "../../errors.ts";
import { type Backup, bestBackup, findBackups } from "./backups.ts";
import { readComposeFiles } from "./compose.ts";
import { type Found, type PlannedEnd, readMigration } from "./found.ts";
import { problemsOf } from "./problems.ts";
import type { RollbackEnd, RollbackPlanContext, RollbackPlanRequest } from "./request.ts";
import { type Step, stepsOf } from "./steps.ts";
import {
  environmentLines,
  storeVariables,
  type VariableChange,
  variableChanges,
} from "./variables.ts";

export interface RollbackPlan extends Omit<Found, "best" | "composeCommand"> {
  readonly format: 1;
  /** ISO 8601. */
  readonly created: string;
  /** The archive to go back to; null = there is none. */
  readonly backup: Backup["path"] | null;
  readonly variables: readonly VariableChange[];
  readonly steps: readonly Step[];
  /** What stands in the way, or will be lost, in sentences. */
  readonly problems: readonly string[];
  /** Whether `rollback run` could begin now. */
  readonly ready: boolean;
}

/** @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED, E_ABORTED; what is wrong with an end or an archive stands in the plan */
export async function drawRollbackPlan(
  { folder, backup, qdrant, chroma }: RollbackPlanRequest,
  context: RollbackPlanContext,
): Promise<RollbackPlan> {
  const { now, signal, environment } = context;
  const known = readMigration(context.stateFolder, qdrant.identity, chroma?.identity ?? null);
  const compose = readComposeFiles(folder, storeVariables);
  const [from, to] = await Promise.all([lookAt(qdrant), chroma === null ? null : lookAt(chroma)]);
  const migrated = known?.source ?? chroma?.identity ?? null;
  const where = { folders: [folder], named: backup, chroma: migrated, now, signal };
  const { isArchive, openArchive } = context;
  const backups = await findBackups({ ...where, isArchive, openArchive });
  const renamed = known?.planned.collections ?? [];
  const variables = variableChanges(chroma?.identity ?? null, environment, compose, renamed);
  const found: Found = {
    folder,
    migration: known?.planned ?? null,
    qdrant: from,
    chroma: to,
    compose,
    backups,
    best: bestBackup(backups),
    environment: environmentLines(variables),
    composeCommand: composeCommand(environment("PATH")?.text ?? ""),
  };
  const { best, composeCommand: _, ...told } = found;
  const problems = problemsOf(found);
  return {
    format: 1,
    created: now.toISOString(),
    ...told,
    backup: best?.path ?? null,
    variables,
    steps: stepsOf(found),
    problems: problems.map(({ text }) => text),
    ready: problems.every(({ blocks }) => !blocks),
  };
}

/** An end as it is, or why it could not be looked at. */
async function lookAt(end: RollbackEnd): Promise<PlannedEnd> {
  const { text: address, identity } = end;
  try {
    return { address, kind: identity.kind, found: await end.look(), fault: null };
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    const { code, message } = error;
    return { address, kind: identity.kind, found: null, fault: { code, message } };
  }
}

/** By what is in PATH; Docker's where neither is. */
function composeCommand(pathVariable: string): string {
  const folders = pathVariable.split(path.delimiter).filter((folder) => folder !== "");
  const has = (name: string) => folders.some((folder) => existsSync(path.join(folder, name)));
  return !has("docker") && has("podman") ? "podman compose" : "docker compose";
}
