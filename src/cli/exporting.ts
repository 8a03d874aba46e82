/** Runs an export, a restore into a Chroma, or the verify of either, once it is known what is asked. */
import { VectorError } from "../errors.ts";
import { runExportVerify } from "../migrate/export/ends.ts";
import { runExport } from "../migrate/export/export.ts";
import type { ExportRequest } from "../migrate/export/request.ts";
import { type EndSettings, readEnds } from "./access.ts";
import {
  type ExportSourceAddress,
  exportRequest,
  openExportSource,
  openRecordTarget,
  openVectors,
  type RecordAddress,
  verifyEnds,
} from "./export-ends.ts";
import { exportRunFlags, exportScopeFlags, exportShapeFlags } from "./export-flags.ts";
import { fixFlags, pointsFlags, scopeFlags, shapeFlags, stateFlags, verifyFlags } from "./flags.ts";
import { readLeft } from "./left.ts";
import { tellOutcome } from "./output/outcome.ts";
import { toScope } from "./request.ts";
import type { Session } from "./session.ts";
import { type FlagTable, firstGiven, flagName, readSettings } from "./setting.ts";
import { assertNoAddress, defaultState } from "./verb.ts";

type Given = Readonly<Record<string, unknown>>;

interface Ends {
  readonly source: ExportSourceAddress;
  readonly target: RecordAddress;
}

/** Refuses flags that say nothing here. @throws E_CONFIG that names the flag */
export function assertNoneOf(given: Given, table: FlagTable, reason: string): void {
  const flag = firstGiven(given, table);
  if (flag === undefined) return;
  throw new VectorError("E_CONFIG", `${flagName(flag)} ${reason}`, {
    next: `Leave ${flagName(flag)} away.`,
  });
}

/** Carries records into a Chroma; gives the exit status. */
export async function carryRecords(
  session: Session,
  command: ExportRequest["command"],
  { source, target }: Ends,
  settings: EndSettings,
  flags: Record<string, unknown>,
): Promise<number> {
  const { environment } = session;
  const scope = readSettings(exportScopeFlags, flags, environment).values;
  const shape = readSettings(exportShapeFlags, flags, environment).values;
  const run = readSettings(exportRunFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertNoAddress("--collection", scope.collection);
  const request = exportRequest(command, scope, shape, run);
  const access = settings.access();

  begin(command, { source, target });
  await using vectorsFrom = await openVectors(session, shape.vectorsFrom);
  await using from = await openExportSource(session, source, access);
  await using to = await openRecordTarget(session, target, access);
  session.targetOpened(to.identity);
  const context = session.context(state);
  return tellOutcome(session, await runExport(from, to, { ...request, vectorsFrom }, context));
}

/** What a verify into the other direction takes, and this one does not. */
const { rename, targetCollection } = shapeFlags;
const { aliases } = pointsFlags;
const migrationsAlone: FlagTable = {
  ...{ ...verifyFlags, ...fixFlags },
  ...{ rename, targetCollection, aliases },
};

/** Compares the ends of an export; gives the exit status, or null where the verify is about no export. */
export async function compareRecords(
  session: Session,
  operands: readonly string[],
  flags: Record<string, unknown>,
): Promise<number | null> {
  const { environment } = session;
  const settings = readEnds(session, flags);
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const ends = verifyEnds(operands, settings, state);
  if (ends === null) return null;
  const { where, limit, ...chosen } = scopeFlags;
  assertNoneOf(flags, migrationsAlone, "is for a Qdrant as the target.");
  assertNoneOf(flags, { where, limit }, "is for records of a Chroma as the source.");
  const scope = readSettings(chosen, flags, environment).values;
  const { begin } = readLeft(session, flags);
  const access = settings.access();

  begin("verify", ends);
  session.leaves("both ends, as they were: verify changes neither.");
  await using from = await openExportSource(session, ends.source, access);
  await using to = await openRecordTarget(session, ends.target, access);
  session.targetOpened(to.identity);
  const isGiven = Object.values(scope).some((value) => value !== undefined);
  const wanted = isGiven ? toScope({ ...scope, where: undefined, limit: undefined }) : null;
  return tellOutcome(session, await runExportVerify(from, to, wanted, session.context(state)));
}
