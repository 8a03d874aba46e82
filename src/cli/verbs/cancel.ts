/** `vecferry cancel [SOURCE] [TARGET]`. */

import { runCancel, targetToCancel } from "../../migrate/cancel.ts";
import { assertSource, assertTarget } from "../../open.ts";
import { parseAddress } from "../../store/address.ts";
import { isTargetAddress } from "../../store/registry.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { qdrantOptions, sourceEnd, targetEnd, withGrpc } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { cancelFlags, logFlags, outputFlags, stateFlags } from "../flags.ts";
import { sourceIdentity } from "../identity.ts";
import { assertThere, openTarget } from "../open.ts";
import { cancelText } from "../output/cancel.ts";
import { fileLines } from "../output/outcome.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

export const addCancel: AddVerb = (program, call) => {
  const command = program
    .command("cancel")
    .summary("remove what a migration made, and nothing else")
    .description(
      "Removes the points that bear the migration's mark and the collections that it made, where nothing else is in them. " +
        "The source is only named: nothing is read there. Where several migrations could be meant, it lists them and removes nothing.",
    )
    .argument("[source]", "as in `vecferry migrate`; default: that of the only migration there is")
    .argument("[target]", "as in `vecferry migrate`; default: as for the source; may stand alone");
  addFlags(command, "What is done:", cancelFlags);
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", patienceFlags);
  addFlags(command, "What it leaves and says:", { ...stateFlags, ...logFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2, 5, 130]));
  onCommand(command, call, cancel);
};

const cancel: Action = async (session, operands, flags) => {
  const { environment } = session;
  const chroma = readSettings(chromaFlags, flags, environment);
  const qdrant = readSettings(qdrantFlags, flags, environment);
  const patience = readSettings(patienceFlags, flags, environment).values;
  const logging = readSettings(logFlags, flags, environment).values;
  const { dryRun = false } = readSettings(cancelFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const [sourceText, targetText] = isTargetAlone(operands) ? [undefined, operands[0]] : operands;
  const from = sourceEnd(sourceText, chroma);
  const source = from.fallback ? null : sourceIdentity(assertSource(from.address));
  const named = targetEnd(targetText, qdrant);
  const target = assertTarget(
    named.fallback ? withGrpc(parseAddress(targetToCancel(state, source)), qdrant) : named.address,
  );
  const access = { qdrant: qdrantOptions(qdrant, session.keys), ...patience };
  assertThere(target);

  if (!dryRun || logging.logFile !== undefined) session.openLog("cancel", logging);
  await using to = await openTarget(session, target, access);
  const outcome = await runCancel(to, { dryRun, source }, session.context(state));
  const { logPath: log } = session;
  session.logEnd(0);
  const text = [cancelText(outcome, dryRun), ...fileLines({ log })].join("\n");
  session.output.result("cancel", { outcome, dryRun, files: { log } }, text);
  return 0;
};

function isTargetAlone([first, ...others]: readonly string[]): boolean {
  if (first === undefined || others.length > 0) return false;
  return isTargetAddress(parseAddress(first));
}
