/** `vecferry repair [SOURCE] [TARGET]`. */
import { runRepair } from "../../migrate/repair.ts";
import { readEnds } from "../access.ts";
import { chooseSource, chooseTarget } from "../choose.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, repairFlags, scopeFlags } from "../flags.ts";
import { leftFlags, readLeft } from "../left.ts";
import { assertThere, openSource, openTarget } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { repairRequest, verifyRequest } from "../request.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

export const addRepair: AddVerb = (program, call) => {
  const command = program
    .command("repair")
    .summary("write what verify finds missing or different")
    .description(
      "Verifies, writes exactly the records that are missing or differ, and verifies again. What was changed at the target " +
        "stays unless --overwrite is given; nothing is deleted without --delete-extra.",
    )
    .argument("[source]", "as in `vecferry migrate`; default: the newest migration's")
    .argument("[target]", "as in `vecferry migrate`; default: the newest migration's");
  addFlags(command, "What is done:", repairFlags);
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "Which records (default: those of the migration):", scopeFlags);
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 4, 5, 130]));
  onCommand(command, call, repair);
};

const repair: Action = async (session, [sourceText, targetText], flags) => {
  const { environment } = session;
  const { chroma, qdrant, access: readAccess } = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const asked = readSettings(repairFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const source = chooseSource({ address: sourceText, settings: chroma, server: false }, state);
  const target = chooseTarget({ address: targetText, settings: qdrant, server: false }, state);
  const verify = verifyRequest(scope, { targetOnly: false, sample: null }, null);
  const { overwrite = false, deleteExtra = false, dryRun = false } = asked;
  const request = repairRequest(verify, { overwrite, deleteExtra, dryRun });
  const access = readAccess();

  if (dryRun) assertThere(target);
  begin("repair", { source, target });
  await using from = await openSource(session, source, access);
  await using to = await openTarget(session, target, access);
  const context = session.context(state);
  return tellOutcome(session, await runRepair(from, to, request, context));
};
