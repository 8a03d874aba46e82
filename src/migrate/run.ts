/** `migrate`: plan, list, copy, list again, verify. The same call again goes on where the last one stopped. */
import { isVectorError } from "../errors.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import { assertComparable, compareEnds } from "./compare.ts";
import { tellDelta } from "./delta.ts";
import { emptied } from "./emptied.ts";
import { hasJournal } from "./journal/file.ts";
import { Journal, type Migration, type MigrationState } from "./journal/journal.ts";
import { recordStates } from "./journal/row.ts";
import { flightPlaces } from "./lane.ts";
import { lockMigration } from "./lock.ts";
import { copy, prepareLane, refresh, settle, settleDeleted } from "./passes.ts";
import { type Draft, draftPlan, makePlan, migrationKey, runOf } from "./plan.ts";
import { type Outcome, ReportBuilder } from "./report.ts";
import type { MigrateRequest, RunContext } from "./request.ts";
import type { Run } from "./running.ts";
import { assertNoForeignPoints, assertPointsFree } from "./target-check.ts";
import { specOf, targetInfo } from "./target-spec.ts";
import { note, phase } from "./telling.ts";
import { planFlight } from "./transfer.ts";
import { verifyCollections } from "./verify.ts";
import { greenWaitMs, waitUntilGreen } from "./wait-green.ts";

/** What `migrate` would do, from both ends and the journal, and nothing is written. @throws as `draftPlan` */
export async function dryRun(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
): Promise<Draft> {
  if (!hasJournal(context.stateFolder))
    return await draftPlan(source, target, request, null, context);
  using journal = Journal.openToRead(context.stateFolder);
  const known = request.restart
    ? null
    : journal.find(migrationKey(source.identity, target.identity));
  return await draftPlan(source, target, request, known, context);
}

/**
 * Carries every record in scope to the target, verifies, and reports. Idempotent and resumable: a checkpoint follows each
 * acknowledgement. The report is written whatever happens. @throws VectorError with the exit status in its code
 */
export async function runMigrate(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
): Promise<Outcome> {
  using journal = Journal.open(context.stateFolder);
  const key = migrationKey(source.identity, target.identity);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  const migration = journal.begin(key, runOf(key), source.identity, target.identity);
  const { command = "migrate" } = request;
  const report = new ReportBuilder({ command, journal, migration, context });
  try {
    return await steps(source, target, request, context, journal, migration, report);
  } catch (error) {
    throw report.pause(error);
  }
}

async function steps(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
  journal: Journal,
  migration: Migration,
  report: ReportBuilder,
): Promise<Outcome> {
  phase(context, "plan");
  if (request.restart) {
    // A plan that cannot be made must not cost the journal of the one before.
    await draftPlan(source, target, request, null, context);
    journal.forget(migration);
  }
  const plan = await makePlan(source, target, request, journal, context);
  report.plan(plan);
  if (request.compare !== undefined) {
    const planned = plan.entered.map((one) => ({ plan: one.plan, records: one.plan.source.count }));
    assertComparable(planned, request.compare);
  }
  const places = flightPlaces(source, target);
  const gone = new Set(plan.vanished);
  const lanes = [...plan.entered, ...plan.vanished].map((entered) => ({
    entered,
    lane: {
      source: gone.has(entered) ? emptied(source) : source,
      target,
      plan: entered.plan,
      spec: specOf(plan.specs, entered.plan),
      run: plan.run,
      ledger: journal.ledger(entered),
      ...places,
    },
  }));
  const run: Run = { target, request, context, journal, plan, report, lanes };
  for (const { plan: missing } of plan.vanished) {
    note(
      context,
      report,
      `The source has no collection ${JSON.stringify(missing.source.name)} any more.`,
    );
  }
  // What a collection that has gone leaves behind may stand in the places of one that is new: its records under another name.
  for (const one of lanes.filter(({ entered }) => gone.has(entered))) {
    await prepareLane(run, one);
    if (request.propagateDeletes) await settleDeleted(run, one);
  }
  for (const one of lanes.filter(({ entered }) => !gone.has(entered))) await prepareLane(run, one);
  await checkTarget(run);
  await prepareEnds(run);
  journal.setState(migration, "COPYING");
  for (const one of lanes) await refresh(run, one);
  for (const one of lanes) await copy(run, one, "copy");
  await settle(run, source);
  for (const one of lanes.filter(({ entered }) => entered.copied)) tellDelta(run, one);
  for (const { entered, lane } of lanes)
    if (lane.ledger.counts().pending === 0) journal.setCopied(entered);
  journal.setState(migration, stateOf(journal, migration));
  await verifyCollections({
    journal,
    migration,
    lanes,
    readSource: false,
    sample: null,
    onRecord: null,
    context,
    report,
  });
  const differing = lanes.some(({ entered }) => entered.copied) ? "STALE" : "COPIED";
  journal.setState(migration, stateOf(journal, migration, differing));
  if (request.indexing === "after") await startIndexing(run);
  if (request.waitGreen) await waitForIndex(run);
  if (request.compare !== undefined)
    await compareEnds({ lanes, source, target, report, context }, request.compare);
  return await report.finish();
}

