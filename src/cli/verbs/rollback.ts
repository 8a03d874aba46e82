/** `vecferry rollback plan|run [QDRANT] [CHROMA]`. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { VectorError } from "../../errors.ts";
import type { RunContext } from "../../migrate/request.ts";
import type { ArchiveAccess } from "../../migrate/rollback/backups.ts";
import { chooseBackup } from "../../migrate/rollback/choose-backup.ts";
import { readComposeFiles } from "../../migrate/rollback/compose.ts";
import { readMigration } from "../../migrate/rollback/found.ts";
import { drawRollbackPlan } from "../../migrate/rollback/plan.ts";
import { runRollback } from "../../migrate/rollback/run.ts";
import { storeVariables, variableChanges } from "../../migrate/rollback/variables.ts";
import { assertArchive, connectArchive } from "../../open.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import { stores } from "../../stores.ts";
import { writeFileAtomic } from "../../util/whole-file.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { openRecordTarget, type RecordAddress } from "../export-ends.ts";
import { exportShapeFlags } from "../export-flags.ts";
import { gentleFlags, logFlags, outputFlags, stateFlags } from "../flags.ts";
import { storeIdentity, type TargetAddress } from "../identity.ts";
import { openPoints } from "../open.ts";
import { rollbackPlanText } from "../output/rollback.ts";
import { rollbackText } from "../output/rollback-run.ts";
import { chooseRollbackEnds, endToLook } from "../rollback-ends.ts";
import { assertFolderOf, type Session } from "../session.ts";
import { addFlags, type FlagTable, readSettings, type Values } from "../setting.ts";
import { onOff, text } from "../values.ts";
import { type Action, type AddVerb, addGroup, defaultState, onCommand } from "../verb.ts";

const rollbackFlags = {
  backup: {
    flag: "--backup <archive>",
    help: "archive:./folder, the archive to go back to; default: the newest whole one of this Chroma in this folder",
    schema: text,
  },
  withoutBackup: {
    flag: "--without-backup",
    help: "go back although there is no archive",
    schema: onOff,
  },
  restoreOnly: {
    flag: "--restore-only",
    help: "restore the archive, and leave Qdrant out: what was written since the switch stays behind",
    schema: onOff,
  },
  overwrite: {
    flag: "--overwrite",
    help: "write Qdrant's records over those that are newer in Chroma, and bring back those that Chroma has no more",
    schema: onOff,
  },
  propagateDeletes: {
    flag: "--propagate-deletes",
    help: "delete in Chroma what was deleted at Qdrant since, where it is as it was carried",
    schema: onOff,
  },
  nearestFloats: exportShapeFlags.nearestFloats,
  dryRun: {
    flag: "--dry-run",
    help: "say what would be done, and name what is newer in Chroma; write nothing",
    schema: onOff,
  },
} as const satisfies FlagTable;

const planFlags = {
  backup: {
    flag: "--backup <archive>",
    help: "archive:./folder, one more archive to look at; default: those that stand in this folder",
    schema: text,
  },
  out: { flag: "--out <file>", help: "write the plan there too, as Markdown", schema: text },
} as const satisfies FlagTable;

export const addRollback: AddVerb = (program, call) => {
  const group = addGroup(program, call, "rollback", "go back from Qdrant to Chroma");
  const plan = group
    .command("plan")
    .summary("print the emergency steps for this installation")
    .description(
      "What runs at both ends, which compose files stand in this folder, which backups there are and whether they are whole, which variables the " +
        "application uses and what they must become: and the steps back, each with its command. Changes nothing. Without addresses it takes the newest migration's.",
    );
  addEnds(plan);
  addFlags(plan, "The plan:", planFlags);
  addFlags(plan, "What it reads and says:", { ...stateFlags, ...outputFlags });
  plan.addHelpText("after", exitHelp([0, 1, 2, 130]));
  onCommand(plan, call, planRollback);
  const run = group
    .command("run")
    .summary("go back: restore what Chroma lacks, carry what was written since, verify")
    .description(
      "Checks the backup; looks at every record of both ends and names what is newer in Chroma; restores from the backup the collections that Chroma lacks; " +
        "carries to Chroma what was written to Qdrant since the migration; compares both ends; prints the variables to set. Nothing newer is written over without " +
        "--overwrite. The same command again goes on where the last one stopped. Without addresses it takes the newest migration's.",
    );
  addEnds(run);
  addFlags(run, "How it is done:", rollbackFlags);
  addFlags(run, "What it leaves and says:", { ...stateFlags, ...logFlags, ...outputFlags });
  run.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(run, call, goBack);
};

function addEnds(command: Command): void {
  command
    .argument(
      "[qdrant]",
      "what the application reads now: http(s)://host:6333, embedded:./path or faiss:./path",
    )
    .argument(
      "[chroma]",
      "what it goes back to: chroma://host:8000/tenant/database or chroma-cloud://tenant/database",
    );
  addFlags(command, "The Qdrant (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "The Chroma (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
}

const planRollback: Action = async (session, operands, flags) => {
  const { environment, io } = session;
  const ends = readEnds(session, flags);
  const { backup, out } = readSettings(planFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  assertFolderOf("--out", out);
  const { qdrant, chroma } = chooseRollbackEnds(operands, ends, state);
  const archive = backup === undefined ? null : assertArchive(backup);
  const access = ends.access();
  session.leaves("everything: nothing was changed.");
  const { signal } = io;
  const plan = await drawRollbackPlan(
    {
      qdrant: endToLook(session, qdrant, access),
      chroma: chroma === null ? null : endToLook(session, chroma, access),
      folder: resolve(io.folder),
      backup: archive === null ? null : { ...archive, path: storeIdentity(archive).address },
    },
    {
      stateFolder: state,
      environment,
      now: new Date(),
      signal,
      ...archiveAccess(signal),
    },
  );
  const page = rollbackPlanText(plan);
  if (out !== undefined) writeFileAtomic(out, [`${page}\n`]);
  const written = out === undefined ? null : resolve(out);
  const words = written === null ? page : `${page}\n\nWritten for you: ${written}`;
  session.output.result("rollback-plan", { plan, file: written }, words);
  return 0;
};

const goBack: Action = async (session, operands, flags) => {
  const { environment, io } = session;
  const ends = readEnds(session, flags);
  const asked = readSettings(rollbackFlags, flags, environment).values;
  const log = readSettings(logFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const { overwrite = false, propagateDeletes = false } = asked;
  const { restoreOnly = false, nearestFloats = false, dryRun = false } = asked;
  assertTogether(asked);
  const { qdrant, chroma } = chooseRollbackEnds(operands, ends, state);
  if (chroma === null)
    throw new VectorError("E_CONFIG", "No Chroma is named that can be written.", {
      next: "A folder is never written: start a Chroma and give its address, vecferry rollback run QDRANT chroma://HOST:8000.",
    });
  const access = ends.access();
  const context = session.context(state);

  if (!dryRun) session.openLog("rollback", log);
  session.leaves(
    dryRun
      ? "everything: nothing was written."
      : "what was written to Chroma stands there; Qdrant and the backup are as they were.",
  );
  session.event({ type: "phase", phase: "check", collection: null });
  await using backup = await openBackup(session, asked, { qdrant, chroma }, context);
  await using from = restoreOnly ? null : await openPoints(session, qdrant, access);
  await using to = await openRecordTarget(session, chroma, access);
  const request = { overwrite, propagateDeletes, restoreOnly, nearestFloats, dryRun };
  const stores = { qdrant: from, qdrantIdentity: storeIdentity(qdrant), chroma: to, backup };
  const outcome = await runRollback(stores, request, context);
  const known = readMigration(state, stores.qdrantIdentity, to.identity);
  const compose = readComposeFiles(resolve(io.folder), storeVariables);
  const renamed = known?.planned.collections ?? [];
  const variables = variableChanges(to.identity, environment, compose, renamed);
  session.logEnd(outcome.exit);
  const told = { ...outcome, backup: backup?.identity.address ?? null, variables };
  const files = { log: session.logPath };
  session.output.result("rollback", { ...told, files }, rollbackText(told));
  return outcome.exit;
};

/** @throws E_USAGE */
function assertTogether(asked: Values<typeof rollbackFlags>): void {
  const { backup, withoutBackup, restoreOnly, propagateDeletes } = asked;
  const rules: readonly (readonly [fault: unknown, text: string])[] = [
    [backup !== undefined && withoutBackup, "Both --backup and --without-backup are given."],
    [restoreOnly && withoutBackup, "--restore-only restores what --without-backup leaves out."],
    [
      restoreOnly && propagateDeletes,
      "--restore-only leaves out the Qdrant that --propagate-deletes asks.",
    ],
  ];
  const fault = rules.find(([broken]) => broken);
  if (fault !== undefined)
    throw new VectorError("E_USAGE", fault[1], { next: "Leave one of the two out." });
}

/** The backup, every byte of it read; null where none is wanted. @throws E_NO_ARCHIVE, E_ARCHIVE_DAMAGED, E_ARCHIVE_FORMAT */
async function openBackup(
  session: Session,
  { backup, withoutBackup }: Values<typeof rollbackFlags>,
  ends: { readonly qdrant: TargetAddress; readonly chroma: RecordAddress },
  { stateFolder, signal }: RunContext,
): Promise<ArchiveReader | null> {
  if (withoutBackup) return null;
  if (backup !== undefined) return await connectArchive(assertArchive(backup), { signal });
  const path = await chooseBackup({
    stateFolder,
    qdrant: storeIdentity(ends.qdrant),
    chroma: storeIdentity(ends.chroma),
    folders: [resolve(session.io.folder)],
    now: new Date(),
    signal,
    ...archiveAccess(signal),
  });
  session.event({ type: "note", text: `The backup is ${path}.` });
  return await connectArchive({ kind: "archive", path }, { signal });
}

function archiveAccess(signal: AbortSignal): ArchiveAccess {
  return {
    isArchive: (path) => stores.archives.isAt(path),
    openArchive: (archive) => connectArchive(archive, { signal }),
  };
}
