/** `vecferry status`. */
import { readStatus } from "../../migrate/status.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags, stateFlags } from "../flags.ts";
import { statusText } from "../output/status.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

export const addStatus: AddVerb = (program, call) => {
  const command = program
    .command("status")
    .summary("tell how far each migration is and what to do next")
    .description("Reads the journal alone: while a migration runs, and after one has died.");
  addFlags(command, "What it reads and says:", { ...stateFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2]));
  onCommand(command, call, status);
};

const status: Action = async (session, _operands, flags) => {
  const { state = defaultState } = readSettings(stateFlags, flags, session.environment).values;
  const found = readStatus(state);
  session.output.result("status", { status: found }, statusText(found));
  return 0;
};