/**
 * Where the whole migration stands, the collections included that this run was not about. `differing`: what it is once it was
 * compared, with differences left; without it, nothing was compared yet.
 */
function stateOf(
  journal: Journal,
  migration: Migration,
  differing: MigrationState | null = null,
): MigrationState {
  const collections = journal.collections(migration);
  if (collections.some((collection) => journal.ledger(collection).counts().pending > 0)) {
    return "PAUSED";
  }
  const verified = collections.every(({ verified_at }) => verified_at !== null);
  if (differing === null) return "COPIED";
  return verified ? "VERIFIED" : differing;
}

/** Nothing that stands at the target may be in the way. */
async function checkTarget({ target, request, context, lanes, plan }: Run): Promise<void> {
  const standing = new Set((await target.collections(context)).map(({ name }) => name));
  for (const spec of plan.specs.filter(({ name }) => standing.has(name))) {
    if ((await target.count(targetInfo(spec), context)) === 0) continue;
    const here = lanes.filter(({ lane }) => lane.spec === spec);
    const begun = here.some(({ lane }) => lane.ledger.counts().written > 0);
    if (!request.merge && !begun) await assertNoForeignPoints(target, spec, context.signal);
    for (const { lane } of here) await assertPointsFree(lane, context.signal);
  }
}

/** Makes the targets, while what is copied first is read. */
async function prepareEnds(run: Run): Promise<void> {
  const stop = new AbortController();
  const reading = readFirst(run, AbortSignal.any([run.context.signal, stop.signal]));
  try {
    await ensureTargets(run);
  } catch (error) {
    stop.abort();
    throw error;
  } finally {
    await reading;
  }
}

async function readFirst({ request, lanes }: Run, signal: AbortSignal): Promise<void> {
  try {
    const next = lanes.find(({ lane }) => lane.ledger.counts().pending > 0);
    if (next === undefined) return;
    const { lane } = next;
    const flight = await planFlight(lane, recordStates.pending, request.batchSize, signal);
    await lane.first.begin(lane, flight, signal);
  } catch {
    // What fails here fails again where the copy asks for it.
  }
}

/** Makes what lacks. An index that is built beside the copy takes its processors, and much of it is built twice. */
async function ensureTargets(run: Run): Promise<void> {
  const { target, request, journal, plan, context, lanes } = run;
  const options = { signal: context.signal, holdIndexing: request.indexing === "after" };
  for (const spec of plan.specs) {
    const pointsFollow = lanes.some(
      ({ lane }) => lane.spec === spec && lane.ledger.counts().pending > 0,
    );
    const { created } = await target.ensure(spec, { ...options, pointsFollow });
    if (created) journal.setMade(plan.migration, spec.name, true);
  }
}

/** Lets the target index what was held back. */
async function startIndexing({ target, plan, context }: Run): Promise<void> {
  const { signal } = context;
  for (const spec of plan.specs) await target.ensure(spec, { signal });
}

/** A target that takes longer holds the data all the same. */
async function waitForIndex({ target, context, report, plan }: Run): Promise<void> {
  const stop = report.phase("wait-green");
  phase(context, "wait-green");
  const names = new Set(plan.specs.map(({ name }) => name));
  try {
    await waitUntilGreen(target, names, greenWaitMs, context.signal);
  } catch (error) {
    if (!isVectorError(error, "E_NOT_GREEN")) throw error;
    note(context, report, `${error.message} The data are all there.`);
  }
  stop();
}
