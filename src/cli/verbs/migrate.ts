/** `vecferry migrate [SOURCE] [TARGET]`. */
import { VectorError } from "../../errors.ts";
import type { CompareRequest } from "../../migrate/compare/request.ts";
import {
  assertPlanFits,
  plannedAddress,
  plannedRequest,
} from "../../migrate/planning/follow-plan.ts";
import { readPlan } from "../../migrate/planning/plan-file.ts";
import { runMigrate } from "../../migrate/run.ts";
import { assertSource, assertTarget } from "../../open.ts";
import type { Environment } from "../../util/environment.ts";
import { readEnds } from "../access.ts";
import { compareFlags, compareRequest, gateFlags } from "../compare-flags.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, targetEnd } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, hookFlags, logFlags, reportFlags, runFlags, stateFlags } from "../flags.ts";
import { leftFlags } from "../left.ts";
import { openSource, openTarget } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { openPassingTarget } from "../passing-target.ts";
import { assertRecordFlags, migratePoints, pointsAddress, pointsSourceFlags } from "../points.ts";
import { rehearse } from "../rehearse.ts";
import { addRequestFlags, migrateRequest } from "../request.ts";
import { residentBytes } from "../resident.ts";
import { assertFolderOf } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { onOff, text } from "../values.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

const planFlags = {
  plan: {
    flag: "--plan <file>",
    help: "do exactly what this plan of `vecferry plan --out` says; its source and target need not be named again",
    schema: text,
  },
} as const satisfies FlagTable;

const endFlags = {
  compare: {
    flag: "--compare",
    help: "compare how both ends answer searches, once the target has finished indexing",
    schema: onOff,
  },
} as const satisfies FlagTable;

/** What points of a Qdrant do not take; they go as they are. */
const recordsAlone = {
  ...planFlags,
  ...endFlags,
  ...compareFlags,
  ...gateFlags,
  restart: runFlags.restart,
} as const satisfies FlagTable;

/** The comparison at the end; null = none is wanted. @throws E_USAGE where flags of one are given without it */
async function readCompare(
  flags: Record<string, unknown>,
  environment: Environment,
  memory: CompareRequest["residentBytes"],
): Promise<CompareRequest | null> {
  const asked = readSettings(compareFlags, flags, environment).values;
  const gates = readSettings(gateFlags, flags, environment).values;
  if (readSettings(endFlags, flags, environment).values.compare)
    return await compareRequest(asked, gates, memory);
  const tables = { ...compareFlags, ...gateFlags };
  const given = Object.entries({ ...asked, ...gates }).find(([, value]) => value !== undefined);
  if (given === undefined) return null;
  const flag = Object.entries(tables).find(([name]) => name === given[0])?.[1].flag ?? "";
  throw new VectorError("E_USAGE", `${flag.replace(/ .*/, "")} goes with --compare alone.`, {
    next: "Add --compare, or leave it out.",
  });
}

export const addMigrate: AddVerb = (program, call) => {
  const command = program
    .command("migrate")
    .summary("copy a Chroma's collections, or a Qdrant's, into Qdrant and verify them")
    .description(
      "Copies every record of the source to the target, verifies what arrived, and leaves a report. " +
        "Points of a Qdrant go as they are, with all that describes their collections. " +
        "The same command again goes on where the last one stopped.",
    )
    .argument(
      "[source]",
      "chroma://host:8000/tenant/database, chroma-cloud://tenant/database, the path of a Chroma folder; or a Qdrant: http(s)://host:6333, embedded:./path",
    )
    .argument("[target]", "http(s)://host:6333, or embedded:./path");
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "A Qdrant as the source (beside its address):", pointsSourceFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addRequestFlags(command);
  addFlags(command, "How the migration runs:", { ...planFlags, ...runFlags });
  addFlags(command, "A comparison at the end:", { ...endFlags, ...compareFlags });
  addFlags(command, "What the comparison must find (else exit 6):", gateFlags);
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 6, 130]));
  onCommand(command, call, migrate);
};

const migrate: Action = async (session, [sourceText, targetText], flags) => {
  const { environment } = session;
  if (sourceText !== undefined && pointsAddress(sourceText) !== null)
    return await migratePoints(session, sourceText, targetText, flags, recordsAlone);
  assertRecordFlags(flags, pointsSourceFlags);
  const { chroma, qdrant, access: readAccess } = readEnds(session, flags);
  const run = readSettings(runFlags, flags, environment).values;
  const report = readSettings(reportFlags, flags, environment).values;
  const log = readSettings(logFlags, flags, environment).values;
  const { onEvent } = readSettings(hookFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const { plan: planFile } = readSettings(planFlags, flags, environment).values;
  const given = migrateRequest(flags, environment, run);
  const plan = planFile === undefined ? null : readPlan(planFile);
  const request = plan === null ? given : plannedRequest(plan, given);
  const named = (text: string | undefined, end: "source" | "target") =>
    text ?? (plan === null ? undefined : plannedAddress(plan, end));
  const source = assertSource(sourceEnd(named(sourceText, "source"), chroma).address);
  const target = assertTarget(targetEnd(named(targetText, "target"), qdrant).address);
  const access = readAccess();
  assertFolderOf("--report-file", report.reportFile);
  const memory = residentBytes(source, target, access, session.io.signal);
  const compare = await readCompare(flags, environment, memory);

  const context = session.context(state);
  const ends = { source, target, access };
  // A rehearsal leaves no log of itself, nor does a plan that is refused.
  const isTried = run.dryRun === true || plan !== null;
  if (!isTried || log.logFile !== undefined) session.openLog("migrate", log);
  if (run.dryRun) {
    const asked = { request, followed: plan, options: { sample: "default" } } as const;
    return rehearse(session, { ...ends, ...asked, out: null, mapping: null }, context);
  }
  session.openHook(onEvent);
  session.follow("migrate", ends, report.reportFile);
  await using from = await openSource(session, source, access);
  if (plan !== null) {
    await using to = await openPassingTarget(session, target, access);
    await assertPlanFits(plan, from, to.store, request, context);
  }
  if (isTried && log.logFile === undefined) session.openLog("migrate", log);
  await using to = await openTarget(session, target, access);
  const asked = compare === null ? request : { ...request, compare };
  const outcome = await runMigrate(from, to, asked, context);
  if (target.kind === "qdrant" && !request.waitGreen && compare === null) {
    const text = "The target may still be indexing; --wait-green waits for it.";
    session.event({ type: "note", text });
  }
  return tellOutcome(session, outcome);
};
