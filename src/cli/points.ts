/** Points of a Qdrant that go into a Qdrant as they are: what `migrate`, `plan` and `verify` do where the source is one. */
import { VectorError } from "../errors.ts";
import { planPoints } from "../migrate/points/plan.ts";
import type { PointsRequest } from "../migrate/points/request.ts";
import { runPoints, verifyPoints } from "../migrate/points/run.ts";
import { standingPoints } from "../migrate/points/source.ts";
import { assertTarget } from "../open.ts";
import { parseAddress, printableAddress } from "../store/address.ts";
import { isTargetAddress } from "../store/registry.ts";
import { type EndSettings, readEnds } from "./access.ts";
import { chromaFlags, sourceQdrantFlags } from "./end-flags.ts";
import { targetEnd } from "./ends.ts";
import { makeFlags, pointsFlags, runFlags, scopeFlags, shapeFlags, stateFlags } from "./flags.ts";
import type { TargetAddress } from "./identity.ts";
import { readLeft } from "./left.ts";
import { type Access, assertThere, openPoints, openTarget } from "./open.ts";
import { tellOutcome } from "./output/outcome.ts";
import { pointsPlanText } from "./output/points-plan.ts";
import { openPassingTarget } from "./passing-target.ts";
import { toScope } from "./request.ts";
import type { Session } from "./session.ts";
import { type FlagTable, firstGiven, flagName, readSettings } from "./setting.ts";
import { assertNoAddress, defaultState } from "./verb.ts";

type Given = Readonly<Record<string, unknown>>;

/** What decides how records come out; points come out as they are. */
const { targetCollection, rename, ...recordShape } = shapeFlags;
const { where, limit } = scopeFlags;
export const recordFlags = { ...recordShape, ...makeFlags, where, limit } as const;

/** Keeps what is for records from a run over points: they go as they are. @throws E_CONFIG that names the flag */
export function assertPointFlags(given: Given, forRecords: FlagTable, what: string): void {
  const flag = firstGiven(given, forRecords);
  if (flag === undefined) return;
  throw new VectorError(
    "E_CONFIG",
    `${flagName(flag)} is for records of a Chroma; ${what} holds points of a Qdrant, which go as they are.`,
    { next: `Leave ${flagName(flag)} away.` },
  );
}

/** What `migrate` and `plan` take for a source that is a Qdrant. */
export const pointsSourceFlags = { ...sourceQdrantFlags, ...pointsFlags } as const;

/** Keeps `own`, which is for a Qdrant as the source, from another source. @throws E_CONFIG that names the flag */
export function assertRecordFlags(given: Given, own: FlagTable): void {
  const flag = firstGiven(given, own);
  if (flag === undefined) return;
  const next =
    flag === pointsFlags.overwrite
      ? "`vecferry repair SOURCE TARGET --overwrite` writes over records that were changed at the target."
      : `Leave ${flagName(flag)} away.`;
  throw new VectorError(
    "E_CONFIG",
    `${flagName(flag)} is for a source that is a Qdrant; this one is not.`,
    { next },
  );
}

/** The Qdrant that is named as the source; null where the source is something else. @throws E_CONFIG for no address */
export function pointsAddress(text: string | undefined): TargetAddress | null {
  if (text === undefined) return null;
  const address = parseAddress(text);
  return isTargetAddress(address) ? address : null;
}

interface PointsEnds {
  readonly source: TargetAddress;
  readonly target: TargetAddress;
  /** How to speak to the source, and to the target. */
  readonly from: Access;
  readonly to: Access;
}

/** `vecferry migrate QDRANT QDRANT`; with --dry-run, what `plan` does. */
export async function migratePoints(
  session: Session,
  sourceText: string,
  targetText: string | undefined,
  flags: Given,
  forRecords: FlagTable,
): Promise<number> {
  const { request, ends } = readCopy(session, sourceText, targetText, flags, forRecords);
  const { state, begin } = readLeft(session, flags);
  const { dryRun } = readSettings(runFlags, flags, session.environment).values;
  if (dryRun) return await rehearsePoints(session, ends, request, flags);
  begin("migrate", ends);
  session.leaves(() =>
    session.output.progress.copied > 0
      ? "the points that were written stand at the target; the same command finds them and goes on."
      : "this run has written nothing; what stood at the target stands there.",
  );
  await using from = await openPoints(session, ends.source, ends.from);
  await using to = await openTarget(session, ends.target, ends.to);
  const context = session.context(state);
  const outcome = await runPoints(standingPoints(from), to, request, context);
  if (ends.target.kind === "qdrant" && !request.waitGreen) {
    const text = "The target may still be indexing; --wait-green waits for it.";
    session.event({ type: "note", text });
  }
  return tellOutcome(session, outcome);
}

