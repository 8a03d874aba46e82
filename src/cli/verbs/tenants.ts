/** `vecferry tenants [TARGET]`. */
import { runTenants } from "../../migrate/tenants/tenants.ts";
import { readEnds } from "../access.ts";
import { chooseTarget } from "../choose.ts";
import { patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags, stateFlags } from "../flags.ts";
import { assertThere, openTarget } from "../open.ts";
import { tenantsText } from "../output/tenants.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { text } from "../values.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

const chosenFlags = {
  targetCollection: {
    flag: "--target-collection <name>",
    help: "only this collection of the target",
    schema: text,
  },
} as const satisfies FlagTable;

export const addTenants: AddVerb = (program, call) => {
  const command = program
    .command("tenants")
    .summary("count each tenant's records, and try whether any sees another's")
    .description(
      "Counts the points of every tenant, and searches as each of them: by vectors of its own and of others, whose nearest record is another's. " +
        "Nothing that is not the tenant's own may be found. Changes nothing. Without a target it takes the newest migration's.",
    )
    .argument("[target]", "as in `vecferry migrate`");
  addFlags(command, "Which collection:", chosenFlags);
  addFlags(command, "Target (instead of its address, or beside it):", {
    ...qdrantFlags,
    ...patienceFlags,
  });
  addFlags(command, "What it reads and says:", { ...stateFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2, 4, 5, 130]));
  onCommand(command, call, tenants);
};

const tenants: Action = async (session, [targetText], flags) => {
  const { environment } = session;
  const ends = readEnds(session, flags);
  const { targetCollection = null } = readSettings(chosenFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const named = { address: targetText, settings: ends.qdrant, server: false };
  const target = chooseTarget(named, state);
  assertThere(target);
  session.leaves("everything: nothing was written.");
  await using to = await openTarget(session, target, ends.access());
  const { signal } = session.io;
  const request = { collection: targetCollection };
  const outcome = await runTenants(to, request, { stateFolder: state, signal });
  session.output.result("tenants", { tenants: outcome }, tenantsText(outcome));
  return outcome.exit;
};
