/** `vecferry compare [SOURCE] [TARGET]`. */
import { runCompare } from "../../migrate/compare.ts";
import { readEnds } from "../access.ts";
import { chooseSource, chooseTarget } from "../choose.ts";
import { compareFlags, compareRequest, gateFlags } from "../compare-flags.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, scopeFlags } from "../flags.ts";
import { leftFlags, readLeft } from "../left.ts";
import { assertThere, openSource, openTarget } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { verifyRequest } from "../request.ts";
import { residentBytes } from "../resident.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

export const addCompare: AddVerb = (program, call) => {
  const command = program
    .command("compare")
    .summary("compare how both ends answer searches: recall, order, scores, latency, memory")
    .description(
      "Asks source and target the same queries and holds their answers against the truth, found by brute force over the source's vectors. " +
        "Without addresses, flags and variables it takes the newest migration.",
    )
    .argument("[source]", "as in `vecferry migrate`")
    .argument("[target]", "as in `vecferry migrate`");
  addFlags(command, "What is asked:", compareFlags);
  addFlags(command, "What must be found (else exit 6):", gateFlags);
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "Which records (default: those of the migration):", scopeFlags);
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 5, 6, 130]));
  onCommand(command, call, compare);
};

const compare: Action = async (session, [sourceText, targetText], flags) => {
  const { environment } = session;
  const { chroma, qdrant, access: readAccess } = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const asked = readSettings(compareFlags, flags, environment).values;
  const gates = readSettings(gateFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const source = chooseSource({ address: sourceText, settings: chroma, server: false }, state);
  const target = chooseTarget({ address: targetText, settings: qdrant, server: false }, state);
  const access = readAccess();
  const memory = residentBytes(source, target, access, session.io.signal);
  const request = await compareRequest(asked, gates, memory);
  const { scope: wanted } = verifyRequest(scope, { targetOnly: false, sample: null }, null);

  assertThere(target);
  begin("compare", { source, target });
  await using from = await openSource(session, source, access);
  await using to = await openTarget(session, target, access);
  return tellOutcome(session, await runCompare(from, to, wanted, request, session.context(state)));
};