/** `vecferry verify QDRANT QDRANT`. */
export async function comparePoints(
  session: Session,
  sourceText: string,
  targetText: string | undefined,
  flags: Given,
  forRecords: FlagTable,
): Promise<number> {
  const what = printableAddress(sourceText);
  assertPointFlags(flags, { ...chromaFlags, where, limit, ...forRecords }, what);
  const request = pointsRequest(session, flags, "verify");
  const ends = pointsEnds(session, sourceText, targetText, flags);
  const { state, begin } = readLeft(session, flags);
  assertThere(ends.target);
  begin("verify", ends);
  session.leaves("both ends, as they were: verify changes neither.");
  await using from = await openPoints(session, ends.source, ends.from);
  await using to = await openTarget(session, ends.target, ends.to);
  const context = session.context(state);
  return tellOutcome(session, await verifyPoints(standingPoints(from), to, request, context));
}

/** `vecferry plan QDRANT QDRANT`. */
export async function planOfPoints(
  session: Session,
  sourceText: string,
  targetText: string | undefined,
  flags: Given,
  forRecords: FlagTable,
): Promise<number> {
  const { request, ends } = readCopy(session, sourceText, targetText, flags, forRecords);
  return await rehearsePoints(session, ends, request, flags);
}

/** What `migrate` and `plan` are asked. */
function readCopy(
  session: Session,
  sourceText: string,
  targetText: string | undefined,
  flags: Given,
  forRecords: FlagTable,
): { request: PointsRequest; ends: PointsEnds } {
  const what = printableAddress(sourceText);
  assertPointFlags(flags, { ...chromaFlags, ...recordFlags, ...forRecords }, what);
  const request = pointsRequest(session, flags, "migrate");
  return { request, ends: pointsEnds(session, sourceText, targetText, flags) };
}

async function rehearsePoints(
  session: Session,
  ends: PointsEnds,
  request: PointsRequest,
  flags: Given,
): Promise<number> {
  await using from = await openPoints(session, ends.source, ends.from);
  await using to = await openPassingTarget(session, ends.target, ends.to);
  const { state = defaultState } = readSettings(stateFlags, flags, session.environment).values;
  const context = session.context(state);
  const plan = await planPoints(standingPoints(from), to.store, request, context);
  session.output.result("plan", { plan }, pointsPlanText(plan, request));
  return 0;
}

/** @throws E_USAGE, E_CONFIG */
function pointsEnds(
  session: Session,
  sourceText: string,
  targetText: string | undefined,
  flags: Given,
): PointsEnds {
  const ends: EndSettings = readEnds(session, flags);
  const { address, fallback } = targetEnd(targetText, ends.qdrant);
  if (fallback) {
    throw new VectorError("E_USAGE", "The source is a Qdrant, and no target is named.", {
      next: "Name both ends: vecferry migrate http://a:6333 http://b:6333.",
    });
  }
  const settings = readSettings(sourceQdrantFlags, flags, session.environment);
  const { values, origins } = settings;
  const apiKey = session.keys.read({
    value: values.sourceQdrantApiKey,
    file: values.sourceQdrantApiKeyFile,
    valueOrigin: origins.sourceQdrantApiKey,
    fileOrigin: origins.sourceQdrantApiKeyFile,
    valueName: "--source-qdrant-api-key",
    fileName: "--source-qdrant-api-key-file",
  });
  const to = ends.access();
  const from = { ...to, qdrant: { apiKey, caFile: values.sourceQdrantCaFile } };
  const source = assertTarget(parseAddress(sourceText));
  const port = values.sourceQdrantGrpcPort ?? null;
  const named = origins.sourceQdrantGrpcPort === "flag";
  return {
    source:
      source.kind === "qdrant"
        ? { ...source, grpcPort: named ? port : (source.grpcPort ?? port) }
        : source,
    target: assertTarget(address),
    from,
    to,
  };
}

/** @throws E_CONFIG, E_USAGE */
function pointsRequest(
  { environment }: Session,
  flags: Given,
  command: "migrate" | "verify",
): PointsRequest {
  const scope = readSettings(scopeFlags, flags, environment).values;
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const shape = readSettings({ targetCollection, rename }, flags, environment).values;
  const run = readSettings(runFlags, flags, environment).values;
  const { overwrite = false, aliases = true } = readSettings(
    pointsFlags,
    flags,
    environment,
  ).values;
  return {
    command,
    scope: toScope(scope),
    renames: shape.rename ?? new Map(),
    targetCollection: shape.targetCollection ?? null,
    merge: run.merge ?? false,
    overwrite,
    propagateDeletes: run.propagateDeletes ?? false,
    aliases,
    indexing: run.indexing ?? "after",
    waitGreen: run.waitGreen ?? false,
    batchSize: run.batchSize ?? null,
  };
}
