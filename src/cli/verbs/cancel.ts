/** `vecferry cancel [TARGET]`. */
import { runCancel } from "../../migrate/cancel.ts";
import { chooseTarget } from "../choose.ts";
import { qdrantFlags } from "../end-flags.ts";
import { qdrantOptions } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { cancelFlags, logFlags, outputFlags, stateFlags } from "../flags.ts";
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
      "Removes the points that bear the migration's mark and the collections that it made, where nothing else is in them.",
    )
    .argument("[target]", "as in `vecferry migrate`; default: the newest migration's");
  addFlags(command, "What is done:", cancelFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "What it leaves and says:", { ...stateFlags, ...logFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2, 5, 130]));
  onCommand(command, call, cancel);
};

const cancel: Action = async (session, [targetText], flags) => {
  const { environment } = session;
  const qdrant = readSettings(qdrantFlags, flags, environment);
  const logging = readSettings(logFlags, flags, environment).values;
  const { dryRun = false } = readSettings(cancelFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const target = chooseTarget({ address: targetText, settings: qdrant, server: false }, state);
  const access = qdrantOptions(qdrant, session.keys);
  assertThere(target);

  if (!dryRun || logging.logFile !== undefined) session.openLog("cancel", logging);
  await using to = await openTarget(session, target, access);
  const outcome = await runCancel(to, { dryRun }, session.context(state));
  const { logPath: log } = session;
  session.logEnd(0);
  const text = [cancelText(outcome, dryRun), ...fileLines({ log })].join("\n");
  session.output.result("cancel", { outcome, dryRun, files: { log } }, text);
  return 0;
};
