/** `vecferry rollback plan|run [QDRANT] [CHROMA]`. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { writeFileAtomic } from "../../migrate/files.ts";
import { drawRollbackPlan } from "../../migrate/rollback/plan.ts";
import { assertArchive, connectArchive } from "../../open.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags, stateFlags } from "../flags.ts";
import { storeIdentity } from "../identity.ts";
import { rollbackPlanText } from "../output/rollback.ts";
import { chooseRollbackEnds, chromaToLook, qdrantToLook } from "../rollback-ends.ts";
import { assertFolderOf } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { text } from "../values.ts";
import { type Action, type AddVerb, addGroup, defaultState, onCommand } from "../verb.ts";

const backupFlags = {
  backup: {
    flag: "--backup <archive>",
    help: "archive:./folder, the archive to go back to; default for plan: what stands in this folder",
    schema: text,
  },
} as const satisfies FlagTable;

const planFlags = {
  ...backupFlags,
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
  addFlags(command, "Both ends:", patienceFlags);
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
      qdrant: qdrantToLook(session, qdrant, access),
      chroma: chroma === null ? null : chromaToLook(session, chroma, access),
      folder: resolve(io.folder),
      backup: archive === null ? null : storeIdentity(archive).address,
    },
    {
      stateFolder: state,
      environment,
      now: new Date(),
      signal,
      openArchive: (path) => connectArchive({ kind: "archive", path }, { signal }),
    },
  );
  const page = rollbackPlanText(plan);
  if (out !== undefined) writeFileAtomic(out, [`${page}\n`]);
  const written = out === undefined ? null : resolve(out);
  const words = written === null ? page : `${page}\n\nWritten for you: ${written}`;
  session.output.result("rollback-plan", { plan, file: written }, words);
  return 0;
};
