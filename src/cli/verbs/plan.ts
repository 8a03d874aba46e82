/** `vecferry plan [SOURCE] [TARGET]`. */
import { VectorError } from "../../errors.ts";
import { assertSource, assertTarget } from "../../open.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, targetEnd } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, outputFlags, stateFlags } from "../flags.ts";
import { assertRecordFlags, planOfPoints, pointsAddress, pointsSourceFlags } from "../points.ts";
import { rehearse } from "../rehearse.ts";
import { addRequestFlags, migrateRequest } from "../request.ts";
import { assertFolderOf } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { onOff, text, wholeNumber } from "../values.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

/** What a plan looks at, and where it is written. */
const planFlags = {
  out: {
    flag: "--out <file>",
    help: "write the plan there, for `vecferry migrate --plan`",
    schema: text,
  },
  writeTenantMapping: {
    flag: "--write-tenant-mapping <file>",
    help: "write a first tenant mapping there, to be edited; never over another file",
    schema: text,
  },
  full: {
    flag: "--full",
    help: "look at every record, also where the source is a server (a folder is always looked at as a whole)",
    schema: onOff,
  },
  sample: {
    flag: "--sample <records>",
    help: "look at no more than the first so many records of each collection",
    schema: wholeNumber(1, 1_000_000_000),
  },
} as const satisfies FlagTable;

export const addPlan: AddVerb = (program, call) => {
  const command = program
    .command("plan")
    .summary("say what is there, what will be made of it, and what it will take")
    .description(
      "Looks at the source and the target, and writes nothing at either: what the collections hold, what will be made " +
        "of them, how much memory and disk that takes, how long it will last. Without a target it is an inventory of the source.",
    )
    .argument(
      "[source]",
      "chroma://host:8000/tenant/database, chroma-cloud://tenant/database, archive:./path, the path of a Chroma folder, or a Qdrant: http(s)://host:6333, embedded:./path",
    )
    .argument("[target]", "http(s)://host:6333, or embedded:./path; none = the source alone");
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "A Qdrant as the source (beside its address):", pointsSourceFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "What is looked at, and what is written:", planFlags);
  addRequestFlags(command);
  addFlags(command, "What it leaves and says:", { ...stateFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2, 5, 130]));
  onCommand(command, call, plan);
};

const plan: Action = async (session, [sourceText, targetText], flags) => {
  const { environment } = session;
  if (sourceText !== undefined && pointsAddress(sourceText) !== null)
    return await planOfPoints(session, sourceText, targetText, flags, planFlags);
  assertRecordFlags(flags, pointsSourceFlags);
  const { chroma, qdrant, access } = readEnds(session, flags);
  const { out, writeTenantMapping, full, sample } = readSettings(
    planFlags,
    flags,
    environment,
  ).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  if (full && sample !== undefined)
    throw new VectorError("E_USAGE", "--full looks at every record, --sample at some of them.", {
      next: "Give one of the two, or none.",
    });
  const request = migrateRequest(flags, environment);
  assertFolderOf("--out", out);
  assertFolderOf("--write-tenant-mapping", writeTenantMapping);
  const end = targetEnd(targetText, qdrant);
  return await rehearse(
    session,
    {
      source: assertSource(sourceEnd(sourceText, chroma).address),
      target: end.fallback ? null : assertTarget(end.address),
      access: access(),
      request,
      options: { sample: full ? "all" : (sample ?? "default") },
      followed: null,
      out: out ?? null,
      mapping: writeTenantMapping ?? null,
    },
    session.context(state),
  );
};
