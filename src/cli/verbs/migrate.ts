/** `vecferry migrate [SOURCE] [TARGET]`. */
import { existsSync, rmSync } from "node:fs";
import { assertSource, assertTarget } from "../../connect.ts";
import type { MigrateRequest, RunContext } from "../../migrate/request.ts";
import { dryRun, runMigrate } from "../../migrate/run.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, targetEnd } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import {
  gentleFlags,
  hookFlags,
  logFlags,
  makeFlags,
  outputFlags,
  reportFlags,
  runFlags,
  scopeFlags,
  shapeFlags,
  stateFlags,
} from "../flags.ts";
import type { SourceAddress, TargetAddress } from "../identity.ts";
import { type Access, openSource, openTarget } from "../open.ts";
import { draftData, draftText } from "../output/draft.ts";
import { tellOutcome } from "../output/outcome.ts";
import { migrateRequest } from "../request.ts";
import { assertFolderOf, type Session } from "../session.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, defaultState, onCommand } from "../verb.ts";

export const addMigrate: AddVerb = (program, call) => {
  const command = program
    .command("migrate")
    .summary("copy Chroma's collections into Qdrant and verify them")
    .description(
      "Copies every record of the source to the target, verifies what arrived, and leaves a report. " +
        "The same command again goes on where the last one stopped.",
    )
    .argument(
      "[source]",
      "chroma://host:8000/tenant/database, chroma-cloud://tenant/database, or the path of a Chroma folder",
    )
    .argument("[target]", "http(s)://host:6333, or embedded:./path");
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "Which records:", scopeFlags);
  addFlags(command, "How they come out:", shapeFlags);
  addFlags(command, "How target collections are made:", makeFlags);
  addFlags(command, "How the migration runs:", runFlags);
  const left = { ...stateFlags, ...reportFlags, ...logFlags, ...hookFlags, ...outputFlags };
  addFlags(command, "What it leaves and says:", left);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(command, call, migrate);
};

const migrate: Action = async (session, [sourceText, targetText], flags) => {
  const { environment } = session;
  const { chroma, qdrant, access: readAccess } = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const shape = readSettings(shapeFlags, flags, environment).values;
  const make = readSettings(makeFlags, flags, environment).values;
  const run = readSettings(runFlags, flags, environment).values;
  const report = readSettings(reportFlags, flags, environment).values;
  const log = readSettings(logFlags, flags, environment).values;
  const { onEvent } = readSettings(hookFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const source = assertSource(sourceEnd(sourceText, chroma).address);
  const target = assertTarget(targetEnd(targetText, qdrant).address);
  const request = migrateRequest(scope, shape, make, run);
  const access = readAccess();
  assertFolderOf("--report-file", report.reportFile);

  if (!run.dryRun || log.logFile !== undefined) session.openLog("migrate", log);
  const ends = { source, target, access };
  if (run.dryRun) return rehearse(session, ends, request, session.context(state));
  session.openHook(onEvent);
  session.follow("migrate", ends, report.reportFile);
  await using from = await openSource(session, source, access);
  await using to = await openTarget(session, target, access);
  const context = session.context(state);
  const outcome = await runMigrate(from, to, request, context);
  if (target.kind === "qdrant" && !request.waitGreen) {
    const text = "The target may still be indexing; --wait-green waits for it.";
    session.event({ type: "note", text });
  }
  return tellOutcome(session, outcome);
};

interface NamedEnds {
  readonly source: SourceAddress;
  readonly target: TargetAddress;
  readonly access: Access;
}

/** Prints the plan. An embedded target that was not there before is not there after. */
async function rehearse(
  session: Session,
  { source, target, access }: NamedEnds,
  request: MigrateRequest,
  context: RunContext,
): Promise<number> {
  const fresh = target.kind === "embedded" && !existsSync(target.path) ? target.path : null;
  try {
    await using from = await openSource(session, source, access);
    await using to = await openTarget(session, target, access);
    const draft = await dryRun(from, to, request, context);
    session.output.result("plan", { plan: draftData(draft) }, draftText(draft));
    return 0;
  } finally {
    if (fresh !== null) rmSync(fresh, { recursive: true, force: true });
  }
}
