/** `vecferry verify [SOURCE] [TARGET]`. */
import { VectorError } from "../../errors.ts";
import { runRepair } from "../../migrate/repair.ts";
import { runVerify } from "../../migrate/verify.ts";
import { readEnds } from "../access.ts";
import { chooseSource, chooseTarget } from "../choose.ts";
import { CombinedFile } from "../combined.ts";
import { chromaFlags, patienceFlags, qdrantFlags, sourceQdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { compareRecords } from "../exporting.ts";
import {
  fixFlags,
  gentleFlags,
  pointsFlags,
  runFlags,
  scopeFlags,
  shapeFlags,
  verifyFlags,
} from "../flags.ts";
import { leftFlags, readLeft } from "../left.ts";
import { assertThere, openSource, openTarget } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { assertRecordFlags, comparePoints, pointsAddress } from "../points.ts";
import { repairRequest, verifyRequest } from "../request.ts";
import { assertFolderOf } from "../session.ts";
import { addFlags, type FlagTable, readSettings, type Values } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

/** What goes with a Qdrant as the source alone. */
const pointsVerifyFlags = {
  ...sourceQdrantFlags,
  rename: shapeFlags.rename,
  targetCollection: shapeFlags.targetCollection,
  aliases: pointsFlags.aliases,
  merge: {
    ...runFlags.merge,
    help: "count points that the source does not have as others', not as differences",
  },
} as const satisfies FlagTable;

/** What points of a Qdrant do not take; both ends are read whole. */
const recordsAlone = {
  ...verifyFlags,
  fixMissing: fixFlags.fixMissing,
  overwrite: fixFlags.overwrite,
};

export const addVerify: AddVerb = (program, call) => {
  const command = program
    .command("verify")
    .summary("compare the target with the source, to the last bit")
    .description(
      "Compares schema, ids both ways, vectors, payload and its types. Without addresses, flags and variables it takes the newest migration.",
    )
    .argument("[source]", "as in `vecferry migrate` or `vecferry export`; not with --target-only")
    .argument("[target]", "as in `vecferry migrate` or `vecferry export`");
  addFlags(command, "What is compared:", verifyFlags);
  addFlags(command, "Mending:", fixFlags);
  addFlags(command, "A Chroma (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "A Qdrant (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "A Qdrant as the source (beside its address):", pointsVerifyFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "Which records (default: those of the migration):", scopeFlags);
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 4, 5, 130]));
  onCommand(command, call, verify);
};

const verify: Action = async (session, operands, flags) => {
  const { environment } = session;
  const [first, second] = operands;
  const ofExport = await compareRecords(session, operands, flags);
  if (ofExport !== null) return ofExport;
  if (!flags["targetOnly"] && first !== undefined && pointsAddress(first) !== null)
    return await comparePoints(session, first, second, flags, recordsAlone);
  assertRecordFlags(flags, pointsVerifyFlags);
  const { chroma, qdrant, access: readAccess } = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const asked = readSettings(verifyFlags, flags, environment).values;
  const fix = readSettings(fixFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertTogether(asked, fix, operands);
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const [sourceText, targetText] = asked.targetOnly ? [undefined, operands[0]] : operands;
  const source = asked.targetOnly
    ? null
    : chooseSource(
        { address: sourceText, settings: chroma, server: asked.sourceChromadb ?? false },
        state,
      );
  const target = chooseTarget(
    { address: targetText, settings: qdrant, server: asked.targetQdrant ?? false },
    state,
  );
  const access = readAccess();
  assertFolderOf("--combined", asked.combined);
  const plain = { targetOnly: asked.targetOnly ?? false, sample: asked.sample ?? null };
  verifyRequest(scope, plain, null);

  if (!fix.fixMissing) assertThere(target);
  begin(fix.fixMissing ? "repair" : "verify", { source, target }, "verify");
  await using from = source === null ? null : await openSource(session, source, access);
  await using to = await openTarget(session, target, access);
  const context = session.context(state);
  using combined = asked.combined === undefined ? null : new CombinedFile(asked.combined);
  const request = verifyRequest(scope, plain, combined?.write ?? null);
  if (from === null || !fix.fixMissing) {
    return tellOutcome(session, await runVerify(from, to, request, context));
  }
  const { overwrite = false } = fix;
  const repair = repairRequest(request, { overwrite });
  return tellOutcome(session, await runRepair(from, to, repair, context));
};

function assertTogether(
  asked: Values<typeof verifyFlags>,
  fix: Values<typeof fixFlags>,
  operands: readonly string[],
): void {
  const { targetOnly, sourceChromadb, targetQdrant } = asked;
  const targetText = operands[targetOnly ? 0 : 1];
  const rules: readonly (readonly [fault: unknown, text: string])[] = [
    [fix.overwrite && !fix.fixMissing, "--overwrite goes with --fix-missing alone."],
    [targetOnly && fix.fixMissing, "--fix-missing reads the source, --target-only leaves it out."],
    [targetOnly && sourceChromadb, "--source-chromadb names what --target-only leaves out."],
    [targetOnly && operands.length > 1, "--target-only takes the address of the target alone."],
    [sourceChromadb && operands.length > 0, "Both --source-chromadb and an address are given."],
    [targetQdrant && targetText, "Both --target-qdrant and the target's address are given."],
  ];
  const fault = rules.find(([broken]) => broken);
  if (fault !== undefined) {
    throw new VectorError("E_USAGE", fault[1], { next: "Leave one of the two out." });
  }
}
